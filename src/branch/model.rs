//! Branches, and what is reported of them. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{FieldError, Refusal, Text};
use crate::input;
use crate::register::Date;
use crate::register::regions::regions;
use crate::secret::Redacted;
use crate::text_column;

/// Branches that a party may keep.
pub const MOST: i64 = 2_000;
/// Branches of a party that ended and are kept, because something was reported of them.
pub const MOST_ENDED: i64 = 2_000;
/// Reports about a branch in a day that are kept and counted: an outcry is seen in them, and a crowd of bought addresses writes no more.
pub const MOST_REPORTS: i64 = 50;
/// Days that a report is kept that nobody closed. After it was closed `retention` says how long.
pub const KEEP_DAYS: i64 = 365;
/// Days that counts are kept, and branches that ended of which there are any: two years, and what remains of a month.
pub const KEEP_COUNTS_DAYS: i32 = 2 * 365 + 31;
/// Days after which nobody reports what happened.
const REPORTED_WITHIN_DAYS: i32 = 30;
pub(super) const NAME_CHARACTERS: usize = 100;
const ADDRESS_CHARACTERS: usize = 200;
const HOURS_CHARACTERS: usize = 120;
const WORDS_CHARACTERS: usize = 500;
/// Regencies that are told at once.
const FOUND: usize = 20;

/// How a branch stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = BranchState)]
pub enum State {
    /// Anybody finds it.
    Shown,
    /// Its party alone sees it.
    Hidden,
    /// Its party took it off the list: what was reported of it still counts.
    Ended,
}
text_column!(State);

/// What is said of a branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BranchAbout)]
pub struct About {
    /// Its name, 1 to 100 characters.
    #[schema(example = "KCP Seririt")]
    pub name: String,
    /// Street, number, town: 1 to 200 characters.
    #[schema(example = "Jl. Gajah Mada 12, Seririt")]
    pub address: String,
    /// Code of the kabupaten or kota.
    #[schema(example = "5108")]
    pub regency: String,
    /// When it is open, as people read it: 120 characters at most.
    #[serde(default)]
    #[schema(example = "Senin-Jumat 08.00-15.00 WITA")]
    pub hours: Option<String>,
    /// Whether anybody finds it.
    pub shown: bool,
}

impl About {
    /// The same with clean words.
    ///
    /// # Errors
    /// `invalid_field` with all that is wrong.
    pub fn checked(self) -> Result<Self, Refusal> {
        let mut wrong = Vec::new();
        let mut line = |field: &'static str, text: &str, most: usize| {
            input::label(text, most).unwrap_or_else(|message| {
                wrong.push(FieldError { field: field.into(), message });
                String::new()
            })
        };
        let name = line("name", &self.name, NAME_CHARACTERS);
        let address = line("address", &self.address, ADDRESS_CHARACTERS);
        let hours = self.hours.filter(|hours| !hours.trim().is_empty());
        let hours = hours.map(|hours| line("hours", &hours, HOURS_CHARACTERS));
        let regency = input::ungrouped(&self.regency);
        if regency_name(&regency).is_none() {
            wrong.push(FieldError { field: "regency".into(), message: REGENCY });
        }
        if !wrong.is_empty() {
            return Err(Refusal::fields(wrong));
        }
        Ok(Self { name, address, regency, hours, shown: self.shown })
    }

    /// How a branch stands of which this is said.
    pub const fn state(&self) -> State {
        if self.shown { State::Shown } else { State::Hidden }
    }
}

const REGENCY: Text = Text::new(
    "Pilih kabupaten atau kota dari daftar: ketik sebagian namanya.",
    "Choose the kabupaten or kota from the list: type a part of its name.",
);

/// The name of a kabupaten or kota, if it is on today's list.
pub fn regency_name(code: &str) -> Option<&'static str> {
    let code = Some(code).filter(|code| code.len() == 4)?;
    regions().regency(code.parse().ok()?).map(|regency| regency.name)
}

/// A kabupaten or kota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegencyFound {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: &'static str,
    /// The name of its province.
    pub province: &'static str,
}

/// Those whose name or province has all the words that were typed, at most twenty.
pub fn regencies(text: &str) -> Vec<RegencyFound> {
    let words: Vec<_> = input::words(text).split(' ').skip(1).map(|word| format!(" {word}")).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let all = regions().regencies().iter().filter_map(|one| {
        let province = regions().province(u8::try_from(one.code / 100).ok()?)?.name;
        let told = input::words(one.name) + &input::words(province);
        let fits = words.iter().all(|word| told.contains(word.as_str()));
        fits.then(|| RegencyFound { code: one.code.to_string(), name: one.name, province })
    });
    all.take(FOUND).collect()
}

/// A branch, as it stands in its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The id.
    pub branch_id: Uuid,
    /// Whose it is.
    pub relying_party_id: Uuid,
    /// What is said of it.
    pub about: About,
    /// How it stands.
    pub state: State,
    /// Which version of it this is.
    pub revision: i64,
}

/// What happened at a branch.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = BranchHappened)]
pub enum Happened {
    /// A photocopy of the KTP was asked for.
    Photocopy,
    /// The digital KTP was refused.
    Refused,
}
text_column!(Happened);

