//! A provider's endpoint that a test plays: an answer to everything, and a memory of the questions.

#![allow(dead_code, reason = "every test binary uses a part of it")]
#![allow(clippy::allow_attributes, reason = "`expect` would fail in binaries that use all of it")]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Duration, timeout};

/// Answers until the test ends.
pub(crate) struct Peer {
    /// Where it listens.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// Answers everything with this status and JSON text.
    pub(crate) async fn answering(status: u16, body: &'static str) -> Self {
        Self::choosing(move |_| (status, body)).await
    }

    /// Answers each question, given as path and query, as `choose` says.
    pub(crate) async fn choosing(
        choose: impl Fn(&str) -> (u16, &'static str) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/here", listener.local_addr().expect("an address"));
        let peer = Self { url, asked: Arc::default() };
        let asked = Arc::clone(&peer.asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let target = target(&mut stream).await;
                let (status, body) = choose(&target);
                asked.lock().expect("unpoisoned").push(target);
                let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length:");
                let answer = format!("{head} {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        peer
    }

    /// How many questions came.
    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().expect("unpoisoned").len()
    }

    /// Path and query of the last question.
    pub(crate) fn last(&self) -> String {
        self.asked.lock().expect("unpoisoned").last().cloned().unwrap_or_default()
    }
}

/// What the request line asks for. The rest of the request stays unread: it fits every buffer.
async fn target(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.contains(&b'\n') {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            break;
        }
    }
    let line = String::from_utf8_lossy(&head).into_owned();
    line.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// A listener whose queue is full: further connections are neither taken nor refused.
pub(crate) struct FullHouse {
    /// Where it listens.
    pub(crate) url: String,
    _waiting: (TcpListener, Vec<TcpStream>),
}

impl FullHouse {
    /// Fills the queue.
    pub(crate) async fn open() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let mut waiting = Vec::new();
        let patience = Duration::from_millis(100);
        while let Ok(Ok(stream)) = timeout(patience, TcpStream::connect(address)).await {
            waiting.push(stream);
        }
        Self { url: format!("http://{address}/"), _waiting: (listener, waiting) }
    }
}
