//! The pages for people: the folder `web/`, embedded in the binary. Debug builds read it from disk.
//!
//! A page has a short address (`/petugas`); what it loads stands under `/web/`. Everything is revalidated by a strong tag
//! made of its content (RFC 9110 §8.8.3), so a new version of the service is a new version of its pages at once; vendored
//! files carry their version in their path and never change.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    IF_NONE_MATCH, VARY,
};
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::Problem;
use crate::error::{Code, Error};

/// Addresses of pages, and of files that browsers demand at the root, with the file under `web/` that answers.
const PAGES: &[(&str, &str)] = &[
    ("/", "app/index.html"),
    ("/aktivasi", "app/index.html"),
    ("/mulai", "help/start.html"),
    ("/petugas", "counter/index.html"),
    ("/verifikasi", "teller/index.html"),
    ("/bantuan", "help/index.html"),
    ("/poster", "help/poster.html"),
    ("/selebaran", "help/leaflet.html"),
    // A service worker governs only what lies below its own address.
    ("/sw.js", "app/sw.js"),
    ("/manifest.webmanifest", "app/manifest.webmanifest"),
    ("/favicon.ico", "shared/icons/icon.svg"),
];

/// What a page may do: run, show and ask what this origin serves. No inline script or style, no other origin.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; \
    base-uri 'none'; form-action 'none'";
/// The decoder of QR pictures is WebAssembly. It runs in a worker, and a worker obeys the policy of its own answer, so the
/// pages themselves need no right to compile.
const DECODER: &str = "shared/scanner-worker.js";
const DECODER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

#[cfg(not(debug_assertions))]
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

#[cfg(not(debug_assertions))]
fn load(name: &str) -> Option<Cow<'static, [u8]>> {
    let at = EMBEDDED.binary_search_by(|(other, _)| (*other).cmp(name)).ok()?;
    EMBEDDED.get(at).map(|(_, bytes)| Cow::Borrowed(*bytes))
}

#[cfg(debug_assertions)]
fn load(name: &str) -> Option<Cow<'static, [u8]>> {
    // The name comes from a request: every part must be a plain one.
    let plain = name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    if plain { std::fs::read(root.join(name)).ok().map(Cow::Owned) } else { None }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "wasm" => "application/wasm",
        _ => "text/plain; charset=utf-8",
    }
}

/// Compressed forms by the digest of the plain one: each is made once.
#[derive(Clone, Default)]
struct Pages(Arc<RwLock<HashMap<[u8; 32], Bytes>>>);

impl Pages {
    fn compressed(&self, digest: [u8; 32], plain: &[u8]) -> std::io::Result<Bytes> {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&digest) {
            return Ok(known.clone());
        }
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain)?;
        let bytes = Bytes::from(encoder.finish()?);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(digest, bytes.clone());
        Ok(bytes)
    }

    async fn serve(self, name: String, headers: HeaderMap) -> Result<Response, Problem> {
        // Reading and compressing block, if only for milliseconds and once.
        tokio::task::spawn_blocking(move || self.answer(&name, &headers)).await.map_err(Error::internal)?
    }

    fn answer(&self, name: &str, asked: &HeaderMap) -> Result<Response, Problem> {
        let plain = load(name).ok_or(Code::NotFound)?;
        let digest: [u8; 32] = Sha256::digest(&plain).into();
        let media_type = media_type(name);
        let squeeze = !matches!(media_type, "image/png" | "image/jpeg" | "image/webp") && accepts_gzip(asked);
        // Each coding is a representation of its own and needs its own tag.
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let tag = format!("\"{hex}{}\"", if squeeze { "-gz" } else { "" });
        let vendored = name.starts_with("vendor/") && name.matches('/').count() > 1;
        let cache = if vendored { "public, max-age=31536000, immutable" } else { "no-cache" };
        let policy = if name == DECODER { DECODER_POLICY } else { POLICY };
        let known =
            asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|tags| tags.contains(&tag));
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else if squeeze {
            let body = self.compressed(digest, &plain).map_err(Error::internal)?;
            ([(CONTENT_ENCODING, "gzip")], body).into_response()
        } else {
            match plain {
                Cow::Borrowed(bytes) => Body::from(bytes),
                Cow::Owned(bytes) => Body::from(bytes),
            }
            .into_response()
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        Ok(response)
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(',')).any(
        |coding| {
            let mut parts = coding.split(';').map(str::trim);
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"))
                && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        },
    )
}

/// The routes of all pages.
pub fn routes() -> Router {
    let mut router = Router::new();
    for (address, name) in PAGES {
        router = router.route(
            address,
            get(async move |State(pages): State<Pages>, headers: HeaderMap| {
                pages.serve((*name).to_owned(), headers).await
            }),
        );
    }
    router.route("/web/{*file}", get(file)).with_state(Pages::default())
}

async fn file(
    State(pages): State<Pages>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // No file's name needs an escape, so the path is taken as it was sent.
    let name = uri.path().strip_prefix("/web/").ok_or(Code::NotFound)?;
    pages.serve(name.to_owned(), headers).await
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn fetch(path: &str, header: Option<(&str, &str)>) -> (StatusCode, HeaderMap, Bytes) {
        let mut request = Request::get(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let response = routes().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
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
    async fn no_answer_allows_inline_code_and_only_the_decoder_may_compile() {
        for (path, may_compile) in
            [("/", false), ("/web/shared/scanner.js", false), ("/web/shared/scanner-worker.js", true)]
        {
            let (status, headers, _) = fetch(path, None).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("inline") && !policy.contains("http"));
            assert_eq!(policy.contains("wasm-unsafe-eval"), may_compile, "{path}");
        }
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
