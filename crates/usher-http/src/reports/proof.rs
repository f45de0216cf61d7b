//! Who asks, and what exists for them (`wolap.md` §16).

use axum::http::{HeaderMap, HeaderValue, header};
use usher_clients::Caller;
use usher_registry::{Assigned, Scope as TokenScope};
use usher_reports::{Address, Api, Scope, Viewer};

use super::problem::Problem;
use crate::{App, bearer, query};

/// Where the token was that proved the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// In the header or in a cookie.
    Header,
    /// In the query.
    Query(String),
}

impl Proof {
    pub(super) fn in_query(&self) -> Option<&str> {
        match self {
            Self::Header => None,
            Self::Query(token) => Some(token),
        }
    }
}

/// The caller that the header proves, else the query parameter, else the cookie of a page before.
pub(super) async fn caller(
    app: &App,
    headers: &HeaderMap,
    query: &str,
) -> Result<(Caller, Proof), Problem> {
    let in_query = query::first(query, "access_token");
    let in_header = bearer::token(headers);
    let token = in_header.or(in_query.as_deref()).or_else(|| cookie(headers));
    let caller = app.clients.authenticate(token).await?;
    let proof = in_query.filter(|_| in_header.is_none());
    Ok((caller, proof.map_or(Proof::Header, |token| Proof::Query(token.into_owned()))))
}

/// The cookie in which a browser keeps its token.
const COOKIE: &str = "usher-reports";

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).into_iter();
    let mut pairs = values.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Lets a browser keep the token that it opened a page with, so that the page's links need not carry it.
/// Nothing can be changed with it, and other sites cannot read what it opens.
pub(crate) fn remember(app: &App, api: Api, token: &str, headers: &mut HeaderMap) {
    let path = match api {
        Api::Esm => "/esm",
        Api::Cmu => "/cmu",
    };
    let secure = if app.settings.base_url.scheme() == "https" { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path={path}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// What the caller may see at `address`.
pub(super) fn scope(app: &App, caller: &Caller, address: &Address) -> Result<Scope, Problem> {
    let api = address.base.api();
    let may = match api {
        Api::Esm => caller.has_scope(TokenScope::Analytics),
        Api::Cmu => {
            caller.has_scope(TokenScope::StreamAnalytics)
                || caller.has_scope(TokenScope::StreamBilling) && app.reports.is_saved(address)
        }
    };
    let viewer = viewer(caller).filter(|_| may);
    viewer.and_then(|viewer| viewer.scope(api)).ok_or(Problem::NotForYou)
}

/// For whom the application acts.
fn viewer(caller: &Caller) -> Option<Viewer> {
    Some(match &caller.application.assigned {
        Assigned::MediaCompany(company) => Viewer::Company(company.clone()),
        Assigned::ServiceProviders(channels) => {
            let channel = caller.snapshot.service_provider(channels.first()?.as_str())?;
            Viewer::Channels(channel.media_company.clone(), channels.clone())
        }
        Assigned::Mvpd { id, .. } => Viewer::Mvpd(id.clone()),
        Assigned::Tenant(tenant) => Viewer::Tenant(tenant.clone()),
    })
}
