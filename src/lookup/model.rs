//! By what people are found, how much an officer may look for, and when that stands out. Pure.

use serde::Serialize;
use uuid::Uuid;

use crate::clock::{DAY, HOUR, Timestamp};
use crate::error::Text;
use crate::input::{self, name};
use crate::register::Nik;
use crate::secret::Redacted;

/// Words of a name that are looked for at once; further ones narrow nothing.
const MOST_WORDS: usize = 4;
/// Words of a name that are found two by two: titles behind a long name are found one by one.
const PAIRED: usize = 8;
/// Signs of a registration's number as people speak of it: the last ones of its id.
const NUMBER_SIGNS: usize = 6;
/// Days that supervisors look back on.
pub const SHOWN_DAYS: i64 = 7;
/// How many times as much somebody may look for on a day on which a supervisor lifted the limit.
pub const LIFTED_TIMES: i64 = 5;

/// What a word is of. The same text is another word in another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum WordKind {
    /// The NIK.
    Nik,
    /// The registration's number.
    Number,
    /// The whole name without its blanks.
    Name,
    /// A word of the name.
    Word,
    /// Two words of the name, whichever comes first: many are called Siti, and many Rahma, but few both.
    Pair,
    /// The telephone number, or the mailbox.
    Contact,
    /// The mailbox that took its place.
    LaterContact,
}
crate::text_column!(WordKind);

impl WordKind {
    /// What its index is keyed with: a mailbox is looked for without knowing whether it is a later one.
    pub fn key(self) -> &'static str {
        match self {
            Self::LaterContact => Self::Contact.into(),
            other => other.into(),
        }
    }
}

/// A word that a registration is found by, as it is indexed. `Debug` shows nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it is of.
    pub kind: WordKind,
    /// The text.
    pub text: Redacted<String>,
}

fn word(kind: WordKind, text: impl Into<String>) -> Word {
    Word { kind, text: Redacted(text.into()) }
}

/// Whom a registration is of, as far as it is found by that.
#[derive(Clone, Debug)]
pub struct Person<'a> {
    /// The NIK.
    pub nik: &'a Nik,
    /// The name as submitted.
    pub full_name: &'a str,
    /// The e-mail address, if there is one.
    pub email: Option<&'a str>,
    /// The telephone number in E.164.
    pub phone: &'a str,
}

/// All words by which a registration is found, each once.
pub fn words(id: Uuid, person: &Person<'_>) -> Vec<Word> {
    let key = name::key(person.full_name);
    let mut all = vec![
        word(WordKind::Nik, person.nik.as_str()),
        word(WordKind::Number, number_of(id)),
        word(WordKind::Name, key.replace(' ', "")),
        word(WordKind::Contact, person.phone),
    ];
    all.extend(person.email.map(|email| word(WordKind::Contact, input::email::mailbox(email))));
    let parts = parts_of(&key);
    all.extend(pairs_of(&parts[..parts.len().min(PAIRED)]));
    all.extend(parts.into_iter().map(|part| word(WordKind::Word, part)));
    all
}

