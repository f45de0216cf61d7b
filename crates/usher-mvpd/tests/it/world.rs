//! A catalog with one provider, and a gateway that talks to it.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;
use usher_core::{Clock as _, Secret, ServiceProviderId, StoreError, Timestamp};
use usher_entitle::{
    AskingDevice, AuthorizationAsk, MvpdSignIn as _, Partner, Purpose, SignInStart, UsedAssertions,
};
use usher_jose::{Certificate, OsEntropy, RsaKey, SigningKey};
use usher_mvpd::{Gateway, GatewayPorts, GatewaySettings, SamlKey, SamlSettings};
use usher_registry::{EffectiveSettings, Integration, Mvpd};
use usher_testkit::ManualClock;

use crate::peer::Peer;

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) partner: Partner,
}

impl World {
    /// `peer` as an OAuth provider with a REST decision point.
    pub(crate) fn with(peer: &Peer) -> Self {
        Self::of(&provider(peer))
    }

    /// The provider that `mvpd` describes.
    pub(crate) fn of(mvpd: &Value) -> Self {
        let clock = Arc::new(ManualClock::default());
        let base = Url::parse("https://usher.example/").unwrap();
        let settings = GatewaySettings {
            connect_timeout: Duration::from_millis(300),
            sign_in: Duration::from_millis(700),
            ..GatewaySettings::new(saml_settings(clock.now()))
        };
        let ports = GatewayPorts {
            assertions: Arc::new(Used::default()),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(OsEntropy),
        };
        let gateway = Gateway::new(&base, settings, ports).unwrap();
        let mvpd: Mvpd = serde_json::from_value(mvpd.clone()).unwrap();
        let integration: Integration = serde_json::from_value(json!({
            "service_provider": "CH1", "mvpd": "Cable", "client_id": "usher & co",
            "client_secret": "s:e c",
        }))
        .unwrap();
        let partner = Partner {
            service_provider: ServiceProviderId::from("CH1"),
            mvpd: Arc::new(mvpd),
            proxy: None,
            integration: Arc::new(integration),
        };
        Self { gateway, clock, partner }
    }

    /// A sign-in under way.
    pub(crate) async fn begin(&self, state: &str) -> SignInStart {
        let settings = EffectiveSettings::default();
        self.gateway.begin(&self.partner, &settings, state).await.unwrap()
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_secs()
    }

    /// A question about these resources.
    pub(crate) fn ask(&self, resources: &[&str]) -> AuthorizationAsk {
        AuthorizationAsk {
            partner: self.partner.clone(),
            signed_in_at: self.partner.clone(),
            user_id: "u-1".to_owned(),
            credentials: None,
            resources: resources.iter().map(|&resource| resource.to_owned()).collect(),
            purpose: Purpose::Authorize,
            device: AskingDevice { ip: Some([198, 51, 100, 23].into()), ..AskingDevice::default() },
            budget: Duration::from_millis(700),
        }
    }

    /// Credentials as earlier versions kept them, with an access token that lasts `expires_in` seconds.
    pub(crate) fn credentials(&self, expires_in: i64) -> Secret<Vec<u8>> {
        Secret::new(
            json!({
                "protocol": "oauth2",
                "access_token": "access-0",
                "access_expires_at": (self.now() + expires_in) * 1000,
                "refresh_token": "refresh-0",
                "id_token": "id-0",
            })
            .to_string()
            .into_bytes(),
        )
    }
}

/// Who usher is towards SAML providers.
fn saml_settings(now: Timestamp) -> SamlSettings {
    static KEY: LazyLock<Arc<SigningKey>> =
        LazyLock::new(|| Arc::new(RsaKey::generate().unwrap().into()));
    let years = (now, now + Duration::from_hours(24 * 365));
    let certificate = Certificate::self_signed(&**KEY, "usher", years).unwrap();
    let own = SamlKey { key: Arc::clone(&KEY), certificate };
    SamlSettings {
        entity_id: "https://saml.sp.usher.example".to_owned(),
        signing: own.clone(),
        next_signing: None,
        encryption: vec![own],
    }
}

/// Assertions that were used, in memory.
#[derive(Default)]
struct Used(Mutex<HashSet<(String, String)>>);

#[async_trait]
impl UsedAssertions for Used {
    async fn use_once(&self, issuer: &str, id: &str, _: Timestamp) -> Result<bool, StoreError> {
        Ok(self.0.lock().insert((issuer.to_owned(), id.to_owned())))
    }

    async fn sweep(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// The catalog entry of `peer`.
pub(crate) fn provider(peer: &Peer) -> Value {
    json!({
        "id": "Cable", "display_name": "Cable", "logo_url": "https://cable.example/logo.png",
        "authn": {
            "protocol": "oauth2",
            "issuer": "https://cable.example",
            "authorization_url": "https://cable.example/authorize?brand=1",
            "token_url": peer.at("/token"),
            "userinfo_url": peer.at("/userinfo"),
            "jwks_url": peer.at("/jwks"),
            "claims": { "zip": "zip" },
        },
        "authz": {
            "protocol": "rest", "url": peer.at("/decide"),
            "transport": { "connect_timeout": "300ms", "questions_max": 2 },
        },
        "logout": { "mode": "redirect", "url": "https://cable.example/logout" },
    })
}
