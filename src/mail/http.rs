//! The local mailbox as pages, for development and `ikd demo`. Never mounted in production: the messages carry codes.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use uuid::Uuid;

use super::mailbox::{Letter, Mailbox};
use crate::error::{Code, Error};
use crate::web::{Path, Problem};

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
}
