//! What stream limiting promised: starts, stops, kills and metadata, and never more than the limit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::process::Usher;
use crate::{answer, client, counted, kill_after, text};

/// Players, each with an account of its own, and all of them with one in common.
const PLAYERS: usize = 4;
/// Acknowledgements before the process is killed.
const ACKNOWLEDGED: usize = 120;
/// How often it is killed.
const ROUNDS: usize = 4;
/// Where everybody tries to start.
const CROWD: &str = "Cablevision/crowd";
const APPLICATION: &str = "demo-app";
const LIMIT: usize = 3;

/// What the server said of a stream.
#[derive(Clone, Debug, PartialEq)]
enum Promise {
    /// It plays, with this metadata; nothing while a change of it is under way.
    Plays { plan: Option<String> },
    /// It was stopped.
    Stopped,
    /// It was replaced.
    Killed,
    /// Something about it was under way when the process died.
    Unknown,
}

/// What the server said to one player, in the order of the starts.
#[derive(Default)]
struct Promises(Vec<(String, Promise)>);

impl Promises {
    fn playing(&self) -> Option<&str> {
        let plays = |(_, promise): &&(String, Promise)| matches!(promise, Promise::Plays { .. });
        self.0.iter().find(plays).map(|(id, _)| id.as_str())
    }

    fn set(&mut self, id: &str, promise: Promise) {
        if let Some((_, known)) = self.0.iter_mut().find(|(known, _)| known == id) {
            *known = promise;
        }
    }
}

#[tokio::test]
async fn a_killed_process_keeps_what_it_said_about_streams() {
    let mut usher = Usher::demo(&["--set", "throttle.enabled=false"]);
    let promises: Vec<_> =
        (0..PLAYERS).map(|_| Arc::new(Mutex::new(Promises::default()))).collect();
    for _ in 0..ROUNDS {
        play_until_killed(&mut usher, &promises).await;
        usher.start_again();
        for (number, promises) in promises.iter().enumerate() {
            assert_kept(&usher, number, &*promises.lock().await).await;
        }
        assert!(running(&usher, CROWD).await.len() <= LIMIT, "the crowd got past the limit");
    }
    assert_counted(&usher, &promises).await;
}

