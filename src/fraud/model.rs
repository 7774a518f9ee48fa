//! What is reported. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{FieldError, Refusal, Text};
use crate::input;
use crate::secret::Redacted;
use crate::text_column;

/// Days that a report is kept that nobody closed. After it was closed `retention` says how long.
pub const KEEP_DAYS: i64 = 365;
const WHERE_CHARACTERS: usize = 160;
const CONTACT_CHARACTERS: usize = 120;

/// Where a report stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = FraudReportState)]
pub enum State {
    /// Nobody has dealt with it.
    Open,
    /// A supervisor has, and wrote down what came of it.
    Closed,
}
text_column!(State);

/// A report, as it stands in its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The id.
    pub report_id: Uuid,
    /// Whose code it names.
    pub about: Option<Uuid>,
    /// Where it stands.
    pub state: State,
    /// The beginning of the day on which it came.
    pub reported_at: Timestamp,
    /// Who closed it.
    pub closed_by: Option<Uuid>,
    /// When.
    pub closed_at: Option<Timestamp>,
}

/// What rests sealed with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Said {
    /// What happened.
    pub what: Redacted<String>,
    /// Where.
    pub place: Redacted<String>,
    /// How whoever reports is reached, if they want to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Redacted<String>>,
    /// What they were shown or read, as they typed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Redacted<String>>,
}

impl Said {
    /// The same with clean words.
    ///
    /// # Errors
    /// `invalid_field` with all that is wrong.
    pub fn checked(self) -> Result<Self, Refusal> {
        let mut wrong = Vec::new();
        let what = Redacted(self.what.expose().trim().to_owned());
        if !input::is_prose(what.expose(), 10..=2_000) {
            wrong.push(FieldError { field: "what".into(), message: WHAT });
        }
        let mut line = |field: &'static str, text: &Redacted<String>, most: usize| {
            input::label(text.expose(), most).map(Redacted).unwrap_or_else(|message| {
                wrong.push(FieldError { field: field.into(), message });
                Redacted(String::new())
            })
        };
        let place = line("place", &self.place, WHERE_CHARACTERS);
        let given = |text: Option<Redacted<String>>| text.filter(|text| !text.expose().trim().is_empty());
        let contact = given(self.contact).map(|text| line("contact", &text, CONTACT_CHARACTERS));
        // What was shown may be anything: as much of it as a code or a QR has.
        let code = given(self.code).map(|code| {
            let clean = code.expose().chars().filter(|c| !input::is_hostile(*c)).take(120);
            Redacted(clean.collect::<String>())
        });
        if wrong.is_empty() { Ok(Self { what, place, contact, code }) } else { Err(Refusal::fields(wrong)) }
    }
}

const WHAT: Text = Text::new(
    "Ceritakan apa yang terjadi: 10-2.000 karakter, tanpa PIN atau kode Anda.",
    "Say what happened: 10 to 2,000 characters, without your PIN or code.",
);

#[cfg(test)]
mod tests {
    use super::*;

    fn said(what: &str, place: &str, contact: Option<&str>) -> Said {
        let text = |text: &str| Redacted(text.to_owned());
        Said { what: text(what), place: text(place), contact: contact.map(text), code: Some(text(" ")) }
    }

    #[test]
    fn a_report_says_what_and_where_and_the_rest_is_optional() {
        let good = said(" Diminta uang Rp50.000 ", "Pasar Senen", Some("  ")).checked().unwrap();
        assert_eq!(good.what.expose(), "Diminta uang Rp50.000");
        assert!(good.contact.is_none() && good.code.is_none());
        let refused = said("Pendek", "", Some("\u{202e}0812")).checked().unwrap_err();
        let fields: Vec<_> = refused.fields.iter().map(|one| one.field.as_ref()).collect();
        assert_eq!(fields, ["what", "place", "contact"]);
    }
}
