//! Where an office is, whom it serves, and what is changed about it.

use super::Kind;
use super::hours::{Week, Zone};
use crate::error::{Refusal, Result, Text};
use crate::input::{self, phone};
use crate::register::regions::regions;

/// Residents in one slot at most: more is a slip of the finger.
const MOST_CAPACITY: i64 = 500;
/// Regions of one office at most.
const MOST_REGIONS: usize = 100;

/// A place on the map, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// North of the equator.
    pub latitude: i64,
    /// East of Greenwich.
    pub longitude: i64,
}

impl Point {
    /// Reads `-6.1754,106.8272`.
    ///
    /// # Errors
    /// `invalid_field` for what lies outside Indonesia.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let (latitude, longitude) = text.split_once(',')?;
            let point = Self { latitude: millionths(latitude)?, longitude: millionths(longitude)? };
            // From Rote to Weh, from Sabang to Merauke, with a margin.
            let here = (-12_000_000..=7_000_000).contains(&point.latitude)
                && (94_000_000..=142_000_000).contains(&point.longitude);
            here.then_some(point)
        };
        read().ok_or_else(|| {
            Refusal::field(
                "point",
                "Tulis lintang dan bujur di Indonesia, misalnya -6.1754,106.8272.",
                "Write latitude and longitude in Indonesia, for example -6.1754,106.8272.",
            )
        })
    }
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = |value: i64| {
            let sign = if value < 0 { "-" } else { "" };
            format!("{sign}{}.{:06}", value.abs() / 1_000_000, value.abs() % 1_000_000)
        };
        write!(f, "{},{}", part(self.latitude), part(self.longitude))
    }
}

/// Degrees with up to six decimals, exactly.
fn millionths(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number =
        |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole, 3) || !is_number(part, 6) {
        return None;
    }
    let part: i64 = format!("{part:0<6}").parse().ok()?;
    Some(sign * (whole.parse::<i64>().ok()? * 1_000_000 + part))
}

/// The code of a region whose people an office serves: a province, regency, district or village.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region(String);

impl Region {
    /// Reads a code, with or without its dots (`31.71.01`).
    ///
    /// # Errors
    /// `invalid_field` for what is no region.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let region = Self(input::ungrouped(text));
        if region.name().is_some() {
            return Ok(region);
        }
        Err(Refusal::field(
            "regions",
            "Pakai kode wilayah yang ada: 2, 4, 6, atau 10 angka.",
            "Use the code of a region that exists: 2, 4, 6 or 10 digits.",
        ))
    }

    /// Its digits.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// One as the table has it.
    pub(in crate::office) const fn stored(code: String) -> Self {
        Self(code)
    }

    /// Its name, if it is on today's list.
    pub fn name(&self) -> Option<&'static str> {
        let all = regions();
        match self.0.len() {
            2 => Some(all.province(self.0.parse().ok()?)?.name),
            4 => Some(all.regency(self.0.parse().ok()?)?.name),
            6 => Some(all.district(self.0.parse().ok()?)?.name),
            10 => Some(all.village(self.0.parse().ok()?)?.name),
            _ => None,
        }
    }
}

/// Where an office is, and what residents are told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Street, number, town.
    pub address: Option<String>,
    /// On the map.
    pub point: Option<Point>,
    /// Residents whom it serves in one slot of an hour.
    pub capacity: Option<i64>,
    /// Where it is called, as E.164.
    pub phone: Option<String>,
    /// What residents read beside the hours.
    pub note: Option<String>,
}

/// What is to be different about an office; what is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// The name.
    pub name: Option<String>,
    /// What it is.
    pub kind: Option<Kind>,
    /// The code of the office above it; an empty one for none.
    pub parent: Option<String>,
    /// Whose people it serves.
    pub regions: Option<Vec<Region>>,
    /// An empty text takes it away, as with all that follow.
    pub address: Option<String>,
    /// On the map.
    pub point: Option<String>,
    /// The zone of its clocks.
    pub zone: Option<Zone>,
    /// Residents a slot; 0 for none.
    pub capacity: Option<i64>,
    /// Where it is called.
    pub phone: Option<String>,
    /// What residents read.
    pub note: Option<String>,
    /// When it is open.
    pub week: Option<Week>,
}

