//! Parsing of what people and registers write: tolerant of how it was typed, strict about what it is. Pure.
//!
//! Forms, imports and commands share these rules: a resident can type whatever the population register contains, and
//! both compare equal.

pub mod email;
pub mod name;
pub mod phone;

use std::ops::RangeInclusive;

use unicode_normalization::UnicodeNormalization;

use crate::error::Text;

/// A character that no text for people may contain: a control character, or one that changes the direction of text and
/// so makes a text look like another (Unicode Technical Report 36 §2.4).
pub fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An invisible character, which means nothing in a name, number or address: it is copied along with text, or typed so
/// that a field looks filled. These are Unicode's default ignorable code points (UAX #44, `Default_Ignorable`) without
/// those of [`is_hostile`]: joiners, directional marks, fillers, variation selectors, tags.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

const LABEL: Text = Text::new(
    "Isi dengan huruf atau angka yang terlihat; tanpa baris baru, karakter kendali, atau karakter tak terlihat.",
    "Write visible letters or digits; no line breaks, control characters or invisible characters.",
);
const LONG_LABEL: Text = Text::new("Terlalu panjang; persingkat.", "It is too long; shorten it.");

/// A label: a name or short text that staff give to something and that others read on a screen, a terminal or in a log.
/// It is composed (NFC) and trimmed, has 1 to `most` characters, and contains a letter or digit. Invisible characters
/// and blanks other than U+0020 are refused, not removed: otherwise two labels could look alike and differ.
///
/// # Errors
/// What to correct.
pub fn label(text: &str, most: usize) -> Result<String, Text> {
    let label: String = text.trim_matches(' ').nfc().collect();
    let unfit = |c: char| is_hostile(c) || is_invisible(c) || (c.is_whitespace() && c != ' ');
    if label.chars().any(unfit) || !label.chars().any(char::is_alphanumeric) {
        return Err(LABEL);
    }
    if label.chars().count() > most { Err(LONG_LABEL) } else { Ok(label) }
}

/// Whether a text of several lines that a person will read has so many characters, and none of the [hostile](is_hostile) ones
/// but line breaks.
pub fn is_prose(text: &str, characters: RangeInclusive<usize>) -> bool {
    characters.contains(&text.chars().count()) && !text.chars().any(|c| is_hostile(c) && c != '\n')
}

/// The form in which labels are compared: NFKC, upper case, single blanks. `Bank` and `BANK` are equal.
pub(crate) fn folded(label: &str) -> String {
    let upper: String = label.nfkc().flat_map(char::to_uppercase).nfc().collect();
    upper.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a text is found by: capital letters and digits, words with a blank before each.
pub fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut in_word = false;
    for c in folded(text).chars() {
        if c.is_alphanumeric() {
            if !in_word {
                out.push(' ');
            }
            out.push(c);
        }
        in_word = c.is_alphanumeric();
    }
    out
}

/// The pattern for `LOWER(…) LIKE … ESCAPE '!'` of texts that have these words in this order; of all texts without words. Engines differ in
/// what is a small letter beyond ASCII, so those are left as they were typed. What no column holds is left out.
pub fn like(words: &str) -> String {
    let mut pattern = String::from("%");
    for word in words.split_whitespace() {
        for c in word.chars().filter(|c| !is_hostile(*c)).map(|c| c.to_ascii_lowercase()) {
            if matches!(c, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.push(c);
        }
        pattern.push('%');
    }
    pattern
}

/// A hyphen, minus or dash of any kind.
pub(crate) const fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}

/// The ASCII digit for a decimal digit of a script that occurs in Indonesian keyboards and texts.
pub(crate) fn ascii_digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => return Some(c),
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        _ => return None,
    };
    char::from_digit(u32::from(c) - zero, 10)
}

/// Removes the separators of a number that was typed in groups (blanks, dots, dashes), and makes digits of other
/// scripts ASCII. Any other character stays, so that the number's own rules refuse it.
pub fn ungrouped(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '.' && !is_dash(*c) && !is_invisible(*c))
        .map(|c| ascii_digit(c).unwrap_or(c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_joined_and_other_things_stay() {
        assert_eq!(ungrouped(" 3174 0157.0890-0012\u{a0}"), "3174015708900012");
        assert_eq!(ungrouped("３１７４\u{200b}٠١"), "317401");
        assert_eq!(ungrouped("31x4"), "31x4");
    }

    #[test]
    fn what_reverses_text_is_hostile() {
        for c in ['\u{0}', '\n', '\u{7f}', '\u{85}', '\u{202e}', '\u{2066}'] {
            assert!(is_hostile(c), "{c:?}");
        }
        assert!(!is_hostile('é') && !is_hostile('’'));
    }

    #[test]
    fn a_label_is_what_everybody_sees() {
        for good in ["Dukcapil Contoh (demo)", "Bank Rakyat: cabang 2", "Kepolisian – Sektor Ñ", "李", "7"] {
            assert_eq!(label(good, 100).as_deref(), Ok(good));
        }
        assert_eq!(label(" Kantor  Uji ", 100).as_deref(), Ok("Kantor  Uji"));
        assert_eq!(label("Rene\u{301}", 4).as_deref(), Ok("René"));
        for bad in [
            "",
            " ",
            "-",
            "K\u{1b}[31mantor",
            "K\u{202e}antor",
            "K\u{2066}antor",
            "Bu\u{200e}di",
            "A\nB",
            "A\r",
            "A\tB",
            "A\u{2028}B",
            "A\u{a0}B",
            "A\u{85}",
            "\u{200b}",
            "\u{3164}",
            "\u{115f}",
            "\u{ffa0}",
            "\u{2800}",
            "A\u{fe0f}",
            "A\u{e0041}",
        ] {
            assert_eq!(label(bad, 100), Err(LABEL), "{bad:?}");
        }
        assert!(label(&"A".repeat(100), 100).is_ok());
        assert_eq!(label(&"A".repeat(101), 100), Err(LONG_LABEL));
    }

    #[test]
    fn labels_that_look_alike_are_one() {
        for (one, other) in [("Bank", "BANK"), ("Bank  A", "bank a"), ("Ｂank", "bank"), ("Rene\u{301}", "RENÉ")] {
            assert_eq!(folded(one), folded(other));
        }
        assert_ne!(folded("Bank A"), folded("Bank B"));
    }

    #[test]
    fn texts_are_found_whatever_stands_between_words() {
        assert_eq!(words("Jl. Merdeka-Barat  no. 12a"), " JL MERDEKA BARAT NO 12A");
        assert_eq!(words(" – "), "");
        assert_eq!(words("Ｂanda"), " BANDA");
    }

    #[test]
    fn a_pattern_has_the_words_in_their_order_and_nothing_that_means_more() {
        assert_eq!(like("  "), "%");
        assert_eq!(like("Bank  syariah"), "%bank%syariah%");
        assert_eq!(like("50%_!"), "%50!%!_!!%");
        assert_eq!(like("a\0b"), "%ab%");
    }
}
