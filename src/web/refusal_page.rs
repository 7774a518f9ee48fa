//! A refusal as a page, for a person who opened an unknown address, or a page that cannot be served now.

use axum::extract::Request;
use axum::response::Response;
use http::header::{CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method};
use uuid::Uuid;

use super::negotiate;
use super::problem::{ProblemNote, retry_after};
use crate::clock::Timestamp;
use crate::error::{Code, Language, Refusal, Text};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Paths for programs: they get problem documents, whatever `Accept` says.
const FOR_PROGRAMS: [&str; 7] = ["/v1/", "/sandbox/", "/health/", "/.well-known/", "/openapi.json", "/web/", "/demo/"];

/// Documents among them that a link on a page opens in a window of their own: whoever pressed it reads the refusal.
const FOR_PEOPLE: [&str; 2] = ["/sheet", "/copy"];

const NO_PAGE: (Text, Text) = (
    Text::new("Halaman ini tidak ada", "There is no such page"),
    Text::new(
        "Alamatnya mungkin terpotong atau berubah di jalan. Jika Anda datang dari surel aktivasi, buka aplikasi IKD dan ketik kode enam angka dari surel itu.",
        "Its address may have been cut off or changed on the way. If you come from an activation e-mail, open the IKD app and type the six-digit code from that e-mail.",
    ),
);

/// Links to continue with: address and label.
const WAYS: [(&str, Text); 4] = [
    ("/", Text::new("Buka aplikasi IKD", "Open the IKD app")),
    ("/bantuan", Text::new("Bantuan", "Help")),
    ("/petugas", Text::new("Untuk petugas Dukcapil", "For Dukcapil officers")),
    ("/verifikasi", Text::new("Untuk lembaga pengguna", "For relying parties")),
];

/// Whether a browser asks for a page: `text/html` ranks above problem documents in `Accept`.
pub fn is_wanted(request: &Request) -> bool {
    let path = request.uri().path();
    let is_document = FOR_PEOPLE.iter().any(|end| path.ends_with(end));
    matches!(*request.method(), Method::GET | Method::HEAD)
        && (is_document || !FOR_PROGRAMS.iter().any(|start| path.starts_with(start)))
        && negotiate::media_type(request.headers(), &["application/problem+json", "text/html"]) == Some("text/html")
}

/// Writes the page.
pub fn render(response: &mut Response, note: &ProblemNote, language: Language, (request_id, _): (Uuid, Timestamp)) {
    let Refusal { code, detail, .. } = &note.refusal;
    let (title, detail) = match code {
        Code::NotFound => NO_PAGE,
        code => (code.title(), detail.unwrap_or(code.detail())),
    };
    let say = |text: Text| text.in_language(language);
    let ways: String =
        WAYS.iter().map(|(address, words)| format!("<li><a href=\"{address}\">{}</a></li>", say(*words))).collect();
    // The page contains nothing from the request, so nothing needs escaping.
    let html = format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/problems.css\"><title>{title}</title></head><body><main>\
         <h1>{title}</h1><section><p>{detail}</p><ul>{ways}</ul></section><p><small><code>{code}</code> · {request_id}</small></p>\
         </main></body></html>",
        tag = language.tag(),
        title = say(title),
        detail = say(detail),
        code = code.as_str(),
    );
    *response.body_mut() = html.into();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.remove(CONTENT_LENGTH);
    if let Some(seconds) = retry_after(&note.refusal) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}
