//! Cablevision's decision point.

use axum::Json;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use usher_mvpd::demo::{DecisionAnswer, DecisionQuestion, DemoProvider};

use super::Demo;
use super::switchboard::misbehave;
use super::userinfo::bearer;

pub(super) async fn decide(
    Demo(demo): Demo,
    headers: HeaderMap,
    Query(question): Query<DecisionQuestion>,
) -> Response {
    if let Some(misbehaviour) = misbehave(&demo, DemoProvider::Cablevision).await {
        return misbehaviour;
    }
    match demo.decide(&question, bearer(&headers)) {
        DecisionAnswer::Decided(decision) => Json(decision).into_response(),
        DecisionAnswer::Late(slowness, decision) => {
            tokio::time::sleep(slowness).await;
            Json(decision).into_response()
        }
        DecisionAnswer::Nonsense => StatusCode::BAD_REQUEST.into_response(),
        DecisionAnswer::Unauthorized => StatusCode::UNAUTHORIZED.into_response(),
        DecisionAnswer::Broken => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
