//! What a handler leaves unread of a request's body.
//!
//! Closing a socket while the peer still sends makes its system throw away the answer that is already on the way: who
//! uploads a picture that is refused at once would see a broken line instead of the reason. So the rest is read and
//! dropped, within bounds.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// Bytes that are read and dropped at most; beyond that the line is cut.
const MOST: usize = 16 * 1024 * 1024;

type Slot = Arc<Mutex<Option<Incoming>>>;

/// A body in a handler's hands. Dropped before its end, it goes back to its [`Unread`].
pub struct Lent {
    body: Option<Incoming>,
    slot: Slot,
}

/// Where a body comes back to.
pub struct Unread(Slot);

/// Lends a body to a handler.
pub fn lend(body: Incoming) -> (Lent, Unread) {
    let slot = Slot::default();
    (Lent { body: Some(body), slot: Arc::clone(&slot) }, Unread(slot))
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match &mut self.get_mut().body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

impl Unread {
    /// Reads what is left in the background, for at most `patience`; then, or after too much of it, the line is cut.
    pub fn drop_slowly(self, patience: Duration) {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut body) = left else { return };
        tokio::spawn(tokio::time::timeout(patience, async move {
            let mut read = 0;
            while let Some(Ok(frame)) = body.frame().await {
                read += frame.data_ref().map_or(0, Bytes::len);
                if read > MOST {
                    return;
                }
            }
        }));
    }
}
