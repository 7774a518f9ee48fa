//! The log over HTTP: the shapes that an office and auditors share.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Action, Line, Origin};
use crate::clock::Timestamp;
use crate::error::{Language, Refusal};
use crate::register::Date;
use crate::secret::Redacted;

/// Acts in the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActsReply {
    /// The newest first.
    pub items: Vec<ActItem>,
    /// Cursor of the next page; null on the last.
    pub next: Option<String>,
}

/// An act that ended. It names no resident.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActItem {
    /// Its number in the chain.
    seq: i64,
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What kind of actor it was: `officer`, `system`, `operator`, …
    actor_kind: String,
    /// Log-in name of who acted, where it is somebody of the office, or of the staff for auditors.
    actor: Option<String>,
    /// What was done.
    action: String,
    /// The same in words.
    title: String,
    /// Whom or what it was about: a registration, a resident, a person of the office; null where there is nothing.
    subject_id: Option<Uuid>,
    /// Log-in name of the subject, where it is somebody of this office.
    subject: Option<String>,
    /// `done`, `failed`, or `refused:` with the code of the refusal, `*` and how often it was in that hour.
    outcome: String,
    /// The node that wrote it, by the id that it made when it started; null for a command, and for entries of before this was written.
    node: Option<Uuid>,
    /// What stands for the session in which it was done; null outside of one. Acts of one session have one, until another root secret seals.
    #[schema(example = "1-0d4f3c0e9a6f4f0d8f0f5f5b7e3a2c11")]
    session: Option<String>,
    /// What stands for the client's network, as in the security events of the program's log; null for what no client asked for.
    #[schema(example = "1-93c1b54b6d7b0a4ddc0e7f4f1b2a9e55")]
    network: Option<String>,
    /// Of a search of this log, or an opening of data by an auditor, why.
    #[schema(value_type = Option<String>)]
    reason: Option<Redacted<String>>,
}

/// Who acted, whom it was about, and why, as far as that is known.
type Names = (Option<String>, Option<String>, Option<Redacted<String>>);

impl ActItem {
    /// An act with names.
    pub fn of(line: Line, (actor, subject, reason): Names, language: Language) -> Self {
        let known = Action::ALL.iter().find(|action| action.as_str() == line.action);
        let Origin { node, session, network } = line.origin.unwrap_or_default();
        let title = known.map_or_else(|| line.action.clone(), |action| action.label().in_language(language).to_owned());
        Self {
            seq: line.seq,
            at: line.at,
            actor_kind: line.actor_kind,
            actor,
            action: line.action,
            title,
            subject_id: Some(line.subject_id).filter(|id| !id.is_nil()),
            subject,
            outcome: line.outcome,
            node,
            session,
            network,
            reason,
        }
    }
}

/// All actions of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionsReply {
    /// In the order of the program.
    items: Vec<ActionItem>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct ActionItem {
    /// Its word.
    action: &'static str,
    /// What it is called.
    title: &'static str,
}

impl ActionsReply {
    /// All, in a language.
    pub fn of(language: Language) -> Self {
        let item =
            |action: &Action| ActionItem { action: action.as_str(), title: action.label().in_language(language) };
        Self { items: Action::ALL.iter().map(item).collect() }
    }
}

/// The action with a word.
///
/// # Errors
/// `invalid_field` for none.
pub fn wanted_action(word: Option<&str>) -> Result<Option<Action>, Refusal> {
    let Some(word) = word else { return Ok(None) };
    let found = Action::ALL.iter().find(|one| one.as_str() == word);
    let unknown = || Refusal::field("action", "Pilih tindakan dari daftar.", "Choose an action of the list.");
    found.copied().map(Some).ok_or_else(unknown)
}

/// The time from the first to the last of these days, both included, as they were typed.
///
/// # Errors
/// `invalid_field` for no day.
pub fn wanted_time(first: Option<&str>, last: Option<&str>) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
    let after = wanted_day("last_day", last)?.and_then(|day| day.plus_days(1));
    Ok((wanted_day("first_day", first)?.map(Date::midnight), after.map(Date::midnight)))
}

fn wanted_day(field: &'static str, text: Option<&str>) -> Result<Option<Date>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let unknown = |_| Refusal::field(field, "Tulis hari: TTTT-BB-HH.", "Write a day: YYYY-MM-DD.");
    Date::parse(text).map(Some).map_err(unknown)
}
