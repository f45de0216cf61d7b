//! What Cablevision publishes about itself.

use axum::Json;
use serde_json::Value;
use usher_jose::Jwks;

use super::Demo;

pub(super) async fn configuration(Demo(demo): Demo) -> Json<Value> {
    Json(demo.configuration())
}

pub(super) async fn key_set(Demo(demo): Demo) -> Json<Jwks> {
    Json(demo.key_set())
}
