//! Names of people.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{is_dash, is_hostile, is_invisible};
use crate::error::Text;

/// Longest name, in characters after normalisation.
pub const MOST: usize = 100;

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It is empty or contains no letter.
    NoLetter,
    /// More than [`MOST`] characters.
    TooLong,
    /// A control character, or one that changes the direction of text.
    Hostile,
    /// A character that does not occur in names, or more marks on one letter than any script has.
    Foreign,
}

impl NameError {
    /// What to correct.
    pub const fn text(self) -> Text {
        match self {
            Self::TooLong => Text::new(
                "Nama paling panjang 100 karakter; singkat seperti pada KTP-el.",
                "A name has at most 100 characters; shorten it as on the KTP-el.",
            ),
            Self::NoLetter | Self::Hostile | Self::Foreign => Text::new(
                "Tulis nama seperti pada KTP-el: huruf, angka, spasi, titik, koma, petik, tanda hubung, atau kurung.",
                "Write the name as on the KTP-el: letters, digits, spaces, full stops, commas, apostrophes, hyphens or brackets.",
            ),
        }
    }
}

/// Marks that occur in names beside letters, digits and blanks.
const MARKS: &str = "'’‘‛´`ʼʻʹ′\"“”„.,/&()+:;!?*#";

/// Most marks on one letter. Arabic and the scripts of India and Cambodia use two to four.
const MOST_MARKS: usize = 4;

/// A name as it is stored and shown: composed (NFC), with single blanks and without invisible characters. Everything
/// else stays as written: apostrophes, hyphens, titles, `(ALM)`, digits.
///
/// # Errors
/// Why it is not a name.
pub fn clean(text: &str) -> Result<String, NameError> {
    // Invisible characters are removed first: one between a letter and its accent would prevent their composition.
    let visible: String =
        text.chars().filter(|c| !is_invisible(*c)).map(|c| if c == '\t' { ' ' } else { c }).nfc().collect();
    let name = visible.split(|c: char| c.is_whitespace() && !is_hostile(c)).filter(|word| !word.is_empty());
    let name = name.collect::<Vec<_>>().join(" ");
    if name.chars().any(is_hostile) {
        return Err(NameError::Hostile);
    }
    let known = |c: char| c.is_alphanumeric() || c == ' ' || is_dash(c) || MARKS.contains(c) || is_combining_mark(c);
    let mut pile = 0;
    let piled_up = name.chars().any(|c| {
        pile = if is_combining_mark(c) { pile + 1 } else { 0 };
        pile > MOST_MARKS
    });
    if piled_up || !name.chars().all(known) {
        return Err(NameError::Foreign);
    }
    if !name.chars().any(char::is_alphabetic) {
        return Err(NameError::NoLetter);
    }
    if name.chars().count() > MOST { Err(NameError::TooLong) } else { Ok(name) }
}

/// The form in which names are compared: NFKC, upper case, words of letters (with their marks) and digits only.
/// Apostrophes of all kinds are dropped (`NUR'AINI` equals `NURAINI`); hyphens, dots, commas and slashes separate
/// words.
pub fn key(name: &str) -> String {
    // U+00B4 and similar signs are used as apostrophes; NFKC would turn them into a blank and an accent.
    let marked = name.chars().filter(|c| !is_invisible(*c) && !matches!(c, '´' | '¨' | '¯' | '¸'));
    let folded: String = marked.nfkc().flat_map(char::to_uppercase).collect();
    folded
        .nfc()
        .collect::<String>()
        .split(|c: char| c.is_whitespace() || is_dash(c) || matches!(c, '.' | ',' | '/' | '(' | ')' | '&'))
        .map(bare_word)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word's letters and digits. A mark stays with the letter before it, also where the two have no composed form (`S̃` is
/// not `S`, as `Ñ` is not `N`).
fn bare_word(word: &str) -> String {
    let mut bare = String::new();
    for c in word.chars() {
        if is_combining_mark(c) {
            // A mark without a letter comes from a spacing sign such as ˜.
            if !bare.is_empty() {
                bare.push(c);
            }
        } else if c.is_alphanumeric() && !is_apostrophe_letter(c) {
            bare.push(c);
        }
    }
    bare
}

/// Apostrophes that Unicode counts as letters: those of phonetics and transcription, and the saltillo.
const fn is_apostrophe_letter(c: char) -> bool {
    matches!(c, 'ʹ'..='ʿ' | 'ˈ' | 'ˊ' | 'ˋ' | 'ˮ' | '\u{a78b}' | '\u{a78c}')
}

/// How similar two differing names are, for the officer who compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// [`key`] is the same.
    Same,
    /// Only blanks differ.
    Spaces,
    /// Only *almarhum* or *almarhumah* (deceased) differs, which registers write behind a father's name.
    Deceased,
    /// One is a part of the other.
    Longer,
    /// Any other difference.
    Other,
}

