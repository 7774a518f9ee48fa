//! A look at the whole file before anything of it is written: how it is encoded and delimited, whether its quotation marks are
//! closed, and whether a spreadsheet has changed its numbers.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::ImportError;
use super::columns::bare_nik;
use super::quotes::Quotes;
use crate::register::nik::LENGTH;

/// How many NIKs end in 0 where no digit was lost: serial numbers count up, so it is one in ten at most.
const BY_CHANCE: f64 = 0.1;
/// A file is not believed when so few right files would have as many NIKs that end in 0, or as many in a row. Four of four is
/// one in ten thousand.
const UNLIKELY: f64 = 1.5e-4;

/// What a look at a file gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// SHA-256 of the whole file.
    pub(super) digest: [u8; 32],
    /// Its length in bytes.
    pub(super) length: u64,
    /// What parts its columns: a comma, semicolon or tab.
    pub(super) delimiter: u8,
    /// Whether a row stands before the header that tells spreadsheets the delimiter (`sep=;`).
    pub(super) told: bool,
}

/// Reads the file once, from end to end.
///
/// # Errors
/// When it cannot be read, is no text in UTF-8's family, has a quotation mark that is not closed, or NIKs whose last digit a
/// spreadsheet has lost (unless `trust_zeros`).
pub(super) fn look(path: &Path, trust_zeros: bool) -> Result<Look, ImportError> {
    let fail = |error: std::io::Error| ImportError::File(format!("{}: {error}", path.display()));
    // It is read twice, and a pipe would wait for ever.
    if !std::fs::metadata(path).map_err(fail)?.is_file() {
        return Err(ImportError::File(format!(
            "{}: not a file; save the rows as a file and import that",
            path.display()
        )));
    }
    let mut file = BufReader::with_capacity(
        1 << 16,
        Hashing { file: File::open(path).map_err(fail)?, hash: Sha256::new(), length: 0 },
    );
    let mut top = first_line(&mut file).map_err(fail)?;
    if top.starts_with(&[0xff, 0xfe]) || top.starts_with(&[0xfe, 0xff]) || top.contains(&0) {
        return Err(ImportError::Columns(format!(
            "{}: the file is in UTF-16; save it as \"CSV UTF-8\" and import that",
            path.display()
        )));
    }
    let told = told_delimiter(&top);
    let mut read = top.clone();
    if told.is_some() {
        top = first_line(&mut file).map_err(fail)?;
        read.extend_from_slice(&top);
    }
    let delimiter = told.unwrap_or_else(|| {
        [b',', b';', b'\t'].into_iter().max_by_key(|mark| (count(&top, *mark), *mark == b',')).unwrap_or(b',')
    });
    let header = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(&top[..])
        .into_byte_records()
        .next()
        .and_then(Result::ok)
        .unwrap_or_default();
    let mut quotes = Quotes::new(delimiter, header.len());
    quotes.see(without_bom(&read));
    let mut rest = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(Watched { file: &mut file, quotes: &mut quotes });
    let mut zeros = Zeros::default();
    // A header without it is refused for that.
    if let Some(column) = header.iter().position(is_nik_column) {
        let mut record = csv::ByteRecord::new();
        while rest
            .read_byte_record(&mut record)
            .map_err(|error| ImportError::File(format!("{}: {error}", path.display())))?
        {
            zeros.see(record.get(column).unwrap_or_default());
        }
    }
    drop(rest);
    // What the parser left, so that the digest is of the whole file.
    std::io::copy(&mut file, &mut std::io::sink()).map_err(fail)?;
    let Hashing { hash, length, .. } = file.into_inner();
    if let Some(line) = quotes.end() {
        return Err(ImportError::Quotes(format!(
            "{}: line {line}: a quotation mark is opened there and not closed within three lines, so that rows below it would be \
             lost. Nothing was imported: remove the mark, or write the value on one line, and import the file again",
            path.display(),
        )));
    }
    if !trust_zeros && zeros.are_suspicious() {
        return Err(ImportError::Columns(format!(
            "{}: too many NIKs end in 0, as they do after a spreadsheet has kept them as numbers of 15 digits. Export them \
             anew as text; if they are right, use --trust-trailing-zeros",
            path.display()
        )));
    }
    Ok(Look { digest: hash.finalize().into(), length, delimiter, told: told.is_some() })
}

/// One line with its end, and the blank lines before it: the header alone, whatever kind of line end the file has. At most
/// 64 KiB.
fn first_line(file: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    let mut begun = false;
    while line.len() < 1 << 16 && file.read(&mut byte)? == 1 {
        line.push(byte[0]);
        let ends = matches!(byte[0], b'\r' | b'\n');
        if ends && begun {
            break;
        }
        begun |= !ends;
    }
    Ok(line)
}

fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The delimiter of a line `sep=;`, which spreadsheets write and read before the header.
fn told_delimiter(line: &[u8]) -> Option<u8> {
    match without_bom(line).trim_ascii_start().strip_prefix(b"sep=")? {
        [mark @ (b',' | b';' | b'\t'), rest @ ..] if rest.trim_ascii().is_empty() => Some(*mark),
        _ => None,
    }
}

