//! Session cookies. The names' prefix `__Host-` binds them to this host, to TLS and to the path `/` (RFC 6265bis §4.1.3.2);
//! browsers treat loopback as TLS.

use http::HeaderMap;

/// Officers' sessions.
pub const OFFICER: &str = "__Host-ikd_officer";
/// Sessions of relying parties' employees.
pub const TELLER: &str = "__Host-ikd_teller";

/// Which officers logged in from this browser before.
pub const OFFICER_BROWSER: &str = "__Host-ikd_officer_browser";
/// Which employees of relying parties did.
pub const TELLER_BROWSER: &str = "__Host-ikd_teller_browser";

/// The value of a cookie.
pub fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let jar = axum_extra::extract::CookieJar::from_headers(headers);
    jar.get(name).map(|cookie| cookie.value().to_owned())
}

/// `Set-Cookie` for a session: it ends with the browser's, is never shown to scripts nor sent from other sites.
pub fn set(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict")
}

/// `Set-Cookie` for what a browser keeps for `days` days.
pub fn keep(name: &str, value: &str, days: i64) -> String {
    format!("{}; Max-Age={}", set(name, value), days * crate::clock::DAY)
}

/// `Set-Cookie` that removes one.
pub fn clear(name: &str) -> String {
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}