/// Compares two names.
pub fn compare(ours: &str, theirs: &str) -> Likeness {
    let (ours, theirs) = (key(ours), key(theirs));
    let alive = |name: &str| {
        let words = name.split(' ').filter(|word| !matches!(*word, "ALM" | "ALMH" | "ALMARHUM" | "ALMARHUMAH"));
        words.collect::<Vec<_>>().join(" ")
    };
    if ours == theirs {
        Likeness::Same
    } else if ours.replace(' ', "") == theirs.replace(' ', "") {
        Likeness::Spaces
    } else if alive(&ours) == alive(&theirs) {
        Likeness::Deceased
    } else if theirs.contains(&ours) || ours.contains(&theirs) {
        Likeness::Longer
    } else {
        Likeness::Other
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_as_people_and_registers_write_them() {
        for name in [
            "SITI NUR'AINI",
            "SITI NUR’AINI",
            "SITI NUR‘AINI",
            "SITI NUR´AINI",
            "SITI NUR`AINI",
            "SITI NURʼAINI",
            "ABDUL–RAHMAN",
            "ABDUL‑RAHMAN",
            "ABDUL—RAHMAN",
            "BUDI BIN AHMAD (ALM)",
            "BUDI BIN AHMAD ALM.",
            "MUHAMMAD 2",
            "ROBERT III",
            "TJIA & CO",
            "MADE \"KADEK\" PUTRA",
            "DR. H. ASEP, S.PD, M.SI",
            "I",
            "NI LUH PUTU S/O RAM",
            "José Ñañez Đặng",
            "李 小龙",
        ] {
            assert_eq!(clean(name).as_deref(), Ok(name), "{name}");
        }
        assert_eq!(clean("  siti\u{a0}\u{2003} nur\u{ad}aini\u{200b} ").as_deref(), Ok("siti nuraini"));
        assert_eq!(clean("Rene\u{301}").as_deref(), Ok("René"), "composed");
        assert_eq!(clean("Rene\u{200b}\u{301}").as_deref(), Ok("René"), "composed across what is invisible");
        assert_eq!(clean("SITI\u{3164}\u{fe0f}").as_deref(), Ok("SITI"));
        assert_eq!(clean("مُحَمَّد").as_deref(), Ok("مُحَمَّد"), "two marks on a letter");
        assert_eq!(clean("SITI\tRAHMA").as_deref(), Ok("SITI RAHMA"), "copied out of a table");
    }

    #[test]
    fn what_is_no_name() {
        for (name, error) in [
            ("", NameError::NoLetter),
            (" \u{200b} ", NameError::NoLetter),
            ("12345", NameError::NoLetter),
            ("-", NameError::NoLetter),
            ("A\nB", NameError::Hostile),
            ("A\u{0}B", NameError::Hostile),
            ("Siti\u{202e}itiS", NameError::Hostile),
            ("Siti\u{2066}", NameError::Hostile),
            ("<script>", NameError::Foreign),
            ("siti@example.id", NameError::Foreign),
            ("SITI 😀", NameError::Foreign),
            ("\u{3164}", NameError::NoLetter),
            ("\u{115f}\u{1160}", NameError::NoLetter),
            ("\u{ffa0}", NameError::NoLetter),
            ("A\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}", NameError::Foreign),
        ] {
            assert_eq!(clean(name), Err(error), "{name:?}");
        }
        assert_eq!(clean(&"A".repeat(101)), Err(NameError::TooLong));
        assert_eq!(clean(&format!("A{}", "\u{301}".repeat(99))), Err(NameError::Foreign));
        assert!(clean(&"A".repeat(100)).is_ok());
        assert!(clean(&"e\u{301}".repeat(100)).is_ok(), "characters are counted composed");
    }

    #[test]
    fn writings_of_one_name_compare_equal() {
        for (one, other) in [
            ("SITI NUR'AINI", "Siti  Nur’aini"),
            ("SITI NUR'AINI", "SITI NURʼAINI"),
            ("SITI NUR'AINI", "SITI NUR‘AINI"),
            ("SITI NUR'AINI", "SITI NUR´AINI"),
            ("SITI NUR'AINI", "SITI NUR\u{a78c}AINI"),
            ("SITI NUR'AINI", "SITI NUR\u{a78b}AINI"),
            ("SITI NUR'AINI", "SITI NURˈAINI"),
            ("SITI NUR'AINI", "SITI NURAINI"),
            ("S\u{303}ITI", "s\u{303}iti"),
            ("SITI\u{34f}", "SITI"),
            ("MATẗ", "MATT\u{308}"),
            ("ABDUL-RAHMAN", "ABDUL–RAHMAN"),
            ("ABDUL-RAHMAN", "ABDUL‑RAHMAN"),
            ("ABDUL-RAHMAN", "ABDUL RAHMAN"),
            ("RENÉ", "rene\u{301}"),
            ("SITI\u{a0}RAHMA", "SITI RAHMA"),
            ("SITI RAH\u{ad}MA", "SITI RAHMA"),
            ("ＳＩＴＩ", "SITI"),
            ("ROBERT Ⅲ", "ROBERT III"),
            ("ASEP, S.PD", "ASEP S PD"),
            ("AHMAD (ALM)", "AHMAD ALM."),
            ("MADE \"KADEK\" PUTRA", "MADE “KADEK” PUTRA"),
            ("A & B", "A&B"),
        ] {
            assert_eq!(compare(one, other), Likeness::Same, "{one} / {other}: {} / {}", key(one), key(other));
        }
    }

    #[test]
    fn other_names_stay_apart_and_are_explained() {
        assert_eq!(compare("SITI NURAINI", "SITI NURANI"), Likeness::Other);
        assert_eq!(compare("MUHAMMAD 2", "MUHAMMAD 3"), Likeness::Other);
        assert_eq!(compare("S\u{303}ITI", "SITI"), Likeness::Other, "a mark that has no composed form");
        assert_eq!(compare("ÑITI", "NITI"), Likeness::Other);
        assert_eq!(compare("SITINURAINI", "SITI NURAINI"), Likeness::Spaces);
        assert_eq!(compare("BUDI BIN AHMAD", "BUDI BIN AHMAD (ALM)"), Likeness::Deceased);
        assert_eq!(compare("SITI RAHMA", "SITI RAHMA, S.H."), Likeness::Longer);
    }

    proptest! {
        #[test]
        fn what_was_cleaned_is_clean_and_compares_alike(text in "\\PC{0,40}") {
            if let Ok(name) = clean(&text) {
                prop_assert_eq!(clean(&name), Ok(name.clone()));
                prop_assert_eq!(key(&name), key(&text));
                prop_assert!(!name.chars().any(is_hostile));
            }
        }

        #[test]
        fn decomposed_and_composed_are_one_name(text in "[a-zA-ZÀ-ÿĀ-žƠơƯư '-]{1,40}") {
            let apart: String = text.nfd().collect();
            prop_assert_eq!(clean(&text), clean(&apart));
            prop_assert_eq!(key(&text), key(&apart));
        }
    }
}
