//! Request bodies that arrive in time, or break off; and what to do with what nobody read of them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use thiserror::Error;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::time::{Sleep, sleep};

/// How much nobody wants is read all the same, in bytes, so that the connection can be used again.
const REST_BYTES_MAX: usize = 64 * 1024;

/// How long that may take.
const REST_WITHIN: Duration = Duration::from_millis(500);

/// Why a body broke off.
#[derive(Debug, Error)]
pub(super) enum BrokenOff {
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error(transparent)]
    Connection(#[from] hyper::Error),
}

/// A body that has so much time from the first wait for it. Dropped before its end, it becomes a [`Rest`].
pub(super) struct InTime<B> {
    body: Option<B>,
    within: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    left: Option<Sender<B>>,
}

/// What is left of a body when the answer is ready.
pub(super) struct Rest<B>(Receiver<B>);

impl<B> InTime<B> {
    /// The body, and what will be left of it.
    pub(super) fn new(body: B, within: Duration) -> (Self, Rest<B>) {
        let (left, rest) = channel();
        let body = Self { body: Some(body), within, deadline: None, left: Some(left) };
        (body, Rest(rest))
    }
}

impl<B> Drop for InTime<B> {
    fn drop(&mut self) {
        if let (Some(left), Some(body)) = (self.left.take(), self.body.take()) {
            // Nobody waits for it when the connection is gone.
            drop(left.send(body));
        }
    }
}

impl<B: Body<Error = hyper::Error> + Unpin> Rest<B> {
    /// Reads to the end if that is near; whether the end was reached.
    pub(super) async fn finish(mut self) -> bool {
        match self.0.try_recv() {
            Err(TryRecvError::Closed) => true,
            Err(TryRecvError::Empty) => false,
            Ok(body) if body.size_hint().lower() > REST_BYTES_MAX as u64 => false,
            Ok(body) => {
                let (mut body, _) = InTime::new(body, REST_WITHIN);
                let mut bytes = 0;
                while bytes <= REST_BYTES_MAX {
                    match body.frame().await {
                        None => return true,
                        Some(Err(_)) => return false,
                        Some(Ok(frame)) => {
                            bytes += frame.data_ref().map_or(0, Buf::remaining);
                        }
                    }
                }
                false
            }
        }
    }
}

impl<B: Body<Error = hyper::Error> + Unpin> Body for InTime<B> {
    type Data = B::Data;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BrokenOff>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(context) {
            if frame.is_none() {
                this.body = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(BrokenOff::from)));
        }
        let deadline = this.deadline.get_or_insert_with(|| Box::pin(sleep(this.within)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Some(Err(BrokenOff::TooSlow)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
