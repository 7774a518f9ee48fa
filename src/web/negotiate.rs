//! Content negotiation (RFC 9110 §8 and §12) in one place: media types, codings, languages, tags and credentials that a
//! client sends or accepts.

use axum::response::Response;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, IF_NONE_MATCH,
    WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use mime::Mime;

use super::Problem;
use crate::error::{Code, Language};

/// The most specific match in a client's list: its weight in thousandths, and its position.
type Wish = (u16, usize);

/// Splits at `separator` where it stands outside quoted strings (RFC 9110 §5.6.4).
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |letter| {
        if escaped {
            escaped = false;
        } else if quoted && letter == '\\' {
            escaped = true;
        } else if letter == '"' {
            quoted = !quoted;
        }
        !quoted && letter == separator
    })
    .map(str::trim)
}

/// Most elements of a list that are read: browsers send a handful, and each costs time.
const MOST_ELEMENTS: usize = 32;

/// The elements of a list, which may span several header lines (RFC 9110 §5.6.1). A line that is not ASCII is skipped.
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| split(line, ',')).filter(|element| !element.is_empty()).take(MOST_ELEMENTS)
}

/// An element without its parameters, and its weight (RFC 9110 §12.4.2). `None` when the weight is invalid.
fn weighted(element: &str) -> Option<(&str, u16)> {
    let mut parts = split(element, ';');
    let name = parts.next()?;
    let weight = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim_end().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(text) = weight else { return Some((name, 1_000)) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let weight = text.parse::<f32>().ok().filter(|weight| digits && (0.0..=1.0).contains(weight))?;
    // From 0 to 1000.
    Some((name, (weight * 1_000.0).round() as u16))
}

/// The offer with the highest weight; among equals the one that the client named first, then the first in `offered`.
/// The first offer when the client sent nothing readable; `None` when it accepts none.
fn best<T: Copy>(offered: &[(T, Option<Wish>)], silent: bool) -> Option<T> {
    if silent {
        return offered.first().map(|(one, _)| *one);
    }
    let wanted =
        offered.iter().filter_map(|(one, wish)| wish.filter(|(weight, _)| *weight > 0).map(|wish| (*one, wish)));
    // `min_by_key` keeps the first of equals.
    wanted.min_by_key(|(_, (weight, place))| (u16::MAX - weight, *place)).map(|(one, _)| one)
}

/// The media type to answer with, of those offered (essences such as `image/png`; RFC 9110 §12.5.1). The most specific
/// range that matches a type gives its weight, and weight 0 excludes it. Parameters of a range are ignored: our types
/// have none.
pub fn media_type(headers: &HeaderMap, offered: &[&'static str]) -> Option<&'static str> {
    let ranges: Vec<(String, u16)> = elements(headers, ACCEPT)
        .filter_map(weighted)
        .filter_map(|(range, weight)| Some((range.parse::<Mime>().ok()?.essence_str().to_ascii_lowercase(), weight)))
        .collect();
    let find = |name: &str| ranges.iter().position(|(range, _)| range == name).map(|place| (ranges[place].1, place));
    let wish = |essence: &str| {
        let whole = essence.split('/').next().unwrap_or_default();
        find(essence).or_else(|| find(&format!("{whole}/*"))).or_else(|| find("*/*"))
    };
    let offered: Vec<_> = offered.iter().map(|essence| (*essence, wish(essence))).collect();
    best(&offered, ranges.is_empty())
}

/// The language to answer in (RFC 9110 §12.5.4, basic filtering of RFC 4647): Indonesian when the client asks for none
/// of ours.
pub fn language(headers: &HeaderMap) -> Language {
    let ranges: Vec<(&str, u16)> = elements(headers, ACCEPT_LANGUAGE).filter_map(weighted).collect();
    let wish = |tags: &[&str]| {
        let named = ranges.iter().enumerate().filter(|(_, (range, _))| {
            let primary = range.split('-').next().unwrap_or_default();
            tags.iter().any(|tag| primary.eq_ignore_ascii_case(tag))
        });
        let named = named.map(|(place, (_, weight))| (*weight, place)).min_by_key(|(w, place)| (u16::MAX - w, *place));
        named.or_else(|| ranges.iter().position(|(range, _)| *range == "*").map(|place| (ranges[place].1, place)))
    };
    // `in` is the old ISO 639 code for Indonesian, which Android sent for many years.
    let offered = [(Language::Indonesian, wish(&["id", "in"])), (Language::English, wish(&["en"]))];
    best(&offered, ranges.is_empty()).unwrap_or_default()
}

/// Whether an answer may be compressed with gzip (RFC 9110 §12.5.3). A client that names no coding gets none.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings: Vec<(&str, u16)> = elements(headers, ACCEPT_ENCODING).filter_map(weighted).collect();
    let find = |wanted: &[&str]| {
        let matches = |name: &str| wanted.iter().any(|coding| coding.eq_ignore_ascii_case(name));
        codings.iter().find(|(name, _)| matches(name)).map(|(_, weight)| *weight)
    };
    let gzip = find(&["gzip", "x-gzip"]).or_else(|| find(&["*"])).unwrap_or(0);
    // A client that gives `identity` a higher weight prefers no compression.
    gzip > 0 && gzip >= find(&["identity"]).unwrap_or(0)
}

/// Whether the client already has the representation with this strong tag (RFC 9110 §13.1.2). Tags are compared weakly,
/// because a compressing proxy makes them weak; `*` matches any.
pub fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    elements(headers, IF_NONE_MATCH).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The media type of a request's body. Names are case-insensitive; parameters are kept as sent.
///
/// # Errors
/// `unsupported_media_type` when it is missing, unreadable or sent twice, or when the body is compressed.
pub fn content_type(headers: &HeaderMap) -> Result<Mime, Problem> {
    let refused = || Problem::from(Code::UnsupportedMediaType);
    if elements(headers, CONTENT_ENCODING).any(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(refused());
    }
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return Err(refused()) };
    // White space around a semicolon and empty parameters are allowed (RFC 9110 §5.6.6); the `mime` parser accepts
    // neither.
    let parts = line
        .to_str()
        .ok()
        .map(|text| split(text, ';').filter(|part| !part.is_empty()).map(plain).collect::<Vec<_>>().join(";"));
    parts.and_then(|text| text.parse().ok()).ok_or_else(refused)
}

/// Unquotes a parameter whose quoted value is a token: both mean the same (RFC 9110 §5.6.6), also with escapes in the
/// quotes (§5.6.4). Any other part stays as it is.
fn plain(part: &str) -> String {
    let quoted = part.split_once('=').and_then(|(name, value)| {
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        let mut escaped = false;
        let value: String = value
            .chars()
            .filter(|letter| {
                escaped = *letter == '\\' && !escaped;
                !escaped
            })
            .collect();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        (!value.is_empty() && value.bytes().all(is_token)).then(|| format!("{name}={value}"))
    });
    quoted.unwrap_or_else(|| part.to_owned())
}

/// The token of `Authorization: <scheme> <token>` (RFC 9110 §11.4); schemes are case-insensitive. `None` for another
/// scheme, and for two such headers: proxies on the way may disagree on which one counts.
pub fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let (named, token) = line.to_str().ok()?.trim().split_once([' ', '\t'])?;
    let token = token.trim();
    (named.eq_ignore_ascii_case(scheme) && !token.is_empty()).then_some(token)
}

