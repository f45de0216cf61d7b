//! Reading what a command line names: a file, or something published at a URL.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The most that is read from a URL. Certificates and key sets are far smaller.
const BYTES_MAX: usize = 1 << 20;

/// The text of the file or the `http(s)` URL `source`.
pub async fn text(source: &str) -> Result<String> {
    if !source.starts_with("http://") && !source.starts_with("https://") {
        return std::fs::read_to_string(Path::new(source))
            .with_context(|| format!("cannot read {source}"));
    }
    let fetch = async {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        let mut answer = client.get(source).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            ensure!(body.len() <= BYTES_MAX, "it is larger than {BYTES_MAX} bytes");
        }
        Ok(String::from_utf8(body)?)
    };
    fetch.await.with_context(|| format!("cannot fetch {source}"))
}
