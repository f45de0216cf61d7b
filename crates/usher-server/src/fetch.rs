//! Reading what a command line names: a file, or something published at a URL.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use usher_core::Secret;

use crate::events::Progress;

/// The most that is read from a URL. Certificates and key sets are far smaller.
const BYTES_MAX: usize = 1 << 20;

/// The largest report that is shown.
const REPORT_BYTES_MAX: usize = 64 << 20;

/// How long an answer may take.
const TIME_MAX: Duration = Duration::from_secs(10);

/// How long a report may take.
const REPORT_TIME_MAX: Duration = Duration::from_mins(2);

/// The text of the file or the `http(s)` URL `source`.
pub async fn text(source: &str) -> Result<String> {
    if !source.starts_with("http://") && !source.starts_with("https://") {
        return std::fs::read_to_string(Path::new(source))
            .with_context(|| format!("cannot read {source}"));
    }
    get(source, None).await.with_context(|| format!("cannot fetch {source}"))
}

/// What `url` answers to whoever has `token`.
pub async fn authorized(url: &str, token: &Secret<String>) -> Result<String> {
    get(url, Some(token)).await.with_context(|| format!("cannot fetch {url}"))
}

/// A report, in the format that `url` names.
pub async fn report(url: &str, token: &Secret<String>, progress: Progress<'_>) -> Result<String> {
    let request = client(REPORT_TIME_MAX)?.get(url).bearer_auth(token.expose());
    read(request, REPORT_BYTES_MAX, progress).await.with_context(|| format!("cannot fetch {url}"))
}

/// An access token of one of the demo's applications, at the demo server `origin`.
pub async fn demo_token(origin: &str, application: &str) -> Result<Secret<String>> {
    let client = client(TIME_MAX)?;
    let sent = async |request: reqwest::RequestBuilder| {
        read(request, BYTES_MAX, &mut |_, _| {}).await.context("no demo answers there")
    };
    let statement = sent(client.get(format!("{origin}/demo/statements/{application}"))).await?;
    let registration = serde_json::json!({ "software_statement": statement });
    let registered = client.post(format!("{origin}/o/client/register")).json(&registration);
    let registered: serde_json::Value = serde_json::from_str(&sent(registered).await?)?;
    let member = |of: &serde_json::Value, name: &str| {
        let text = of.get(name).and_then(serde_json::Value::as_str);
        text.map(str::to_owned).with_context(|| format!("the answer has no {name}"))
    };
    let form = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", member(&registered, "client_id")?),
        ("client_secret", member(&registered, "client_secret")?),
    ];
    let issued = sent(client.post(format!("{origin}/o/client/token")).form(&form)).await?;
    Ok(Secret::new(member(&serde_json::from_str(&issued)?, "access_token")?))
}

async fn get(url: &str, token: Option<&Secret<String>>) -> Result<String> {
    let request = client(TIME_MAX)?.get(url);
    let request = token.iter().fold(request, |it, token| it.bearer_auth(token.expose()));
    read(request, BYTES_MAX, &mut |_, _| {}).await
}

fn client(time_max: Duration) -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().timeout(time_max).build()?)
}

/// The body of the answer, if it is a success; `progress` hears how many bytes came, and of how many.
async fn read(
    request: reqwest::RequestBuilder,
    bytes_max: usize,
    progress: Progress<'_>,
) -> Result<String> {
    let mut answer = request.send().await?;
    let status = answer.status();
    let length = answer.content_length();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        ensure!(body.len() <= bytes_max, "it is larger than {bytes_max} bytes");
        progress(body.len() as u64, length.unwrap_or(body.len() as u64));
    }
    let text = String::from_utf8(body)?;
    ensure!(status.is_success(), "{}", refusal(status, &text));
    Ok(text)
}

/// What a server said why not: the detail of a problem document or a sentence, else the bare status.
fn refusal(status: reqwest::StatusCode, body: &str) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let detail = problem.as_ref().and_then(|it| it.get("detail")?.as_str());
    // Reports say it in one sentence.
    let sentence = body.lines().next().filter(|line| problem.is_none() && line.len() < 200);
    detail.or(sentence).map_or_else(|| format!("the server answers {status}"), str::to_owned)
}
