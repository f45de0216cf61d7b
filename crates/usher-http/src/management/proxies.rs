//! The providers behind a proxy, for whoever runs the proxy (`mvpd` §12.2).
//!
//! A list is XML; every error is one sentence of plain text.

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use percent_encoding::percent_decode;
use usher_core::MvpdId;
use usher_registry::{Assigned, IFrame, ProxiedError, ProxiedMvpd, ProxyCaller, Scope};
use usher_saml::proxied::{self, ListError, ProxiedEntry};

use super::caller::{CallerAddress, NotAllowed, listed_manager};
use super::sentence;
use crate::App;

const PATH: &str = "/control/v3/mvpd-proxies/{proxy}/mvpds";

/// The form field, and the header, that holds a list.
const FIELD: &str = "proxied-mvpds";

/// The largest body: a list, every character of which may be three.
const BODY_BYTES_MAX: usize = 12 * 1024 * 1024;

pub(super) fn routes() -> Router<App> {
    let operations = get(list).post(replace);
    Router::new().route(PATH, operations.clone()).route(&format!("{PATH}/"), operations)
}

async fn list(State(app): State<App>, manager: Manager) -> Result<Response, Problem> {
    let entries: Vec<_> = app.proxies.list(&manager.proxy)?.iter().map(entry).collect();
    let media_type = [(header::CONTENT_TYPE, "application/xml;charset=utf-8")];
    Ok((media_type, proxied::write(&entries)).into_response())
}

async fn replace(
    State(app): State<App>,
    manager: Manager,
    Document(document): Document,
) -> Result<StatusCode, Problem> {
    let entries = proxied::read(&document)?;
    let list = entries.into_iter().map(mvpd).collect::<Result<_, _>>()?;
    app.proxies.replace(&manager.proxy, list, &manager.caller).await?;
    Ok(StatusCode::CREATED)
}

/// A proven manager of the proxy in the path.
struct Manager {
    proxy: MvpdId,
    caller: ProxyCaller,
}

impl FromRequestParts<App> for Manager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Ok(address) = CallerAddress::from_request_parts(parts, app).await;
        let caller = listed_manager(app, parts, address, Scope::ProxiedMvpds).await?;
        let path = Path::<String>::from_request_parts(parts, app).await;
        let proxy = MvpdId::new(path.map(|Path(proxy)| proxy).unwrap_or_default());
        let manages = match &caller.application.assigned {
            Assigned::Mvpd { id, proxy: Some(managed) } => *id == proxy || *managed == proxy,
            Assigned::Mvpd { id, proxy: None } => *id == proxy,
            Assigned::MediaCompany(_) | Assigned::ServiceProviders(_) | Assigned::Tenant(_) => {
                false
            }
        };
        if !manages {
            return Err(Problem::NotYours);
        }
        let caller = ProxyCaller { client: caller.client, address: address.0 };
        Ok(Self { proxy, caller })
    }
}

/// The list as text, wherever the caller put it: the body as it is, a form field, or a header.
struct Document(String);

impl FromRequest<App> for Document {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::Body)?;
        let field = if body.trim_ascii_start().first() == Some(&b'<') {
            Some(body.to_vec())
        } else {
            form_field(&body).or_else(|| header_field(&parts.headers))
        };
        let text = String::from_utf8(field.ok_or(Problem::Missing)?);
        text.map(Self).map_err(|_| Problem::Body)
    }
}

fn form_field(body: &Bytes) -> Option<Vec<u8>> {
    let (_, value) = form_urlencoded::parse(body).find(|(name, _)| name == FIELD)?;
    Some(decoded(value.as_bytes()))
}

fn header_field(headers: &HeaderMap) -> Option<Vec<u8>> {
    Some(decoded(headers.get(FIELD)?.as_bytes()))
}

/// Some callers encode the document before they make a form of it.
fn decoded(value: &[u8]) -> Vec<u8> {
    let encoded = value.trim_ascii_start().starts_with(b"%3");
    if encoded { percent_decode(value).collect() } else { value.to_vec() }
}

/// An entry of a document as the catalog knows it.
fn mvpd(entry: ProxiedEntry) -> Result<ProxiedMvpd, Problem> {
    let logo_url = entry.logo_url.map(|url| url.parse()).transpose();
    Ok(ProxiedMvpd {
        logo_url: logo_url.map_err(|_| Problem::Logo(entry.id.clone()))?,
        id: MvpdId::new(entry.id),
        provider_id: entry.provider_id,
        display_name: entry.display_name,
        iframe: entry.iframe.map(|(width, height)| IFrame { width, height }),
        service_providers: entry
            .requestor_ids
            .map(|ids| ids.iter().map(|id| id.as_str().into()).collect()),
    })
}

fn entry(mvpd: &ProxiedMvpd) -> ProxiedEntry {
    ProxiedEntry {
        id: mvpd.id.to_string(),
        provider_id: mvpd.provider_id.clone(),
        display_name: mvpd.display_name.clone(),
        logo_url: mvpd.logo_url.as_ref().map(ToString::to_string),
        iframe: mvpd.iframe.map(|frame| (frame.width, frame.height)),
        requestor_ids: mvpd
            .service_providers
            .as_ref()
            .map(|ids| ids.iter().map(ToString::to_string).collect()),
    }
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Caller(#[from] NotAllowed),
    #[error("your application does not manage this proxy")]
    NotYours,
    #[error("the list is missing: send it as the form field `{FIELD}`, or as the body")]
    Missing,
    #[error("the body is too large, or no UTF-8")]
    Body,
    #[error("the `logoURL` of `{0}` is no absolute URL")]
    Logo(String),
    #[error(transparent)]
    List(#[from] ListError),
    #[error(transparent)]
    Proxied(#[from] ProxiedError),
}

impl Problem {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Caller(refusal) => refusal.status(),
            Self::NotYours | Self::Proxied(ProxiedError::NotAProxy(_)) => StatusCode::FORBIDDEN,
            Self::Missing
            | Self::Body
            | Self::Logo(_)
            | Self::List(_)
            | Self::Proxied(
                ProxiedError::TooMany
                | ProxiedError::Duplicate(_)
                | ProxiedError::Taken(_)
                | ProxiedError::Id(_)
                | ProxiedError::Name(_)
                | ProxiedError::UnknownChannel(_),
            ) => StatusCode::BAD_REQUEST,
            Self::Proxied(ProxiedError::Store(_)) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Self::Proxied(ProxiedError::Store(error)) = &self {
            tracing::error!(%error, "a list of proxied MVPDs cannot be kept");
        }
        sentence::render(self.status(), &self)
    }
}
