//! The bytes of one connection: when silence is too long, and how to hang up.
//!
//! A server that closes while its peer is still sending makes the peer's system throw away what was
//! answered (RFC 9112 §9.6). So closing is in two steps: nothing more is sent, and for a while what still
//! comes is read and dropped.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long a peer may go on sending after the last answer.
const LINGER: Duration = Duration::from_secs(3);

/// How much it may send then, in bytes.
const LINGER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A connection that neither stays silent for long nor is closed too early.
pub(super) struct Line<S> {
    stream: S,
    /// Longest silence.
    idle: Duration,
    moved_at: Instant,
    timer: Pin<Box<Sleep>>,
    state: State,
}

enum State {
    Open,
    /// Everything is said; this many bytes more are listened to.
    Lingering(usize),
    Closed,
}

impl<S> Line<S> {
    pub(super) fn new(stream: S, idle: Duration) -> Self {
        let timer = Box::pin(sleep(idle));
        Self { stream, idle, moved_at: Instant::now(), timer, state: State::Open }
    }

    /// `moved`, unless nothing moved for too long.
    fn unless_silent<T>(
        &mut self,
        context: &mut Context<'_>,
        moved: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            self.moved_at = Instant::now();
            return moved;
        }
        while self.timer.as_mut().poll(context).is_ready() {
            let due = self.moved_at + self.idle;
            if due <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> Line<S> {
    /// Reads and drops what still comes, `left` bytes at most; ready when that is over.
    fn poll_linger(&mut self, context: &mut Context<'_>, mut left: usize) -> Poll<()> {
        let mut waste = [0; 8 * 1024];
        while left > 0 && self.timer.as_mut().poll(context).is_pending() {
            let mut waste = ReadBuf::new(&mut waste);
            match Pin::new(&mut self.stream).poll_read(context, &mut waste) {
                Poll::Pending => {
                    self.state = State::Lingering(left);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) if !waste.filled().is_empty() => {
                    left = left.saturating_sub(waste.filled().len());
                }
                Poll::Ready(_) => break,
            }
        }
        self.state = State::Closed;
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(context, into);
        this.unless_silent(context, read)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.unless_silent(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.unless_silent(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let State::Open = this.state {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            this.timer.as_mut().reset(Instant::now() + LINGER);
            this.state = State::Lingering(LINGER_BYTES_MAX);
        }
        if let State::Lingering(left) = this.state {
            ready!(this.poll_linger(context, left));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const IDLE: Duration = Duration::from_secs(90);

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_left_and_a_slow_one_is_not() {
        let (mut peer, ours) = duplex(64);
        let mut line = Line::new(ours, IDLE);
        for _ in 0..10 {
            tokio::time::advance(IDLE / 2).await;
            peer.write_all(b"x").await.unwrap();
            assert_eq!(line.read_u8().await.unwrap(), b'x');
        }
        assert_eq!(line.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_listen_is_left() {
        let (_peer, ours) = duplex(64);
        let mut line = Line::new(ours, IDLE);
        let error = line.write_all(&[0; 65]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_waits_for_what_the_peer_still_sends() {
        let (mut peer, ours) = duplex(64);
        let mut line = Line::new(ours, IDLE);
        let hanging_up = tokio::spawn(async move {
            line.write_all(b"answer").await?;
            line.shutdown().await
        });
        peer.write_all(&vec![0; 100_000]).await.unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "answer");
        drop(peer);
        hanging_up.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_keeps_the_line_by_going_on_and_on() {
        let (mut peer, ours) = duplex(64 * 1024);
        let sending = tokio::spawn(async move {
            let (more, mut sent) = (vec![0; 64 * 1024], 0);
            while peer.write_all(&more).await.is_ok() {
                sent += more.len();
            }
            sent
        });
        let mut line = Line::new(ours, IDLE);
        line.shutdown().await.unwrap();
        drop(line);
        let sent = sending.await.unwrap();
        assert!((LINGER_BYTES_MAX..LINGER_BYTES_MAX + 256 * 1024).contains(&sent), "{sent}");

        let (_silent, ours) = duplex(64);
        let began = Instant::now();
        Line::new(ours, IDLE).shutdown().await.unwrap();
        assert_eq!(began.elapsed(), LINGER);
    }
}
