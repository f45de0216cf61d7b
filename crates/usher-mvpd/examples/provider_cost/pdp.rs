//! The provider's side: a decision point that permits, a thread for each connection.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use usher_core::Timestamp;
use usher_saml::SigningIdentity;
use usher_saml::authz::Decision;
use usher_saml::idp::{AuthzResponse, Grant, Verdict, plain_response};

use super::gateway::SP;
use super::{Failure, stopwatch};

pub(super) const ISSUER: &str = "urn:cable:pdp";
/// The name of its threads.
pub(super) const THREAD: &str = "provider";
pub(super) const RESOURCE: &str = "acme-one";

/// What it signs with, and when it is.
pub(super) struct Pdp {
    pub(super) signer: SigningIdentity,
    pub(super) now: Timestamp,
}

/// Answers until the process ends; tells how long it took to make each answer.
pub(super) fn listen(
    pdp: &Arc<Pdp>,
    spent: &mpsc::Sender<Duration>,
) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (pdp, spent) = (Arc::clone(pdp), spent.clone());
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let (pdp, spent) = (Arc::clone(&pdp), spent.clone());
            let thread = std::thread::Builder::new().name(THREAD.to_owned());
            // A connection that breaks off is the other side's end.
            drop(thread.spawn(move || drop(pdp.serve(&connection, &spent))));
        }
    });
    Ok(address)
}

impl Pdp {
    fn serve(&self, connection: &TcpStream, spent: &mpsc::Sender<Duration>) -> Result<(), Failure> {
        connection.set_nodelay(true)?;
        let (mut reader, mut writer) = (BufReader::new(connection), connection);
        while let Some(question) = message(&mut reader)? {
            let start = stopwatch();
            let answer = self.answer(&question)?;
            // Nobody listens where nothing is measured.
            let _ = spent.send(start.elapsed());
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length:";
            writer.write_all(format!("{head} {}\r\n\r\n{answer}", answer.len()).as_bytes())?;
        }
        Ok(())
    }

    /// A permit; a signed one to a question in SOAP.
    fn answer(&self, question: &str) -> Result<String, Failure> {
        let verdict = Verdict {
            decision: Decision::Permit,
            status_code: "urn:oasis:names:tc:xacml:1.0:status:ok".to_owned(),
            message: None,
            obligations: Vec::new(),
        };
        let grants = [Grant { resource_id: RESOURCE.to_owned(), verdict }];
        if !question.starts_with("<soap") {
            return Ok(plain_response(&grants));
        }
        let id = question.split_once(" ID=\"").and_then(|(_, rest)| rest.split_once('"'));
        let response = AuthzResponse {
            response_id: "_response",
            assertion_id: "_assertion",
            issue_instant: self.now,
            not_on_or_after: self.now + Duration::from_hours(24),
            issuer: ISSUER,
            audience: SP,
            in_response_to: id.ok_or("a question without id")?.0,
            grants: &grants,
        };
        Ok(response.soap(Some(&self.signer))?)
    }
}

/// The bytes of a question in SOAP, signature included, roughly.
const QUESTION_BYTES: usize = 4_000;

/// Somebody who asks without usher: the bytes of a question, and those of its answer.
pub(super) struct Socket {
    reader: BufReader<TcpStream>,
    request: String,
}

impl Socket {
    pub(super) fn to(provider: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(provider)?;
        stream.set_nodelay(true)?;
        let question = format!("{:QUESTION_BYTES$}", "<soap ID=\"_question\">");
        let request =
            format!("POST / HTTP/1.1\r\nContent-Length:{QUESTION_BYTES}\r\n\r\n{question}");
        Ok(Self { reader: BufReader::new(stream), request })
    }

    pub(super) fn exchange(&mut self) -> Result<(), Failure> {
        self.reader.get_mut().write_all(self.request.as_bytes())?;
        message(&mut self.reader)?.ok_or("the connection was closed")?;
        Ok(())
    }
}

/// The body of the next request or answer; nothing at the end of the connection.
fn message(reader: &mut impl BufRead) -> Result<Option<String>, Failure> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(String::from_utf8(body)?))
}
