//! A provider made of a function: just enough HTTP to answer well, badly or not at all.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What came in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// Path without query.
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) form: HashMap<String, String>,
}

/// What goes out.
pub(crate) enum Reply {
    /// Status, body.
    Plain(u16, String),
    /// 302 to another place.
    Elsewhere(String),
    /// A good head, and then a body of so many bytes.
    Endless(usize),
    /// A good head and half a body; then silence.
    Hangs,
    /// Nothing at all, for ever.
    Silence,
    /// The connection closes without an answer.
    HangsUp,
}

pub(crate) fn json(value: &serde_json::Value) -> Reply {
    Reply::Plain(200, value.to_string())
}

type Answer = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

/// A provider that listens until the test ends.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) url: Url,
    seen: Arc<Mutex<Vec<Request>>>,
    answer: Arc<Mutex<Answer>>,
}

impl Peer {
    pub(crate) async fn answering(
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let peer = Self {
            url,
            seen: Arc::default(),
            answer: Arc::new(Mutex::new(Box::new(answer) as Answer)),
        };
        let serving = peer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        peer
    }

    /// From now on it answers otherwise.
    pub(crate) fn now_answers(&self, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        *self.answer.lock() = Box::new(answer);
    }

    pub(crate) fn at(&self, path: &str) -> String {
        self.url.join(path).unwrap().into()
    }

    /// Requests for `path` so far.
    pub(crate) fn asked_for(&self, path: &str) -> Vec<Request> {
        self.seen.lock().iter().filter(|request| request.path == path).cloned().collect()
    }

    async fn serve(self, mut stream: TcpStream) {
        let Some(request) = read(&mut stream).await else { return };
        self.seen.lock().push(request.clone());
        let reply = (self.answer.lock())(&request);
        let head = |status: u16, more: &str| {
            format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{more}\r\n\r\n")
        };
        let text = match &reply {
            Reply::Plain(status, body) => {
                head(*status, &format!("Content-Length: {}", body.len())) + body
            }
            Reply::Elsewhere(url) => head(302, &format!("Location: {url}\r\nContent-Length: 0")),
            Reply::Endless(bytes) => {
                head(200, &format!("Content-Length: {bytes}")) + &" ".repeat(*bytes)
            }
            Reply::Hangs => head(200, "Content-Length: 1000") + "{",
            Reply::Silence => String::new(),
            Reply::HangsUp => return,
        };
        let _ = stream.write_all(text.as_bytes()).await;
        if matches!(reply, Reply::Hangs | Reply::Silence) {
            std::future::pending::<()>().await;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = complete(&bytes) {
            return Some(request);
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn complete(bytes: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let target = lines.next()?.split(' ').nth(1)?;
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let pairs = |text: &str| form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (body.len() >= length).then(|| Request {
        path: path.to_owned(),
        query: pairs(query),
        form: pairs(body),
        headers,
    })
}
