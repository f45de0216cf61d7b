//! What was said to and by a provider, fit to be shown to an operator: viewers, their addresses and
//! everything secret are masked, and nothing is long.

use std::time::Duration;

use url::Url;
use usher_entitle::{Exchange, ExchangeStatus};

use crate::peer::{Answer, PeerError};

/// The longest excerpt, in characters.
const EXCERPT_CHARS_MAX: usize = 2_048;
/// The piece of an answer that is looked at for it, in bytes.
const PIECE_BYTES_MAX: usize = 8_192;
/// What stands for a masked text.
const MASK: &str = "***";

/// What is recorded of one call.
pub(crate) struct Record<'r> {
    pub(crate) protocol: &'static str,
    pub(crate) endpoint: &'r str,
    pub(crate) address: &'r Url,
    /// What was asked, without anything that must not be seen.
    pub(crate) asked: String,
    /// Texts that must not be seen in the answer.
    pub(crate) masks: &'r [&'r str],
}

impl Record<'_> {
    /// The record of a call that ended so.
    pub(crate) fn ended(self, outcome: &Result<Answer, PeerError>, took: Duration) -> Exchange {
        let (status, answer) = match outcome {
            Ok(answer) => {
                (ExchangeStatus::Answered(answer.status), excerpt(&answer.body, self.masks))
            }
            Err(error) => (ExchangeStatus::Failed(error.word()), String::new()),
        };
        self.with(status, answer, took)
    }

    /// The record of a call whose time was up.
    pub(crate) fn timed_out(self, took: Duration) -> Exchange {
        self.with(ExchangeStatus::Failed("timed out"), String::new(), took)
    }

    fn with(self, status: ExchangeStatus, answer: String, took: Duration) -> Exchange {
        let mut address = self.address.clone();
        address.set_query(None);
        Exchange {
            protocol: self.protocol,
            endpoint: self.endpoint.to_owned(),
            address: address.into(),
            asked: self.asked.chars().take(EXCERPT_CHARS_MAX).collect(),
            status,
            answer,
            took,
        }
    }
}

/// The beginning of `body` with `masks` masked.
fn excerpt(body: &[u8], masks: &[&str]) -> String {
    let piece = body.get(..PIECE_BYTES_MAX).unwrap_or(body);
    let mut masked = String::from_utf8_lossy(piece).into_owned();
    for mask in masks.iter().filter(|mask| !mask.is_empty()) {
        if masked.contains(mask) {
            masked = masked.replace(mask, MASK);
        }
    }
    // What the piece ends with might be the beginning of something that must be masked.
    let longest = masks.iter().map(|mask| mask.chars().count()).max().unwrap_or(0);
    let doubtful = if body.len() > PIECE_BYTES_MAX { longest } else { 0 };
    let kept = masked.chars().count().saturating_sub(doubtful).min(EXCERPT_CHARS_MAX);
    if let Some((end, _)) = masked.char_indices().nth(kept) {
        masked.truncate(end);
    }
    if masked.contains(char::is_control) { masked.replace(char::is_control, " ") } else { masked }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_and_secrets_are_masked_and_excerpts_are_short() {
        let body = format!("<a>u-17 said\n10.0.0.1</a>{}", "x".repeat(100_000));
        let text = excerpt(body.as_bytes(), &["u-17", "", "10.0.0.1"]);
        assert!(text.starts_with("<a>*** said ***</a>xxx"), "{text:.40}");
        assert_eq!(text.chars().count(), EXCERPT_CHARS_MAX);
        // Nothing of a mask shows at the end of the piece that is looked at.
        let body = format!("{}secret-id{}", "y".repeat(PIECE_BYTES_MAX - 4), "z".repeat(9));
        assert!(!excerpt(body.as_bytes(), &["secret-id"]).contains("secr"));
        let long = "secret-id".repeat(100);
        let dense = format!("-{}", long.repeat(20));
        assert!(!excerpt(dense.as_bytes(), &[&long]).contains("secr"));
    }
}
