//! The columns of a register file: reading a row strictly, and writing one.

use csv::StringRecord;

use crate::error::Text;
use crate::input;
use crate::input::name::NameError;
use crate::register::{BloodType, Date, MaritalStatus, Nationality, Nik, RegisterRecord, Religion, Sex, VitalStatus};

/// All columns, in the order in which we write them.
pub const HEADER: [&str; 21] = [
    "nik",
    "full_name",
    "birth_place",
    "birth_date",
    "sex",
    "blood_type",
    "address",
    "rt",
    "rw",
    "village",
    "district",
    "regency",
    "province",
    "religion",
    "marital_status",
    "occupation",
    "nationality",
    "valid_until",
    "issued_place",
    "issued_on",
    "vital_status",
];

/// Columns that a file may leave out.
const OPTIONAL: [&str; 6] = ["blood_type", "nationality", "valid_until", "issued_place", "issued_on", "vital_status"];

/// Why a row is refused. It names the field and never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The column, `portrait`, or `row` for the whole row.
    pub field: &'static str,
    /// What to do.
    pub reason: Text,
}

impl RowError {
    pub(super) const fn new(field: &'static str, id: &'static str, en: &'static str) -> Self {
        Self { field, reason: Text::new(id, en) }
    }
}

/// Where each of [`HEADER`]'s columns stands in a file.
#[derive(Clone, Debug)]
pub struct Columns {
    positions: [Option<usize>; HEADER.len()],
    /// Columns up to the last with a name.
    named: usize,
    width: usize,
}

impl Columns {
    /// From a file's first row. Empty columns at its end, as spreadsheets add them, are no columns.
    ///
    /// # Errors
    /// A sentence for the operator: which columns are missing, unknown or stand twice. A name is repeated only in a row that
    /// is a header: in a file without one the first row is a resident.
    pub fn from_header(header: &StringRecord) -> Result<Self, String> {
        let mut positions = [None; HEADER.len()];
        let names: Vec<String> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_ascii_lowercase()).collect();
        let named = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        for (position, name) in names[..named].iter().enumerate() {
            let Some(at) = HEADER.iter().position(|known| known == name) else {
                let what = if are_names(&names) {
                    format!("column {}: unknown column {name:?}", position + 1)
                } else {
                    format!("column {}: the first row does not look like a header", position + 1)
                };
                return Err(format!("{what}; the columns are {}", HEADER.join(", ")));
            };
            if positions[at].replace(position).is_some() {
                return Err(format!("the column {name} stands twice"));
            }
        }
        let missing: Vec<&str> = HEADER
            .iter()
            .zip(&positions)
            .filter(|(name, position)| position.is_none() && !OPTIONAL.contains(name))
            .map(|(name, _)| *name)
            .collect();
        if missing.is_empty() {
            Ok(Self { positions, named, width: header.len() })
        } else {
            Err(format!("columns missing: {}", missing.join(", ")))
        }
    }

    /// Reads one row. Rules of the NIK are those of [`Nik::parse`]; what an officer is only warned of is accepted.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn read(&self, row: &StringRecord, today: Date) -> Result<RegisterRecord, RowError> {
        if row.len() != self.width {
            return Err(RowError::new(
                "row",
                "Jumlah kolom berbeda dengan baris judul; periksa pemisah dan tanda kutip.",
                "The number of columns differs from the header; check delimiters and quotes.",
            ));
        }
        // Left out in silence otherwise: a column whose name somebody forgot.
        if row.iter().skip(self.named).any(|cell| !cell.trim().is_empty()) {
            return Err(RowError::new(
                "row",
                "Ada isi di kolom tanpa judul; beri judul atau kosongkan kolom itu.",
                "There is something in a column without a name; name the column or empty it.",
            ));
        }
        let birth_date = past_date("birth_date", self.get(row, "birth_date"), today)?;
        Ok(RegisterRecord {
            nik: nik(self.get(row, "nik"))?,
            full_name: name(self.get(row, "full_name"))?,
            birth_place: self.text(row, "birth_place", 1, 60)?,
            birth_date,
            sex: coded("sex", self.get(row, "sex"), Sex::parse)?,
            blood_type: match self.get(row, "blood_type") {
                "" | "-" => None,
                text => Some(coded("blood_type", text, BloodType::parse)?),
            },
            address: self.text(row, "address", 1, 160)?,
            rt: neighbourhood("rt", self.get(row, "rt"))?,
            rw: neighbourhood("rw", self.get(row, "rw"))?,
            village: self.text(row, "village", 1, 60)?,
            district: self.text(row, "district", 1, 60)?,
            regency: self.text(row, "regency", 1, 60)?,
            province: self.text(row, "province", 1, 60)?,
            religion: coded("religion", self.get(row, "religion"), Religion::parse)?,
            marital_status: coded("marital_status", self.get(row, "marital_status"), MaritalStatus::parse)?,
            occupation: self.text(row, "occupation", 1, 80)?,
            nationality: match self.get(row, "nationality") {
                "" => Nationality::Indonesian,
                text => coded("nationality", text, Nationality::parse)?,
            },
            valid_until: match self.get(row, "valid_until") {
                "" => None,
                text if text.eq_ignore_ascii_case("seumur hidup") => None,
                text => Some(date("valid_until", text)?),
            },
            issued_place: self.text(row, "issued_place", 0, 60)?,
            issued_on: match self.get(row, "issued_on") {
                "" => None,
                text => Some(past_date("issued_on", text, today)?),
            },
            vital_status: match self.get(row, "vital_status") {
                "" => VitalStatus::Alive,
                text => coded("vital_status", text, VitalStatus::parse)?,
            },
        })
    }

    fn get<'a>(&self, row: &'a StringRecord, name: &str) -> &'a str {
        let at = HEADER.iter().position(|known| *known == name);
        at.and_then(|at| self.positions[at]).and_then(|position| row.get(position)).unwrap_or("").trim()
    }

    fn text(&self, row: &StringRecord, name: &'static str, least: usize, most: usize) -> Result<String, RowError> {
        let text: String = self.get(row, name).chars().filter(|c| !input::is_invisible(*c)).collect();
        let text = text.trim();
        if text.chars().any(input::is_hostile) {
            return Err(RowError::new(
                name,
                "Hapus karakter kendali dan penanda arah tulisan.",
                "Remove control characters and marks of direction.",
            ));
        }
        let length = text.chars().count();
        if length < least {
            return Err(RowError::new(name, "Wajib diisi.", "It must not be empty."));
        }
        if length > most {
            return Err(RowError::new(name, "Terlalu panjang.", "It is too long."));
        }
        Ok(text.to_owned())
    }
}

