//! The pages for people and what they load.
//!
//! A page has a short address (`/petugas`); its scripts, styles and pictures are under `/web/`. Every file is
//! revalidated by a strong tag made of its content (RFC 9110 §8.8.3), so a new version of the service is a new version
//! of its pages at once. Vendored files have their version in the path and never change.

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::OriginalUri;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, HeaderMap, HeaderName,
    LOCATION, VARY,
};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Method, StatusCode, Uri};

use super::assets::{ASSETS, Asset, ICON};
use super::headers::{PERMISSIONS_OF_STAFF, PERMISSIONS_POLICY};
use super::shell::PAGES;
use super::{Problem, links, negotiate};
use crate::config::{Mode, Service};
use crate::error::{Code, Error};

/// Files that browsers demand at the root, with their path below `web/`.
const AT_ROOT: [(&str, &str); 3] = [
    // A service worker governs only what lies below its own address.
    ("/sw.js", "app/sw.js"),
    ("/manifest.webmanifest", "app/manifest.webmanifest"),
    ("/favicon.ico", ICON),
];

/// Pages at which people of the staff log in.
const STAFF: [&str; 3] = ["/petugas", "/verifikasi", "/admin"];

/// Whether an address is a page of people of the staff, or on the way to being one of them.
pub fn is_of_staff(path: &str) -> bool {
    path == "/undangan" || STAFF.contains(&path)
}

/// Whether an address is a page.
pub fn is_page(path: &str) -> bool {
    addresses().any(|address| match address.strip_suffix("{code}") {
        Some(root) => path.strip_prefix(root).is_some_and(|rest| !rest.is_empty() && !rest.contains('/')),
        None => address == path,
    })
}

/// Names the build that a file belongs to, so that a browser can tell files of different builds apart.
const BUILD_HEADER: HeaderName = HeaderName::from_static("ikd-build");

/// Answers with a file: all of it, compressed where the client takes that, or nothing where it has it.
pub(super) async fn serve(
    asset: Option<impl Deref<Target = Asset> + Send + 'static>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let file = asset.ok_or(Code::NotFound)?;
    let (media_type, cache, policy) = (file.media_type, file.cache, file.policy);
    let compress = !matches!(media_type, "image/png" | "image/jpeg" | "image/webp") && negotiate::takes_gzip(headers);
    // Each coding is a separate representation and needs its own tag.
    let tag = format!("\"{}{}\"", file.digest, if compress { "-gz" } else { "" });
    let mut response = if negotiate::has_tag(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if compress {
        // Compression blocks the thread for some milliseconds, once per file.
        let body = tokio::task::spawn_blocking(move || file.compressed()).await.map_err(Error::internal)?;
        ([(CONTENT_ENCODING, "gzip")], body.map_err(Error::internal)?).into_response()
    } else {
        file.plain.clone().into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(build) = HeaderValue::from_str(&ASSETS.build) {
        headers.insert(BUILD_HEADER, build);
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    Ok(response)
}

/// The routes of all pages.
pub fn routes(service: &Service) -> Router {
    let mut router = Router::new();
    let home: Option<Arc<Home>> = (service.mode == Mode::Demo)
        .then(|| Home { url: service.public_url.clone(), other_names: service.other_names.clone() }.into());
    for address in addresses() {
        let home = home.clone();
        router = router.route(
            address,
            get(async move |OriginalUri(uri): OriginalUri, headers: HeaderMap| {
                match home.as_deref().and_then(|home| elsewhere(home, &uri, &headers)) {
                    Some(there) => Ok((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, there)]).into_response()),
                    None => {
                        let mut page = serve(ASSETS.pages.get(address), &headers).await?;
                        if STAFF.contains(&address) {
                            let permissions = HeaderValue::from_static(PERMISSIONS_OF_STAFF);
                            page.headers_mut().insert(PERMISSIONS_POLICY, permissions);
                        }
                        Ok::<_, Problem>(page)
                    }
                }
            }),
        );
    }
    for (address, name) in AT_ROOT {
        router =
            router.route(address, get(async move |headers: HeaderMap| serve(ASSETS.files.get(name), &headers).await));
    }
    router.route("/web/{*file}", get(file))
}

/// The addresses of all pages.
fn addresses() -> impl Iterator<Item = &'static str> {
    PAGES.iter().flat_map(|page| page.addresses).copied()
}

/// The demo's public address, and other names under which its pages may be requested.
struct Home {
    url: String,
    other_names: Vec<String>,
}

/// The address under which a page of the demo must be opened instead. A device's proofs name the public address, so
/// every request of a page opened under another name of this machine would be refused. The browser keeps the fragment
/// on a redirect.
fn elsewhere(home: &Home, asked: &Uri, headers: &HeaderMap) -> Option<HeaderValue> {
    const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
    let authority = |text: &str| text.parse::<Authority>().ok();
    let wanted = home.url.parse::<Uri>().ok()?.into_parts().authority?;
    let used = asked.authority().cloned().or_else(|| authority(headers.get(HOST)?.to_str().ok()?))?;
    let names = || OWN_NAMES.into_iter().chain(home.other_names.iter().map(String::as_str));
    let own = |host: &str| names().any(|name| host.eq_ignore_ascii_case(name));
    let same_machine = own(wanted.host()) && own(used.host()) && used.port_u16() == wanted.port_u16();
    if !same_machine || used.host().eq_ignore_ascii_case(wanted.host()) {
        return None;
    }
    HeaderValue::from_str(&format!("{}{}", home.url, asked.path_and_query().map_or("/", PathAndQuery::as_str))).ok()
}

