//! A viewer's devices: which there are, and making them somebody else's.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use usher_core::DeviceId;
use usher_entitle::SsoDevice;

use super::Success;
use super::call::TokenCall;
use super::problem::Problem;
use crate::App;
use crate::viewer::header;

/// The largest body that is read, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

#[derive(Deserialize)]
struct Ask {
    devices: Vec<String>,
}

/// The viewer's devices by their ids.
pub(super) async fn list(
    State(app): State<App>,
    TokenCall { call, device, token }: TokenCall,
) -> Result<Json<Value>, Problem> {
    let devices = app.entitlement.linked_devices(&call, &device, &token).await?;
    let members: Map<_, _> = devices.iter().map(described).collect();
    Ok(Json(json!({ "devices": members })))
}

fn described(device: &SsoDevice) -> (String, Value) {
    let SsoDevice { device, signed_in_here } = device;
    let known = [
        ("deviceType", device.device_type.as_deref()),
        ("model", device.model.as_deref()),
        ("os", device.os.as_deref()),
        ("osVersion", device.os_version.as_deref()),
    ];
    let mut members: Map<_, _> = known
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
        .collect();
    members.insert("lastSeen".to_owned(), device.last_seen.as_millis().into());
    let kind = if *signed_in_here { "regular" } else { "sso" };
    members.insert("type".to_owned(), kind.into());
    (name(&device.device), members.into())
}

/// Makes devices the viewer's no longer; ids of others are dropped without a word.
pub(super) async fn unlink(
    State(app): State<App>,
    TokenCall { call, device, token }: TokenCall,
    body: Body,
) -> Result<Success, Problem> {
    let named = devices(body).await?;
    // What was not understood is not known either.
    let ids: Vec<_> = named.iter().flat_map(|name| ids(name)).collect();
    let unlinked = app.entitlement.unlink_devices(&call, &device, &token, &ids).await?;
    let unlinked: Vec<_> = unlinked.iter().map(name).collect();
    let members = vec![("unlinkedDevices", json!(unlinked))];
    Ok(Success { status: StatusCode::OK, word: "OK", members })
}

async fn devices(body: Body) -> Result<Vec<String>, Problem> {
    let json = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::NoDevices)?;
    if json.trim_ascii().is_empty() {
        return Err(Problem::NoBody);
    }
    let ask: Ask = serde_json::from_slice(&json).map_err(|_| Problem::NoDevices)?;
    if ask.devices.is_empty() { Err(Problem::NoDevices) } else { Ok(ask.devices) }
}

/// What a text may mean: a device id, its Base64, or the whole header value (`access-variants` T11).
fn ids(text: &str) -> impl Iterator<Item = DeviceId> {
    let encoded = [text.to_owned(), format!("fingerprint {text}")];
    let encoded = encoded.into_iter().filter_map(|value| header::device(&value).ok());
    DeviceId::new(text.as_bytes()).into_iter().chain(encoded)
}

/// A device's id as text; what is none is shown in Base64.
fn name(device: &DeviceId) -> String {
    let bytes = device.as_bytes();
    std::str::from_utf8(bytes).map_or_else(|_| STANDARD.encode(bytes), str::to_owned)
}
