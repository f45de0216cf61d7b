//! REST API V2 (`pass-rest-v2`), and where a browser begins to sign in.
//!
//! One file per operation. Headers become a [`usher_entitle::Call`] in `call`, errors become codes and
//! statuses in `problem`, and nowhere else.

mod answer;
mod authenticate;
mod authorize;
pub(crate) mod body;
mod call;
mod code;
mod codes;
mod configuration;
mod create_session;
mod decision;
mod desk;
mod device;
mod framework_profile;
mod framework_session;
mod logout;
mod place;
mod preauthorize;
mod problem;
mod profile;
mod profile_by_code;
mod profiles;
mod refusal;
mod resume_session;
mod retrieve_session;
mod session;

use axum::Router;
use axum::routing::get;
use usher_entitle::{Purpose, RefusalReason};

use crate::App;
use crate::sp::page;

pub(crate) use authenticate::begin as begin_sign_in;
pub(crate) use desk::Desk;

/// What a browser opens to sign in. The rest is answered at the [`Desk`].
pub(crate) fn pages() -> Router<App> {
    let opened = get(authenticate::get).fallback(page::wrong_method);
    Router::new()
        .route("/api/v2/authenticate/{sp}/{code}", opened.clone())
        .route("/api/v2/authenticate/{sp}/{code}/", opened)
}

/// The code and the message of a refused decision.
pub(crate) fn refusal_code(
    reason: RefusalReason,
    purpose: Purpose,
) -> (&'static str, &'static str) {
    let code = refusal::code(reason, purpose);
    (code.code, code.message)
}