async fn play_until_killed(usher: &mut Usher, promises: &[Arc<Mutex<Promises>>]) {
    let done = Arc::new(AtomicUsize::new(0));
    let players: Vec<_> = promises
        .iter()
        .enumerate()
        .map(|(number, promises)| {
            let player = Player {
                subject: format!("Cablevision/player-{number}"),
                origin: usher.origin().to_owned(),
                http: client(),
                promises: Arc::clone(promises),
            };
            let done = Arc::clone(&done);
            tokio::spawn(async move {
                while player.turn().await.is_ok() {
                    done.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    kill_after(usher, players, (&done, ACKNOWLEDGED / 4)).await;
}

struct Player {
    subject: String,
    origin: String,
    http: Client,
    promises: Arc<Mutex<Promises>>,
}

impl Player {
    /// Starts, says something, replaces or stops, and tries its luck in the crowd. An error: the
    /// process is dead.
    async fn turn(&self) -> Result<(), reqwest::Error> {
        self.start(None).await?;
        self.beat().await?;
        if self.promises.lock().await.0.len() % 2 == 0 {
            self.stop().await?;
        } else {
            self.replace().await?;
        }
        let crowd = self.call(CROWD).send().await?.status();
        assert!(matches!(crowd, StatusCode::ACCEPTED | StatusCode::CONFLICT), "{crowd}");
        Ok(())
    }

    fn call(&self, path: &str) -> RequestBuilder {
        let url = format!("{}/v2/sessions/{path}", self.origin);
        self.http.post(url).basic_auth(APPLICATION, Some(""))
    }

    /// Starts a stream, instead of the one named.
    async fn start(&self, victim: Option<&str>) -> Result<(), reqwest::Error> {
        let mut request = self.call(&self.subject);
        if let Some(victim) = victim {
            request = request.header("X-Terminate", code(victim));
            self.promises.lock().await.set(victim, Promise::Unknown);
        }
        let answer = request.send().await?;
        let mut promises = self.promises.lock().await;
        match answer.status() {
            StatusCode::ACCEPTED => {
                let id = location(&answer);
                promises.0.push((id, Promise::Plays { plan: Some(String::new()) }));
                if let Some(victim) = victim {
                    promises.set(victim, Promise::Killed);
                }
            }
            // Full of streams that were under way when the process died.
            status => assert_eq!(status, StatusCode::CONFLICT),
        }
        Ok(())
    }

    async fn beat(&self) -> Result<(), reqwest::Error> {
        let mut promises = self.promises.lock().await;
        let Some(id) = promises.playing().map(str::to_owned) else { return Ok(()) };
        promises.set(&id, Promise::Plays { plan: None });
        let plan = format!("plan-{}", promises.0.len());
        let path = format!("{}/{id}", self.subject);
        let answer = self.call(&path).form(&[("plan", &plan)]).send().await?;
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        promises.set(&id, Promise::Plays { plan: Some(plan) });
        Ok(())
    }

    async fn replace(&self) -> Result<(), reqwest::Error> {
        let victim = self.promises.lock().await.playing().map(str::to_owned);
        match victim {
            Some(victim) => self.start(Some(&victim)).await,
            None => Ok(()),
        }
    }

    async fn stop(&self) -> Result<(), reqwest::Error> {
        let mut promises = self.promises.lock().await;
        let Some(id) = promises.playing().map(str::to_owned) else { return Ok(()) };
        promises.set(&id, Promise::Unknown);
        let url = format!("{}/v2/sessions/{}/{id}", self.origin, self.subject);
        let request = self.http.delete(url).basic_auth(APPLICATION, Some(""));
        assert_eq!(request.send().await?.status(), StatusCode::ACCEPTED);
        promises.set(&id, Promise::Stopped);
        Ok(())
    }
}

async fn assert_kept(usher: &Usher, number: usize, promises: &Promises) {
    let subject = format!("Cablevision/player-{number}");
    let running = running(usher, &subject).await;
    assert!(running.len() <= LIMIT, "{} streams", running.len());
    let http = client();
    for (id, promise) in &promises.0 {
        let url = format!("{}/v2/sessions/{subject}/{id}", usher.origin());
        let beat = http.post(url).basic_auth(APPLICATION, Some("")).send().await;
        let beat = beat.expect("an answer");
        let (status, body) = (beat.status(), beat.text().await.expect("a body"));
        match promise {
            Promise::Unknown => {}
            Promise::Plays { plan } => {
                assert_eq!(status, StatusCode::ACCEPTED, "stream {id} was forgotten");
                let kept = running.get(id).map(|metadata| metadata["plan"].as_str().unwrap_or(""));
                assert!(plan.is_none() || kept == plan.as_deref(), "{id}: {kept:?}, not {plan:?}");
            }
            Promise::Stopped => {
                assert_eq!((status, &*body), (StatusCode::GONE, ""), "{id} was stopped");
            }
            Promise::Killed => {
                assert_eq!(status, StatusCode::GONE, "{id} was killed");
                assert!(body.contains("remote-termination"), "{id}: {body}");
            }
        }
    }
}

/// Each acknowledged start, stop and kill is counted once; one that was under way may be.
async fn assert_counted(usher: &Usher, promises: &[Arc<Mutex<Promises>>]) {
    let (mut started, mut stopped, mut killed) = (0, 0, 0);
    for promises in promises {
        for (_, promise) in &promises.lock().await.0 {
            started += 1;
            stopped += usize::from(*promise == Promise::Stopped);
            killed += usize::from(*promise == Promise::Killed);
        }
    }
    let in_flight = PLAYERS * ROUNDS;
    let metrics = ["started-sessions", "completed-sessions", "killed-sessions"];
    let counts = counted(usher, APPLICATION, metrics).await;
    // The crowd's starts are counted, too, and nobody wrote them down.
    let at_most = [usize::MAX, stopped + in_flight, killed + in_flight];
    for (at, least) in [started, stopped, killed].into_iter().enumerate() {
        let range = least..=at_most[at];
        assert!(range.contains(&counts[at]), "{}: {}, not {range:?}", metrics[at], counts[at]);
    }
}

/// The running streams of a subject: ids and metadata.
async fn running(usher: &Usher, subject: &str) -> BTreeMap<String, Value> {
    let url = format!("{}/v2/runningStreams/{subject}", usher.origin());
    let body = answer(client().get(url).basic_auth(APPLICATION, Some(""))).await;
    let entries = body["runningStreams"].as_array().expect("a list");
    entries.iter().map(|entry| (text(entry, "sessionId"), entry["metadata"].clone())).collect()
}

fn location(answer: &Response) -> String {
    answer.headers()["location"].to_str().expect("text").to_owned()
}

/// The termination code of a session id (`concurrency` §7.2).
fn code(id: &str) -> String {
    let hash =
        id.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{hash:08x}")
}
