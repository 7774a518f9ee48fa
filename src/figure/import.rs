//! What the national aggregate says, from a file: one line a region. Pure.

use std::collections::BTreeSet;
use std::io::Read;

use super::model::{People, day_of};
use crate::error::Text;
use crate::register::{Date, Level, Region};

/// The columns, by their names in the first line.
pub const COLUMNS: [&str; 5] = ["kode_wilayah", "tanggal", "jumlah_penduduk", "wajib_ktp", "sudah_rekam"];
/// Faults that are told of one file.
const TOLD: usize = 50;

/// A line of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Of which region.
    pub region: Region,
    /// As of which day, as the tables have it.
    pub day: i64,
    /// What is said.
    pub people: People,
}

/// What is wrong with a line; nothing of it is imported then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which line of the file, from 1.
    pub line: u64,
    /// What, and what to do.
    pub text: Text,
}

const fn fault(line: u64, id: &'static str, en: &'static str) -> Fault {
    Fault { line, text: Text::new(id, en) }
}

/// Reads a file with `;` between the columns, with or without a byte order mark.
///
/// # Errors
/// All that is wrong, by line.
pub fn read(file: impl Read, today: Date) -> Result<Vec<Line>, Vec<Fault>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').flexible(true).trim(csv::Trim::All).from_reader(file);
    let unreadable = |line| {
        fault(
            line,
            "Baris ini tidak terbaca; simpan berkas sebagai CSV UTF-8.",
            "This line cannot be read; save the file as CSV in UTF-8.",
        )
    };
    let heads = reader.headers().cloned().map_err(|_| vec![unreadable(1)])?;
    let names: Vec<_> = heads.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect();
    if names != COLUMNS {
        let (id, en) = (
            "Kolom harus kode_wilayah;tanggal;jumlah_penduduk;wajib_ktp;sudah_rekam, dengan titik koma.",
            "The columns have to be kode_wilayah;tanggal;jumlah_penduduk;wajib_ktp;sudah_rekam, with semicolons.",
        );
        return Err(vec![fault(1, id, en)]);
    }
    let (mut lines, mut faults, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (at, record) in reader.records().enumerate() {
        let number =
            record.as_ref().ok().and_then(csv::StringRecord::position).map_or(at as u64 + 2, csv::Position::line);
        let line = record.map_err(|_| unreadable(number)).and_then(|record| line(&record, number, today));
        match line {
            Ok(line) if seen.insert((line.region, line.day)) => lines.push(line),
            Ok(_) => faults.push(fault(
                number,
                "Wilayah dan tanggal ini sudah ada pada baris sebelumnya.",
                "This region and date stand in an earlier line.",
            )),
            Err(found) => faults.push(found),
        }
        if faults.len() >= TOLD {
            break;
        }
    }
    if lines.is_empty() && faults.is_empty() {
        faults.push(fault(2, "Berkas ini tidak berisi baris wilayah.", "The file has no line of a region."));
    }
    if faults.is_empty() { Ok(lines) } else { Err(faults) }
}

fn line(record: &csv::StringRecord, number: u64, today: Date) -> Result<Line, Fault> {
    let wrong = |id, en| fault(number, id, en);
    if record.len() != COLUMNS.len() {
        return Err(wrong("Baris ini tidak berisi lima kolom.", "This line does not have five columns."));
    }
    let region = Region::parse(&record[0]).filter(|region| region.level() > Level::Country).ok_or_else(|| {
        wrong(
            "Kode wilayah tidak dikenal; tulis seperti 13.71 atau 1371011001.",
            "No such region; write 13.71 or 1371011001.",
        )
    })?;
    let date = Date::parse(&record[1]).ok().filter(|date| *date <= today).ok_or_else(|| {
        wrong(
            "Tanggal harus YYYY-MM-DD dan tidak di masa depan.",
            "The date has to be YYYY-MM-DD and not in the future.",
        )
    })?;
    let mut numbers = [None; 3];
    for (place, text) in numbers.iter_mut().zip([&record[2], &record[3], &record[4]]) {
        *place = count(text).map_err(|()| {
            wrong(
                "Jumlah harus bilangan bulat, seperti 516875 atau 516.875; kosong bila tidak diketahui.",
                "Numbers have to be whole, such as 516875 or 516.875; empty where unknown.",
            )
        })?;
    }
    let [population, eligible, recorded] = numbers;
    let people = People { population, eligible, recorded };
    if eligible < recorded && eligible.is_some() {
        return Err(wrong("Sudah rekam melebihi wajib KTP.", "More are recorded than are to be."));
    }
    if population < eligible && population.is_some() {
        return Err(wrong("Wajib KTP melebihi jumlah penduduk.", "More are to be recorded than live there."));
    }
    Ok(Line { region, day: day_of(date), people })
}

/// A number as people write it; none of an empty field.
fn count(text: &str) -> Result<Option<i64>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let groups: Vec<&str> = text.split('.').collect();
    let grouped = groups.len() == 1 || groups[1..].iter().all(|group| group.len() == 3);
    let digits = groups.concat();
    let plain = grouped && (1..=10).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    if plain { digits.parse().map(Some).map_err(|_| ()) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(lines: &str) -> Result<Vec<Line>, Vec<u64>> {
        let text = format!("\u{feff}kode_wilayah;tanggal;jumlah_penduduk;wajib_ktp;sudah_rekam\r\n{lines}");
        let today = Date::parse("2026-11-30").unwrap();
        read(text.as_bytes(), today).map_err(|faults| faults.iter().map(|fault| fault.line).collect())
    }

    #[test]
    fn numbers_are_read_as_offices_write_them_and_empty_is_no_zero() {
        // Denpasar, as published.
        let lines = read_text("51.71;2024-11-13;;516.875;511434\r\n5171011001;2024-11-13;0;0;0\r\n").unwrap();
        assert_eq!(lines[0].region, Region::parse("5171").unwrap());
        assert_eq!(lines[0].people, People { population: None, eligible: Some(516_875), recorded: Some(511_434) });
        assert_eq!(lines[1].people, People { population: Some(0), eligible: Some(0), recorded: Some(0) });
    }

    #[test]
    fn every_faulty_line_is_named_and_then_nothing_is_taken() {
        let lines = "5171;2026-11-01;1;1;1\n9999;2026-11-01;1;1;1\n5171;2026-12-01;1;1;1\n5171;2026-11-01;2;2;2\n\
            5171;2026-10-01;1;2;1\n5171;2026-10-01;9;1;2\n5171;2026-09-01;1,5;1;1\n5171;2026-09-01;1\n";
        assert_eq!(read_text(lines), Err(vec![3, 4, 5, 6, 7, 8, 9]));
        assert_eq!(read_text(""), Err(vec![2]));
        let comma = read("kode_wilayah,tanggal\n".as_bytes(), Date::parse("2026-11-30").unwrap());
        assert_eq!(comma.unwrap_err()[0].line, 1);
        for wrong in ["1.00", "1.0000", "-1", "+1", "12345678901", "1 000", "."] {
            assert_eq!(count(wrong), Err(()), "{wrong}");
        }
    }
}
