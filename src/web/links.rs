//! Repair of links that were rewritten on the way: by a mail scanner that escapes the `#`, by a tracker that appends
//! parameters, by a mail reader that takes a full stop or bracket after the address for a part of it.

use http::Uri;
use percent_encoding::percent_decode_str;

/// Longest path that is examined, in bytes; our links have 60.
const LONGEST: usize = 512;
/// Longest fragment that is restored.
const LONGEST_FRAGMENT: usize = 128;
/// How many times an address may have been percent-encoded: `%23`, `%2523`.
const ESCAPED: usize = 3;

/// The address that a rewritten link meant, if it is one of `pages`, with its fragment restored behind a `#`. From then
/// on the browser keeps the fragment to itself, as before the link was rewritten.
pub fn mend(asked: &Uri, pages: &[&str]) -> Option<String> {
    let mut text = asked.path().to_owned();
    if text.len() > LONGEST {
        return None;
    }
    for _ in 0..ESCAPED {
        text = percent_decode_str(&text).decode_utf8().ok()?.into_owned();
    }
    let (path, fragment) = text.split_once('#').unwrap_or((&text, ""));
    let path = clean(path).to_ascii_lowercase();
    let path = format!("/{}", path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"));
    let page = pages.iter().find(|page| **page == path)?;
    let query = asked.query().map(|query| format!("?{query}")).unwrap_or_default();
    let fragment = clean(fragment);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_' | '~' | '/');
    let fragment = if fragment.is_empty() || fragment.len() > LONGEST_FRAGMENT || !fragment.chars().all(plain) {
        String::new()
    } else {
        format!("#{fragment}")
    };
    Some(format!("{page}{query}{fragment}"))
}

/// Cuts off an escaped or appended query, and characters that end a sentence rather than an address.
fn clean(text: &str) -> &str {
    let text = text.split(['?', '&', '#']).next().unwrap_or_default();
    text.trim_matches(|letter: char| letter.is_whitespace() || ".,;:!>)]}\"'<([{*`’”»\u{200b}".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: &[&str] = &["/", "/aktivasi", "/petugas", "/poster"];
    const CODE: &str = "01890a5d-ac96-774b-bcce-b302099a8057.012345";

    #[test]
    fn rewritten_links_lead_where_they_were_meant_to() {
        for rewritten in [
            "/aktivasi%23{}",
            "/aktivasi%2523{}",
            "/AKTIVASI%23{}",
            "/aktivasi/%23{}",
            "/aktivasi%23{}%3E",
            "/aktivasi%23{}.",
            "/aktivasi%23{}%3Futm_source%3Dmail",
            "/aktivasi%23{}&data=05",
            "//aktivasi%23{}",
            "/%3C/aktivasi%23{}",
        ] {
            let uri: Uri = rewritten.replace("{}", CODE).parse().unwrap();
            let meant = mend(&uri, PAGES);
            if rewritten.starts_with("/%3C/") {
                assert_eq!(meant, None, "no guess that goes too far");
            } else {
                assert_eq!(meant.unwrap(), format!("/aktivasi#{CODE}"), "{rewritten}");
            }
        }
        for (rewritten, meant) in [
            ("/aktivasi/", "/aktivasi"),
            ("/Petugas", "/petugas"),
            ("/petugas.", "/petugas"),
            ("/petugas%3E", "/petugas"),
            ("/petugas%20", "/petugas"),
            ("/petugas%C2%A0", "/petugas"),
            ("/poster/?kantor=A%20B", "/poster?kantor=A%20B"),
            ("/%23/kartu", "/#/kartu"),
            ("/aktivasi%23x%0d%0aSet-Cookie:a=b", "/aktivasi"),
            ("/aktivasi%23%3Cscript%3E", "/aktivasi#script"),
            ("/aktivasi%23//evil.example", "/aktivasi#//evil.example"),
        ] {
            assert_eq!(mend(&rewritten.parse().unwrap(), PAGES).as_deref(), Some(meant), "{rewritten}");
        }
    }

    #[test]
    fn what_means_no_page_is_left_alone() {
        let long = format!("/aktivasi%23{}", "a".repeat(600));
        for other in
            ["/nowhere", "/aktivasi/x", "/v1/aktivasi", "/%FF", "/aktivas", "/evil.example/aktivasi%23a", &long]
        {
            assert_eq!(mend(&other.parse().unwrap(), PAGES), None, "{other}");
        }
    }
}
