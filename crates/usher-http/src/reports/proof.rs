//! Who asks, and what exists for them (`wolap.md` §16).

use axum::http::HeaderMap;
use usher_clients::Caller;
use usher_registry::{Assigned, Scope as TokenScope};
use usher_reports::{Address, Api, Scope, Viewer};

use super::problem::Problem;
use crate::{App, bearer};

/// The caller that the header proves, else the one that the query parameter proves.
pub(super) async fn caller(app: &App, headers: &HeaderMap, query: &str) -> Result<Caller, Problem> {
    let in_query = form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, token)| (name == "access_token").then_some(token));
    let token = bearer::token(headers).or(in_query.as_deref());
    Ok(app.clients.authenticate(token).await?)
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
