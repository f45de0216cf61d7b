//! Starts many streams over HTTP and remembers their paths.

use anyhow::{Context as _, Result, bail, ensure};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::ops::Range;
use std::thread;

/// Connections at once: the more starts wait, the more of them are written together, and millions of
/// streams are there in minutes.
const CONNECTIONS: usize = 256;

/// What each stream says about itself; [`TEXT_BYTES`] of names and values.
const FORM: &str = "channel=harbor-news&deviceId=0123456789abcdef0123456789abcdef\
                    &deviceName=Den+TV&contentType=live";

/// Length of the metadata text: the form without its punctuation.
pub(super) const TEXT_BYTES: f64 = 90.0;

/// Starts one stream for each number, each of a subject of its own.
pub(super) fn start(port: u16, numbers: Range<usize>) -> Result<Vec<String>> {
    let share = numbers.len().div_ceil(CONNECTIONS).max(1);
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|worker| {
            let from = (numbers.start + worker * share).min(numbers.end);
            let until = (from + share).min(numbers.end);
            thread::spawn(move || start_some(port, from..until))
        })
        .collect();
    let mut paths = Vec::with_capacity(numbers.len());
    for worker in workers {
        let Ok(started) = worker.join() else { bail!("a thread that starts streams panicked") };
        paths.extend(started?);
    }
    Ok(paths)
}

fn start_some(port: u16, numbers: Range<usize>) -> Result<Vec<String>> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connecting")?;
    connection.set_nodelay(true)?;
    let mut answers = BufReader::new(connection.try_clone()?);
    let mut paths = Vec::with_capacity(numbers.len());
    for number in numbers {
        let path = format!("/v2/sessions/Cablevision/account-{number:010}");
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic ZGVtby1hcHA6\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{FORM}",
            FORM.len()
        );
        connection.write_all(request.as_bytes()).context("asking")?;
        paths.push(format!("{path}/{}", location(&mut answers)?));
    }
    Ok(paths)
}

/// Reads an answer without a body: its `Location`.
fn location(answers: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    answers.read_line(&mut line).context("an answer")?;
    ensure!(line.contains(" 202 "), "a start was answered {line}");
    let mut location = None;
    loop {
        line.clear();
        answers.read_line(&mut line).context("a header")?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("location") => {
                location = Some(value.to_owned());
            }
            Some(_) => {}
            None => return location.context("no Location"),
        }
    }
}