impl Edit {
    /// Reads what was typed into it.
    ///
    /// # Errors
    /// `invalid_field`.
    pub fn checked(mut self) -> Result<Self, Refusal> {
        let field = |name: &'static str, text: Text| Refusal::field(name, text.id, text.en);
        if let Some(name) = &self.name {
            self.name = Some(input::label(name, 100).map_err(|text| field("name", text))?);
        }
        if let Some(address) = self.address.as_deref().filter(|text| !text.trim().is_empty()) {
            self.address = Some(input::label(address, 200).map_err(|text| field("address", text))?);
        }
        if let Some(number) = self.phone.as_deref().filter(|text| !text.trim().is_empty()) {
            self.phone = Some(phone::clean(number).map_err(|text| field("phone", text))?);
        }
        if let Some(note) = &self.note {
            let note = note.trim().to_owned();
            if !input::is_prose(&note, 0..=300) {
                return Err(field("note", Text::new("Paling banyak 300 huruf.", "300 characters at most.")));
            }
            self.note = Some(note);
        }
        if self.capacity.is_some_and(|number| !(0..=MOST_CAPACITY).contains(&number)) {
            return Err(field("capacity", Text::new("Tulis 0 sampai 500.", "Write 0 to 500.")));
        }
        if let Some(point) = self.point.as_deref().filter(|text| !text.trim().is_empty()) {
            Point::parse(point)?;
        }
        if let Some(regions) = &mut self.regions {
            regions.sort_unstable();
            regions.dedup();
            if regions.len() > MOST_REGIONS {
                return Err(field("regions", Text::new("Paling banyak 100 wilayah.", "100 regions at most.")));
            }
        }
        Ok(self)
    }

    /// The place that it makes of another.
    ///
    /// # Errors
    /// `invalid_field`.
    pub fn place(&self, before: &Place) -> Result<Place, Refusal> {
        let text = |edited: &Option<String>, before: &Option<String>| match edited.as_deref().map(str::trim) {
            None => before.clone(),
            Some("") => None,
            Some(text) => Some(text.to_owned()),
        };
        let point = match self.point.as_deref().map(str::trim) {
            None => before.point,
            Some("") => None,
            Some(text) => Some(Point::parse(text)?),
        };
        Ok(Place {
            address: text(&self.address, &before.address),
            point,
            capacity: self.capacity.map_or(before.capacity, |number| Some(number).filter(|number| *number > 0)),
            phone: text(&self.phone, &before.phone),
            note: text(&self.note, &before.note),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_exactly_and_lies_in_indonesia() {
        let monas = Point::parse("-6.175392, 106.827153").unwrap();
        assert_eq!(monas, Point { latitude: -6_175_392, longitude: 106_827_153 });
        assert_eq!(monas.to_string(), "-6.175392,106.827153");
        assert_eq!(Point::parse("-0.5,117").unwrap().to_string(), "-0.500000,117.000000");
        for bad in ["", "1", "106.8,-6.1", "52.5,13.4", "-6.1234567,106.8", "x,y", "-6.,106.8", "--6.1,106.8"] {
            assert!(Point::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_are_those_of_the_list() {
        for (text, name) in [("13", "Sumatera Barat"), ("13.71", "Kota Padang"), ("110101", "Bakongan")] {
            assert_eq!(Region::parse(text).unwrap().name(), Some(name));
        }
        assert_eq!(Region::parse("1101012001").unwrap().name(), Some("Keude Bakongan"));
        for bad in ["", "0", "00", "9999", "123", "11010120011", "ab"] {
            assert!(Region::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_empty_text_takes_away_and_none_leaves() {
        let before = Place { note: Some("Parkir di belakang".into()), capacity: Some(8), ..Place::default() };
        assert_eq!(Edit::default().place(&before).unwrap(), before);
        let edit =
            Edit { note: Some(" ".into()), capacity: Some(0), phone: Some("0751 123456".into()), ..Edit::default() };
        let after = edit.checked().unwrap().place(&before).unwrap();
        assert_eq!((after.note, after.capacity, after.phone.as_deref()), (None, None, Some("+62751123456")));
        for wrong in [
            Edit { capacity: Some(501), ..Edit::default() },
            Edit { note: Some("x".repeat(301)), ..Edit::default() },
            Edit { phone: Some("halo".into()), ..Edit::default() },
            Edit { address: Some("a\u{202e}b".into()), ..Edit::default() },
        ] {
            assert!(wrong.checked().is_err());
        }
    }
}
