//! E-mail addresses.

use unicode_normalization::UnicodeNormalization;

use super::is_invisible;
use crate::error::Text;

/// Longest address in octets (RFC 5321 §4.5.3.1.3, without the angle brackets).
const MOST: usize = 254;

const WRONG: Text = Text::new(
    "Tulis alamat surel yang bisa Anda buka, misalnya nama@contoh.id.",
    "Write an e-mail address that you can open, for example name@example.id.",
);
const COMMA: Text = Text::new(
    "Ada koma di alamat surel; tulis titik, misalnya nama@contoh.id.",
    "There is a comma in the e-mail address; write a full stop, for example name@example.id.",
);
const BLANK: Text =
    Text::new("Ada spasi di alamat surel; hapus spasinya.", "There is a blank in the e-mail address; take it out.");
const LETTERS: Text = Text::new(
    "Bagian sebelum @ hanya boleh huruf tanpa tanda aksen, angka, titik, tanda hubung, dan sejenisnya.",
    "The part before the @ can only have letters without accents, digits, full stops, hyphens and the like.",
);

/// Reads a typed address of at most 254 characters. The domain becomes lower case and, with letters beyond ASCII, its
/// registered form (IDNA, RFC 5890). Traces of copying are removed: surrounding blanks, `mailto:`, a full stop, comma
/// or semicolon at the end.
///
/// # Errors
/// What to correct.
pub fn clean(text: &str) -> Result<String, Text> {
    let text: String = text.nfkc().filter(|c| !is_invisible(*c)).collect();
    let text = text.trim();
    let text = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => text[7..].trim(),
        _ => text,
    };
    let text = text.trim_end_matches(['.', ',', ';']);
    if text.contains(char::is_whitespace) && !text.contains(['\r', '\n']) {
        return Err(BLANK);
    }
    if text.contains(',') {
        return Err(COMMA);
    }
    if text.chars().any(|c| super::is_hostile(c) || matches!(c, '<' | '>' | '"')) {
        return Err(WRONG);
    }
    let (user, domain) = text.rsplit_once('@').ok_or(WRONG)?;
    if !user.is_ascii() {
        return Err(LETTERS);
    }
    let domain = idna::domain_to_ascii_strict(domain).map_err(|_| WRONG)?;
    let whole = format!("{user}@{domain}");
    let dotted = |part: &str| part.split('.').all(|label| !label.is_empty());
    if whole.len() > MOST || !domain.contains('.') || !dotted(&domain) || !dotted(user) {
        return Err(WRONG);
    }
    // A last label of only digits makes it an IP address, not a domain.
    if domain.rsplit('.').next().is_none_or(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(WRONG);
    }
    whole.parse::<lettre::Address>().map_err(|_| WRONG)?;
    Ok(whole)
}

/// The mailbox behind an address, for which mails are counted: lower case, without a `+tag`, and without full stops at
/// providers that ignore them. Otherwise every tag would count as another mailbox.
pub fn mailbox(email: &str) -> String {
    let email = email.to_ascii_lowercase();
    let Some((user, domain)) = email.rsplit_once('@') else { return email };
    let user = match user.split_once('+') {
        Some((plain, _)) if !plain.is_empty() => plain,
        _ => user,
    };
    match domain {
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", user.replace('.', "")),
        _ => format!("{user}@{domain}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_type_them() {
        for (typed, kept) in [
            ("Siti@Example.ID", "Siti@example.id"),
            ("  siti@example.id. ", "siti@example.id"),
            ("siti@example.id,", "siti@example.id"),
            ("mailto:siti@example.id", "siti@example.id"),
            ("MAILTO: siti@example.id", "siti@example.id"),
            ("siti＠example.id", "siti@example.id"),
            ("\u{200b}siti@example.id\u{a0}", "siti@example.id"),
            ("siti+ikd@example.id", "siti+ikd@example.id"),
            // RFC 3492 §7.1 and the registered form of bücher.example.
            ("siti@bücher.example", "siti@xn--bcher-kva.example"),
            ("siti@bu\u{308}cher.example", "siti@xn--bcher-kva.example"),
        ] {
            assert_eq!(clean(typed).as_deref(), Ok(kept), "{typed}");
        }
    }

    #[test]
    fn what_is_no_address() {
        for (email, text) in [
            ("", WRONG),
            ("siti", WRONG),
            ("@example.id", WRONG),
            ("siti@", WRONG),
            ("siti@localhost", WRONG),
            ("a@[127.0.0.1]", WRONG),
            ("a@127.0.0.1", WRONG),
            ("a@b.id\r\nBcc: c@d.id", WRONG),
            ("<a@b.id>", WRONG),
            ("\"a\"@b.id", WRONG),
            ("a..b@example.id", WRONG),
            (".a@example.id", WRONG),
            ("a@example..id", WRONG),
            ("a@-example.id", WRONG),
            ("a@b.id\u{202e}", WRONG),
            ("siti@example,id", COMMA),
            ("siti@gmail,com", COMMA),
            ("siti rahma@example.id", BLANK),
            ("siti @example.id", BLANK),
            ("sitï@example.id", LETTERS),
        ] {
            assert_eq!(clean(email), Err(text), "{email}");
        }
        assert_eq!(clean(&format!("{}@example.id", "a".repeat(250))), Err(WRONG));
    }

    #[test]
    fn one_mailbox_is_one() {
        assert_eq!(mailbox("Siti+1@Example.id"), mailbox("siti@example.id"));
        assert_eq!(mailbox("s.i.t.i+x@googlemail.com"), mailbox("siti@gmail.com"));
        assert_ne!(mailbox("s.iti@example.id"), mailbox("siti@example.id"));
        assert_ne!(mailbox("+a@example.id"), mailbox("+b@example.id"));
    }
}