/// The fallback: redirects a rewritten link to the page it meant.
///
/// # Errors
/// `not_found`.
pub async fn elsewhere_or_nowhere(method: Method, OriginalUri(uri): OriginalUri) -> Result<Response, Problem> {
    let pages: Vec<&str> = addresses().collect();
    let meant = if matches!(method, Method::GET | Method::HEAD) { links::mend(&uri, &pages) } else { None };
    let there = meant.and_then(|there| HeaderValue::from_str(&there).ok()).ok_or(Code::NotFound)?;
    Ok((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, there)]).into_response())
}

async fn file(OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Result<Response, Problem> {
    // No file's name needs percent-encoding, so the path is used as sent.
    let name = uri.path().strip_prefix("/web/").ok_or(Code::NotFound)?;
    serve(ASSETS.files.get(name), &headers).await
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn fetch(path: &str, header: Option<(&str, &str)>) -> (StatusCode, HeaderMap, Bytes) {
        let mut request = Request::get(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let service = Service { mode: Mode::Demo, ..Service::default() };
        let response = routes(&service).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn the_app_is_served_revalidated_and_compressed() {
        let (status, headers, plain) = fetch("/", None).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(headers["cache-control"], "no-cache");
        assert!(plain.starts_with(b"<!doctype html>"));
        let tag = headers["etag"].to_str().unwrap().to_owned();
        let (status, headers, body) = fetch("/", Some(("if-none-match", &tag))).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(headers["etag"], tag);
        let (_, headers, squeezed) = fetch("/", Some(("accept-encoding", "br, gzip;q=0.8"))).await;
        assert_eq!(headers["content-encoding"], "gzip");
        assert_ne!(headers["etag"], tag);
        let mut unpacked = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(&squeezed[..]), &mut unpacked).unwrap();
        assert_eq!(unpacked, plain);
        let (_, headers, _) = fetch("/", Some(("accept-encoding", "gzip;q=0"))).await;
        assert!(!headers.contains_key("content-encoding"));
    }

    #[tokio::test]
    async fn the_demo_sends_the_other_name_of_this_machine_to_the_public_one() {
        let there = async |path: &str, host: &str| {
            let (status, headers, _) = fetch(path, Some(("host", host))).await;
            (status.as_u16(), headers.get("location").map(|value| value.to_str().unwrap().to_owned()))
        };
        for path in ["/", "/petugas", "/poster?kantor=A%20B", "/aktivasi"] {
            let home = Some(format!("http://127.0.0.1:8080{path}"));
            assert_eq!(there(path, "localhost:8080").await, (307, home.clone()));
            assert_eq!(there(path, "[::1]:8080").await, (307, home));
            for host in
                ["127.0.0.1:8080", "localhost:9090", "localhost", "ikd.example:8080", "localhost.example:8080", "x@y"]
            {
                assert_eq!(there(path, host).await, (200, None), "{host}");
            }
        }
        assert_eq!(there("/web/app/main.js", "localhost:8080").await.0, 200, "only pages");
        for mode in [Mode::Development, Mode::Production] {
            let request = Request::get("/").header("host", "localhost:8080").body(Body::empty()).unwrap();
            let response = routes(&Service { mode, ..Service::default() }).oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
        }
    }

    #[tokio::test]
    async fn a_demo_for_phones_sends_every_name_of_the_machine_to_the_one_on_the_poster() {
        let (mode, public_url) = (Mode::Demo, String::from("https://192.168.1.5:8443"));
        let other_names = ["192.168.1.5", "localhost", "[fd00::5]", "laptop-siti"].map(String::from).to_vec();
        let service = Service { mode, public_url, other_names, ..Service::default() };
        for (host, moved) in [
            ("localhost:8443", true),
            ("LAPTOP-siti:8443", true),
            ("[fd00::5]:8443", true),
            ("192.168.1.5:8443", false),
            ("192.168.1.5", false),
            ("laptop-budi:8443", false),
        ] {
            let request = Request::get("/petugas").header("host", host).body(Body::empty()).unwrap();
            let response = routes(&service).oneshot(request).await.unwrap();
            let there = response.headers().get("location").map(|value| value.to_str().unwrap());
            assert_eq!(there, moved.then_some("https://192.168.1.5:8443/petugas"), "{host}");
        }
    }

    #[tokio::test]
    async fn no_answer_allows_inline_code_and_only_the_decoder_may_compile() {
        for (path, may_compile) in
            [("/", false), ("/web/shared/scanner.js", false), ("/web/shared/scanner-worker.js", true)]
        {
            let (status, headers, _) = fetch(path, None).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("inline") && !policy.contains("http"));
            assert_eq!(policy.contains("wasm-unsafe-eval"), may_compile, "{path}");
            for closed in ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
                assert!(policy.contains(closed), "{path}: {closed}");
            }
        }
    }

    #[tokio::test]
    async fn every_file_names_its_build_and_the_worker_is_another_one_in_another_build() {
        let mut seen = std::collections::HashSet::new();
        for path in ["/", "/sw.js", "/web/app/main.js", "/web/shared/i18n/id.json"] {
            let (_, headers, _) = fetch(path, None).await;
            seen.insert(headers["ikd-build"].to_str().unwrap().to_owned());
        }
        let build = seen.drain().next().unwrap();
        assert!(seen.is_empty() && build.len() == 32, "{build}");
        let (_, headers, worker) = fetch("/sw.js", None).await;
        assert!(worker.starts_with(format!("const BUILD = \"{build}\";\n").as_bytes()));
        assert_eq!(headers["cache-control"], "no-cache");
    }

    #[tokio::test]
    async fn nothing_outside_the_folder_is_served() {
        for path in [
            "/web/../Cargo.toml",
            "/web/%2e%2e/Cargo.toml",
            "/web/..%2fCargo.toml",
            "/web//etc/passwd",
            "/web/",
            "/web/app",
        ] {
            assert_eq!(fetch(path, None).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
