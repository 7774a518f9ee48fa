//! The document, and where its parts come from.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use uuid::Uuid;

use super::Exports;
use super::words::KEPT_FOR;
use crate::attribute::AttributeSet;
use crate::audit::ports::{self as audit, Seen};
use crate::base64url;
use crate::card::ports as cards;
use crate::clock::Timestamp;
use crate::correction::View;
use crate::correction::ports as corrections;
use crate::disclosure::{Disclosed, disclose};
use crate::error::{Language, Result};
use crate::holder::ports as holder;
use crate::life::ports as life;
use crate::office::ports as offices;
use crate::register::Date;
use crate::registration::ports as registrations;
use crate::relying_party::Purpose;
use crate::secret::Redacted;
use crate::verification::model::Verdict;
use crate::walk_in::ports as walk_ins;

/// Entries of a kind in a copy at most: as many as anybody has in years.
pub(super) const MOST: usize = 10_000;
const PAGE: i64 = 100;

/// The document.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    /// Version of the schema.
    pub schema: &'static str,
    pub made_at: Timestamp,
    pub data: Data,
    pub consent: Option<Consent>,
    pub contact: Contact,
    pub events: Vec<Event>,
    pub checks: Vec<Check>,
    pub disputes: Vec<Dispute>,
    pub corrections: Vec<Case>,
    pub staff_views: Vec<StaffView>,
    pub kept_for: Vec<KeptFor>,
}

