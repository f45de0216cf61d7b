//! A small world for this crate's tests.

use std::sync::Arc;

use usher_core::{ClientId, DeviceId, Timestamp, TraceId};
use usher_registry::{Catalog, Snapshot};

use crate::call::Call;
use crate::partner::Partner;
use crate::profile::{Profile, ProfileKey, Upstream};
use crate::session::{Holder, Origin};
use crate::sso::SsoTokens;

const CATALOG: &str = include_str!("fixtures.toml");

/// A call for `REF30` under the test catalog.
pub(crate) fn world() -> Call {
    let catalog = Catalog::from_toml(CATALOG).expect("the test catalog reads");
    let snapshot = Snapshot::check(catalog, Timestamp::default()).expect("the test catalog holds");
    call(&Arc::new(snapshot))
}

pub(crate) fn call(snapshot: &Arc<Snapshot>) -> Call {
    let service_provider = snapshot.service_provider("REF30").expect("REF30 exists");
    Call {
        snapshot: Arc::clone(snapshot),
        service_provider: Arc::clone(service_provider),
        trace: TraceId::from_bytes([7; 16]),
        client: ClientId::from("client"),
        origin: Origin::default(),
        framework: None,
        sso: SsoTokens::default(),
        pass_identity: None,
    }
}

pub(crate) fn device() -> DeviceId {
    DeviceId::new(b"living-room").expect("a device id")
}

impl Call {
    /// The partner `id`, which exists.
    pub(crate) fn partner_of(&self, id: &str) -> Partner {
        self.partner(id).expect("an integrated provider")
    }
}

/// A profile at `mvpd` that lasts a day from `now`.
pub(crate) fn profile(mvpd: &str, now: Timestamp) -> Profile {
    let holder =
        Holder { service_provider: "REF30".into(), client: "client".into(), device: device() };
    Profile {
        id: "profile-1".into(),
        key: ProfileKey { holder, mvpd: mvpd.into() },
        user_id: "u-1".into(),
        attributes: serde_json::Map::new(),
        home_based: None,
        framework: None,
        subjects: Vec::new(),
        credentials: None,
        upstream: Upstream::default(),
        session_id: "session-1".into(),
        not_before: now,
        not_after: now + std::time::Duration::from_hours(24),
        invalidated_at: None,
        fetched_at: None,
    }
}
