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
const ONE: Text = Text::new(
    "Tulis satu nomor saja, lengkap, misalnya 0812 3456 7890.",
    "Write one number only, in full, for example 0812 3456 7890.",
);
const TWICE: Text = Text::new(
    "Kode negara 62 tertulis dua kali; tulis sekali, misalnya +62 812 3456 7890.",
    "The country code 62 stands twice; write it once, for example +62 812 3456 7890.",
);
const COUNTRY: Text = Text::new(
    "Kode negara di belakang + tidak cocok. Untuk nomor Indonesia tulis 0812 3456 7890 atau +62 812 3456 7890.",
    "The country code behind the + does not fit. Write an Indonesian number as 0812 3456 7890 or +62 812 3456 7890.",
);
const LENGTH: Text = Text::new(
    "Jumlah angkanya tidak cocok untuk nomor Indonesia; periksa lagi nomor Anda.",
    "The number of digits does not fit an Indonesian number; look at your number again.",
);

/// Reads a typed number as E.164: `+` and at most 15 digits. `08…`, `8…`, `62…`, `+62…`, `0062…` and `+62 0…` are the
/// same Indonesian number. Most people who type `+8…` forgot the 62: where a country code is also an Indonesian mobile
/// prefix, only a valid mobile number of that country is accepted.
///
/// # Errors
/// What to correct.
pub fn clean(text: &str) -> Result<String, Text> {
    let typed: String = text
        .chars()
        // Numbers copied from contacts have directional marks around them.
        .filter(|c| !is_invisible(*c) && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .map(|c| if c == '\u{ff0b}' { '+' } else { ascii_digit(c).unwrap_or(c) })
        .collect();
    let typed = typed.trim();
    let typed = match typed.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &typed[4..],
        _ => typed,
    };
    let kept: String =
        typed.chars().filter(|c| !c.is_whitespace() && !is_dash(*c) && !matches!(c, '.' | '(' | ')')).collect();
    // 021 5551234/35 names two lines of one house, and it is unknown which one is meant.
    if kept.contains(['/', ',', ';', '&']) || kept.chars().skip(1).any(|c| c == '+') {
        return Err(ONE);
    }
    let (international, digits) = match (kept.strip_prefix('+'), kept.strip_prefix("00")) {
        (Some(rest), _) => (true, rest),
        // 008… is either a mobile number with one 0 too many or a country code that begins with 8.
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
        return if !(8..=15).contains(&digits.len()) {
            Err(WRONG)
        } else if is_abroad(digits) {
            Ok(format!("+{digits}"))
        } else {
            Err(COUNTRY)
        };
    };
    // +62 0812 …: the trunk prefix 0 is dialled only inside the country.
    let national = national.strip_prefix('0').unwrap_or(national);
    // Area 0628 has short numbers, so a longer one is a mobile number behind a second 62.
    if national.starts_with("628") && national.len() >= 11 {
        return Err(TWICE);
    }
    let fits = match national.as_bytes() {
        [b'8', ..] => (9..=12).contains(&national.len()),
        [b'2'..=b'7' | b'9', ..] => (7..=11).contains(&national.len()),
        _ => false,
    };
    if fits { Ok(format!("+62{national}")) } else { Err(LENGTH) }
}

/// Whether digits begin with a country code assigned to a country, area or satellite network whose numbers people have
/// (ITU-T E.164, list of assigned codes of 2016 with its amendments). Where that code is also an Indonesian mobile
/// prefix, the rest must be a mobile number by the plan that the country notified to ITU.
fn is_abroad(digits: &str) -> bool {
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|text| text.parse::<u16>().ok()).unwrap_or(0);
    let length = digits.len();
    match part(0, 3) {
        // Japan 070, 080, 090 and 050; South Korea 010.
        810..=819 => length == 12 && matches!(part(2, 4), 50 | 70 | 80 | 90),
        820..=829 => length == 12 && part(2, 4) == 10,
        // Hong Kong, Macau, Cambodia, Laos, Taiwan.
        852 => length == 11 && matches!(part(3, 4), 4..=9),
        853 => length == 11 && part(3, 4) == 6,
        855 => matches!(length, 11 | 12) && matches!(part(3, 4), 1 | 3 | 6..=9),
        856 => length == 13 && part(3, 5) == 20,
        886 => length == 12 && part(3, 4) == 9,
        code => is_country(code),
    }
}

