//! Reading large bodies. `Content-Length` reserves nothing: only bytes that arrived are counted, and a client may hold
//! as many as are still free ([`Budget`]).

use axum::body::{Body, Bytes};
use bytes::BytesMut;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;

use super::extract::unread;
use super::{ClientAddress, Problem, negotiate};
use crate::error::{Code, Refusal};
use crate::fair::{Budget, Portion};

/// Bytes of bodies that are held at once.
const HELD: usize = 256 * 1024 * 1024;

/// The reader. Cloning shares its budget.
#[derive(Clone)]
pub struct Intake(Budget);

impl Default for Intake {
    fn default() -> Self {
        Self(Budget::new(HELD))
    }
}

impl Intake {
    /// Reads a whole body of at most `most` bytes. They count as held until the portion is dropped.
    ///
    /// # Errors
    /// `too_large`; `overloaded` when this client's share or the whole budget is used up; `request_timeout` when the
    /// body arrives too slowly; `malformed_request` when the client disconnected.
    pub async fn read(
        &self,
        ClientAddress(address): ClientAddress,
        mut body: Body,
        most: usize,
    ) -> Result<(Bytes, Portion), Problem> {
        let (mut whole, mut portion) = (BytesMut::new(), self.0.portion(address));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| unread(&error))?;
            let Ok(data) = frame.into_data() else { continue };
            if whole.len() + data.len() > most {
                return Err(Code::TooLarge.into());
            }
            if !portion.grow(data.len()) {
                return Err(Refusal::new(Code::Overloaded).retry_after(5).into());
            }
            whole.extend_from_slice(&data);
        }
        Ok((whole.freeze(), portion))
    }
}

/// Judges what a request says of its body before any of it is read: it is of one of these kinds, and not too large.
///
/// # Errors
/// `unsupported_media_type`; `too_large` when it announces more than `most` bytes.
pub fn announced(headers: &HeaderMap, kinds: &[&str], most: usize) -> Result<(), Problem> {
    let kind = negotiate::content_type(headers)?;
    if !kinds.iter().any(|known| kind.essence_str().eq_ignore_ascii_case(known)) {
        return Err(Code::UnsupportedMediaType.into());
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) { Err(Code::TooLarge.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    const ONE: ClientAddress = ClientAddress(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const OTHER: ClientAddress = ClientAddress(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

    fn stuck(bytes: usize) -> Body {
        let first = futures_util::stream::once(async move {
            Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from(vec![0; bytes])))
        });
        Body::new(StreamBody::new(futures_util::StreamExt::chain(first, futures_util::stream::pending())))
    }

    fn status(result: Result<(Bytes, Portion), Problem>) -> u16 {
        result.map_or_else(|problem| problem.into_response().status().as_u16(), |_| 200)
    }

    #[tokio::test]
    async fn a_client_full_of_unfinished_bodies_leaves_room_for_another() {
        let intake = Intake(Budget::new(1_000));
        let mut unfinished = Vec::new();
        for _ in 0..20 {
            let (intake, body) = (intake.clone(), stuck(100));
            unfinished.push(tokio::spawn(async move { status(intake.read(ONE, body, 5_000).await) }));
        }
        while unfinished.iter().filter(|task| task.is_finished()).count() < 15 {
            tokio::task::yield_now().await;
        }
        assert_eq!(intake.0.total(), 500, "half of it");
        let body = Body::new(Full::new(Bytes::from(vec![0; 400])));
        assert_eq!(status(intake.read(OTHER, body, 5_000).await), 200);
        unfinished.iter().for_each(tokio::task::JoinHandle::abort);
        for task in unfinished {
            if let Ok(status) = task.await {
                assert_eq!(status, 503);
            }
        }
        assert_eq!(intake.0.total(), 0);
    }

    #[tokio::test]
    async fn what_was_announced_reserves_nothing_and_what_is_too_large_is_refused() {
        let intake = Intake(Budget::new(1_000));
        let body = Body::new(Full::new(Bytes::from(vec![0; 400])));
        assert_eq!(status(intake.read(ONE, body, 399).await), 413);
        assert_eq!(intake.0.total(), 0);
    }
}
