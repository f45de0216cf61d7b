//! Who asks: a client of a media company, or the operator.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use usher_clients::Caller;
use usher_registry::{Assigned, Scope};

use super::problem::Problem;
use crate::App;
use crate::admin::operator;
use crate::management::caller::{CallerAddress, listed_manager};

/// Names the organisation that is asked for.
const ORGANIZATION: &str = "x-gw-ims-org-id";

/// Somebody who may ask.
pub(super) struct Asker {
    /// Whose data they may ask for; anybody's without.
    pub(super) organization: Option<String>,
    /// What jobs call them.
    pub(super) name: String,
}

impl Asker {
    /// Whether they may ask for `organization`.
    pub(super) fn may_ask_for(&self, organization: &str) -> bool {
        self.organization.as_deref().is_none_or(|own| own == organization)
    }
}

impl FromRequestParts<App> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let named = named(&parts.headers)?;
        if operator::is_proven(app, &parts.headers) {
            return Ok(Self { organization: named, name: "operator".to_owned() });
        }
        let Ok(address) = CallerAddress::from_request_parts(parts, app).await;
        let caller = listed_manager(app, parts, address, Scope::Privacy).await?;
        let own = organization_of(&caller).ok_or(Problem::NoCompany)?;
        if named.is_some_and(|named| named != own) {
            return Err(Problem::NotYours);
        }
        Ok(Self { organization: Some(own), name: caller.client.to_string() })
    }
}

fn named(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(ORGANIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| Problem::Header(ORGANIZATION))?.trim();
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// The organisation of the company that the application acts for as a whole.
fn organization_of(caller: &Caller) -> Option<String> {
    match &caller.application.assigned {
        Assigned::MediaCompany(company) => {
            Some(caller.snapshot.media_company(company)?.organization().to_owned())
        }
        Assigned::ServiceProviders(_) | Assigned::Mvpd { .. } | Assigned::Tenant(_) => None,
    }
}
