//! The NIK (*nomor induk kependudukan*): 16 digits that never change.
//!
//! Province 2, regency 2, district 2 (of the first registration), DDMMYY with 40 added to DD for women, serial 4
//! from 0001 (UU 23/2006 art. 13 for its permanence, PP 37/2007 art. 37 for the digits).

use serde::{Deserialize, Serialize};

use super::regions;
use super::{Date, Sex};
use crate::error::Text;

/// Digits of a NIK.
pub const LENGTH: usize = 16;

/// The province code of invented people: none that there is.
pub const INVENTED_PROVINCE: u8 = 99;

/// Added to the day of birth for women.
const FEMALE: u8 = 40;

/// A NIK whose digits obey the rules. Neither `Debug` nor `Display` shows it; [`Nik::as_str`] does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[0-9]{16}$", example = "3174015708900001")]
pub struct Nik([u8; LENGTH]);

/// Why a text is not a NIK. The texts never repeat what was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NikError {
    /// Not exactly 16 ASCII digits.
    #[error("not 16 digits")]
    Length,
    /// A province code that never existed.
    #[error("no such province code")]
    Province,
    /// The day is neither 01–31 nor 41–71.
    #[error("no such day")]
    Day,
    /// The month is not 01–12.
    #[error("no such month")]
    Month,
    /// The day does not exist in that month, in either century.
    #[error("no such date")]
    Date,
    /// The serial number is 0000.
    #[error("serial number 0000")]
    Serial,
}

impl NikError {
    /// A sentence for the person who typed it.
    pub const fn text(self) -> Text {
        match self {
            Self::Length => Text::new(
                "NIK terdiri dari tepat 16 angka; periksa pada KTP-el atau KK.",
                "A NIK has exactly 16 digits; look at the KTP-el or the family card.",
            ),
            Self::Province => Text::new(
                "Dua angka pertama NIK bukan kode provinsi; periksa pada KTP-el atau KK.",
                "The first two digits of the NIK are no province code; look at the KTP-el or the family card.",
            ),
            Self::Day => Text::new(
                "Angka ke-7 dan ke-8 NIK harus 01-31 (laki-laki) atau 41-71 (perempuan).",
                "Digits 7 and 8 of the NIK must be 01-31 (men) or 41-71 (women).",
            ),
            Self::Month => Text::new(
                "Angka ke-9 dan ke-10 NIK harus bulan 01-12.",
                "Digits 9 and 10 of the NIK must be a month, 01-12.",
            ),
            Self::Date => Text::new(
                "Tanggal lahir di dalam NIK tidak ada dalam kalender; periksa angka ke-7 sampai ke-12.",
                "The birth date inside the NIK does not exist; check digits 7 to 12.",
            ),
            Self::Serial => Text::new(
                "Empat angka terakhir NIK tidak mungkin 0000; periksa pada KTP-el atau KK.",
                "The last four digits of the NIK cannot be 0000; look at the KTP-el or the family card.",
            ),
        }
    }
}

/// What an officer should look at. None of it makes a NIK wrong: old district codes, corrected birth dates and
/// corrected sexes are real, and a NIK never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NikWarning {
    /// The district code is not in today's list.
    UnknownDistrict,
    /// The birth date differs from the digits.
    BirthDateDiffers,
    /// The sex differs from the digits.
    SexDiffers,
}

impl NikWarning {
    /// A sentence for the officer.
    pub const fn text(self) -> Text {
        match self {
            Self::UnknownDistrict => Text::new(
                "Kode kecamatan dalam NIK tidak ada dalam daftar saat ini; mungkin kode lama.",
                "The district code in the NIK is not in today's list; it may be an old one.",
            ),
            Self::BirthDateDiffers => Text::new(
                "Tanggal lahir berbeda dengan NIK; tanyakan apakah pernah dibetulkan.",
                "The birth date differs from the NIK; ask whether it was ever corrected.",
            ),
            Self::SexDiffers => Text::new(
                "Jenis kelamin berbeda dengan NIK; tanyakan apakah pernah dibetulkan.",
                "The sex differs from the NIK; ask whether it was ever corrected.",
            ),
        }
    }
}