#[derive(Debug, Serialize)]
pub(super) struct Data {
    pub source: &'static str,
    pub as_of: Timestamp,
    pub attributes: Disclosed,
    /// JPEG, base64url.
    pub portrait: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Consent {
    pub terms_version: String,
    pub accepted_at: Timestamp,
}

#[derive(Debug, Serialize)]
pub(super) struct Contact {
    pub email: Option<Redacted<String>>,
    pub language: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Event {
    pub what: &'static str,
    pub reason: Option<&'static str>,
    pub at: Timestamp,
    pub by: String,
    pub office: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub relying_party: String,
    #[serde(serialize_with = "code")]
    pub purpose: Purpose,
    pub at: Timestamp,
    pub result: &'static str,
    pub reason: Option<&'static str>,
    pub disclosed: Vec<&'static str>,
    pub repeats: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct Dispute {
    pub relying_party: String,
    #[serde(serialize_with = "code")]
    pub purpose: Purpose,
    pub checked_at: Timestamp,
    pub opened_at: Timestamp,
    pub state: &'static str,
    pub finding: Option<&'static str>,
    pub words: Option<Redacted<String>>,
    pub ending: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Case {
    pub kind: &'static str,
    pub fields: Vec<&'static str>,
    pub state: &'static str,
    pub opened_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub office: Option<String>,
    pub words: Option<Redacted<String>>,
}

#[derive(Debug, Serialize)]
pub(super) struct StaffView {
    pub what: String,
    pub at: Timestamp,
    pub by: String,
    pub office: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct KeptFor {
    pub what: &'static str,
    pub until: &'static str,
}

impl Exports {
    pub(super) async fn document(&self, resident: Uuid, now: Timestamp) -> Result<Document> {
        let mut tx = self.context.db.read().await?;
        let (record, as_of) = holder::record_as_of(&self.context, &mut tx, resident).await?;
        let portrait = holder::portrait(&self.context, &mut tx, resident).await?;
        // Who holds a digital KTP on paper alone has neither.
        let contact = holder::contact(&self.context, &mut tx, resident).await?;
        let registration_id = holder::registration_of(&mut tx, resident).await?;
        let consent = match registration_id {
            Some(id) => registrations::consent(&mut tx, id).await?,
            None => cards::consent(&mut tx, resident).await?,
        };
        let mut events = Vec::new();
        let mut before = Uuid::max();
        while events.len() < MOST {
            let page = life::events(&mut tx, resident, before, PAGE).await?;
            let Some(last) = page.last() else { break };
            before = last.event_id;
            events.extend(page);
        }
        let cases = corrections::of_resident(&self.context, &mut tx, resident).await?;
        let mut subjects = vec![resident];
        subjects.extend(registration_id);
        subjects.extend(cases.iter().map(|view| view.case.correction_id));
        subjects.extend(cards::ids_of(&mut tx, resident).await?);
        subjects.extend(walk_ins::ids_of(&mut tx, resident).await?);
        let mut views = audit::about(&mut tx, &subjects, MOST as i64).await?;
        views.sort_by_key(|view| std::cmp::Reverse(view.at));
        views.truncate(MOST);
        let mut names = HashMap::new();
        let chains = views.iter().map(|view| view.chain).chain(events.iter().filter_map(|event| event.office_id));
        for id in chains.collect::<BTreeSet<_>>() {
            if let Some(office) = offices::by_id(&mut tx, id).await? {
                names.insert(id, office.name);
            }
        }
        drop(tx);
        Ok(Document {
            schema: "ikd-export/1",
            made_at: now,
            data: Data {
                source: "database kependudukan",
                as_of,
                attributes: disclose(&record, AttributeSet::FULL, Date::in_jakarta(now)),
                portrait: portrait.map(|jpeg| base64url::encode(&jpeg)),
            },
            consent: consent.map(|(terms_version, accepted_at)| Consent { terms_version, accepted_at }),
            contact: match contact {
                Some(contact) => Contact { email: contact.email, language: contact.language.tag() },
                None => Contact { email: None, language: Language::Indonesian.tag() },
            },
            events: events
                .into_iter()
                .map(|event| Event {
                    what: event.kind.as_str(),
                    reason: event.reason.map(|reason| reason.as_str()),
                    at: event.at,
                    office: event.office_id.and_then(|id| names.get(&id).cloned()),
                    by: event.actor_kind,
                })
                .collect(),
            checks: self.checks(resident).await?,
            disputes: self.disputed(resident).await?,
            corrections: cases.into_iter().map(case_of).collect(),
            staff_views: views.into_iter().map(|view| staff_view(view, &names)).collect(),
            kept_for: KEPT_FOR.iter().map(|kept| KeptFor { what: kept.parts, until: kept.until.en }).collect(),
        })
    }

    async fn checks(&self, resident: Uuid) -> Result<Vec<Check>> {
        let (mut checks, mut cursor) = (Vec::new(), None::<String>);
        while checks.len() < MOST {
            let page = self.verifications.history(resident, cursor.as_deref(), PAGE).await?;
            checks.extend(page.items.into_iter().map(|item| Check {
                relying_party: item.relying_party,
                purpose: item.purpose,
                at: item.verified_at,
                result: item.verdict.result(),
                reason: match item.verdict {
                    Verdict::Valid => None,
                    Verdict::Invalid(reason) => Some(reason.as_str()),
                },
                disclosed: item.disclosed.names(),
                repeats: item.repeats,
            }));
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        Ok(checks)
    }

    async fn disputed(&self, resident: Uuid) -> Result<Vec<Dispute>> {
        let (mut disputes, mut cursor) = (Vec::new(), None::<String>);
        while disputes.len() < MOST {
            let page = self.disputes.of_holder(resident, cursor.as_deref(), PAGE).await?;
            disputes.extend(page.items.into_iter().map(|view| Dispute {
                relying_party: view.relying_party,
                purpose: view.purpose,
                checked_at: view.dispute.verified_at,
                opened_at: view.dispute.opened_at,
                state: view.dispute.state.as_str(),
                finding: view.dispute.answer.map(|answer| answer.finding.as_str()),
                words: view.words,
                ending: view.dispute.ending.map(|ending| ending.as_str()),
            }));
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        Ok(disputes)
    }
}

/// A purpose in the document is its code.
fn code<S: serde::Serializer>(purpose: &Purpose, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&purpose.code)
}

fn case_of(view: View) -> Case {
    Case {
        kind: view.case.kind.as_str(),
        fields: view.fields.into_iter().map(Into::into).collect(),
        state: view.state.as_str(),
        opened_at: view.case.opened_at,
        ended_at: view.case.ended_at,
        office: view.office,
        words: view.words,
    }
}

fn staff_view(view: Seen, names: &HashMap<Uuid, String>) -> StaffView {
    StaffView { what: view.action, at: view.at, by: view.actor_kind, office: names.get(&view.chain).cloned() }
}
