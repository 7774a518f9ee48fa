//! A list of people as spreadsheets write it: CSV with semicolons, commas or tabs, with or without a byte order mark, quotes as RFC 4180
//! has them. Pure.

use unicode_normalization::UnicodeNormalization;

use crate::error::{Refusal, Text};

/// Bytes of a list at most.
pub const MOST_BYTES: usize = 256 * 1024;
/// People in it at most.
pub const MOST_ROWS: usize = 500;

/// A row as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number in the spreadsheet: the heads have 1.
    pub number: u64,
    /// Full name.
    pub full_name: String,
    /// Where the link goes.
    pub email: String,
    /// Log-in name; empty where one is to be suggested.
    pub username: String,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The row's number.
    pub row: u64,
    /// Which of its members.
    pub field: &'static str,
    /// What to do about it.
    pub message: Text,
}

/// Which column is which.
struct Columns {
    full_name: usize,
    email: usize,
    username: Option<usize>,
}

/// Reads a list. Empty rows are left out.
///
/// # Errors
/// `invalid_field` of the whole: no UTF-8, heads that are not known, no row, too many.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| of_file(NOT_UTF8))?;
    // However lines end: rows are counted as the eye counts them.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    // Excel says in a line of its own what stands between members.
    let (skipped, text) = match text.split_once('\n') {
        Some((first, rest)) if first.to_ascii_lowercase().starts_with("sep=") => (1, rest),
        _ => (0, text.as_str()),
    };
    let separator = separator(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .trim(csv::Trim::All)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut columns = None;
    let (mut rows, mut seen, mut number) = (Vec::new(), 0, skipped + 1);
    for record in reader.records() {
        let record = record.map_err(|_| of_file(NOT_UTF8))?;
        // A record's position is before the empty lines that the reader left out.
        let start = record.position().map_or(seen, |at| usize::try_from(at.byte()).unwrap_or(seen));
        let start = start + text[start..].bytes().take_while(|byte| *byte == b'\n').count();
        number += text[seen..start].bytes().filter(|byte| *byte == b'\n').count() as u64;
        seen = start;
        let Some(columns) = &columns else {
            columns = Some(self::columns(&record).ok_or_else(|| of_file(HEADS))?);
            continue;
        };
        if record.iter().all(str::is_empty) {
            continue;
        }
        // A quotation mark that is not closed swallows the rows after it, also in a column that nobody reads.
        if record.iter().any(|member| member.contains('\n')) {
            return Err(of_file(OPEN_QUOTE));
        }
        let member = |at: usize| record.get(at).unwrap_or_default().to_owned();
        rows.push(Row {
            number,
            full_name: member(columns.full_name),
            email: member(columns.email),
            username: columns.username.map(member).unwrap_or_default().to_lowercase(),
        });
        if rows.len() > MOST_ROWS {
            return Err(of_file(TOO_MANY));
        }
    }
    if rows.is_empty() { Err(of_file(if columns.is_none() { HEADS } else { NOBODY })) } else { Ok(rows) }
}

/// What stands between members: what the heads have most of.
fn separator(text: &str) -> u8 {
    let heads = text.lines().next().unwrap_or_default();
    let count = |one: u8| heads.bytes().filter(|byte| *byte == one).count();
    [b';', b',', b'\t'].into_iter().rev().max_by_key(|one| count(*one)).unwrap_or(b';')
}

fn columns(heads: &csv::StringRecord) -> Option<Columns> {
    let names: Vec<String> = heads
        .iter()
        .map(|head| head.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect())
        .collect();
    let find = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
    Some(Columns {
        full_name: find(&["nama", "namalengkap", "name", "fullname"])?,
        email: find(&["surel", "alamatsurel", "email", "alamatemail", "emailaddress"])?,
        username: find(&["namapengguna", "username", "user", "pengguna"]),
    })
}