impl Nik {
    /// Reads exactly 16 digits; no blanks, dots or other scripts' digits.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, NikError> {
        Self::of_a_province(text, regions::is_province_code)
    }

    /// Reads the NIK of somebody invented: of the province [`INVENTED_PROVINCE`], which does not exist. [`Nik::parse`] refuses it, so it
    /// gets into no registration and no register.
    ///
    /// # Errors
    /// As [`Nik::parse`].
    pub fn invented(text: &str) -> Result<Self, NikError> {
        Self::of_a_province(text, |code| code == INVENTED_PROVINCE)
    }

    fn of_a_province(text: &str, is_province: impl Fn(u8) -> bool) -> Result<Self, NikError> {
        let digits: [u8; LENGTH] = text.as_bytes().try_into().map_err(|_| NikError::Length)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(NikError::Length);
        }
        let nik = Self(digits);
        if !is_province(nik.province()) {
            return Err(NikError::Province);
        }
        if !matches!(nik.two(6), 1..=31 | 41..=71) {
            return Err(NikError::Day);
        }
        if !matches!(nik.month(), 1..=12) {
            return Err(NikError::Month);
        }
        if nik.day() > longest_month(nik.month(), nik.year_of_century()) {
            return Err(NikError::Date);
        }
        if nik.serial() == 0 {
            return Err(NikError::Serial);
        }
        Ok(nik)
    }

    /// Puts a NIK together; `district` is a six-digit code. `None` when the result breaks a rule.
    pub fn compose(district: u32, birth_date: Date, sex: Sex, serial: u16) -> Option<Self> {
        let day = birth_date.day() + if sex == Sex::Female { FEMALE } else { 0 };
        let year = birth_date.year().rem_euclid(100);
        let value = u64::from(district) * 10_000_000_000
            + u64::from(day) * 100_000_000
            + u64::from(birth_date.month()) * 1_000_000
            + u64::try_from(year).ok()? * 10_000
            + u64::from(serial % 10_000);
        Self::parse(&format!("{value:016}")).ok()
    }

    /// The 16 digits. Personal data: never for logs.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The NIK with only its ends shown: `3171********0001`. Personal data still.
    pub fn masked(&self) -> String {
        let shown = |at: usize| !(4..12).contains(&at);
        self.as_str().char_indices().map(|(at, digit)| if shown(at) { digit } else { '*' }).collect()
    }

    /// Province code, 2 digits.
    pub fn province(&self) -> u8 {
        self.two(0)
    }

    /// Regency code with its province, 4 digits.
    pub fn regency(&self) -> u16 {
        u16::from(self.two(0)) * 100 + u16::from(self.two(2))
    }

    /// District code with province and regency, 6 digits: where the person was first registered.
    pub fn district(&self) -> u32 {
        u32::from(self.regency()) * 100 + u32::from(self.two(4))
    }

    /// The sex at first registration.
    pub fn sex(&self) -> Sex {
        if self.two(6) > FEMALE { Sex::Female } else { Sex::Male }
    }

    /// Day of birth, 1–31.
    pub fn day(&self) -> u8 {
        let day = self.two(6);
        if day > FEMALE { day - FEMALE } else { day }
    }

    /// Month of birth, 1–12.
    pub fn month(&self) -> u8 {
        self.two(8)
    }

    /// Year of birth without its century, 0–99.
    pub fn year_of_century(&self) -> u8 {
        self.two(10)
    }

    /// Serial number, 1–9999.
    pub fn serial(&self) -> u16 {
        u16::from(self.two(12)) * 100 + u16::from(self.two(14))
    }

    /// Whether day, month and two-digit year are those of `date`. The century is ambiguous and therefore not looked at.
    pub fn agrees_with_birth_date(&self, date: Date) -> bool {
        date.day() == self.day()
            && date.month() == self.month()
            && date.year().rem_euclid(100) == i16::from(self.year_of_century())
    }

    /// What the officer, and only the officer, should look at.
    pub fn warnings(&self, birth_date: Date, sex: Sex) -> Vec<NikWarning> {
        let mut warnings = Vec::new();
        if regions::regions().district(self.district()).is_none() {
            warnings.push(NikWarning::UnknownDistrict);
        }
        if !self.agrees_with_birth_date(birth_date) {
            warnings.push(NikWarning::BirthDateDiffers);
        }
        if self.sex() != sex {
            warnings.push(NikWarning::SexDiffers);
        }
        warnings
    }

    fn two(&self, at: usize) -> u8 {
        (self.0[at] - b'0') * 10 + (self.0[at + 1] - b'0')
    }
}

/// Days of a month in the longer of the two possible years: 1900 had no 29 February, but 2000 had.
const fn longest_month(month: u8, year_of_century: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year_of_century.is_multiple_of(4) => 29,
        2 => 28,
        _ => 31,
    }
}

impl std::fmt::Debug for Nik {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nik([redacted])")
    }
}

impl std::fmt::Display for Nik {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl std::str::FromStr for Nik {
    type Err = NikError;

