//! The rest of a request's body that a handler left unread, and the pace at which a body must arrive.
//!
//! If a socket is closed while the peer still sends, TCP resets the connection and the peer loses the answer: a client
//! whose upload is refused early would see a broken connection instead of the reason. So the rest is read and dropped,
//! within limits. A body that a handler reads must arrive at a minimum pace.

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

/// Most bytes that are read and dropped; beyond that the connection is closed.
const MOST: usize = 16 * 1024 * 1024;

/// Minimum pace of a body: so many bytes in each such interval, or its end. A 2G network is five times faster. A client
/// that sends a byte now and then would hold a connection for nothing.
const PACE: (usize, Duration) = (8 * 1024, Duration::from_secs(10));

/// The body arrived slower than the minimum pace.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body came too slowly")]
pub struct TooSlow;

type Slot = Arc<Mutex<Option<Incoming>>>;

/// A body lent to a handler. Dropped before its end, it returns to its [`Unread`], unless it was too slow.
pub struct Lent {
    body: Option<Incoming>,
    slot: Slot,
    seat: Arc<Seat>,
    came: usize,
    /// Runs while the body keeps the handler waiting.
    watch: Option<Pin<Box<Sleep>>>,
}

/// The place to which a lent body returns.
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
    /// Checks the pace while no data is there.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let (bytes, time) = PACE;
        let watch = self.watch.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        while watch.as_mut().poll(context).is_ready() {
            if self.came < bytes {
                // The rest is not read either.
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
    /// Reads the rest in the background, for at most `patience` and a limited number of bytes; then the connection is
    /// closed.
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
