//! Session cookies. The names' prefix `__Host-` binds them to this host, to TLS and to the path `/` (RFC 6265bis §4.1.3.2);
//! browsers treat loopback as TLS.

use http::HeaderMap;
use http::header::COOKIE;

/// Officers' sessions.
pub const OFFICER: &str = "__Host-ikd_officer";
/// Sessions of relying parties' employees.
pub const EMPLOYEE: &str = "__Host-ikd_teller";

/// Sessions of the national administration's people.
pub const OFFICIAL: &str = "__Host-ikd_official";

/// Officers who logged in from this browser before.
pub const OFFICER_BROWSER: &str = "__Host-ikd_officer_browser";
/// Employees of relying parties who logged in from this browser before.
pub const EMPLOYEE_BROWSER: &str = "__Host-ikd_teller_browser";
/// People of the national administration who logged in from this browser before.
pub const OFFICIAL_BROWSER: &str = "__Host-ikd_official_browser";

/// The value of a cookie (RFC 6265 §4.2.1). Our values are base64url, so nothing is decoded. Other cookies are skipped
/// unread, because a client may send thousands.
pub fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).map(str::trim_start);
    let mut values = pairs.filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    values.next().map(|value| value.trim_end().to_owned())
}

/// `Set-Cookie` for a session: deleted when the browser closes, invisible to scripts, not sent with requests from other
/// sites.
pub fn set(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict")
}

/// `Set-Cookie` for a cookie that the browser keeps for `days` days.
pub fn keep(name: &str, value: &str, days: i64) -> String {
    format!("{}; Max-Age={}", set(name, value), days * crate::clock::DAY)
}

/// `Set-Cookie` that deletes a cookie.
pub fn clear(name: &str) -> String {
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_on_several_lines() {
        let mut headers = HeaderMap::new();
        assert_eq!(read(&headers, OFFICER), None);
        headers.append(COOKIE, format!("a=b; {OFFICER}_browser=1; x{OFFICER}=2").parse().unwrap());
        assert_eq!(read(&headers, OFFICER), None);
        assert_eq!(read(&headers, OFFICER_BROWSER).as_deref(), Some("1"));
        headers.append(COOKIE, format!("c;{OFFICER}=abc-_= ; {OFFICER}=later").parse().unwrap());
        assert_eq!(read(&headers, OFFICER).as_deref(), Some("abc-_="));
    }
}
