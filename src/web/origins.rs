//! Names of their own for the pages of the staff and for the documentation (docs/adr/0039-names-of-their-own.md): what a browser keeps of
//! one name, no page of another name reaches.
//!
//! A page that is opened under another name is led to its own. The requests of people of the staff, which carry their cookies, are
//! answered under their name alone. What needs no cookie is answered under each: files, what anybody may ask, what phones and
//! systems prove by themselves.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HOST, LOCATION, ORIGIN};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Method, StatusCode, Uri};

use super::Problem;
use super::pages::is_of_staff;
use crate::config::Service;
use crate::error::Code;

/// Whose pages they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Home {
    Residents,
    Staff,
    Documentation,
}

/// Where each home is. Cloning shares it.
#[derive(Clone)]
pub struct Origins(Arc<Inner>);

struct Inner {
    residents: Origin,
    staff: Option<Origin>,
    documentation: Option<Origin>,
}

/// An address of pages.
struct Origin {
    url: String,
    host: String,
    port: u16,
    /// That goes without saying.
    usual_port: u16,
}

impl Origins {
    /// As configured; `None` where one name serves all.
    pub fn of(service: &Service) -> Option<Self> {
        let (staff, documentation) = (service.staff_url.as_deref(), service.documentation_url.as_deref());
        if staff.is_none() && documentation.is_none() {
            return None;
        }
        Some(Self(Arc::new(Inner {
            residents: Origin::of(&service.public_url),
            staff: staff.map(Origin::of),
            documentation: documentation.map(Origin::of),
        })))
    }

    fn of_home(&self, home: Home) -> &Origin {
        let own = match home {
            Home::Residents => None,
            Home::Staff => self.0.staff.as_ref(),
            Home::Documentation => self.0.documentation.as_ref(),
        };
        own.unwrap_or(&self.0.residents)
    }

    /// Where a page has to be opened that was asked for under another name.
    fn elsewhere(&self, request: &Request) -> Option<HeaderValue> {
        let uri = request.uri();
        let home = self.of_home(home_of(uri.path())?);
        if home.is_asked(request) {
            return None;
        }
        HeaderValue::from_str(&format!("{}{}", home.url, uri.path_and_query().map_or("/", PathAndQuery::as_str))).ok()
    }
}

impl Origin {
    /// The configuration has seen that it is an address; nothing is asked for under a name that is empty.
    fn of(url: &str) -> Self {
        let parsed = url.parse::<Uri>().unwrap_or_default();
        let usual_port = if parsed.scheme_str() == Some("https") { 443 } else { 80 };
        let (host, port) = (parsed.host().unwrap_or_default().to_owned(), parsed.port_u16().unwrap_or(usual_port));
        Self { url: url.to_owned(), host, port, usual_port }
    }

    /// Whether a request came under this name and port.
    fn is_asked(&self, request: &Request) -> bool {
        let named = || request.headers().get(HOST)?.to_str().ok()?.parse::<Authority>().ok();
        request.uri().authority().cloned().or_else(named).is_some_and(|used| {
            self.host.eq_ignore_ascii_case(used.host()) && self.port == used.port_u16().unwrap_or(self.usual_port)
        })
    }
}

/// Whose page an address is; `None` for files and the API, which no one home has.
fn home_of(path: &str) -> Option<Home> {
    let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if is_of_staff(path) {
        return Some(Home::Staff);
    }
    if below("/docs") || below("/problems") {
        return Some(Home::Documentation);
    }
    // Its service worker would keep pages of that name.
    (path == "/sw.js" || super::pages::is_page(path)).then_some(Home::Residents)
}

/// The layer over all routes: leads pages to their home. The browser keeps the fragment.
pub async fn lead_home(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    match origins.elsewhere(&request).filter(|_| safe) {
        Some(there) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, there)]).into_response(),
        None => next.run(request).await,
    }
}

/// The layer over what the staff's cookies open: only under their name.
///
/// # Errors
/// `misdirected`.
pub async fn demand_staff(State(origins): State<Origins>, request: Request, next: Next) -> Result<Response, Problem> {
    if origins.of_home(Home::Staff).is_asked(&request) {
        Ok(next.run(request).await)
    } else {
        Err(Code::Misdirected.into())
    }
}

/// The layer over what cookies open, where their own address is https: a page in clear is another origin, whatever its name, and whoever
/// is on its way writes it. tower-http's check compares names alone.
///
/// # Errors
/// `forbidden`.
pub async fn demand_https(request: Request, next: Next) -> Result<Response, Problem> {
    let in_clear = |origin: &HeaderValue| {
        let scheme = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        scheme.is_some_and(|(scheme, _)| scheme != "https")
    };
    if !request.method().is_safe() && request.headers().get_all(ORIGIN).iter().any(in_clear) {
        return Err(Code::Forbidden.into());
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn asked(path: &str, host: &str) -> Request {
        Request::get(path).header("host", host).body(Body::empty()).unwrap()
    }

    #[test]
    fn each_page_has_one_home_and_files_have_none() {
        let service = |staff: Option<&str>, documentation: Option<&str>| Service {
            public_url: String::from("https://ikd.contoh.go.id"),
            staff_url: staff.map(str::to_owned),
            documentation_url: documentation.map(str::to_owned),
            ..Service::default()
        };
        assert!(Origins::of(&service(None, None)).is_none());
        let all = Origins::of(&service(Some("https://petugas.contoh.go.id"), Some("https://docs.contoh.go.id:8443")));
        let staff_alone = Origins::of(&service(Some("https://petugas.contoh.go.id"), None));
        let (residents, staff, docs) = ("ikd.contoh.go.id", "petugas.contoh.go.id", "docs.contoh.go.id:8443");
        for (path, at_home) in [
            ("/", residents),
            ("/aktivasi?x=1", residents),
            ("/cek/abc", residents),
            ("/sw.js", residents),
            ("/petugas", staff),
            ("/petugas?x=1", staff),
            ("/admin", staff),
            ("/verifikasi", staff),
            ("/undangan", staff),
            ("/docs", docs),
            ("/docs/swagger-ui.css", docs),
            ("/problems/not_found", docs),
        ] {
            for host in [residents, staff, docs, "10.0.0.7", "evil.example"] {
                let led = all.as_ref().unwrap().elsewhere(&asked(path, host));
                let there = (host != at_home).then(|| format!("https://{at_home}{path}"));
                assert_eq!(led.map(|value| value.to_str().unwrap().to_owned()), there, "{path} at {host}");
            }
        }
        // Without a name of its own the documentation is where residents are; a port that goes without saying is none.
        let led = |path: &str, host: &str| staff_alone.as_ref().unwrap().elsewhere(&asked(path, host)).is_some();
        assert!(!led("/docs", residents) && led("/docs", staff));
        assert!(
            !led("/", "IKD.contoh.go.id:443") && led("/", "ikd.contoh.go.id:8443") && led("/", "ikd.contoh.go.id:80")
        );
        for path in
            ["/web/app/main.js", "/v1/me", "/openapi.json", "/health/ready", "/docsx", "/favicon.ico", "/nowhere"]
        {
            assert!(!led(path, staff) && !led(path, "10.0.0.7"), "{path}");
        }
    }
}
