//! All offices as a node remembers them, and how one is found among them.

use std::collections::BTreeMap;

use super::areas;
use super::place::Place;
use crate::input::{self, ungrouped};
use crate::office::ports::Listed;
use crate::register::Date;

/// All offices, as they were at a revision.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The list's revision when they were read.
    pub(super) revision: i64,
    /// The day in Jakarta on which they were read: holidays are of days.
    pub(super) day: Date,
    offices: Vec<Listed>,
    texts: Vec<String>,
    by_region: BTreeMap<String, Vec<usize>>,
}

/// An office that was found, and how well it fits: whoever fits better comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// 0 where its own words fit, more where it serves the region that is meant, the less the narrower.
    rank: u8,
    at: usize,
}

impl Snapshot {
    pub(super) fn new((revision, day): (i64, Date), mut offices: Vec<Listed>) -> Self {
        // As places are compared, whatever order the database has for texts.
        offices.sort_by(|one, other| one.entry.office.code.cmp(&other.entry.office.code));
        let mut by_region = BTreeMap::<String, Vec<usize>>::new();
        for (at, office) in offices.iter().enumerate() {
            for region in &office.regions {
                by_region.entry(region.code().to_owned()).or_default().push(at);
            }
        }
        let texts = offices.iter().map(text_of).collect();
        Self { revision, day, offices, texts, by_region }
    }

    /// All of them, by code.
    pub(super) fn offices(&self) -> &[Listed] {
        &self.offices
    }

    /// Those whose name, address or regions have these words, and those that serve a region of that name or code, the best fit first. Without
    /// words all, by code.
    pub(super) fn find(&self, words: &str) -> Vec<(Place<'_>, &Listed)> {
        let wanted = input::words(words);
        if wanted.is_empty() {
            let all = self.offices.iter().map(|office| (place(0, office), office));
            return if words.trim().is_empty() { all.collect() } else { Vec::new() };
        }
        let code = typed_code(words);
        let mut best = BTreeMap::<usize, u8>::new();
        let mut note = |at: usize, rank: u8| {
            let known = best.entry(at).or_insert(rank);
            *known = rank.min(*known);
        };
        let parts: Vec<_> = wanted.split(' ').skip(1).map(|word| format!(" {word}")).collect();
        for (at, text) in self.texts.iter().enumerate() {
            if parts.iter().all(|part| text.contains(part.as_str())) {
                note(at, 0);
            }
        }
        let codes = match &code {
            Some(code) => vec![code.as_str()],
            None => areas::codes_of(&wanted),
        };
        for code in codes {
            for (at, rank) in self.serving(code) {
                note(at, rank);
            }
        }
        let mut found: Vec<_> = best.into_iter().map(|(at, rank)| Fit { rank, at }).collect();
        found.sort_unstable();
        found.into_iter().map(|fit| (place(fit.rank, &self.offices[fit.at]), &self.offices[fit.at])).collect()
    }

    /// Who serves a region or a part of it, with how widely.
    fn serving<'a>(&'a self, code: &'a str) -> impl Iterator<Item = (usize, u8)> + 'a {
        let within = self.by_region.range(code.to_owned()..).take_while(move |(served, _)| served.starts_with(code));
        let wider = [2, 4, 6].into_iter().filter(|length| *length < code.len());
        let wider = wider.filter_map(|length| self.by_region.get_key_value(&code[..length]));
        // Codes have ten digits at most.
        let rank = |served: &String| {
            if served.len() >= code.len() { 1 } else { u8::try_from(11 - served.len()).unwrap_or(u8::MAX) }
        };
        within.chain(wider).flat_map(move |(served, offices)| offices.iter().map(move |at| (*at, rank(served))))
    }
}

/// An office that fits so well.
fn place(rank: u8, office: &Listed) -> Place<'_> {
    let own = &office.entry.office;
    Place { rank, text: own.code.as_str().into(), id: own.office_id }
}

/// The code of a region that was typed in the place of words.
pub(super) fn typed_code(words: &str) -> Option<String> {
    let digits = ungrouped(words);
    Some(digits).filter(|text| (2..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
}

fn text_of(office: &Listed) -> String {
    let (own, place) = (&office.entry.office, &office.entry.place);
    let mut text = input::words(&own.name);
    text.push_str(&input::words(&own.code));
    text.push_str(&input::words(place.address.as_deref().unwrap_or_default()));
    for region in &office.regions {
        text.push_str(&input::words(region.name().unwrap_or_default()));
    }
    text
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::office::model::{Kind, Office, Place, Region, Week, Zone};
    use crate::office::ports::Entry;

    fn office(number: u128, code: &str, name: &str, address: &str, regions: &[&str]) -> Listed {
        let office = Office {
            office_id: Uuid::from_u128(number),
            code: code.into(),
            name: name.into(),
            kind: Kind::Dinas,
            parent_id: None,
            zone: Zone::Wib,
            ended_at: None,
        };
        let place = Place { address: Some(address.into()), ..Place::default() };
        Listed {
            entry: Entry { office, place, revision: 0 },
            regions: regions.iter().map(|code| Region::parse(code).unwrap()).collect(),
            week: Week::default(),
            holidays: Vec::new(),
        }
    }

    #[test]
    fn an_office_is_found_by_its_words_and_by_whom_it_serves() {
        let day = Date::parse("2026-11-27").unwrap();
        let all = vec![
            office(1, "ACS-01", "Dukcapil Aceh Selatan", "Jl. Merdeka, Tapaktuan", &["1101"]),
            office(2, "ACS-BKG", "UPT Bakongan", "Jl. Nasional", &["110101"]),
            office(3, "ACS-KB", "Pos Gampong", "Balai Gampong", &["1101012001"]),
            office(4, "PDG-01", "Dukcapil Kota Padang", "Jl. Sudirman", &["1371"]),
        ];
        let snapshot = Snapshot::new((1, day), all);
        let found = |words: &str| -> Vec<String> {
            snapshot.find(words).into_iter().map(|(_, one)| one.entry.office.code.clone()).collect()
        };
        assert_eq!(found(""), ["ACS-01", "ACS-BKG", "ACS-KB", "PDG-01"]);
        assert_eq!(found("tapak"), ["ACS-01"], "the beginning of a word of the address");
        assert_eq!(found("dukcapil padang"), ["PDG-01"]);
        // A village: its own post first, then the wider ones that serve it.
        assert_eq!(found("Keude Bakongan"), ["ACS-KB", "ACS-BKG", "ACS-01"]);
        assert_eq!(found("1101012001"), ["ACS-KB", "ACS-BKG", "ACS-01"]);
        assert_eq!(found("11.01.01"), ["ACS-BKG", "ACS-KB", "ACS-01"]);
        assert_eq!(found("Aceh Selatan"), ["ACS-01", "ACS-BKG", "ACS-KB"]);
        for nothing in ["apak", "zzzz", "%", "1101012001999", "…"] {
            assert!(found(nothing).is_empty(), "{nothing}");
        }
    }
}
