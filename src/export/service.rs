//! Puts the document together and signs it.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::attribute::AttributeSet;
use crate::audit::ports::{self as audit, Seen};
use crate::base64url;
use crate::clock::{DAY, Timestamp};
use crate::contact::ports as contact;
use crate::context::Context;
use crate::correction::View;
use crate::correction::ports as corrections;
use crate::credential::KeyPurpose;
use crate::device::Thumbprint;
use crate::disclosure::{Disclosed, disclose};
use crate::dispute::Disputes;
use crate::error::{Code, Error, Refusal, Result};
use crate::holder::ports as holder;
use crate::keyring::Keyring;
use crate::life::ports as life;
use crate::office::ports as offices;
use crate::register::Date;
use crate::registration::ports as registrations;
use crate::secret::Redacted;
use crate::transaction;
use crate::verification;
use crate::verification::model::Verdict;
use crate::wallet;
use crate::wallet::service::Session;
use crate::window::Window;

/// Copies of a holder in a day.
const EXPORTS: Window = Window { kind: "export", seconds: DAY, most: 5 };
/// Checks and events in a copy at most: as many as anybody has in years.
const MOST: usize = 10_000;
const PAGE: i64 = 100;

/// Copies of own data. Cloning shares everything.
#[derive(Clone)]
pub struct Exports {
    context: Context,
    keyring: Keyring,
    pub(super) wallet: wallet::Service,
    verifications: verification::Service,
    disputes: Disputes,
}

/// The document.
#[derive(Debug, Serialize)]
struct Document {
    /// Version of the schema.
    schema: &'static str,
    made_at: Timestamp,
    data: Data,
    consent: Option<Consent>,
    contact: Contact,
    events: Vec<Event>,
    checks: Vec<Check>,
    disputes: Vec<Dispute>,
    corrections: Vec<Case>,
    staff_views: Vec<StaffView>,
    kept_for: Vec<KeptFor>,
}

#[derive(Debug, Serialize)]
struct Data {
    source: &'static str,
    as_of: Timestamp,
    attributes: Disclosed,
    /// JPEG, base64url.
    portrait: Option<String>,
}

#[derive(Debug, Serialize)]
struct Consent {
    terms_version: String,
    accepted_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Contact {
    email: Option<Redacted<String>>,
    language: &'static str,
}

#[derive(Debug, Serialize)]
struct Event {
    what: &'static str,
    reason: Option<&'static str>,
    at: Timestamp,
    by: String,
    office: Option<String>,
}

#[derive(Debug, Serialize)]
struct Check {
    relying_party: String,
    purpose: String,
    at: Timestamp,
    result: &'static str,
    reason: Option<&'static str>,
    disclosed: Vec<&'static str>,
    repeats: i64,
}

#[derive(Debug, Serialize)]
struct Dispute {
    relying_party: String,
    purpose: String,
    checked_at: Timestamp,
    opened_at: Timestamp,
    state: &'static str,
    finding: Option<&'static str>,
    words: Option<Redacted<String>>,
    ending: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Case {
    kind: &'static str,
    fields: Vec<&'static str>,
    state: &'static str,
    opened_at: Timestamp,
    ended_at: Option<Timestamp>,
    office: Option<String>,
    words: Option<Redacted<String>>,
}

#[derive(Debug, Serialize)]
struct StaffView {
    what: String,
    at: Timestamp,
    by: String,
    office: Option<String>,
}

#[derive(Debug, Serialize)]
struct KeptFor {
    what: &'static str,
    until: &'static str,
}

/// A signed document: flattened JWS JSON serialization (RFC 7515 §7.2.2).
#[derive(Debug)]
pub struct Signed {
    /// The document, base64url.
    pub payload: String,
    /// The protected header, base64url.
    pub protected: String,
    /// The signature, base64url.
    pub signature: String,
}

impl Exports {
    /// `wallet` asks for the PIN, `keyring` signs.
    pub const fn new(
        context: Context,
        keyring: Keyring,
        wallet: wallet::Service,
        verifications: verification::Service,
        disputes: Disputes,
    ) -> Self {
        Self { context, keyring, wallet, verifications, disputes }
    }