/// Whether a row is a header: nothing but lower-case words, at least one of which is a column's name. A resident's row has
/// digits.
fn are_names(names: &[String]) -> bool {
    let word = |name: &str| name.len() <= 30 && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_' | b' '));
    names.iter().all(|name| word(name)) && names.iter().any(|name| HEADER.contains(&name.as_str()))
}

/// A NIK without what marks it as text for a spreadsheet: `'3174…`, `="3174…"`.
fn unmarked(text: &str) -> &str {
    let text = text.trim();
    let bare = text.strip_prefix("=\"").and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    bare.strip_prefix(['\'', '’', '‘', '`']).unwrap_or(bare)
}

/// A NIK's digits however it was written: marked as text or in groups. Whoever reads a NIK column reads it with this.
pub(super) fn bare_nik(text: &str) -> String {
    input::ungrouped(unmarked(text))
}

/// The NIK of a row.
fn nik(text: &str) -> Result<Nik, RowError> {
    let bare = unmarked(text);
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
    // 3.17402E+15 and 3174015708900012.0: what a spreadsheet or a program made of it when it took it for a number.
    let was_number = match (bare.split_once(['E', 'e']), bare.split_once(['.', ','])) {
        (Some((mantissa, exponent)), _) => {
            number(&mantissa.replace(['.', ','], "")) && number(exponent.trim_start_matches('+'))
        }
        (None, Some((whole, part))) => whole.len() > 4 && number(whole) && number(part) && part.len() < 3,
        (None, None) => false,
    };
    if was_number {
        return Err(RowError::new(
            "nik",
            "NIK ini sudah diubah menjadi bilangan oleh lembar kerja; angkanya hilang. Ekspor ulang kolom NIK sebagai teks.",
            "A spreadsheet turned this NIK into a number and lost digits; export the NIK column as text again.",
        ));
    }
    Nik::parse(&bare_nik(text)).map_err(|error| RowError { field: "nik", reason: error.text() })
}

