//! The documented form: base64 of a signature followed by the XML element it signs.
//!
//! The signature is over exactly the bytes of the element as they stand, so no canonicalisation and
//! no parsing is needed before it is checked.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use usher_core::Timestamp;
use usher_jose::{SignError, Signer};

use super::MediaTokenContent;
use crate::xml_text::{escape, unescape};

const TIME: &str = "%Y/%m/%d %H:%M:%S GMT +0000";

/// The token that says `content`.
pub(super) async fn make(
    content: &MediaTokenContent,
    signer: &Signer,
) -> Result<String, SignError> {
    let element = element(content);
    let signature = signer.sign_sha256(element.clone().into_bytes()).await?;
    let signature = STANDARD.encode(signature);
    Ok(STANDARD.encode(format!("<signatureInfo>{signature}</signatureInfo>{element}")))
}

fn element(content: &MediaTokenContent) -> String {
    let proxy = content.proxy_mvpd.as_ref().map_or("", |proxy| proxy.as_str());
    format!(
        "<shortAuthorizationToken><sessionGUID>{}</sessionGUID><requestorID>{}</requestorID>\
         <resourceID>{}</resourceID><ttl>{}</ttl><issueTime>{}</issueTime><mvpdId>{}</mvpdId>\
         <proxyMvpdId>{}</proxyMvpdId></shortAuthorizationToken>",
        escape(&content.session_guid),
        escape(content.service_provider.as_str()),
        escape(&content.resource),
        content.ttl.as_millis(),
        time(content.issue_time),
        escape(content.mvpd.as_str()),
        escape(proxy),
    )
}

fn time(instant: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(instant.as_millis())
        .unwrap_or_default()
        .to_zoned(TimeZone::UTC)
        .strftime(TIME)
        .to_string()
}

fn read_time(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime(TIME, text).ok()?;
    let instant = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

/// A token taken apart, not yet checked.
pub(super) struct Parts {
    pub(super) signature: Vec<u8>,
    /// What the signature is over.
    pub(super) element: String,
}

impl Parts {
    /// Takes `token` apart; nothing when it does not have this form.
    pub(super) fn of(token: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
        let (signature, element) =
            text.strip_prefix("<signatureInfo>")?.split_once("</signatureInfo>")?;
        Some(Self { signature: STANDARD.decode(signature).ok()?, element: element.to_owned() })
    }

    /// What the element says; nothing when it is not exactly as [`make`] writes it.
    pub(super) fn content(&self) -> Option<MediaTokenContent> {
        let mut rest = self
            .element
            .strip_prefix("<shortAuthorizationToken>")?
            .strip_suffix("</shortAuthorizationToken>")?;
        let mut next = |name: &str| -> Option<String> {
            let (content, after) =
                rest.strip_prefix('<')?.strip_prefix(name)?.strip_prefix('>')?.split_once("</")?;
            rest = after.strip_prefix(name)?.strip_prefix('>')?;
            Some(unescape(content))
        };
        let content = MediaTokenContent {
            session_guid: next("sessionGUID")?,
            service_provider: next("requestorID")?.as_str().into(),
            resource: next("resourceID")?,
            ttl: Duration::from_millis(next("ttl")?.parse().ok()?),
            issue_time: read_time(&next("issueTime")?)?,
            mvpd: next("mvpdId")?.as_str().into(),
            proxy_mvpd: Some(next("proxyMvpdId")?)
                .filter(|proxy| !proxy.is_empty())
                .map(|proxy| proxy.as_str().into()),
        };
        rest.is_empty().then_some(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_sibling_tokens_write_them() {
        let instant = Timestamp::from_millis(1_767_608_130_250);
        assert_eq!(time(instant), "2026/01/05 10:15:30 GMT +0000");
        assert_eq!(read_time(&time(instant)), Some(Timestamp::from_secs(instant.as_secs())));
    }

    #[test]
    fn the_element_has_no_white_space_and_escapes_what_it_is_given() {
        let content = MediaTokenContent {
            session_guid: "6d1f".into(),
            service_provider: "CH1".into(),
            resource: "<rss>&</rss>".into(),
            ttl: Duration::from_mins(7),
            issue_time: Timestamp::from_secs(1_767_608_130),
            mvpd: "OpCo".into(),
            proxy_mvpd: None,
        };
        let element = element(&content);
        assert_eq!(
            element,
            "<shortAuthorizationToken><sessionGUID>6d1f</sessionGUID><requestorID>CH1</requestorID>\
             <resourceID>&lt;rss&gt;&amp;&lt;/rss&gt;</resourceID><ttl>420000</ttl>\
             <issueTime>2026/01/05 10:15:30 GMT +0000</issueTime><mvpdId>OpCo</mvpdId>\
             <proxyMvpdId></proxyMvpdId></shortAuthorizationToken>"
        );
        assert_eq!(Parts { signature: vec![], element }.content(), Some(content));
    }
}