    /// The copy of a holder's own data, after the PIN.
    ///
    /// # Errors
    /// As [`wallet::Service::prove_again`]; `too_many`.
    pub async fn export(
        &self,
        device: &Thumbprint,
        session: &Session,
        (challenge, signature): (&str, &str),
    ) -> Result<Signed> {
        self.wallet.prove_again(device, session, challenge, signature).await?;
        let (now, resident) = (self.context.now(), session.resident_id);
        let counted = transaction!(self.context.db, "export.count", |tx| {
            // Whoever took over the address takes no data away with it.
            contact::require_settled(tx, resident, now).await?;
            Ok(EXPORTS.count(tx, &[resident.as_bytes()], now).await?)
        })?;
        counted.or_refuse(too_many())?;
        let document = self.document(resident, now).await?;
        self.sign(&document).await
    }

    async fn document(&self, resident: Uuid, now: Timestamp) -> Result<Document> {
        let mut tx = self.context.db.read().await?;
        let (record, as_of) = holder::record_as_of(&self.context, &mut tx, resident).await?;
        let portrait = holder::portrait(&self.context, &mut tx, resident).await?;
        let contact = holder::contact(&self.context, &mut tx, resident).await?.ok_or(Code::NotFound)?;
        let registration_id = holder::registration_of(&mut tx, resident).await?.ok_or(Code::NotFound)?;
        let consent = registrations::consent(&mut tx, registration_id).await?;
        let mut events = Vec::new();
        let mut before = Uuid::max();
        while events.len() < MOST {
            let page = life::events(&mut tx, resident, before, PAGE).await?;
            let Some(last) = page.last() else { break };
            before = last.event_id;
            events.extend(page);
        }
        let cases = corrections::of_resident(&self.context, &mut tx, resident).await?;
        let mut subjects = vec![resident, registration_id];
        subjects.extend(cases.iter().map(|view| view.case.correction_id));
        let views = audit::about(&mut tx, &subjects, MOST as i64).await?;
        let mut names = HashMap::new();
        let chains = views.iter().map(|view| view.chain).chain(events.iter().filter_map(|event| event.office_id));
        for id in chains.collect::<std::collections::BTreeSet<_>>() {
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
            contact: Contact { email: contact.email, language: contact.language.tag() },
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
            kept_for: KEPT_FOR.iter().map(|(what, until)| KeptFor { what, until }).collect(),
        })
    }

    async fn checks(&self, resident: Uuid) -> Result<Vec<Check>> {
        let (mut checks, mut cursor) = (Vec::new(), None::<String>);
        while checks.len() < MOST {
            let page = self.verifications.history(resident, cursor.as_deref(), PAGE).await?;
            checks.extend(page.items.into_iter().map(|item| Check {
                relying_party: item.relying_party,
                purpose: item.purpose.code,
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
                purpose: view.purpose.code,
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

    /// Signs with the key of receipts, which relying parties and holders have from the published key set.
    async fn sign(&self, document: &Document) -> Result<Signed> {
        let payload = base64url::encode(&serde_json::to_vec(document).map_err(Error::internal)?);
        let signed = self.keyring.with_signer(KeyPurpose::Receipt, move |signer| {
            let header = json!({"alg": signer.algorithm().as_str(), "kid": base64url::encode(&signer.kid()),
                "typ": "ikd-export+json"});
            let protected = base64url::encode(header.to_string().as_bytes());
            let signature = signer.sign(format!("{protected}.{payload}").as_bytes())?;
            Ok(Signed { payload, protected, signature: base64url::encode(&signature) })
        });
        Ok(signed.await?)
    }
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

/// How long what is kept.
const KEPT_FOR: &[(&str, &str)] = &[
    ("data, portrait, contact, consent", "until you close the digital KTP, and one day"),
    ("selfie", "30 days after the activation"),
    ("events, checks, staff_views", "five years, without their content once you close"),
    ("corrections", "90 days after their end, and until you close the digital KTP and one day at most"),
    ("disputes", "until you close the digital KTP, and one day"),
];

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Salinan data sudah diambil lima kali dalam sehari; tunggu selama waktu yang tertera.",
        "Five copies were taken within a day; wait for the time stated.",
    )
}
