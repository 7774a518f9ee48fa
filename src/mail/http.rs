//! The local mailbox as pages, for development and `ikd demo`. Never mounted in production: the messages carry codes.

use std::net::IpAddr;

use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use http::uri::Authority;
use uuid::Uuid;

use super::mailbox::{Letter, Mailbox};
use crate::error::{Code, Error, Refusal};
use crate::web::{Path, PeerAddress, Problem};

/// What the pages may do in a browser: show themselves and their own style sheet.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "mailbox/list.html")]
struct ListPage {
    letters: Vec<Letter>,
}

#[derive(Template)]
#[template(path = "mailbox/letter.html")]
struct LetterPage {
    letter: Letter,
}

/// [`routes`] for this machine alone: in development the mail is that of everybody who registered.
pub fn routes_here(mailbox: Mailbox) -> Router {
    routes(mailbox).layer(from_fn(this_machine_only))
}

/// Refuses peers that are not this machine, forwarded requests, and a `Host` that is no loopback name: a foreign page
/// may point its own name at this machine (DNS rebinding).
async fn this_machine_only(request: Request, next: Next) -> Response {
    let here = request.extensions().get::<PeerAddress>().is_some_and(|peer| peer.0.to_canonical().is_loopback());
    let headers = request.headers();
    let handed_on = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];
    let handed_on = handed_on.iter().any(|name| headers.contains_key(*name));
    let named = headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(names_this_machine);
    if here && named && !handed_on {
        return next.run(request).await;
    }
    let refusal = Refusal::new(Code::Forbidden).detail(
        "Buka kotak surat di komputer tempat layanan ini berjalan, di http://127.0.0.1.",
        "Open the mailbox on the machine that the service runs on, at http://127.0.0.1.",
    );
    Problem::from(refusal).into_response()
}

fn names_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `GET /mailbox` and `GET /mailbox/{id}`. They are pages for people, so the API description does not list them.
pub fn routes(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/mailbox", get(list))
        .route("/mailbox/style.css", get(style))
        .route("/mailbox/{mail_id}", get(show))
        .with_state(mailbox)
}

async fn list(State(mailbox): State<Mailbox>) -> Result<Response, Problem> {
    let letters = blocking(move || mailbox.list(SHOWN)).await?;
    page(&ListPage { letters })
}

async fn show(State(mailbox): State<Mailbox>, Path(mail_id): Path<Uuid>) -> Result<Response, Problem> {
    let letter = blocking(move || mailbox.read(mail_id)).await?.ok_or(Error::from(Code::NotFound))?;
    page(&LetterPage { letter })
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/mailbox/style.css")).into_response()
}

async fn blocking<T: Send + 'static>(read: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(read)
        .await
        .map_err(Error::internal)?
        .map_err(|error| Error::internal(format!("mailbox: {}", error.kind())))
}

fn page(template: &impl Template) -> Result<Response, Problem> {
    let html = template.render().map_err(Error::internal)?;
    let mut response = Html(html).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{Request, StatusCode};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn fetch(router: &Router, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn letters_are_listed_and_shown_without_a_chance_for_markup() {
        let dir = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::create(dir.path().to_path_buf()).unwrap();
        let id = Uuid::from_u128(7);
        let message = "To: siti@example.id\r\nSubject: <script>alert(1)</script>\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n\
            Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n\
            <img src=3Dx onerror=3Dalert(1)> 123456\r\n--x--\r\n";
        mailbox.put(id, message.as_bytes()).unwrap();
        let router = routes(mailbox);

        let (status, list) = fetch(&router, "/mailbox").await;
        assert_eq!(status, StatusCode::OK);
        assert!(list.contains(&format!("/mailbox/{id}")) && list.contains("siti@example.id"));
        assert!(!list.contains("<script"));

        let (status, letter) = fetch(&router, &format!("/mailbox/{id}")).await;
        assert_eq!(status, StatusCode::OK);
        assert!(letter.contains("123456") && !letter.contains("<img") && !letter.contains("<script"), "{letter}");

        let (status, _) = fetch(&router, &format!("/mailbox/{}", Uuid::nil())).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (status, _) = fetch(&router, "/mailbox/..%2F..%2Fetc%2Fpasswd").await;
        assert!(status.is_client_error());
        assert_eq!(fetch(&router, "/mailbox/style.css").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn in_development_it_is_open_to_this_machine_alone() {
        let dir = tempfile::tempdir().unwrap();
        let router = routes_here(Mailbox::create(dir.path().to_path_buf()).unwrap());
        let ask = async |peer: Option<&str>, headers: &[(&str, &str)]| {
            let mut request = Request::get("/mailbox").body(Body::empty()).unwrap();
            for (name, value) in headers {
                let name: http::HeaderName = name.parse().unwrap();
                request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
            }
            if let Some(peer) = peer {
                request.extensions_mut().insert(PeerAddress(peer.parse().unwrap()));
            }
            router.clone().oneshot(request).await.unwrap().status()
        };
        for (peer, host) in [
            ("127.0.0.1", "127.0.0.1:8080"),
            ("::1", "[::1]:8080"),
            ("::ffff:127.0.0.1", "localhost"),
            ("127.0.0.1", "LOCALHOST:80"),
        ] {
            assert_eq!(ask(Some(peer), &[("host", host)]).await, StatusCode::OK, "{peer} {host}");
        }
        for (peer, host) in [
            ("192.168.1.7", "127.0.0.1:8080"),
            ("2001:db8::1", "localhost"),
            ("::", "localhost"),
            ("127.0.0.1", "evil.example"),
            ("127.0.0.1", "127.0.0.1.nip.io"),
            ("127.0.0.1", "192.168.1.7"),
            ("127.0.0.1", "localhost.evil.example:8080"),
        ] {
            assert_eq!(ask(Some(peer), &[("host", host)]).await, StatusCode::FORBIDDEN, "{peer} {host}");
        }
        for header in ["forwarded", "via", "x-forwarded-for", "x-real-ip"] {
            let headers = [("host", "localhost"), (header, "127.0.0.1")];
            assert_eq!(ask(Some("127.0.0.1"), &headers).await, StatusCode::FORBIDDEN, "{header}");
        }
        assert_eq!(ask(Some("127.0.0.1"), &[]).await, StatusCode::FORBIDDEN, "no name");
        assert_eq!(ask(None, &[("host", "localhost")]).await, StatusCode::FORBIDDEN, "nobody knows who");
    }
}