/// The words of a name, each once.
fn parts_of(key: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    for part in key.split(' ') {
        if !part.is_empty() && !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

/// Each two of these words.
fn pairs_of(parts: &[&str]) -> Vec<Word> {
    let mut pairs = Vec::new();
    for (place, one) in parts.iter().enumerate() {
        for other in parts.iter().skip(place + 1) {
            pairs.push(word(WordKind::Pair, format!("{} {}", one.min(other), one.max(other))));
        }
    }
    pairs
}

/// The number by which people speak of a registration.
pub fn number_of(id: Uuid) -> String {
    let text = id.simple().to_string().to_uppercase();
    text.get(text.len().saturating_sub(NUMBER_SIGNS)..).unwrap_or_default().to_owned()
}

/// What somebody looks for: ways of reading what was typed, of which the first that finds anybody counts. Each is words that all have to
/// be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The ways.
    pub ways: Vec<Vec<Word>>,
    /// The words of a name, where it is read as one.
    pub name: Option<Redacted<String>>,
}

impl Query {
    /// Reads what was typed: a NIK, a telephone number, an e-mail address, a registration's number or a name.
    ///
    /// # Errors
    /// What to correct.
    pub fn read(text: &str) -> Result<Self, Text> {
        let text = text.trim();
        if text.contains('@') {
            let email = input::email::clean(text)?;
            return Ok(Self::one(word(WordKind::Contact, input::email::mailbox(&email))));
        }
        let bare = input::ungrouped(text);
        if bare.len() == 16 && bare.bytes().all(|byte| byte.is_ascii_digit()) {
            let nik = Nik::parse(&bare).map_err(|error| error.text())?;
            return Ok(Self::one(word(WordKind::Nik, nik.as_str())));
        }
        let mut ways: Vec<Vec<Word>> =
            number_in(&bare).map(|number| vec![word(WordKind::Number, number)]).into_iter().collect();
        if !bare.chars().any(char::is_alphabetic) {
            let digits = bare.chars().filter(char::is_ascii_digit).count();
            if digits > NUMBER_SIGNS {
                ways.push(vec![word(WordKind::Contact, input::phone::clean(text)?)]);
            }
            return if ways.is_empty() { Err(UNREADABLE) } else { Ok(Self { ways, name: None }) };
        }
        let key = name::key(&name::clean(text).map_err(|error| error.text())?);
        let parts = parts_of(&key);
        if key.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
            return Err(UNREADABLE);
        }
        ways.push(match parts[..] {
            [one] => vec![word(WordKind::Word, one)],
            // Of four words any four pairs name all four.
            _ => pairs_of(&parts[..parts.len().min(MOST_WORDS)]),
        });
        ways.push(vec![word(WordKind::Name, key.replace(' ', ""))]);
        Ok(Self { ways, name: Some(Redacted(key)) })
    }

    fn one(word: Word) -> Self {
        Self { ways: vec![vec![word]], name: None }
    }

    /// The same for the same words, whatever was typed between them.
    pub fn sameness(&self) -> Redacted<Vec<u8>> {
        let mut all = Vec::new();
        for word in self.ways.iter().flatten() {
            for part in [<&str>::from(word.kind), word.text.expose()] {
                all.extend_from_slice(&(part.len() as u64).to_be_bytes());
                all.extend_from_slice(part.as_bytes());
            }
        }
        Redacted(all)
    }

    /// Whether this is the name of one of these people: a word of theirs alone names nobody, unless it is all of it.
    pub fn names_one_of<'a>(&self, names: impl Iterator<Item = &'a str>) -> bool {
        let Some(wanted) = &self.name else { return false };
        let wanted: Vec<&str> = wanted.expose().split(' ').collect();
        names.map(name::key).any(|theirs| {
            let theirs: Vec<&str> = theirs.split(' ').collect();
            let enough = wanted.len() > 1 || theirs.len() == 1;
            enough && wanted.iter().all(|part| theirs.contains(part))
        })
    }
}

/// The number that a text is, written as people read it out or as a whole id.
fn number_in(bare: &str) -> Option<String> {
    let hex = bare.len() == NUMBER_SIGNS && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex {
        return Some(bare.to_uppercase());
    }
    // Dashes are taken for separators before this is read.
    (bare.len() == 32).then(|| Uuid::try_parse(bare).ok().map(number_of)).flatten()
}

const UNREADABLE: Text = Text::new(
    "Tulis NIK (16 angka), nama, nomor pendaftaran (6 tanda), nomor telepon, atau alamat surel.",
    "Write a NIK (16 digits), a name, a registration's number (6 signs), a telephone number or an e-mail address.",
);

/// What is counted of somebody who looks for people without having them there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Whether somebody has an active digital KTP, by the NIK.
    Active,
    /// A search among the office's registrations.
    Search,
    /// A registration opened with a reason.
    View,
}
crate::text_column!(Kind);

impl Kind {
    /// How often on a day, before a supervisor lifts that.
    pub const fn most_a_day(self) -> i64 {
        match self {
            Self::Active | Self::Search => 60,
            Self::View => 30,
        }
    }
}

/// Why a day of somebody's looking stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// Opened far more registrations without a resident than is usual in the office.
    ManyViews,
    /// Looked for far more people than is usual in the office.
    ManySearches,
    /// Mostly found nobody: numbers were tried.
    ManyMisses,
    /// Looked for somebody of the own office.
    Colleague,
}

/// What somebody looked for on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Questions whether somebody is active.
    pub active: i64,
    /// Searches.
    pub searches: i64,
    /// Views with a reason.
    pub views: i64,
    /// Questions and searches that found nobody.
    pub misses: i64,
    /// Searches for a colleague.
    pub colleagues: i64,
}

impl Looked {
    /// Questions and searches.
    pub const fn questions(self) -> i64 {
        self.active + self.searches
    }

    /// Why this day stands out, `usual` being the office's median of questions and of views a day.
    pub fn signs(self, usual: (i64, i64)) -> Vec<Sign> {
        let far = |n: i64, least: i64, usual: i64| n > least.max(3 * usual);
        [
            (Sign::ManyViews, far(self.views, 10, usual.1)),
            (Sign::ManySearches, far(self.questions(), 30, usual.0)),
            (Sign::ManyMisses, self.misses >= 10 && 2 * self.misses > self.questions()),
            (Sign::Colleague, self.colleagues > 0),
        ]
        .into_iter()
        .filter_map(|(sign, there)| there.then_some(sign))
        .collect()
    }
}

