//! Phone numbers.
//!
//! Indonesia's numbering plan (Permenkominfo 14/2018, Fundamental Technical Plan): country code 62, trunk prefix 0; mobile
//! numbers 8xx with 9 to 12 digits behind the 0, landlines an area code of two or three digits and 5 to 8 more.

use super::{ascii_digit, is_dash, is_invisible};
use crate::error::Text;

const WRONG: Text = Text::new(
    "Tulis nomor telepon, misalnya 0812 3456 7890 atau +62 812 3456 7890.",
    "Write a phone number, for example 0812 3456 7890 or +62 812 3456 7890.",
);
const PREFIX: Text = Text::new(
    "Awali nomor dengan 0 (Indonesia) atau + dan kode negara, misalnya 0812 3456 7890.",
    "Begin the number with 0 (Indonesia) or + and the country code, for example 0812 3456 7890.",
);
const LENGTH: Text = Text::new(
    "Jumlah angkanya tidak cocok untuk nomor Indonesia; periksa lagi nomor Anda.",
    "The number of digits does not fit an Indonesian number; look at your number again.",
);

/// A number as typed, in E.164: `+` and at most 15 digits. `08…`, `8…`, `62…`, `+62…`, `0062…` and `+62 0…` are the same
/// Indonesian number.
///
/// # Errors
/// What to correct.
pub fn clean(text: &str) -> Result<String, Text> {
    let typed: String = text
        .chars()
        // Contacts are copied with marks of direction around the number.
        .filter(|c| !is_invisible(*c) && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .map(|c| if c == '\u{ff0b}' { '+' } else { ascii_digit(c).unwrap_or(c) })
        .collect();
    let typed = typed.trim();
    let typed = match typed.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &typed[4..],
        _ => typed,
    };
    let kept: String =
        typed.chars().filter(|c| !c.is_whitespace() && !is_dash(*c) && !matches!(c, '.' | '(' | ')' | '/')).collect();
    let (international, digits) = match (kept.strip_prefix('+'), kept.strip_prefix("00")) {
        (Some(rest), _) => (true, rest),
        // 008… is a mobile number with one 0 too many or a country that begins with 8: nobody can tell.
        (None, Some(rest)) if !rest.starts_with(['0', '8']) => (true, rest),
        (None, Some(_)) => return Err(PREFIX),
        (None, None) => (false, kept.as_str()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WRONG);
    }
    let national = if let Some(rest) = digits.strip_prefix("62") {
        Some(rest)
    } else if international {
        None
    } else if let Some(rest) = digits.strip_prefix('0') {
        Some(rest)
    } else if digits.starts_with('8') {
        Some(digits)
    } else {
        return Err(PREFIX);
    };
    let Some(national) = national else {
        return if (8..=15).contains(&digits.len()) && is_country(digits) {
            Ok(format!("+{digits}"))
        } else {
            Err(WRONG)
        };
    };
    // +62 0812 …: the 0 in front of the national number is dialled inside the country only.
    let national = national.strip_prefix('0').unwrap_or(national);
    let fits = match national.as_bytes() {
        [b'8', ..] => (9..=12).contains(&national.len()),
        [b'2'..=b'7' | b'9', ..] => (7..=11).contains(&national.len()),
        _ => false,
    };
    if fits { Ok(format!("+62{national}")) } else { Err(LENGTH) }
}

/// Whether digits begin with a country code that is assigned (ITU-T E.164, list of 2016 with its amendments).
fn is_country(digits: &str) -> bool {
    let two = digits.get(..2).and_then(|text| text.parse::<u8>().ok()).unwrap_or(0);
    match two {
        10..=19 | 70..=79 => true,
        20 | 27 | 30..=34 | 36 | 39..=41 | 43..=49 | 51..=58 | 60..=66 | 81 | 82 | 84 | 86 | 90..=95 | 98 => true,
        // The first two of three.
        21..=26 | 29 | 35 | 37 | 38 | 42 | 50 | 59 | 67..=69 | 80 | 85 | 87 | 88 | 96 | 97 | 99 => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_indonesians_type_them() {
        for typed in [
            "081234567890",
            "0812-3456-7890",
            "0812 3456 7890",
            "0812.3456.7890",
            "(0812) 3456 7890",
            "81234567890",
            "812 3456 7890",
            "6281234567890",
            "+6281234567890",
            "+62 812 3456 7890",
            "+62 (0)812 3456 7890",
            "+62 0812 3456 7890",
            "62 0812 3456 7890",
            "0062 812 3456 7890",
            "0062 0812 3456 7890",
            "tel:+62-812-3456-7890",
            "+62\u{a0}812\u{2011}3456‑7890",
            "\u{202a}+62 812 3456 7890\u{202c}",
            "０８１２３４５６７８９０",
            "٠٨١٢٣٤٥٦٧٨٩٠",
            "＋６２８１２３４５６７８９０",
        ] {
            assert_eq!(clean(typed).as_deref(), Ok("+6281234567890"), "{typed}");
        }
        assert_eq!(clean("021 555 1234").as_deref(), Ok("+62215551234"), "a landline in Jakarta");
        assert_eq!(clean("0361-123456").as_deref(), Ok("+62361123456"), "a landline in Bali");
        assert_eq!(clean("+60 12-345 6789").as_deref(), Ok("+60123456789"), "a worker in Malaysia");
        assert_eq!(clean("0065 9123 4567").as_deref(), Ok("+6591234567"));
        assert_eq!(clean("+1 202 555 0123").as_deref(), Ok("+12025550123"));
    }

    #[test]
    fn what_cannot_be_a_number_is_refused() {
        for typed in [
            "",
            "+",
            "0812",
            "08123456789x",
            "0812345678901234",
            "0081234567890",
            "00081234567890",
            "112",
            "0112345678",
            "+62 62 812 3456 7890",
            "215551234",
            "+0812345678",
            "+28 1234 5678",
            "+999",
            "0812 3456 7890 atau 0813",
            "+62 812 3456 7890 +62 813",
        ] {
            assert!(clean(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn what_is_kept_stays_as_it_is() {
        for typed in ["081234567890", "021 555 1234", "+60 12-345 6789"] {
            let kept = clean(typed).unwrap();
            assert_eq!(clean(&kept), Ok(kept.clone()));
        }
    }
}
