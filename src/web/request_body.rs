//! What a handler leaves unread of a request's body.
//!
//! Closing a socket while the peer still sends makes its system throw away the answer that is already on the way: who
//! uploads a picture that is refused at once would see a broken line instead of the reason. So the rest is read and
//! dropped, within bounds. And what a handler reads has to come at a pace.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

use super::crowd::Seat;

/// Bytes that are read and dropped at most; beyond that the line is cut.
const MOST: usize = 16 * 1024 * 1024;

/// How a body has to come: so many bytes in every such time, or its end. A telephone network of the second generation brings
/// five times that; who sends a byte now and then holds a place for nothing.
const PACE: (usize, Duration) = (8 * 1024, Duration::from_secs(10));

/// The body did not come at the pace that is asked for.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body came too slowly")]
pub struct TooSlow;

type Slot = Arc<Mutex<Option<Incoming>>>;

/// A body in a handler's hands. Dropped before its end, it goes back to its [`Unread`], unless it was too slow.
pub struct Lent {
    body: Option<Incoming>,
    slot: Slot,
    seat: Arc<Seat>,
    came: usize,
    /// Begun when something had to be waited for.
    watch: Option<Pin<Box<Sleep>>>,
}

/// Where a body comes back to.
pub struct Unread(Slot);

/// Lends a body to a handler.
pub fn lend(body: Incoming, seat: Arc<Seat>) -> (Lent, Unread) {
    if body.is_end_stream() {
        seat.working();
    } else {
        seat.receiving();
    }
    let slot = Slot::default();
    (Lent { body: Some(body), slot: Arc::clone(&slot), seat, came: 0, watch: None }, Unread(slot))
}

impl Lent {
    /// Judges the pace while nothing is there.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let (bytes, time) = PACE;
        let watch = self.watch.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        while watch.as_mut().poll(context).is_ready() {
            if self.came < bytes {
                // Nobody waits for the rest either.
                self.body = None;
                return Poll::Ready(Some(Err(TooSlow.into())));
            }
            self.came = 0;
            watch.set(tokio::time::sleep(time));
        }
        Poll::Pending
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        let Poll::Ready(frame) = Pin::new(body).poll_frame(context) else { return this.wait(context) };
        match &frame {
            Some(Ok(frame)) => {
                this.came += frame.data_ref().map_or(0, Bytes::len);
                this.seat.receiving();
            }
            _ => this.seat.working(),
        }
        if this.is_end_stream() {
            this.seat.working();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
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
