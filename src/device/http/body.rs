//! Holding a request's body against the proof that came with it.
//!
//! The headers come first and the proof is judged by them; the body follows. It is hashed as it passes by, whoever reads it and
//! in whatever pieces, and its end is an error unless it is the one that the proof was made for. So nothing is kept twice,
//! and no handler can forget to look.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use http_body::{Frame, SizeHint};
use sha2::{Digest, Sha256};

use super::super::dpop::BodyDigest;
use crate::web::extract::Unproven;

/// What the body has to be, once a proof was judged. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(super) struct Promise(Arc<OnceLock<Option<BodyDigest>>>);

impl Promise {
    /// Notes what the proof says.
    pub(super) fn set(&self, digest: Option<BodyDigest>) {
        // A second proof of the same request is the same one.
        let _ = self.0.set(digest);
    }
}

/// Makes the request's body one that keeps the promise of its proof.
pub(super) fn bind(request: Request) -> Request {
    let promise = Promise::default();
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(promise.clone());
    Request::from_parts(parts, Body::new(Bound { body, promise, seen: Sha256::new(), empty: true, ended: false }))
}

struct Bound {
    body: Body,
    promise: Promise,
    seen: Sha256,
    empty: bool,
    ended: bool,
}

impl Bound {
    /// Whether what passed by is what was promised. Where no proof was judged nothing was promised.
    fn kept(&mut self) -> bool {
        match self.promise.0.get() {
            None => true,
            Some(None) => self.empty,
            Some(Some(digest)) => *digest == BodyDigest::from(self.seen.finalize_reset()),
        }
    }
}

impl http_body::Body for Bound {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref()
                    && self.promise.0.get().is_some()
                {
                    self.seen.update(data);
                    self.empty &= data.is_empty();
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => Some(Err(error.into())),
            None => {
                self.ended = true;
                if self.kept() { None } else { Some(Err(Unproven.into())) }
            }
        })
    }

    // Not before the end was judged: who asks this would stop reading.
    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    async fn read(promised: Option<Option<&[u8]>>, pieces: &[&'static [u8]]) -> Result<Bytes, bool> {
        let frames: Vec<Result<_, std::io::Error>> =
            pieces.iter().map(|piece| Ok(Frame::data(Bytes::from_static(piece)))).collect();
        let body = Body::new(StreamBody::new(futures_util::stream::iter(frames)));
        let request = bind(Request::new(body));
        if let Some(promised) = promised {
            let digest = promised.map(|bytes| Sha256::digest(bytes).into());
            request.extensions().get::<Promise>().unwrap().set(digest);
        }
        let collected = request.into_body().collect().await;
        collected.map(|body| body.to_bytes()).map_err(|error| Unproven::is_cause_of(&error))
    }

    #[tokio::test]
    async fn a_body_is_the_one_that_was_promised_or_an_error() {
        for pieces in [&[&b"abc"[..]][..], &[b"a", b"", b"bc"]] {
            assert_eq!(read(None, pieces).await.unwrap(), "abc", "no proof was judged");
            assert_eq!(read(Some(Some(b"abc")), pieces).await.unwrap(), "abc");
            assert_eq!(read(Some(Some(b"abd")), pieces).await, Err(true));
            assert_eq!(read(Some(Some(b"")), pieces).await, Err(true));
            assert_eq!(read(Some(None), pieces).await, Err(true), "a body that the proof does not speak of");
        }
        for pieces in [&[][..], &[&b""[..]]] {
            assert_eq!(read(Some(None), pieces).await.unwrap(), "");
            assert_eq!(read(Some(Some(b"")), pieces).await.unwrap(), "");
            assert_eq!(read(Some(Some(b"abc")), pieces).await, Err(true), "a body that was taken away");
        }
    }
}