/// A user name made of a full name: the first word and the last, without titles. It may be somebody's.
pub fn suggested(full_name: &str) -> String {
    let own = full_name.split(',').next().unwrap_or_default();
    let plain = |word: &str| -> String {
        word.nfkd().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let words = |titles: bool| -> Vec<String> {
        let kept = own.split_whitespace().filter(|word| titles || !word.ends_with('.'));
        kept.map(plain).filter(|word| !word.is_empty()).collect()
    };
    let mut words = [words(false), words(true)].into_iter().find(|words| !words.is_empty()).unwrap_or_default();
    let last = if words.len() > 1 { words.pop() } else { None };
    let mut name: String = words.into_iter().next().unwrap_or_default().chars().take(18).collect();
    if let Some(last) = last {
        name.push('.');
        name.extend(last.chars().take(18));
    }
    if name.len() < 3 { format!("pegawai.{name}").trim_end_matches('.').to_owned() } else { name }
}

fn of_file(message: Text) -> Refusal {
    Refusal::field("file", message.id, message.en)
}

const OPEN_QUOTE: Text = Text::new(
    "Ada tanda kutip yang tidak ditutup atau baris baru di dalam sel; perbaiki, lalu kirim lagi.",
    "A quotation mark is not closed, or a cell holds a line break; mend it, then send the list again.",
);
const NOT_UTF8: Text = Text::new(
    "Berkas ini bukan teks UTF-8: simpan dari Excel sebagai \"CSV UTF-8\".",
    "This file is no UTF-8 text: save it in Excel as \"CSV UTF-8\".",
);
const HEADS: Text = Text::new(
    "Baris pertama harus berisi judul kolom: nama dan surel; nama pengguna boleh ada.",
    "The first row has to name the columns: name and email; a user name may be there.",
);
const NOBODY: Text =
    Text::new("Tidak ada orang di bawah judul kolom.", "There is nobody below the names of the columns.");
const TOO_MANY: Text = Text::new(
    "Paling banyak 500 orang dalam satu berkas: bagi menjadi beberapa.",
    "At most 500 people in one file: make several of it.",
);

#[cfg(test)]
mod tests {
    use super::*;

    fn people(bytes: &[u8]) -> Vec<(u64, String, String, String)> {
        let rows = read(bytes).unwrap();
        rows.into_iter().map(|row| (row.number, row.full_name, row.email, row.username)).collect()
    }

    fn of(number: u64, name: &str, email: &str, user: &str) -> (u64, String, String, String) {
        (number, name.into(), email.into(), user.into())
    }

    #[test]
    fn spreadsheets_write_lists_in_several_ways_and_each_is_read() {
        let wanted = [of(2, "Dewi; \"Dé\" Lestari", "dewi@bank.example", "dewi"), of(3, "Agus", "a@b.example", "")];
        let excel = "\u{feff}Nama;Surel;Nama Pengguna\r\n\"Dewi; \"\"Dé\"\" Lestari\";dewi@bank.example;DEWI\r\nAgus;a@b.example;\r\n;;\r\n";
        assert_eq!(people(excel.as_bytes()), wanted);
        let plain = "email,username,full name\ndewi@bank.example,dewi,\"Dewi; \"\"Dé\"\" Lestari\"\na@b.example,,Agus";
        assert_eq!(people(plain.as_bytes()), wanted);
        let sep = "sep=;\nE-mail;Nama lengkap\n a@b.example ; Agus \n";
        assert_eq!(people(sep.as_bytes()), [of(3, "Agus", "a@b.example", "")]);
        assert_eq!(people(b"name\temail\nAgus\ta@b.example\n"), [of(2, "Agus", "a@b.example", "")]);
        assert_eq!(
            people(b"name;email\n\n\nAgus;a@b.example\n"),
            [of(4, "Agus", "a@b.example", "")],
            "as the eye counts"
        );
        assert_eq!(people(b"name;email\nAgus\n"), [of(2, "Agus", "", "")], "what is missing is judged later");
    }

    #[test]
    fn what_is_no_list_is_refused_with_what_to_do() {
        let many: String = (0..501).map(|n| format!("Orang;o{n}@b.example\n")).collect();
        for (bytes, told) in [
            (b"nama;surel\nJos\xe9;j@b.example".as_slice(), "UTF-8"),
            (b"\xff\xfen\0a\0", "UTF-8"),
            (b"", "columns"),
            (b"Agus;a@b.example\n", "columns"),
            (b"nama;surel\n;\n", "nobody"),
            (b"nama;surel;catatan\nBudi;b@b.example;\"kepala\nDewi;d@b.example;\n", "quotation mark"),
            (format!("nama;surel\n{many}").as_bytes(), "500"),
        ] {
            let refused = read(bytes).unwrap_err();
            assert!(refused.fields[0].message.en.contains(told), "{told}: {refused:?}");
        }
        let most: String = (0..500).map(|n| format!("Orang;o{n}@b.example\n")).collect();
        assert_eq!(read(format!("nama;surel\n{most}").as_bytes()).unwrap().len(), 500);
    }

    #[test]
    fn user_names_are_made_of_the_first_word_and_the_last() {
        for (full_name, wanted) in [
            ("Dewi Lestari", "dewi.lestari"),
            ("Dr. Rina Sri Kartika, S.H.", "rina.kartika"),
            ("José", "jose"),
            ("Li", "pegawai.li"),
            ("李", "pegawai"),
            ("M. Ali", "ali"),
            ("H.", "pegawai.h"),
            ("Wolfeschlegelsteinhausen Bergerdorffwelche", "wolfeschlegelstein.bergerdorffwelche"),
        ] {
            assert_eq!(suggested(full_name), wanted);
            assert!(crate::staff::model::check_username(&suggested(full_name)).is_ok(), "{full_name}");
        }
    }
}
