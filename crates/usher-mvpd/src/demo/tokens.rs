//! What the built-in provider signs. The header's `typ` keeps one kind from passing as another.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use usher_jose::jws::{self, Kid};
use usher_jose::{Algorithm, SigningKey, VerificationKeys};

use super::DemoProviders;
use super::subscribers::{Subscriber, by_name};

/// Kinds of signed texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A checked authorization request, carried by the sign-in form.
    Request,
    /// An id token.
    Id,
    /// An access token (RFC 9068).
    Access,
    /// A refresh token.
    Refresh,
}

impl Kind {
    const fn typ(self) -> &'static str {
        match self {
            Self::Request => "request+jwt",
            Self::Id => "JWT",
            Self::Access => "at+jwt",
            Self::Refresh => "refresh+jwt",
        }
    }

    /// How long it is good for.
    pub(super) const fn lifetime(self) -> Duration {
        Duration::from_secs(match self {
            Self::Request => 1_800,
            Self::Id => 300,
            Self::Access => 3_600,
            // Longer than any sign-in of the demo world (`mvpd` O5).
            Self::Refresh => 90 * 86_400,
        })
    }
}

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) session: Session,
    pub(super) redirect_uri: String,
    pub(super) code_challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) expires_at: usher_core::Timestamp,
}

/// One sign-in of a subscriber for a client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Session {
    /// Its id, in every token that comes of it.
    pub(super) sid: String,
    /// The subscriber.
    pub(super) sub: String,
    /// The client.
    pub(super) client_id: String,
    /// The subscriber's name, for ourselves.
    pub(super) name: String,
    /// How often its refresh token was replaced.
    #[serde(default)]
    pub(super) rotation: u32,
}

impl Session {
    pub(super) fn subscriber(&self) -> Option<&'static Subscriber> {
        by_name(&self.name)
    }
}

/// What every signed text says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Signed<C> {
    pub(super) iss: String,
    pub(super) iat: i64,
    pub(super) exp: i64,
    #[serde(flatten)]
    pub(super) content: C,
}

impl DemoProviders {
    /// `content` signed as `kind`; nothing only if the key is unusable.
    pub(super) fn sign(&self, kind: Kind, content: impl Serialize) -> Option<String> {
        self.sign_with(&self.key, (kind, Duration::ZERO), content)
    }

    /// The same with another key, as if it were `age` ago.
    pub(super) fn sign_with(
        &self,
        key: &SigningKey,
        (kind, age): (Kind, Duration),
        content: impl Serialize,
    ) -> Option<String> {
        let now = self.clock.now() - age;
        let signed = Signed {
            iss: self.issuer(),
            iat: now.as_secs(),
            exp: (now + kind.lifetime()).as_secs(),
            content,
        };
        jws::sign(key, Some(kind.typ()), Kid::Named, &signed).ok()
    }

    /// The content of `token` if it is ours, of this kind and not expired.
    pub(super) fn open<C: DeserializeOwned>(&self, kind: Kind, token: &str) -> Option<C> {
        let signed = self.open_expired(kind, token)?;
        (self.clock.now().as_secs() < signed.exp).then_some(signed.content)
    }

    /// Like [`Self::open`], but age does not matter. Nor does the issuer: nobody else has the key, and
    /// tokens outlive a restart on another port.
    pub(super) fn open_expired<C: DeserializeOwned>(
        &self,
        kind: Kind,
        token: &str,
    ) -> Option<Signed<C>> {
        let keys = VerificationKeys::new([self.key.public().clone()]);
        let verified = jws::verify(token, &keys, &[Algorithm::Es256]).ok()?;
        if verified.header.typ.as_deref() != Some(kind.typ()) {
            return None;
        }
        verified.claims().ok()
    }

    /// The session of a good access token.
    pub(super) fn access(&self, token: &str) -> Option<Session> {
        self.open(Kind::Access, token).filter(|session| self.goes_on(session))
    }

    /// Whether nobody signed out of `session`.
    pub(super) fn goes_on(&self, session: &Session) -> bool {
        !self.signed_out.contains_key(&session.sid)
    }
}
