//! What people and registers write: forgiving towards how it was typed, strict about what it is. Pure.
//!
//! Forms, imports and commands call the same rules, so that whatever the population register takes a resident can type too,
//! and both compare equal.

pub mod email;
pub mod name;
pub mod phone;

/// A character that must not stand in any text that a person will read: control characters, and the ones that change the
/// direction of what follows, with which a text can be made to read as another (Unicode Technical Report 36 §2.4).
pub fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A character that shows nothing and means nothing in a name, number or address: it comes along when text is copied.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// A character that stands for a hyphen, minus or dash.
pub(crate) const fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}

/// A decimal digit of the scripts that Indonesian keyboards and texts bring, as its ASCII digit.
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

/// A number that was typed in groups, without what separates them: blanks, dots and dashes; digits of other scripts become
/// ASCII. Anything else stays, so that the number's own rules refuse it.
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
}