/// A name, by the rules of the form that residents fill in: what cannot be typed there could never agree.
fn name(text: &str) -> Result<String, RowError> {
    input::name::clean(text).map_err(|error| match error {
        NameError::NoLetter if text.is_empty() => RowError::new("full_name", "Wajib diisi.", "It must not be empty."),
        _ => RowError { field: "full_name", reason: error.text() },
    })
}

fn date(field: &'static str, text: &str) -> Result<Date, RowError> {
    Date::parse_printed(text).map_err(|_| {
        RowError::new(
            field,
            "Tulis tanggal sebagai YYYY-MM-DD atau DD-MM-YYYY, dan tanggal itu harus ada.",
            "Write a date that exists as YYYY-MM-DD or DD-MM-YYYY.",
        )
    })
}

fn past_date(field: &'static str, text: &str, today: Date) -> Result<Date, RowError> {
    let date = date(field, text)?;
    if date > today || date.year() < 1850 {
        return Err(RowError::new(
            field,
            "Tanggal harus sesudah tahun 1849 dan tidak di masa depan.",
            "The date must be after 1849 and not in the future.",
        ));
    }
    Ok(date)
}

fn coded<T>(field: &'static str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, RowError> {
    parse(text).ok_or(RowError::new(
        field,
        "Pakai salah satu nilai yang tercantum di docs/register-import.md.",
        "Use one of the values listed in docs/register-import.md.",
    ))
}

/// RT and RW have three digits on the card; `-` and nothing are places without them.
fn neighbourhood(field: &'static str, text: &str) -> Result<String, RowError> {
    match text {
        "" | "-" => Ok(String::from("000")),
        text if text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(format!("{text:0>3}")),
        _ => Err(RowError::new(field, "Tulis paling banyak tiga angka.", "Write at most three digits.")),
    }
}

