//! Requests that do not say which host they are for, or say it twice. Whoever stands in front may have read another name than the service
//! does, so neither is served (RFC 9112 §3.2).

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::Version;
use http::header::HOST;

use super::{Caller, PeerAddress, Problem};
use crate::error::{Code, Refusal};
use crate::security::Kind;

/// The layer itself. What did not come over the wire is not judged.
pub async fn demand_one(request: Request, next: Next) -> Response {
    let named = request.headers().get_all(HOST).iter().count();
    let needed = usize::from(request.version() == Version::HTTP_11);
    let came = request.extensions().get::<PeerAddress>().is_some();
    // A request line may name one too, as to a proxy (§3.2.2): the same.
    let line = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let others =
        line.zip(request.headers().get(HOST)).is_some_and(|(line, host)| !host.as_bytes().eq_ignore_ascii_case(line));
    if !came || ((needed..=1).contains(&named) && !others) {
        return next.run(request).await;
    }
    Caller::of(request.extensions()).did(Kind::BadHost);
    let refusal = Refusal::new(Code::MalformedRequest).detail(
        "Kirim tepat satu kepala Host, dengan nama layanan ini.",
        "Send exactly one Host header, with the name of this service.",
    );
    Problem::from(refusal).into_response()
}
