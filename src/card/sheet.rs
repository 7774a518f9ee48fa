//! The sheet that is printed: a card of the size of an identity card (ISO/IEC 7810 ID-1) to cut and fold, the slip with the block code, and a
//! copy in large type. Pure.

use crate::credential::qr;
use crate::error::{Error, Result};
use crate::pdf::{self, A4, Page, Role, Style};
use crate::register::Date;
use crate::secret::Redacted;

/// ISO/IEC 7810 ID-1: width and height in millimetres.
const CARD: (f32, f32) = (85.60, 53.98);
/// Where the card's front begins; its back lies to the right of it, so that one fold joins them.
const FRONT: (f32, f32) = ((A4.0 - 2.0 * CARD.0) / 2.0, 34.0);
/// Modules of white around a QR (ISO/IEC 18004 §6.3.8).
const QUIET: f32 = 4.0;
/// Side of the QR with its quiet zone on the card: nearly its whole height. With the 109 modules that a QR has at most here, a
/// module is 0.43 mm wide; phone cameras read from 0.33 mm on at arm's length.
const CARD_QR: f32 = 50.0;
/// The same on the copy in large type.
const LARGE_QR: f32 = 110.0;
const NOT_THE_KTP: &str = "Bukan pengganti KTP-el";

/// What is printed. It has no `Debug`: all of it is personal data.
pub struct Sheet<'a> {
    /// The name.
    pub full_name: &'a str,
    /// The NIK with only its ends shown.
    pub nik: &'a str,
    /// The birth date.
    pub birth_date: Date,
    /// Male or female, in words.
    pub sex: &'a str,
    /// Where the holder lives.
    pub regency: &'a str,
    /// The province.
    pub province: &'a str,
    /// The register's portrait, JPEG.
    pub portrait: Option<&'a [u8]>,
    /// The text of the QR.
    pub qr: &'a str,
    /// By which people speak of the card.
    pub reference: &'a str,
    /// The day of issue.
    pub issued_on: Date,
    /// The last day on which the card counts.
    pub last_day: Date,
    /// The office that issued it.
    pub office: &'a str,
    /// The block code for the slip; none for who has one already.
    pub block_code: Option<Redacted<String>>,
    /// Where the service is reached, without a slash at the end.
    pub url: &'a str,
}

/// The sheet as PDF. Works for some milliseconds: call it off the async threads.
///
/// # Errors
/// When the QR or the portrait cannot be drawn: a fault of ours.
pub fn write(sheet: &Sheet<'_>) -> Result<Vec<u8>> {
    let modules = qr::modules(sheet.qr).map_err(Error::internal)?;
    let mut first = Page::new(A4);
    first.line_of_text((FRONT.0, 18.0), Style::text(16.0).bold().role(Role::Title), "Kartu cetak KTP Digital");
    let how = "Gunting pada garis putus-putus, lalu lipat pada garis tengah sehingga kedua sisi tampak di luar.";
    first.paragraph((FRONT.0, 25.0), 2.0 * CARD.0, Style::text(10.0), how);
    front(&mut first, sheet);
    back(&mut first, sheet, modules.clone());
    first.outline(FRONT, (2.0 * CARD.0, CARD.1), Some(1.6));
    first.line((FRONT.0 + CARD.0, FRONT.1 - 4.0), (FRONT.0 + CARD.0, FRONT.1 + CARD.1 + 4.0), Some(0.6));
    slip(&mut first, sheet);
    let mut second = Page::new(A4);
    large(&mut second, sheet, modules);
    pdf::write("Kartu cetak KTP Digital", "id", vec![first, second]).map_err(Error::internal)
}

fn front(page: &mut Page, sheet: &Sheet<'_>) {
    let (x, y) = FRONT;
    page.area((x, y), (CARD.0, 10.5), 40);
    page.line_of_text((x + 4.0, y + 5.0), Style::text(9.5).bold().grey(255), "KARTU CETAK KTP DIGITAL");
    page.line_of_text((x + 4.0, y + 8.9), Style::text(8.0).bold().grey(255), NOT_THE_KTP);
    let text = match sheet.portrait {
        Some(jpeg) => {
            page.jpeg((x + 4.0, y + 13.0), (21.0, 28.0), jpeg, "Pas foto pemegang kartu");
            x + 28.0
        }
        None => x + 4.0,
    };
    let width = x + CARD.0 - 3.0 - text;
    let value = Style::text(8.0);
    let mut at = page.fitted((text, y + 16.0), (width, 2), Style::text(10.0).bold(), 6.0, sheet.full_name) + 0.8;
    let birth_date = day(sheet.birth_date);
    for (label, shown) in [
        ("NIK", sheet.nik),
        ("Tanggal lahir", birth_date.as_str()),
        ("Jenis kelamin", sheet.sex),
        ("Kab/Kota", sheet.regency),
        ("Provinsi", sheet.province),
    ] {
        at = page.fitted((text, at), (width, 1), value, 5.0, &format!("{label}: {shown}")) + 0.4;
    }
    let until = format!("Berlaku s.d. {}", day(sheet.last_day));
    page.line_of_text((x + 4.0, y + 47.0), Style::text(8.0).bold(), &until);
    let number = format!("No. {} · {}", sheet.reference, sheet.office);
    page.fitted((x + 4.0, y + 50.6), (CARD.0 - 8.0, 1), Style::text(7.0), 5.0, &number);
}

