//! Reading what a command line names: a file, or something published at a URL.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use usher_core::Secret;

/// The most that is read from a URL. Certificates and key sets are far smaller.
const BYTES_MAX: usize = 1 << 20;

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

async fn get(url: &str, token: Option<&Secret<String>>) -> Result<String> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
    let request = client.get(url);
    let request = token.iter().fold(request, |it, token| it.bearer_auth(token.expose()));
    let mut answer = request.send().await?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        ensure!(body.len() <= BYTES_MAX, "it is larger than {BYTES_MAX} bytes");
    }
    let text = String::from_utf8(body)?;
    ensure!(status.is_success(), "{}", refusal(status, &text));
    Ok(text)
}

/// What a server said why not: the detail of a problem document, else the bare status.
fn refusal(status: reqwest::StatusCode, body: &str) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let detail = problem.as_ref().and_then(|it| it.get("detail")?.as_str());
    detail.map_or_else(|| format!("the server answers {status}"), str::to_owned)
}