fn count(text: &[u8], mark: u8) -> usize {
    text.iter().filter(|byte| **byte == mark).count()
}

fn is_nik_column(name: &[u8]) -> bool {
    String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case("nik")
}

/// Counts NIKs that end in 0.
#[derive(Debug, Default)]
struct Zeros {
    niks: u32,
    zeros: u32,
    in_a_row: u32,
    /// The most in a row.
    longest: u32,
}

impl Zeros {
    fn see(&mut self, field: &[u8]) {
        let text = bare_nik(&String::from_utf8_lossy(field));
        if text.len() != LENGTH || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        let zero = text.ends_with('0');
        self.niks = self.niks.saturating_add(1);
        self.zeros = self.zeros.saturating_add(u32::from(zero));
        self.in_a_row = if zero { self.in_a_row.saturating_add(1) } else { 0 };
        self.longest = self.longest.max(self.in_a_row);
    }

    /// Whether so many, or so many in a row, would hardly be met by chance: the first where the whole file was a spreadsheet,
    /// the second where a part of it was.
    fn are_suspicious(&self) -> bool {
        let run = f64::from(self.niks) * BY_CHANCE.powf(f64::from(self.longest));
        (self.zeros > 0 && run < UNLIKELY) || at_least(self.zeros, self.niks, BY_CHANCE) < UNLIKELY
    }
}

/// How likely it is that of `all` independent things that each happen with probability `chance`, `some` or more do (the upper
/// tail of the binomial distribution).
fn at_least(some: u32, all: u32, chance: f64) -> f64 {
    if f64::from(some) <= f64::from(all) * chance {
        return 1.0;
    }
    // In logarithms: the factors are too large and too small for a number.
    let ways: f64 = (1..=some).map(|at| (f64::from(all - some + at) / f64::from(at)).ln()).sum();
    let mut term = (ways + f64::from(some) * chance.ln() + f64::from(all - some) * (1.0 - chance).ln()).exp();
    let mut sum = 0.0;
    for at in some..=all {
        sum += term;
        // Beyond the mean each is smaller than the one before.
        if term <= sum * 1e-9 {
            break;
        }
        term *= f64::from(all - at) / (f64::from(at) + 1.0) * chance / (1.0 - chance);
    }
    sum
}

/// Shows the quotation marks what is read through it.
struct Watched<'a, R> {
    file: &'a mut R,
    quotes: &'a mut Quotes,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.quotes.see(&buffer[..read]);
        Ok(read)
    }
}

