//! Where requests to this API are answered.
//!
//! Reads of profiles and decisions are most of what entitlement does, so that a request goes straight to
//! its operation here, as those of stream limiting do, instead of through the layers around axum's router.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::TryFutureExt as _;
use tokio::time::Instant;
use usher_core::TraceId;

use super::call::Asked;
use super::codes;
use super::place::{Endpoint, Place, is_below_base};
use super::problem::Problem;
use super::{
    authorize, configuration, create_session, framework_profile, framework_session, logout,
    preauthorize, profile, profile_by_code, profiles, resume_session, retrieve_session,
};
use crate::throttle::{self, Throttle};
use crate::viewer::Arrival;
use crate::{App, cors, request_log, trace};

/// Answers requests to this API.
pub(crate) struct Desk {
    app: App,
    throttle: Arc<Throttle>,
}

impl Desk {
    pub(crate) const fn new(app: App, throttle: Arc<Throttle>) -> Self {
        Self { app, throttle }
    }

    /// Whether a request for `path` is answered here.
    pub(crate) fn serves(path: &str) -> bool {
        is_below_base(path)
    }

    /// Answers a request of `peer` and logs it.
    pub(crate) async fn serve(&self, peer: SocketAddr, request: Request) -> Response {
        let began = Instant::now();
        let method = request.method().clone();
        let uri = request.uri().clone();
        let place = Place::find(uri.path());
        let origin = request.headers().get(header::ORIGIN).cloned();
        let mut response = if method == Method::OPTIONS {
            cors::preflight()
        } else if self.throttle.admits(&request, peer.ip()) {
            self.answer(place.as_ref(), peer, request).await
        } else {
            throttle::refusal()
        };
        cors::allow(response.headers_mut(), origin);
        let route = place.map_or("/api/v2", |place| place.endpoint.route());
        request_log::line(&method, route, response.status(), began);
        response
    }

    /// The answer to a request, which is given a name that the answer carries.
    async fn answer(
        &self,
        place: Option<&Place<'_>>,
        peer: SocketAddr,
        request: Request,
    ) -> Response {
        let trace = TraceId::new(self.app.entropy.as_ref(), self.app.clock.now());
        let arrival = Arrival { trace, peer: Some(peer) };
        let (parts, body) = request.into_parts();
        let refused = |problem: Problem| problem.render(&self.app, trace);
        let mut response = match place {
            None => refused(Problem::from(&codes::RESOURCE_NOT_FOUND)),
            Some(place) if !place.endpoint.allows(&parts.method) => {
                let mut refusal = refused(Problem::from(&codes::METHOD_NOT_ALLOWED));
                refusal.headers_mut().insert(header::ALLOW, place.endpoint.allow());
                refusal
            }
            Some(place) => {
                self.operation(place, arrival, &parts, body).await.unwrap_or_else(refused)
            }
        };
        trace::tell(trace, &mut response);
        response
    }

    /// The operation at `place`.
    fn operation<'r>(
        &'r self,
        place: &Place<'_>,
        arrival: Arrival,
        parts: &'r Parts,
        body: Body,
    ) -> Operation<'r> {
        let (app, asked) = (&self.app, Asked::new(&self.app, parts, arrival, place.names()));
        match place.endpoint {
            Endpoint::Configuration => {
                boxed(async { Ok(configuration::get(app, asked.described().await?)) })
            }
            Endpoint::Sessions => {
                boxed(async { create_session::post(app, asked.device().await?, body).await })
            }
            Endpoint::Session if parts.method == Method::POST => {
                boxed(async { resume_session::post(app, asked.anybody().await?, body).await })
            }
            Endpoint::Session => {
                boxed(async { retrieve_session::get(app, asked.anybody().await?).await })
            }
            Endpoint::Profiles => boxed(async { profiles::get(app, asked.device().await?).await }),
            Endpoint::Profile => boxed(async { profile::get(app, asked.device().await?).await }),
            Endpoint::ProfileByCode => {
                boxed(async { profile_by_code::get(app, asked.anybody().await?).await })
            }
            Endpoint::Preauthorize => {
                boxed(async { preauthorize::post(app, asked.device().await?, body).await })
            }
            Endpoint::Authorize | Endpoint::AuthorizeInCookbooks => {
                boxed(async { authorize::post(app, asked.device().await?, body).await })
            }
            Endpoint::Logout => {
                let query = parts.uri.query().unwrap_or_default();
                boxed(async move { logout::get(app, asked.device().await?, query).await })
            }
            Endpoint::FrameworkSession => {
                boxed(async { framework_session::post(app, asked.device().await?, body).await })
            }
            Endpoint::FrameworkProfile => {
                boxed(async { framework_profile::post(app, asked.device().await?, body).await })
            }
        }
    }
}

/// An operation at work, in a box of its own size: no request carries room for the largest of all
/// operations around.
type Operation<'r> = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'r>>;

fn boxed<'r, A: IntoResponse + 'r>(
    operation: impl Future<Output = Result<A, Problem>> + Send + 'r,
) -> Operation<'r> {
    Box::pin(operation.map_ok(IntoResponse::into_response))
}
