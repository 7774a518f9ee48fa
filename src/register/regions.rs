//! The administrative areas of Indonesia by their codes, to village level.
//!
//! Names and codes are from idn-area-data under the Open Database License: see `data/regions/NOTICE.md`. The list is
//! today's; a NIK carries the code of its first registration, which may be gone from it.

use std::io::Read;
use std::ops::Range;
use std::sync::OnceLock;

static AREAS: &[u8] = include_bytes!("../../data/regions/areas.txt.gz");

/// A province.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Province {
    /// Two digits.
    pub code: u8,
    /// Its name.
    pub name: &'static str,
    /// Positions of its villages in [`Regions::villages`].
    pub villages: Range<usize>,
}

/// A regency (*kabupaten*) or city (*kota*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regency {
    /// Four digits, the province's first.
    pub code: u16,
    /// Its name, beginning with `Kabupaten` or `Kota`.
    pub name: &'static str,
}

impl Regency {
    /// The name without what kind it is: `Padang` for `Kota Padang`.
    pub fn short_name(&self) -> &'static str {
        ["Kabupaten ", "Kota Administrasi ", "Kota "]
            .iter()
            .find_map(|kind| self.name.strip_prefix(kind))
            .unwrap_or(self.name)
    }
}

/// A district (*kecamatan*, *distrik*, *kapanewon* …).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct District {
    /// Six digits, the regency's first.
    pub code: u32,
    /// Its name.
    pub name: &'static str,
    /// Positions of its villages in [`Regions::villages`].
    pub villages: Range<usize>,
}

/// A village (*desa*) or urban ward (*kelurahan*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Village {
    /// Ten digits, the district's first.
    pub code: u64,
    /// Its name.
    pub name: &'static str,
}

/// All areas, each list sorted by code.
#[derive(Debug, Default)]
pub struct Regions {
    provinces: Vec<Province>,
    regencies: Vec<Regency>,
    districts: Vec<District>,
    villages: Vec<Village>,
}

/// The areas, unpacked once when they are first asked for.
pub fn regions() -> &'static Regions {
    static REGIONS: OnceLock<Regions> = OnceLock::new();
    REGIONS.get_or_init(|| {
        let mut text = String::new();
        // The bytes are part of the program and a test reads all of them: should they ever be damaged, every district
        // is unknown, which is a warning and not an error.
        match flate2::read::GzDecoder::new(AREAS).read_to_string(&mut text) {
            Ok(_) => Regions::parse(Box::leak(text.into_boxed_str())),
            Err(_) => Regions::default(),
        }
    })
}

/// Whether a province with this code exists or existed.
pub const fn is_province_code(code: u8) -> bool {
    matches!(code, 11..=19 | 21 | 31..=36 | 51..=53 | 61..=65 | 71..=76 | 81..=82 | 91..=96)
}

impl Regions {
    fn parse(text: &'static str) -> Self {
        let mut all = Self::default();
        for line in text.lines() {
            let Some((digits, name)) = line.split_once(' ') else { continue };
            if let Some(number) = digits.strip_prefix('.').and_then(|digits| digits.parse::<u64>().ok()) {
                let at = all.villages.len();
                let (Some(province), Some(district)) = (all.provinces.last_mut(), all.districts.last_mut()) else {
                    continue;
                };
                province.villages.end = at + 1;
                district.villages.end = at + 1;
                all.villages.push(Village { code: u64::from(district.code) * 10_000 + number, name });
                continue;
            }
            let at = all.villages.len();
            let Ok(code) = digits.parse::<u32>() else { continue };
            match (digits.len(), u8::try_from(code), u16::try_from(code)) {
                (2, Ok(code), _) => all.provinces.push(Province { code, name, villages: at..at }),
                (4, _, Ok(code)) => all.regencies.push(Regency { code, name }),
                _ => all.districts.push(District { code, name, villages: at..at }),
            }
        }
        all
    }

    /// Today's provinces.
    pub fn provinces(&self) -> &[Province] {
        &self.provinces
    }

    /// Today's regencies and cities.
    pub fn regencies(&self) -> &[Regency] {
        &self.regencies
    }

    /// Today's districts.
    pub fn districts(&self) -> &[District] {
        &self.districts
    }

    /// Today's villages.
    pub fn villages(&self) -> &[Village] {
        &self.villages
    }

    /// The province with a two-digit code.
    pub fn province(&self, code: u8) -> Option<&Province> {
        self.provinces.binary_search_by_key(&code, |area| area.code).ok().map(|at| &self.provinces[at])
    }

    /// The regency or city with a four-digit code.
    pub fn regency(&self, code: u16) -> Option<&Regency> {
        self.regencies.binary_search_by_key(&code, |area| area.code).ok().map(|at| &self.regencies[at])
    }

    /// The district with a six-digit code.
    pub fn district(&self, code: u32) -> Option<&District> {
        self.districts.binary_search_by_key(&code, |area| area.code).ok().map(|at| &self.districts[at])
    }

    /// The village with a ten-digit code.
    pub fn village(&self, code: u64) -> Option<&Village> {
        self.villages.binary_search_by_key(&code, |area| area.code).ok().map(|at| &self.villages[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_area_is_there() {
        let all = regions();
        assert_eq!(all.provinces().len(), 38);
        assert_eq!(all.regencies().len(), 514);
        assert_eq!(all.districts().len(), 7_285);
        assert_eq!(all.villages().len(), 83_762);
        assert!(all.provinces().iter().all(|area| is_province_code(area.code)));
        assert!(all.provinces().is_sorted_by_key(|area| area.code));
        assert!(all.regencies().is_sorted_by_key(|area| area.code));
        assert!(all.districts().is_sorted_by_key(|area| area.code));
        assert!(all.villages().is_sorted_by_key(|area| area.code));
    }

    #[test]
    fn every_area_lies_in_the_one_above() {
        let all = regions();
        assert!(all.regencies().iter().all(|area| all.province((area.code / 100) as u8).is_some()));
        for district in all.districts() {
            assert!(all.regency((district.code / 100) as u16).is_some(), "{}", district.code);
            assert!(!district.villages.is_empty(), "{}", district.code);
            let villages = &all.villages()[district.villages.clone()];
            assert!(villages.iter().all(|village| village.code / 10_000 == u64::from(district.code)));
        }
        let in_provinces: usize = all.provinces().iter().map(|province| province.villages.len()).sum();
        assert_eq!(in_provinces, all.villages().len());
    }

    #[test]
    fn known_areas_are_found() {
        let all = regions();
        assert_eq!(all.province(13).map(|area| area.name), Some("Sumatera Barat"));
        assert_eq!(all.regency(1371).map(|area| (area.name, area.short_name())), Some(("Kota Padang", "Padang")));
        assert_eq!(all.district(110_101).map(|area| area.name), Some("Bakongan"));
        assert_eq!(all.village(1_101_012_001).map(|area| area.name), Some("Keude Bakongan"));
        assert_eq!(all.district(319_999), None);
    }
}