    fn from_str(text: &str) -> Result<Self, NikError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Nik {
    type Error = NikError;

    fn try_from(text: String) -> Result<Self, NikError> {
        Self::parse(&text)
    }
}

impl From<Nik> for String {
    fn from(nik: Nik) -> Self {
        nik.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The digits' meaning is the published one: 3174 is Jakarta Selatan, 57 − 40 = 17 August 1990, a woman.
    #[test]
    fn a_masked_nik_shows_its_ends() {
        assert_eq!(Nik::parse("3171015708900001").unwrap().masked(), "3171********0001");
    }

    #[test]
    fn parts_of_a_nik() {
        let nik = Nik::parse("3174015708900012").unwrap();
        assert_eq!((nik.province(), nik.regency(), nik.district()), (31, 3174, 317_401));
        assert_eq!((nik.sex(), nik.day(), nik.month(), nik.year_of_century()), (Sex::Female, 17, 8, 90));
        assert_eq!(nik.serial(), 12);
        assert_eq!(regions::regions().regency(nik.regency()).unwrap().name, "Kota Administrasi Jakarta Selatan");
        assert!(nik.agrees_with_birth_date(Date::new(1990, 8, 17).unwrap()));
        assert!(nik.agrees_with_birth_date(Date::new(1890, 8, 17).unwrap()));
        assert!(!nik.agrees_with_birth_date(Date::new(1991, 8, 17).unwrap()));
        assert!(!nik.agrees_with_birth_date(Date::new(1990, 8, 16).unwrap()));
    }

    #[test]
    fn the_rules_table() {
        let accepted = [
            "1101010101500001", // lowest codes, day 01
            "3174013112991234", // day 31, December
            "3174017112999999", // 71 = the 31st, a woman; highest serial
            "3174014101000001", // 41 = the 1st, a woman
            "3174012902000001", // 29 Feb: 2000 had it, 1900 had not
            "3174016902960001", // 29 Feb 1996, a woman
            "9601010101900001", // newest province
            "3199990101900001", // unknown district: only a warning
        ];
        for text in accepted {
            assert_eq!(Nik::parse(text).map(String::from), Ok(text.to_owned()), "{text}");
        }
        let refused = [
            ("", NikError::Length),
            ("317401570890001", NikError::Length),
            ("31740157089000123", NikError::Length),
            (" 317401570890012", NikError::Length),
            ("3174 0157089 012", NikError::Length),
            ("31740157O8900012", NikError::Length),
            ("+174015708900012", NikError::Length),
            ("\u{663}174015708900012", NikError::Length), // Arabic-Indic three
            ("３17401570890001", NikError::Length),       // fullwidth three
            ("3174010008900001", NikError::Day),
            ("3174013208900001", NikError::Day),
            ("3174014008900001", NikError::Day),
            ("3174017208900001", NikError::Day),
            ("3174019908900001", NikError::Day),
            ("3174010100900001", NikError::Month),
            ("3174010113900001", NikError::Month),
            ("3174013104900001", NikError::Date), // 31 April
            ("3174017006900000", NikError::Serial),
            ("3174017106900001", NikError::Date), // 31 June, a woman
            ("3174013002960001", NikError::Date), // 30 February
            ("3174012902010001", NikError::Date), // 29 Feb 1901 and 2001
            ("3174016902900001", NikError::Date), // 29 Feb 1990, a woman
            ("3174010101900000", NikError::Serial),
        ];
        for (text, error) in refused {
            assert_eq!(Nik::parse(text), Err(error), "{text}");
        }
        let codes = [11..=19, 21..=21, 31..=36, 51..=53, 61..=65, 71..=76, 81..=82, 91..=96_u8];
        for province in 0..=99_u8 {
            let exists = codes.iter().any(|range| range.contains(&province));
            let result = Nik::parse(&format!("{province:02}01010101900001"));
            assert_eq!(result.is_ok(), exists, "{province}");
            assert!(exists || result == Err(NikError::Province));
        }
    }

    #[test]
    fn warnings_are_for_the_officer() {
        let birth = Date::new(1990, 8, 17).unwrap();
        let known = Nik::parse("3174015708900012").unwrap();
        assert_eq!(known.warnings(birth, Sex::Female), []);
        let all = Nik::parse("3199995708900012").unwrap().warnings(Date::new(1990, 8, 18).unwrap(), Sex::Male);
        assert_eq!(all, [NikWarning::UnknownDistrict, NikWarning::BirthDateDiffers, NikWarning::SexDiffers]);
    }

    #[test]
    fn nothing_prints_the_digits() {
        let nik = Nik::parse("3174015708900012").unwrap();
        assert!(!format!("{nik:?} {nik} {:?}", Some(&nik)).contains("3174"));
        let error = serde_json::from_str::<Nik>("\"3174015708900000\"").unwrap_err().to_string();
        assert!(!error.contains("3174"), "{error}");
        assert_eq!(serde_json::to_string(&nik).unwrap(), "\"3174015708900012\"");
        assert_eq!(serde_json::from_str::<Nik>("\"3174015708900012\"").unwrap(), nik);
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_kept_as_it_is(text in "[0-9]{0,20}|\\PC{0,20}") {
            if let Ok(nik) = Nik::parse(&text) {
                prop_assert_eq!(nik.as_str(), &text);
            }
        }

        #[test]
        fn compose_and_parts_agree(day in 0..36_000_i32, female: bool, serial in 1..=9_999_u16) {
            let birth = Date::new(1920, 1, 1).unwrap().plus_days(day).unwrap();
            let sex = if female { Sex::Female } else { Sex::Male };
            let nik = Nik::compose(317_401, birth, sex, serial).unwrap();
            prop_assert!(nik.agrees_with_birth_date(birth));
            prop_assert_eq!((nik.sex(), nik.serial(), nik.district()), (sex, serial, 317_401));
        }
    }
}
