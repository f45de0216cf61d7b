//! Decisions: every one that was answered is counted, although its events were only written, not synced.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Client;
use serde_json::json;

use crate::process::Usher;
use crate::{client, kill_after, token, totals};

/// Requests under way at any time.
const VIEWERS: usize = 8;
/// Answers before the process is killed.
const ANSWERED: usize = 400;
/// How often it is killed.
const ROUNDS: usize = 3;

#[tokio::test]
async fn a_killed_process_has_counted_every_decision_it_answered() {
    let mut usher = Usher::demo(&["--set", "throttle.enabled=false"]);
    let answered = Arc::new(AtomicUsize::new(0));
    for round in 1..=ROUNDS {
        ask_until_killed(&mut usher, &answered, round * ANSWERED).await;
        usher.start_again();
        let answered = answered.load(Ordering::SeqCst);
        let report = "/esm/v3/media-company/year/month/day?limit=1000";
        let [counted] = totals(&usher, "acme-ops", report, ["decision-attempts"]).await;
        // A decision whose answer did not arrive may have been written.
        let kept = answered..=answered + VIEWERS * round;
        assert!(kept.contains(&counted), "{answered} decisions were answered, {counted} counted");
    }
}

async fn ask_until_killed(usher: &mut Usher, answered: &Arc<AtomicUsize>, enough: usize) {
    let token = token(usher, "acme-tv").await;
    let url = format!("{}/api/v2/REF30/decisions/authorize/Cablevision", usher.origin());
    let viewers: Vec<_> = (0..VIEWERS)
        .map(|number| {
            let viewer = Viewer { number, http: client(), url: url.clone(), token: token.clone() };
            let answered = Arc::clone(answered);
            tokio::spawn(async move {
                while viewer.asks().await.is_ok() {
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    kill_after(usher, viewers, (answered, enough)).await;
}

struct Viewer {
    number: usize,
    http: Client,
    url: String,
    token: String,
}

impl Viewer {
    /// One question. Nobody has signed in, which is a decision like any other.
    async fn asks(&self) -> Result<(), reqwest::Error> {
        let device = format!("fingerprint viewer-{}", self.number);
        let answer = self
            .http
            .post(&self.url)
            .bearer_auth(&self.token)
            .header("AP-Device-Identifier", device)
            .json(&json!({ "resources": ["acme-sports"] }))
            .send()
            .await?
            .error_for_status()?;
        answer.bytes().await.map(|_| ())
    }
}