/// Whether three digits are, or begin with, an assigned code.
const fn is_country(code: u16) -> bool {
    match code / 10 {
        10..=19 | 70..=79 => true,
        20 | 27 | 30..=34 | 36 | 39..=41 | 43..=49 | 51..=58 | 60..=66 | 84 | 86 | 90..=95 | 98 => true,
        _ => matches!(
            code,
            211..=213
                | 216
                | 218
                | 220..=258
                | 260..=269
                | 290
                | 291
                | 297..=299
                | 350..=359
                | 370..=378
                | 380..=383
                | 385..=387
                | 389
                | 420
                | 421
                | 423
                | 500..=509
                | 590..=599
                | 670
                | 672..=683
                | 685..=692
                | 850
                | 870
                | 880
                | 960..=968
                | 970..=977
                | 992..=996
                | 998
        ),
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
        assert_eq!(clean("+62 (0) 812 - 3456 - 7890").as_deref(), Ok("+6281234567890"));
        assert_eq!(clean("0622 7123456").as_deref(), Ok("+626227123456"), "Pematangsiantar has area code 0622");
        assert_eq!(clean("0628 20123").as_deref(), Ok("+6262820123"), "and Kabanjahe 0628");
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

    /// Mobile numbers by the plans that these countries notified to ITU, and codes that no country has.
    #[test]
    fn behind_a_plus_stands_a_country() {
        for (typed, kept) in [
            ("+81 90 1234 5678", "+819012345678"),
            ("+82 10 1234 5678", "+821012345678"),
            ("+852 9123 4567", "+85291234567"),
            ("+853 6612 3456", "+85366123456"),
            ("+855 12 345 678", "+85512345678"),
            ("+856 20 5512 3456", "+8562055123456"),
            ("+886 912 345 678", "+886912345678"),
            ("+84 91 234 56 78", "+84912345678"),
            ("+86 138 0013 8000", "+8613800138000"),
            ("+880 1712 345678", "+8801712345678"),
            ("+966 50 123 4567", "+966501234567"),
            ("+971 50 123 4567", "+971501234567"),
            ("+673 712 3456", "+6737123456"),
            ("+670 7723 4567", "+67077234567"),
            ("+975 17 12 34 56", "+97517123456"),
        ] {
            assert_eq!(clean(typed).as_deref(), Ok(kept), "{typed}");
        }
        for typed in [
            "+857 1234 5678",
            "+858 1234 5678",
            "+859 1234 5678",
            "+851 5612 3456",
            "+878 1234 5678",
            "+877 1234 5678",
            "+889 1234 5678",
            "+881 1234 5678",
            "+895 1234 56789",
            "+812 3456 7890",
            "+821 1234 5678",
            "+831 1234 5678",
            "+856 1234 5678",
            "+999 1234 5678",
            "+210 1234 5678",
            "+259 1234 5678",
            "+671 1234 5678",
            "+800 1234 5678",
            "+969 1234 5678",
            "+979 1234 5678",
        ] {
            assert_eq!(clean(typed), Err(COUNTRY), "{typed}");
        }
    }

    #[test]
    fn one_number_is_one() {
        for typed in [
            "021-5551234/35",
            "021-5551234/5",
            "0361 123456/7",
            "0812 3456 7890, 0813 3456 7890",
            "0812 3456 7890; 0813",
            "+62 812 3456 7890 +62 813",
        ] {
            assert_eq!(clean(typed), Err(ONE), "{typed}");
        }
        for typed in ["+62 62 811 234 567", "62 62 811 234 567", "0062 62 811 234 567", "+62 0 62 811 234 567"] {
            assert_eq!(clean(typed), Err(TWICE), "{typed}");
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
