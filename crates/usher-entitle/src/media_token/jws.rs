//! The form for new players: a compact JWS (contracts README, clarification 22).

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_core::{MvpdId, ServiceProviderId, Timestamp};
use usher_jose::jws::Kid;
use usher_jose::{EncodedHeader, SignError, Signer};

use super::MediaTokenContent;

/// `typ` of the header: keeps other tokens by the same key from passing as media tokens.
pub(super) const TYPE: &str = "media-token+jwt";

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims<'c> {
    iss: Cow<'c, str>,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    sub: Cow<'c, str>,
    service_provider: ServiceProviderId,
    mvpd: MvpdId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_mvpd: Option<MvpdId>,
    resource: Cow<'c, str>,
}

/// Makes tokens of this form.
#[derive(Clone, Debug)]
pub(crate) struct Mint {
    issuer: String,
    header: EncodedHeader,
    signer: Signer,
}

impl Mint {
    pub(super) fn new(issuer: &str, signer: Signer) -> Self {
        let header = signer.jws_header(Some(TYPE), Kid::Named);
        Self { issuer: issuer.to_owned(), header, signer }
    }

    /// The token `id` that says `content`. Times are whole seconds, as JWTs have them.
    pub(super) async fn make(
        &self,
        content: &MediaTokenContent,
        id: String,
    ) -> Result<String, SignError> {
        let issued_at = content.issue_time.as_secs();
        // Rounded up: a token of less than a second would be born expired.
        let not_after = (content.issue_time + content.ttl + Duration::from_millis(999)).as_secs();
        let claims = Claims {
            iss: self.issuer.as_str().into(),
            iat: issued_at,
            nbf: issued_at,
            exp: not_after,
            jti: id,
            sub: content.session_guid.as_str().into(),
            service_provider: content.service_provider.clone(),
            mvpd: content.mvpd.clone(),
            proxy_mvpd: content.proxy_mvpd.clone(),
            resource: content.resource.as_str().into(),
        };
        self.signer.sign_jws_under(&self.header, &claims).await
    }
}

impl From<Claims<'_>> for MediaTokenContent {
    fn from(claims: Claims<'_>) -> Self {
        let issue_time = Timestamp::from_secs(claims.nbf);
        Self {
            session_guid: claims.sub.into_owned(),
            service_provider: claims.service_provider,
            resource: claims.resource.into_owned(),
            ttl: Timestamp::from_secs(claims.exp).since(issue_time),
            issue_time,
            mvpd: claims.mvpd,
            proxy_mvpd: claims.proxy_mvpd,
        }
    }
}