/// Where a report stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = BranchReportState)]
pub enum ReportState {
    /// Nobody has dealt with it.
    Open,
    /// An administrator of the party has.
    Closed,
}
text_column!(ReportState);

/// A report, as it stands in its row, with the name of the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The id.
    pub report_id: Uuid,
    /// Of which branch.
    pub branch_id: Uuid,
    /// The name of that.
    pub branch: String,
    /// What happened.
    pub what: Happened,
    /// When it did: `YYYY-MM-DD`.
    pub day: String,
    /// Where it stands.
    pub state: ReportState,
    /// The beginning of the day on which it came.
    pub reported_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

/// What somebody reports.
#[derive(Debug)]
pub struct Said {
    /// What happened.
    pub what: Happened,
    /// When.
    pub day: Date,
    /// In the words of whoever reports, who need not find any.
    pub words: Option<Redacted<String>>,
}

impl Said {
    /// The same with clean words, told on the day `today`.
    ///
    /// # Errors
    /// `invalid_field` with all that is wrong.
    pub fn checked(self, today: Date) -> Result<Self, Refusal> {
        let mut wrong = Vec::new();
        if !(0..=REPORTED_WITHIN_DAYS).contains(&today.days_since(self.day)) {
            wrong.push(FieldError { field: "day".into(), message: DAY });
        }
        let words = self.words.map(|words| Redacted(words.expose().trim().to_owned()));
        let words = words.filter(|words| !words.expose().is_empty());
        if words.as_ref().is_some_and(|words| !input::is_prose(words.expose(), 1..=WORDS_CHARACTERS)) {
            wrong.push(FieldError { field: "words".into(), message: WORDS });
        }
        if wrong.is_empty() { Ok(Self { words, ..self }) } else { Err(Refusal::fields(wrong)) }
    }

    /// The month in which it happened.
    pub fn month(&self) -> String {
        format!("{:04}-{:02}", self.day.year(), self.day.month())
    }
}

const DAY: Text = Text::new(
    "Pilih hari kejadian: hari ini atau paling lama 30 hari yang lalu.",
    "Choose the day on which it happened: today, or 30 days ago at most.",
);
const WORDS: Text = Text::new(
    "Paling banyak 500 karakter, tanpa NIK, PIN, atau kode.",
    "500 characters at most, without a NIK, PIN or code.",
);

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> About {
        About {
            name: " KCP Seririt ".into(),
            address: "Jl. Gajah Mada 12".into(),
            regency: "51.08".into(),
            hours: Some("  ".into()),
            shown: true,
        }
    }

    fn fields(refused: &Refusal) -> Vec<&str> {
        refused.fields.iter().map(|one| one.field.as_ref()).collect()
    }

    #[test]
    fn a_branch_has_a_name_an_address_and_a_regency_of_today() {
        let clean = about().checked().unwrap();
        assert_eq!((clean.name.as_str(), clean.regency.as_str(), &clean.hours), ("KCP Seririt", "5108", &None));
        assert_eq!((clean.state(), About { shown: false, ..clean }.state()), (State::Shown, State::Hidden));
        let wrong = About {
            name: String::new(),
            address: "x".repeat(201),
            regency: "510801".into(),
            hours: Some("\u{202e}08.00".into()),
            ..about()
        };
        assert_eq!(fields(&wrong.checked().unwrap_err()), ["name", "address", "hours", "regency"]);
        for regency in ["", "51", "9999", "abcd"] {
            assert!(About { regency: regency.into(), ..about() }.checked().is_err(), "{regency}");
        }
    }

    #[test]
    fn regencies_are_found_by_parts_of_their_names_and_by_their_province() {
        let codes = |text: &str| -> Vec<String> { regencies(text).into_iter().map(|one| one.code).collect() };
        assert_eq!(codes("bulel"), ["5108"]);
        assert_eq!(codes("kota padang sumatera barat"), ["1371", "1374"], "and Padang Panjang");
        assert!(codes("bali").contains(&"5108".to_owned()));
        assert!(codes("").is_empty() && codes("…").is_empty() && codes("zzz").is_empty());
        assert_eq!(codes("kab").len().max(codes("kota").len()), FOUND);
    }

    #[test]
    fn a_report_is_of_the_last_days_and_needs_no_words() {
        let today = Date::parse("2026-11-28").unwrap();
        let said = |day: &str, words: Option<&str>| {
            let words = words.map(|words| Redacted(words.to_owned()));
            Said { what: Happened::Photocopy, day: Date::parse(day).unwrap(), words }.checked(today)
        };
        let clean = said("2026-10-29", Some(" ")).unwrap();
        assert!(clean.words.is_none() && clean.month() == "2026-10");
        assert_eq!(said("2026-11-28", Some(" Di kasir ")).unwrap().words.unwrap().expose(), "Di kasir");
        assert_eq!(fields(&said("2026-11-29", Some("\u{202e}")).unwrap_err()), ["day", "words"]);
        assert!(said("2026-10-28", None).is_err() && said("2026-11-28", Some(&"x".repeat(501))).is_err());
    }
}
