//! A look at the whole file before anything of it is written: how it is encoded and delimited, and whether a spreadsheet has
//! changed its numbers.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::ImportError;
use crate::input;
use crate::register::nik::LENGTH;

/// NIKs that end in 0 in a row before a file is not believed. One in ten does by chance: twelve in a row would be met once in
/// a million million.
const ZEROS_IN_A_ROW: u32 = 12;
/// In files too short for that: at least so many, and more than half of all.
const ZEROS: u32 = 5;

/// What a look at a file gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// SHA-256 of the whole file.
    pub(super) digest: [u8; 32],
    /// Its length in bytes.
    pub(super) length: u64,
    /// What parts its columns: a comma, semicolon or tab.
    pub(super) delimiter: u8,
}

/// Reads the file once, from end to end.
///
/// # Errors
/// When it cannot be read, is no text in UTF-8's family, or has NIKs whose last digit a spreadsheet has lost (unless
/// `trust_zeros`).
pub(super) fn look(path: &Path, trust_zeros: bool) -> Result<Look, ImportError> {
    let fail = |error: std::io::Error| ImportError::File(format!("{}: {error}", path.display()));
    let mut file = BufReader::with_capacity(
        1 << 16,
        Hashing { file: File::open(path).map_err(fail)?, hash: Sha256::new(), length: 0 },
    );
    let mut top = Vec::new();
    // The header alone: up to its line end, whatever kind that is.
    let mut byte = [0];
    while top.len() < 1 << 16 && file.read(&mut byte).map_err(fail)? == 1 {
        let empty = top.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        if matches!(byte[0], b'\r' | b'\n') && !empty {
            break;
        }
        top.push(byte[0]);
    }
    if top.starts_with(&[0xff, 0xfe]) || top.starts_with(&[0xfe, 0xff]) || top.contains(&0) {
        return Err(ImportError::Columns(format!(
            "{}: the file is in UTF-16; save it as \"CSV UTF-8\" and import that",
            path.display()
        )));
    }
    let delimiter =
        [b',', b';', b'\t'].into_iter().max_by_key(|mark| (count(&top, *mark), *mark == b',')).unwrap_or(b',');
    let header = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(&top[..])
        .into_byte_records()
        .next();
    let column = header.and_then(Result::ok).and_then(|header| header.iter().position(is_nik_column));
    let mut rest =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(&mut file);
    if let Some(column) = column.filter(|_| !trust_zeros) {
        let mut zeros = Zeros::default();
        let mut record = csv::ByteRecord::new();
        while rest
            .read_byte_record(&mut record)
            .map_err(|error| ImportError::File(format!("{}: {error}", path.display())))?
        {
            zeros.see(record.get(column).unwrap_or_default());
            if zeros.in_a_row >= ZEROS_IN_A_ROW {
                break;
            }
        }
        if zeros.are_suspicious() {
            return Err(ImportError::Columns(format!(
                "{}: nearly all NIKs end in 0, as they do after a spreadsheet has kept them as numbers of 15 digits. Export them \
                 anew as text; if they are right, use --trust-trailing-zeros",
                path.display()
            )));
        }
    }
    drop(rest);
    // What the parser left, so that the digest is of the whole file.
    std::io::copy(&mut file, &mut std::io::sink()).map_err(fail)?;
    let Hashing { hash, length, .. } = file.into_inner();
    Ok(Look { digest: hash.finalize().into(), length, delimiter })
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
}

impl Zeros {
    fn see(&mut self, field: &[u8]) {
        let text = input::ungrouped(&String::from_utf8_lossy(field));
        if text.len() != LENGTH || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        let zero = text.ends_with('0');
        self.niks = self.niks.saturating_add(1);
        self.zeros = self.zeros.saturating_add(u32::from(zero));
        self.in_a_row = if zero { self.in_a_row + 1 } else { 0 };
    }

    const fn are_suspicious(&self) -> bool {
        self.in_a_row >= ZEROS_IN_A_ROW || (self.zeros >= ZEROS && self.zeros > self.niks / 2)
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
    fn who_knows_better_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.csv");
        std::fs::write(&path, with_niks((0..40).map(|i| 3_174_015_708_900_010 + i * 10))).unwrap();
        assert!(look(&path, false).is_err() && look(&path, true).is_ok());
    }
}
