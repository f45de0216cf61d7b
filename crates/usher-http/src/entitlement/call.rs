//! Who calls: the steps every operation begins with, in the contract's order (`errors` §5).
//!
//! Bearer token, channel, whether the application acts for it, then headers. What an operation needs
//! beyond that (path, body) it reads itself, afterwards.

use axum::http::request::Parts;
use usher_core::DeviceId;
use usher_entitle::Call;

use super::codes;
use super::place::Names;
use super::problem::Problem;
use crate::App;
use crate::viewer::{self, Arrival, header, identifier};

/// A call whose device does not matter: from a second screen, about a code.
pub(super) struct AnyCall {
    pub(super) call: Box<Call>,
    /// What the path names below the channel.
    pub(super) about: String,
}

/// A call that may say what it runs on.
pub(super) struct DescribedCall(pub(super) Box<Call>);

/// A call on behalf of a device.
pub(super) struct DeviceCall {
    pub(super) call: Box<Call>,
    pub(super) device: DeviceId,
    /// What the path names below the channel.
    pub(super) about: String,
}

/// A request of which nothing is proven yet.
pub(super) struct Asked<'r> {
    app: &'r App,
    parts: &'r Parts,
    arrival: Arrival,
    /// Those in the path, unless they are not UTF-8.
    names: Option<Names>,
}

impl<'r> Asked<'r> {
    pub(super) const fn new(
        app: &'r App,
        parts: &'r Parts,
        arrival: Arrival,
        names: Option<Names>,
    ) -> Self {
        Self { app, parts, arrival, names }
    }

    pub(super) async fn anybody(self) -> Result<AnyCall, Problem> {
        let call = viewer::undescribed(self.proven().await?, self.parts, self.app);
        Ok(AnyCall { call, about: self.about() })
    }

    pub(super) async fn described(self) -> Result<DescribedCall, Problem> {
        let call = self.proven().await?;
        named(self.parts)?;
        Ok(DescribedCall(described(call, self.parts, self.app)?))
    }

    pub(super) async fn device(self) -> Result<DeviceCall, Problem> {
        let call = self.proven().await?;
        let device = named(self.parts)?.ok_or(&codes::INVALID_DEVICE_IDENTIFIER)?;
        let call = described(call, self.parts, self.app)?;
        Ok(DeviceCall { call, device, about: self.about() })
    }

    async fn proven(&self) -> Result<Box<Call>, Problem> {
        let channel = self.names.as_ref().map(|names| names.channel.as_str());
        Ok(viewer::proven(self.parts, self.app, self.arrival, channel).await?)
    }

    fn about(self) -> String {
        self.names.map(|names| names.about).unwrap_or_default()
    }
}

fn named(parts: &Parts) -> Result<Option<DeviceId>, Problem> {
    identifier(parts).map_err(|header::Malformed| Problem::from(&codes::INVALID_DEVICE_IDENTIFIER))
}

fn described(call: Box<Call>, parts: &Parts, app: &App) -> Result<Box<Call>, Problem> {
    viewer::described(call, parts, app)
        .map_err(|header::Malformed| Problem::from(&codes::INVALID_DEVICE_INFO))
}