fn back(page: &mut Page, sheet: &Sheet<'_>, modules: (Vec<bool>, usize)) {
    let (x, y) = (FRONT.0 + CARD.0, FRONT.1);
    let margin = (CARD.1 - CARD_QR) / 2.0;
    quiet_qr(page, (x + margin, y + margin), CARD_QR, modules);
    let text = x + margin + CARD_QR + 0.5;
    let width = x + CARD.0 - 2.5 - text;
    let small = Style::text(6.5);
    let mut at = page.paragraph((text, y + 6.0), width, Style::text(8.0).bold(), NOT_THE_KTP) + 1.0;
    for words in [
        "Pemeriksa: pindai QR. Kartu dapat disalin: cocokkan wajah dengan foto hasil pindai.".to_owned(),
        format!("Hilang? Blokir dengan NIK dan kode blokir di {}/blokir, atau hubungi Dukcapil.", host(sheet.url)),
        format!("Dicetak {}.", day(sheet.issued_on)),
    ] {
        at = page.paragraph((text, at), width, small, &words) + 1.2;
    }
}

fn slip(page: &mut Page, sheet: &Sheet<'_>) {
    let (x, y, width) = (FRONT.0, 112.0, 2.0 * CARD.0);
    let Some(code) = &sheet.block_code else {
        let words =
            "Kode blokir yang sudah Anda simpan tetap berlaku; kode itu memblokir ponsel dan kartu ini sekaligus.";
        page.paragraph((x, y + 6.0), width, Style::text(12.0), words);
        return;
    };
    page.outline((x, y), (width, 62.0), Some(1.6));
    let left = x + 6.0;
    let inside = width - 12.0;
    let title = Style::text(14.0).bold().role(Role::Heading);
    page.line_of_text((left, y + 10.0), title, "Slip kode blokir: gunting dan simpan terpisah dari kartu");
    page.line_of_text((left, y + 28.0), Style::text(34.0).bold(), code.expose());
    let next = format!(
        "Kartu hilang atau dicuri? Siapa pun yang Anda percaya dapat memblokirnya di {}/blokir dengan NIK Anda dan kode ini, \
         tanpa ponsel Anda dan tanpa petugas. Kode ini hanya dapat memblokir.",
        host(sheet.url)
    );
    let at = page.paragraph((left, y + 38.0), inside, Style::text(12.0), &next);
    page.paragraph((left, at + 2.0), inside, Style::text(12.0).bold(), NO_OFFICER_ASKS);
}

/// What every message ends with.
const NO_OFFICER_ASKS: &str = "Petugas tidak pernah meminta kode ini, dan tidak pernah meminta biaya.";

fn large(page: &mut Page, sheet: &Sheet<'_>, modules: (Vec<bool>, usize)) {
    let (left, width) = (15.0, A4.0 - 30.0);
    page.line_of_text((left, 24.0), Style::text(26.0).bold().role(Role::Title), "KTP Digital: huruf besar");
    page.line_of_text((left, 35.0), Style::text(20.0).bold(), NOT_THE_KTP);
    quiet_qr(page, ((A4.0 - LARGE_QR) / 2.0, 40.0), LARGE_QR, modules);
    let mut at = page.fitted((left, 162.0), (width, 2), Style::text(28.0).bold(), 18.0, sheet.full_name) + 3.0;
    let shown = Style::text(20.0);
    for words in [
        format!("NIK: {}", sheet.nik),
        format!("Tanggal lahir: {}", day(sheet.birth_date)),
        format!("Jenis kelamin: {}", sheet.sex),
        format!("{}, {}", sheet.regency, sheet.province),
        format!("Berlaku sampai {}", day(sheet.last_day)),
        format!("Nomor kartu: {}", sheet.reference),
    ] {
        at = page.fitted((left, at), (width, 2), shown, 14.0, &words) + 1.5;
    }
    let lost =
        format!("Hilang? Blokir di {}/blokir dengan NIK dan kode blokir, atau hubungi Dukcapil.", host(sheet.url));
    page.fitted((left, at + 3.0), (width, 3), shown.bold(), 12.0, &lost);
}

/// A QR with its quiet zone, `side` wide with it.
fn quiet_qr(page: &mut Page, at: (f32, f32), side: f32, (dark, across): (Vec<bool>, usize)) {
    let module = side / (across as f32 + 2.0 * QUIET);
    let corner = (at.0 + QUIET * module, at.1 + QUIET * module);
    page.qr(corner, across as f32 * module, (dark, across), "QR kartu: dipindai oleh pemeriksa");
}

/// `17-08-1990`, as on the KTP-el.
fn day(date: Date) -> String {
    let text = date.to_string();
    let mut parts: Vec<&str> = text.split('-').collect();
    parts.reverse();
    parts.join("-")
}

/// An address without what nobody types.
fn host(url: &str) -> &str {
    url.trim_start_matches("https://").trim_start_matches("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_addresses_are_written_as_people_read_them() {
        assert_eq!(day(Date::parse("1990-08-17").unwrap()), "17-08-1990");
        assert_eq!(host("https://ikd.example"), "ikd.example");
    }

    #[test]
    fn a_module_is_wide_enough_for_phone_cameras() {
        // The densest QR that a token has: 1,200 characters, version 23.
        let across = qr::modules(&"A".repeat(crate::credential::issue::MAX_OFFLINE_TEXT)).unwrap().1;
        assert_eq!(across, 109);
        assert!(CARD_QR / (across as f32 + 2.0 * QUIET) > 0.4);
        assert!(CARD_QR < CARD.1 && FRONT.0 + 2.0 * CARD.0 < A4.0 - 15.0);
    }
}
