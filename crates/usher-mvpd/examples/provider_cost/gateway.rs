//! usher's side: a gateway, and questions to ask through it.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use url::Url;
use usher_core::{Clock as _, ServiceProviderId, StoreError, Timestamp};
use usher_entitle::{
    AskingDevice, AuthorizationAsk, MvpdAuthorization as _, MvpdOutcome, Partner, Purpose,
    UsedAssertions,
};
use usher_jose::{Certificate, EcKey, OsEntropy, RsaKey, SigningKey};
use usher_mvpd::{Gateway, GatewayPorts, GatewaySettings, SamlKey, SamlSettings};
use usher_saml::SigningIdentity;
use usher_testkit::ManualClock;

use super::pdp::{self, Pdp};
use super::{Failure, stopwatch};

/// Signatures that are timed.
const SIGNATURES: u32 = 500;

/// Who usher is.
pub(super) const SP: &str = "https://saml.sp.usher.example";

/// Keys of both sides, and a clock that stands still.
pub(super) struct World {
    clock: Arc<ManualClock>,
    rsa: SamlKey,
    ec: SamlKey,
    pdp: Arc<Pdp>,
    certificate: Certificate,
}

impl World {
    pub(super) fn open() -> Result<Self, Failure> {
        let clock = Arc::new(ManualClock::default());
        let now = clock.now();
        let years = (now, now + Duration::from_hours(24 * 365));
        let key = RsaKey::generate()?;
        let certificate = Certificate::self_signed(&key, "provider", years)?;
        let signer = SigningIdentity::new(&key, certificate.clone())?;
        let own = |key: SigningKey| {
            let certificate = Certificate::self_signed(&key, "usher", years)?;
            Ok::<_, Failure>(SamlKey { key: Arc::new(key), certificate })
        };
        let (rsa, ec) = (own(RsaKey::generate()?.into())?, own(EcKey::generate()?.into())?);
        Ok(Self { clock, rsa, ec, pdp: Arc::new(Pdp { signer, now }), certificate })
    }

    /// What this process has used, the providers' threads not counted.
    pub(super) fn processor_time() -> Result<Duration, Failure> {
        let mut used = Duration::ZERO;
        for thread in std::fs::read_dir("/proc/self/task")? {
            let thread = thread?.path();
            if std::fs::read_to_string(thread.join("comm"))?.trim_end() != pdp::THREAD {
                let counted = std::fs::read_to_string(thread.join("schedstat"))?;
                let nanoseconds = counted.split(' ').next().ok_or("the kernel counts nothing")?;
                used += Duration::from_nanos(nanoseconds.parse()?);
            }
        }
        Ok(used)
    }

    /// How long one of our RSA signatures takes.
    pub(super) fn signature(&self) -> Result<Duration, Failure> {
        let start = stopwatch();
        for _ in 0..SIGNATURES {
            self.rsa.key.sign_sha256(b"a query")?;
        }
        Ok(start.elapsed() / SIGNATURES)
    }

    pub(super) fn gateway(&self, signature: Signature) -> Result<Gateway, Failure> {
        let key = match signature {
            Signature::Rsa => &self.rsa,
            Signature::Ec => &self.ec,
        };
        let settings = GatewaySettings::new(SamlSettings {
            entity_id: SP.to_owned(),
            signing: key.clone(),
            next_signing: None,
            encryption: Vec::new(),
        });
        let ports = GatewayPorts {
            assertions: Arc::new(NoAssertions),
            clock: Arc::clone(&self.clock) as _,
            entropy: Arc::new(OsEntropy),
        };
        Ok(Gateway::new(&Url::parse("https://usher.example/")?, settings, ports)?)
    }

    /// A provider that answers, and how long it took to make each answer.
    pub(super) fn answering(&self) -> Result<(SocketAddr, mpsc::Receiver<Duration>), Failure> {
        let (spent, times) = mpsc::channel();
        Ok((pdp::listen(&self.pdp, &spent)?, times))
    }

    /// A provider that accepts connections and says nothing.
    pub(super) fn silent() -> Result<SocketAddr, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        std::thread::spawn(move || {
            let connections: Vec<_> = listener.incoming().collect();
            drop(connections);
        });
        Ok(address)
    }

    /// A question to the provider `id` at `address`, whose circuit never opens.
    pub(super) fn ask(
        &self,
        id: &str,
        address: &SocketAddr,
        protocol: &str,
    ) -> Result<AuthorizationAsk, Failure> {
        let mvpd = json!({
            "id": id, "display_name": id, "logo_url": "https://cable.example/logo.png",
            "authn": {
                "protocol": "saml2", "entity_id": "urn:cable",
                "sso_url": "https://cable.example/sso",
            },
            "authz": {
                "protocol": protocol, "url": format!("http://{address}/decide"),
                "entity_id": pdp::ISSUER, "certificates": [self.certificate.pem()],
                "transport": { "failures_max": 1_000_000_000 },
            },
        });
        let integration = json!({ "service_provider": "CH1", "mvpd": id });
        let partner = Partner {
            service_provider: ServiceProviderId::from("CH1"),
            mvpd: Arc::new(serde_json::from_value(mvpd)?),
            proxy: None,
            integration: Arc::new(serde_json::from_value(integration)?),
        };
        Ok(AuthorizationAsk {
            signed_in_at: partner.clone(),
            partner,
            user_id: "u-7f31c0".to_owned(),
            credentials: None,
            resources: vec![pdp::RESOURCE.to_owned()],
            purpose: Purpose::Authorize,
            device: AskingDevice { ip: Some([198, 51, 100, 23].into()), ..AskingDevice::default() },
            budget: Duration::from_secs(2),
        })
    }
}

/// What queries are signed with.
#[derive(Clone, Copy)]
pub(super) enum Signature {
    Rsa,
    Ec,
}

/// Asks, and expects a permit.
pub(super) async fn permitted(gateway: &Gateway, ask: &AuthorizationAsk) -> Result<(), Failure> {
    let decided = gateway.decide(ask).await;
    let permitted = decided.iter().all(|it| matches!(it.outcome, MvpdOutcome::Permit { .. }));
    if permitted { Ok(()) } else { Err(format!("not permitted: {decided:?}").into()) }
}

/// No assertion is ever used here.
struct NoAssertions;

#[async_trait]
impl UsedAssertions for NoAssertions {
    async fn use_once(&self, _: &str, _: &str, _: Timestamp) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn sweep(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}