/// A day of somebody's looking, as supervisors see it.
#[derive(Clone, Debug)]
pub struct Day {
    /// Who.
    pub officer_id: Uuid,
    /// Days since 1970-01-01 in UTC+7.
    pub day: i64,
    /// What was looked for.
    pub looked: Looked,
    /// Why it stands out; empty where it does not.
    pub signs: Vec<Sign>,
    /// Who lifted the limit.
    pub lifted_by: Option<Uuid>,
    /// Which supervisor looked at it, when, and with what result.
    pub former: Option<(Uuid, Timestamp, Redacted<String>)>,
}

impl Day {
    /// When it began, in Jakarta.
    pub const fn begins(&self) -> Timestamp {
        Timestamp::from_seconds(self.day * DAY - 7 * HOUR)
    }
}

/// The middle of these numbers, the lower of two; 0 of none.
pub fn median(mut numbers: Vec<i64>) -> i64 {
    numbers.sort_unstable();
    numbers.get(numbers.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_003f_9a1c);

    fn siti() -> Vec<Word> {
        let nik = "3171015708900001".parse().unwrap();
        let email = Some("Siti.R+ikd@Gmail.com");
        words(ID, &Person { nik: &nik, full_name: "Siti Nur'aini Siti, S.H.", email, phone: "+6281234567890" })
    }

    fn finds(text: &str) -> bool {
        let known = siti();
        let query = Query::read(text).unwrap();
        query.ways.iter().any(|way| {
            way.iter().all(|one| known.iter().any(|word| word.kind.key() == one.kind.key() && word.text == one.text))
        })
    }

    #[test]
    fn people_are_found_by_whatever_they_bring() {
        for text in [
            "3171015708900001",
            "3171 0157 0890 0001",
            "siti",
            "NURAINI siti",
            "Siti Nur Aini Siti SH",
            "3f9a1c",
            "3F9-A1C",
            "01900000-0000-7000-8000-0000003f9a1c",
            "0812-3456-7890",
            "+62 812 3456 7890",
            "sitir@gmail.com",
        ] {
            assert!(finds(text), "{text}");
        }
        for text in ["3171015708900002", "sit", "siti rahma", "3f9a1d", "0812 3456 7891", "siti@example.id", "123456"] {
            assert!(!finds(text), "{text}");
        }
    }

    #[test]
    fn what_nobody_can_be_found_by_is_said() {
        for text in ["", "  ", "x", "12", "31710157089000", "9971015708900001", "siti@", "a\u{202e}b"] {
            assert!(Query::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_word_is_kept_once_and_shown_by_nothing() {
        let count = |kind| siti().iter().filter(|word| word.kind == kind).count();
        assert_eq!((count(WordKind::Word), count(WordKind::Pair)), (4, 6), "SITI, NURAINI, S, H");
        assert!(!format!("{:?}", siti()).contains("SITI"));
    }

    #[test]
    fn whoever_looks_for_a_colleague_is_told_from_whoever_looks_for_a_name() {
        let names = ["Budi Santoso", "Wati"];
        let found = |text: &str| Query::read(text).unwrap().names_one_of(names.iter().copied());
        assert!(found("budi santoso") && found("SANTOSO BUDI") && found("wati"));
        assert!(!found("budi") && !found("Budi Rahman") && !found("0812 3456 7890"));
    }

    #[test]
    fn a_day_stands_out_against_the_office() {
        let day = Looked { active: 20, searches: 11, views: 11, ..Looked::default() };
        assert_eq!(day.signs((0, 0)), [Sign::ManyViews, Sign::ManySearches]);
        assert_eq!(day.signs((11, 4)), [], "usual here");
        assert_eq!(Looked { active: 10, views: 10, searches: 20, ..day }.signs((0, 0)), []);
        assert_eq!(Looked { active: 19, misses: 10, ..Looked::default() }.signs((0, 0)), [Sign::ManyMisses]);
        assert_eq!(Looked { active: 20, misses: 10, ..Looked::default() }.signs((0, 0)), []);
        assert_eq!(Looked { searches: 1, colleagues: 1, ..Looked::default() }.signs((9, 9)), [Sign::Colleague]);
        assert_eq!((median(vec![]), median(vec![9, 1]), median(vec![5, 1, 3])), (0, 1, 3));
    }
}