/// A 401 names the scheme that is missing (RFC 9110 §11.6.1, RFC 6750 §3): a layer of all routes whose callers bring a key.
pub async fn challenge(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Whether this is JSON that we read: `application/json`, with a charset of UTF-8 if it names one (RFC 8259 §8.1).
pub fn is_json(kind: &Mime) -> bool {
    let readable = kind
        .get_param(mime::CHARSET)
        .is_none_or(|set| ["utf-8", "utf8", "us-ascii"].iter().any(|known| set.as_str().eq_ignore_ascii_case(known)));
    kind.essence_str().eq_ignore_ascii_case("application/json") && readable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (name.clone(), line.parse().unwrap())).collect()
    }

    const FORMS: &[&str] = &["application/json", "image/svg+xml", "image/png"];

    #[test]
    fn media_types_are_chosen_by_weight_and_the_most_specific_range() {
        let asked = |lines: &[&str]| media_type(&with(ACCEPT, lines), FORMS).unwrap_or("none");
        for (lines, chosen) in [
            (&[][..], "application/json"),
            (&[""], "application/json"),
            (&["*/*"], "application/json"),
            (&["IMAGE/PNG"], "image/png"),
            (&["image/png;q=0"], "none"),
            (&["image/png;q=0, */*"], "application/json"),
            (&["image/png;q=0, image/*"], "image/svg+xml"),
            (&["image/svg+xml;q=0, image/*;q=0.2"], "image/png"),
            (&["image/*;q=0.5, application/json"], "application/json"),
            (&["application/json;q=0.5", "image/*;q=0.501"], "image/svg+xml"),
            (&["image/png, image/svg+xml"], "image/png"),
            (&["image/png ; Q=0.3 , Image/Svg+XML ; q=0.30"], "image/png"),
            (&["*/*;q=0"], "none"),
            (&["text/html"], "none"),
            (&["text/html, */*;q=0.001"], "application/json"),
            // RFC 9110 §12.5.1: parameters, also quoted ones with what would split a list.
            (&["application/json;charset=utf-8"], "application/json"),
            (&[r#"text/plain;x="a, image/png", image/svg+xml"#], "image/svg+xml"),
            // What a browser asks for a picture.
            (&["image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"], "image/svg+xml"),
            // Elements that cannot be read are passed over.
            (&["image/png;q=7, image/svg+xml;q=0.1"], "image/svg+xml"),
            (&["nonsense, image/png"], "image/png"),
            (&["nonsense"], "application/json"),
        ] {
            assert_eq!(asked(lines), chosen, "{lines:?}");
        }
    }

    #[test]
    fn languages_are_chosen_by_weight() {
        for (line, english) in [
            ("en-GB,en;q=0.9,id;q=0.5", true),
            ("id-ID,en;q=0.9", false),
            ("en;q=0.3, id;q=0.8", false),
            ("fr, *;q=0.1", false),
            ("en;q=0", false),
            ("EN", true),
            ("in-ID", false),
            ("en;Q=0.9, id;q=0.8", true),
            ("id;q=0, *", true),
            ("en;q=x, id;q=0.1", false),
            ("", false),
            ("english", false),
        ] {
            assert_eq!(language(&with(ACCEPT_LANGUAGE, &[line])) == Language::English, english, "{line}");
        }
        assert_eq!(language(&with(ACCEPT_LANGUAGE, &["id;q=0.1", "en"])), Language::English, "two lines are one list");
    }

    #[test]
    fn gzip_is_taken_only_where_it_is_wanted() {
        for (line, taken) in [
            ("gzip", true),
            ("br, GZIP;q=0.8", true),
            ("x-gzip", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000", false),
            ("gzip; Q=0.0, *", false),
            ("identity, gzip;q=0.5", false),
            ("identity;q=0.1, gzip;q=0.5", true),
            ("br", false),
            ("", false),
            ("gzipped", false),
        ] {
            assert_eq!(takes_gzip(&with(ACCEPT_ENCODING, &[line])), taken, "{line}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn tags_are_compared_one_by_one_and_weakly() {
        let has = |lines: &[&str]| has_tag(&with(IF_NONE_MATCH, lines), "\"abc\"");
        assert!(has(&["\"abc\""]) && has(&["W/\"abc\""]) && has(&["*"]));
        assert!(has(&["\"x,y\", W/\"abc\""]) && has(&["\"x\"", "\"abc\""]));
        assert!(!has(&["\"x,\\\"abc\\\"\""]) && !has(&["abc"]) && !has(&["\"abcd\""]) && !has(&["\"ABC\""]));
        assert!(!has(&["\"a \\\"abc\\\" b\""]), "a tag within a tag is none");
    }

    #[test]
    fn credentials_have_one_scheme_in_any_case() {
        let token = |lines: &[&str]| credentials(&with(AUTHORIZATION, lines), "bearer").map(str::to_owned);
        for good in ["Bearer t", "bearer t", "BEARER   t ", "Bearer\tt"] {
            assert_eq!(token(&[good]).as_deref(), Some("t"), "{good}");
        }
        for bad in ["t", "Bearer", "Bearer ", "DPoP t", "Bearert", ""] {
            assert_eq!(token(&[bad]), None, "{bad}");
        }
        assert_eq!(token(&["Bearer t", "Bearer t"]), None);
    }

    #[test]
    fn bodies_are_json_whatever_case_and_parameters() {
        let json = |lines: &[&str]| content_type(&with(CONTENT_TYPE, lines)).is_ok_and(|kind| is_json(&kind));
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            " application/json ; charset=utf8 ",
            "application/json; profile=\"x;y\"",
            "application/json;;charset=utf-8",
            "application/json; ; charset=utf-8;",
            "application/json;charset=\"UTF\\-8\"",
        ] {
            assert!(json(&[good]), "{good}");
        }
        for bad in [
            "",
            "json",
            "text/json",
            "application/json; charset=utf-16",
            ";application/json;x",
            "application/jsonx",
            "application/*",
        ] {
            assert!(!json(&[bad]), "{bad}");
        }
        assert!(!json(&[]) && !json(&["application/json", "application/json"]));
        let mut compressed = with(CONTENT_TYPE, &["application/json"]);
        compressed.insert(CONTENT_ENCODING, "gzip".parse().unwrap());
        assert!(content_type(&compressed).is_err());
        compressed.insert(CONTENT_ENCODING, "Identity".parse().unwrap());
        assert!(content_type(&compressed).is_ok());
    }
}
