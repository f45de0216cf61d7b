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
mod device;
mod framework_profile;
mod framework_session;
mod logout;
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
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use usher_entitle::{Purpose, RefusalReason};

use crate::sp::page;
use crate::{App, trace};
pub(crate) use authenticate::begin as begin_sign_in;
use problem::Problem;

/// Every JSON operation: path and handlers. Each path is served with and without a trailing slash.
fn operations() -> [(&'static str, MethodRouter<App>); 12] {
    [
        ("/api/v2/{sp}/configuration", get(configuration::get)),
        ("/api/v2/{sp}/sessions", post(create_session::post)),
        ("/api/v2/{sp}/sessions/{code}", get(retrieve_session::get).post(resume_session::post)),
        ("/api/v2/{sp}/profiles", get(profiles::get)),
        ("/api/v2/{sp}/profiles/{mvpd}", get(profile::get)),
        ("/api/v2/{sp}/profiles/code/{code}", get(profile_by_code::get)),
        ("/api/v2/{sp}/decisions/preauthorize/{mvpd}", post(preauthorize::post)),
        ("/api/v2/{sp}/decisions/authorize/{mvpd}", post(authorize::post)),
        // As both published cookbooks print it.
        ("/api/v2/{sp}/decision/authorize/{mvpd}", post(authorize::post)),
        ("/api/v2/{sp}/logout/{mvpd}", get(logout::get)),
        ("/api/v2/{sp}/sessions/sso/{partner}", post(framework_session::post)),
        ("/api/v2/{sp}/profiles/sso/{partner}", post(framework_profile::post)),
    ]
}

/// What all paths of the API begin with.
const BASE: &str = "/api/v2";

pub(crate) fn routes(app: &App) -> Router<App> {
    let mut api = Router::new().fallback(no_such_resource);
    for (path, operation) in operations() {
        let path = path.strip_prefix(BASE).unwrap_or(path);
        let operation = operation.fallback(wrong_method);
        api = api.route(path, operation.clone()).route(&format!("{path}/"), operation);
    }
    let opened = get(authenticate::get).fallback(page::wrong_method);
    let browser = Router::new()
        .route("/api/v2/authenticate/{sp}/{code}", opened.clone())
        .route("/api/v2/authenticate/{sp}/{code}/", opened);
    let api = api
        .layer(from_fn_with_state(app.clone(), problem::render))
        .layer(from_fn_with_state(app.clone(), trace::name));
    Router::new().nest(BASE, api).merge(browser)
}

/// The code and the message of a refused decision.
pub(crate) fn refusal_code(
    reason: RefusalReason,
    purpose: Purpose,
) -> (&'static str, &'static str) {
    let code = refusal::code(reason, purpose);
    (code.code, code.message)
}

async fn no_such_resource() -> Problem {
    Problem::from(&codes::RESOURCE_NOT_FOUND)
}

async fn wrong_method() -> Problem {
    Problem::from(&codes::METHOD_NOT_ALLOWED)
}