/// A record as a row under [`HEADER`].
pub fn to_row(record: &RegisterRecord) -> [String; HEADER.len()] {
    let date = |date: Option<Date>| date.map_or_else(String::new, |date| date.to_string());
    [
        record.nik.as_str().to_owned(),
        record.full_name.clone(),
        record.birth_place.clone(),
        record.birth_date.to_string(),
        record.sex.code().to_owned(),
        record.blood_type_label().to_owned(),
        record.address.clone(),
        record.rt.clone(),
        record.rw.clone(),
        record.village.clone(),
        record.district.clone(),
        record.regency.clone(),
        record.province.clone(),
        record.religion.code().to_owned(),
        record.marital_status.code().to_owned(),
        record.occupation.clone(),
        record.nationality.code().to_owned(),
        date(record.valid_until),
        record.issued_place.clone(),
        date(record.issued_on),
        record.vital_status.code().to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::model::tests::siti;

    fn today() -> Date {
        Date::parse("2026-11-21").unwrap()
    }

    fn columns() -> Columns {
        Columns::from_header(&StringRecord::from(&HEADER[..])).unwrap()
    }

    fn with(name: &str, value: &str) -> Result<RegisterRecord, &'static str> {
        let mut row = to_row(&siti());
        row[HEADER.iter().position(|column| *column == name).unwrap()] = value.to_owned();
        columns().read(&StringRecord::from(&row[..]), today()).map_err(|error| error.field)
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(with("nik", "3174015708900012"), Ok(siti()));
    }

    #[test]
    fn the_card_s_own_words_are_read() {
        assert_eq!(with("birth_date", "17-08-1990"), Ok(siti()));
        assert_eq!(with("sex", "PEREMPUAN"), Ok(siti()));
        assert_eq!(with("religion", "Islam"), Ok(siti()));
        assert_eq!(with("marital_status", "KAWIN"), Ok(siti()));
        for nik in ["'3174015708900012", "=\"3174015708900012\"", "3174 0157 0890 0012", "3174.0157.0890.0012"] {
            assert_eq!(with("nik", nik), Ok(siti()), "{nik}");
        }
        assert_eq!(with("valid_until", "SEUMUR HIDUP"), Ok(siti()));
        assert_eq!(with("rt", "1"), Ok(siti()));
        assert_eq!(with("vital_status", ""), Ok(siti()));
        assert_eq!(with("full_name", "  SITI NURHALIZAH "), Ok(siti()));
        assert_eq!(with("birth_date", "1990-08-18").map(|record| record.nik), Ok(siti().nik), "only a warning");
    }

    #[test]
    fn every_wrong_field_is_named() {
        for (field, value) in [
            ("nik", "3174015708900000"),
            ("nik", ""),
            ("nik", "3.17402E+15"),
            ("nik", "3,17402E+15"),
            ("nik", "3174015708900012.0"),
            ("nik", "3174015708900012,00"),
            ("full_name", "A\u{202e}B"),
            ("full_name", "12"),
            ("address", "JL. \u{2066}MAWAR"),
            ("address", "\u{3164}"),
            ("village", "\u{200b}"),
            ("full_name", ""),
            ("full_name", "A\u{0}B"),
            ("birth_date", "17/08/1990"),
            ("birth_date", "1990-02-30"),
            ("birth_date", "2026-11-22"),
            ("birth_date", "1490-08-17"),
            ("sex", "P"),
            ("blood_type", "C"),
            ("rt", "0012"),
            ("rw", "1a"),
            ("religion", "x"),
            ("marital_status", ""),
            ("nationality", "IDN"),
            ("valid_until", "forever"),
            ("issued_on", "2026-12-01"),
            ("vital_status", "gone"),
            ("province", ""),
        ] {
            assert_eq!(with(field, value), Err(field), "{field} = {value}");
        }
        assert_eq!(with("address", &"A".repeat(161)), Err("address"));
        assert_eq!(columns().read(&StringRecord::from(vec!["1"]), today()).map_err(|error| error.field), Err("row"));
    }

    #[test]
    fn a_header_is_checked() {
        let check = |names: &[&str]| Columns::from_header(&StringRecord::from(names)).map(|_| ());
        let needed: Vec<&str> = HEADER.into_iter().filter(|name| !OPTIONAL.contains(name)).rev().collect();
        assert_eq!(check(&needed), Ok(()));
        assert!(check(&needed[1..]).unwrap_err().contains("occupation"));
        assert!(check(&[&needed[..], &["shoe_size"]].concat()).unwrap_err().contains("shoe_size"));
        assert!(check(&[&needed[..], &["nik"]].concat()).unwrap_err().contains("twice"));
        let with_empty = [&needed[..], &["", " "]].concat();
        assert_eq!(check(&with_empty), Ok(()), "a spreadsheet's empty columns at the end");
        assert!(check(&[&[""], &needed[..]].concat()).is_err(), "not elsewhere");
        let mut marked = needed.clone();
        marked[0] = "\u{feff}OCCUPATION";
        assert_eq!(check(&marked), Ok(()), "a byte order mark and capitals");
    }

    #[test]
    fn a_file_without_a_header_does_not_show_its_first_resident() {
        let row = to_row(&siti());
        let refusal = Columns::from_header(&StringRecord::from(&row[..])).unwrap_err();
        assert!(refusal.contains("does not look like a header"), "{refusal}");
        for value in row.iter().filter(|value| value.len() > 3) {
            assert!(!refusal.contains(value) && !refusal.contains(&value.to_ascii_lowercase()), "{refusal}");
        }
        let refusal = Columns::from_header(&StringRecord::from(vec!["siti", "jakarta"])).unwrap_err();
        assert!(!refusal.contains("siti"), "{refusal}");
    }

    #[test]
    fn a_column_without_a_name_has_nothing_in_it() {
        let columns = Columns::from_header(&StringRecord::from([&HEADER[..], &["", ""]].concat())).unwrap();
        let read = |more: [&str; 2]| {
            let row = to_row(&siti());
            let row = row.iter().map(String::as_str).chain(more);
            columns.read(&StringRecord::from(row.collect::<Vec<_>>()), today()).map_err(|error| error.field)
        };
        assert_eq!(read(["", " "]), Ok(siti()));
        assert_eq!(read(["", "x"]), Err("row"));
    }
}