/// Hashes and counts what is read through it.
struct Hashing {
    file: File,
    hash: Sha256,
    length: u64,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.length += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn see(text: &[u8]) -> Result<Look, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.csv");
        std::fs::write(&path, text).unwrap();
        look(&path, false).map_err(|error| error.to_string())
    }

    fn with_niks(niks: impl Iterator<Item = u64>) -> Vec<u8> {
        let rows: String = niks.map(|nik| format!("{nik},SITI\r\n")).collect();
        format!("nik,full_name\r\n{rows}").into_bytes()
    }

    #[test]
    fn the_digest_is_of_the_whole_file_whatever_it_holds() {
        for text in [&b""[..], b"nik", b"nik,full_name\r\n\r\n1,2\r\n", b"shoe;size\n\"1", &[b'x'; 200_000]] {
            let seen = see(text).unwrap();
            assert_eq!((seen.digest, seen.length), (Sha256::digest(text).into(), text.len() as u64));
        }
    }

    #[test]
    fn the_delimiter_is_the_header_s() {
        for (text, delimiter) in
            [("nik,a", b','), ("nik;a", b';'), ("nik\ta", b'\t'), ("nik", b','), ("\r\n\nnik;a\r1,2,3", b';')]
        {
            assert_eq!(see(text.as_bytes()).unwrap().delimiter, delimiter, "{text:?}");
        }
        assert_eq!(see(b"\xef\xbb\xbfnik;a\r1,2,3").unwrap().delimiter, b';', "a CR file");
        for (text, delimiter) in
            [("sep=;\r\nnik;a,b,c", b';'), ("\u{feff}sep=\t\nnik\ta", b'\t'), ("\nsep=, \rnik,a;b;c;d", b',')]
        {
            let seen = see(text.as_bytes()).unwrap();
            assert_eq!((seen.delimiter, seen.told), (delimiter, true), "{text:?}");
        }
        assert!(!see(b"sep=x\nnik;a").unwrap().told);
    }

    #[test]
    fn other_encodings_are_named() {
        let wide: Vec<u8> = "\u{feff}nik,a\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(see(&wide).unwrap_err().contains("UTF-8"));
        let unmarked: Vec<u8> = "nik,a\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(see(&unmarked).unwrap_err().contains("UTF-8"));
    }

    /// A spreadsheet keeps a number as a double and shows 15 digits of it: the sixteenth becomes 0.
    #[test]
    fn niks_that_lost_their_last_digit_stop_the_import() {
        let good = |i: u64| 3_174_015_708_900_001 + i;
        let lost = |i: u64| good(i) / 10 * 10;
        let spread = |of: fn(u64) -> u64, count: u64| with_niks((0..count).map(move |i| of(i * 7)));
        assert!(see(&spread(|i| (3_174_015_708_900_001 + i) / 10 * 10, 40)).unwrap_err().contains("trailing-zeros"));
        assert!(see(&spread(|i| (3_174_015_708_900_001 + i) / 10 * 10, 5)).is_err(), "a short file");
        assert!(see(&spread(|i| 3_174_015_708_900_001 + i, 1_000)).is_ok());
        let half = (0..300).map(|i| good(i * 7)).chain((0..12).map(|i| lost(i * 13)));
        assert!(see(&with_niks(half)).is_err(), "rows of another file at the end");
        let by_chance = (0..300).map(|i| if i % 10 == 0 { lost(i) } else { good(i) / 10 * 10 + 1 + i % 9 });
        assert!(see(&with_niks(by_chance)).is_ok());
    }

    #[test]
    fn lost_digits_are_seen_however_the_nik_is_written() {
        let lost = |i: u64| 3_174_015_708_900_000 + i * 10;
        let written = |mark: fn(u64) -> String, count: u64| {
            let rows: String = (0..count).map(|i| format!("{},SITI\n", mark(lost(i)))).collect();
            see(format!("nik,full_name\n{rows}").as_bytes())
        };
        for mark in [
            (|nik| format!("'{nik}")) as fn(u64) -> String,
            |nik| format!("’{nik}"),
            |nik| format!("=\"{nik}\""),
            |nik| format!("\"=\"\"{nik}\"\"\""),
            |nik| format!(" '{nik} "),
            |nik| format!("\"{nik}\""),
            |nik| format!("{} {}", nik / 1_000_000, nik % 1_000_000),
        ] {
            assert!(written(mark, 30).is_err(), "{}", mark(lost(1)));
            assert!(written(mark, 4).is_err(), "four rows: {}", mark(lost(1)));
            assert!(written(mark, 2).is_ok(), "two are chance");
        }
    }

    #[test]
    fn part_of_a_file_is_enough() {
        let good = |i: u64| 3_174_015_708_900_001 + i * 10 + i % 9;
        let lost = |i: u64| 3_174_015_708_910_000 + i * 10;
        let file = |bad: u64, all: u64| with_niks((0..bad).map(lost).chain((bad..all).map(good)));
        assert!(see(&file(11, 30)).is_err(), "at the top");
        assert!(see(&file(11, 10_000)).is_err());
        assert!(see(&file(3, 30)).is_ok());
        let scattered = (0..100).map(|i| if i % 4 == 0 { lost(i) } else { good(i) });
        assert!(see(&with_niks(scattered)).is_err(), "25 of 100");
    }

    /// Values from the binomial distribution's tables (n = 20 and 30, p = 0.1).
    #[test]
    fn the_tail_is_the_binomial_s() {
        for (some, all, expected) in [(4, 4, 1e-4), (5, 20, 0.0432), (7, 20, 0.0024), (8, 30, 0.0078), (0, 9, 1.0)] {
            let got = at_least(some, all, 0.1);
            assert!((got - expected).abs() < 5e-5, "{some} of {all}: {got}");
        }
        assert!(at_least(2_000_000, 10_000_000, 0.1) < 1e-300, "large files too");
    }

    #[test]
    fn a_quotation_mark_that_swallows_rows_stops_the_import() {
        let rows = |stray: &[u64]| {
            let row = |i: u64| {
                let mark = if stray.contains(&i) { "\"" } else { "" };
                format!("{},SITI,{mark}JL. MAWAR\r\n", 3_174_015_708_900_001 + i)
            };
            format!("\u{feff}nik,full_name,address\r\n{}", (0..30).map(row).collect::<String>())
        };
        assert!(see(rows(&[]).as_bytes()).is_ok());
        for stray in [&[5][..], &[5, 24], &[5, 6], &[5, 6, 7]] {
            let refusal = see(rows(stray).as_bytes()).unwrap_err();
            assert!(refusal.contains("line 7:") && refusal.contains("quotation mark"), "{stray:?}: {refusal}");
            assert!(!refusal.contains("SITI"));
        }
        let told = format!("sep=,\r\n{}", rows(&[5]).trim_start_matches('\u{feff}'));
        assert!(see(told.as_bytes()).unwrap_err().contains("line 8:"));
    }

    #[test]
    fn a_pipe_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(matches!(look(&path, false), Err(ImportError::File(_))));
        assert!(matches!(look(folder.path(), false), Err(ImportError::File(_))));
    }

    #[test]
    fn who_knows_better_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.csv");
        std::fs::write(&path, with_niks((0..40).map(|i| 3_174_015_708_900_010 + i * 10))).unwrap();
        assert!(look(&path, false).is_err() && look(&path, true).is_ok());
    }
}
