//! What is public as CSV, as spreadsheet programs here read it: semicolons, a byte order mark, decimal commas.

use super::others::{Published, Told};
use crate::error::{Error, Result};

const HEADS: [&str; 17] = [
    "No",
    "Kode Wilayah",
    "Wilayah",
    "Jumlah Penduduk",
    "Wajib KTP-el",
    "Sudah Rekam",
    "Belum Rekam",
    "Target",
    "Aktif Awal",
    "Aktivasi Baru",
    "Aktivasi Ulang",
    "Nonaktif",
    "Pindah Masuk",
    "Pindah Keluar",
    "Aktif Akhir",
    "% Rekam",
    "% Target",
];
/// What stands where a number is not told.
const HIDDEN: &str = "<5";

/// The rows, and their sum last.
///
/// # Errors
/// When it cannot be written: a fault of ours.
pub fn write(published: &Published) -> Result<Vec<u8>> {
    let mut out =
        csv::WriterBuilder::new().delimiter(b';').terminator(csv::Terminator::CRLF).from_writer(vec![0xef, 0xbb, 0xbf]);
    out.write_record(HEADS).map_err(Error::internal)?;
    for (at, row) in published.rows.iter().enumerate() {
        let name = if row.region == published.scope {
            "Tidak diketahui lebih rinci"
        } else {
            row.region.name().unwrap_or_default()
        };
        out.write_record(line((at + 1).to_string(), name, row)).map_err(Error::internal)?;
    }
    out.write_record(line(String::new(), "Jumlah", &published.total)).map_err(Error::internal)?;
    out.into_inner().map_err(Error::internal)
}

fn line(number: String, name: &str, row: &Told) -> [String; 17] {
    let known = |n: Option<i64>| n.map_or_else(String::new, |n| n.to_string());
    let told = |n: Option<i64>| n.map_or_else(|| HIDDEN.to_owned(), |n| n.to_string());
    let percents = |n: Option<i64>| n.map_or_else(String::new, |n| format!("{},{:02}", n / 100, n % 100));
    [
        number,
        row.region.dotted(),
        name.to_owned(),
        known(row.people.population),
        known(row.people.eligible),
        known(row.people.recorded),
        known(row.people.unrecorded()),
        known(row.target),
        told(row.before),
        told(row.first),
        told(row.again),
        told(row.ended),
        told(row.moved_in),
        told(row.moved_out),
        told(row.active),
        percents(row.coverage()),
        percents(row.attainment()),
    ]
}
