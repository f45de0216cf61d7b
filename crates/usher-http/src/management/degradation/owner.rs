//! Who rules over what: the media company in the path through its own client, or the MVPD in the path
//! through its own.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use usher_clients::Caller;
use usher_core::{MediaCompanyId, MvpdId};
use usher_entitle::RuleOwner;
use usher_registry::{Assigned, Scope};

use super::problem::Problem;
use crate::App;
use crate::management::caller::{CallerAddress, listed_manager};

/// A proven owner of rules.
pub(super) struct Owner(pub(super) RuleOwner);

impl FromRequestParts<App> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Ok(address) = CallerAddress::from_request_parts(parts, app).await;
        let caller = listed_manager(app, parts, address, Scope::Decisions).await?;
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let path = path.map_err(|_| Problem::Unknown("media company"))?.0;
        match (path.get("company"), path.get("mvpd")) {
            (Some(company), _) => {
                company_owner(caller, &MediaCompanyId::from(company.as_str()), address)
            }
            (None, Some(mvpd)) => mvpd_owner(caller, mvpd, address),
            (None, None) => Err(Problem::Unknown("media company")),
        }
        .map(Self)
    }
}

/// The channels of `company` that the caller acts for.
fn company_owner(
    caller: Caller,
    company: &MediaCompanyId,
    CallerAddress(address): CallerAddress,
) -> Result<RuleOwner, Problem> {
    caller.snapshot.media_company(company).ok_or(Problem::Unknown("media company"))?;
    let channels: std::collections::BTreeSet<_> = caller
        .snapshot
        .channels_of(&caller.application)
        .filter(|channel| channel.media_company == *company)
        .map(|channel| channel.id.clone())
        .collect();
    if channels.is_empty() {
        return Err(Problem::NotYours);
    }
    Ok(RuleOwner {
        channels,
        mvpd: None,
        client: caller.client,
        address,
        snapshot: caller.snapshot,
    })
}

/// Every channel, but one MVPD only: the caller's own, or the proxy it manages.
fn mvpd_owner(
    caller: Caller,
    id: &str,
    CallerAddress(address): CallerAddress,
) -> Result<RuleOwner, Problem> {
    let mvpd = caller.snapshot.mvpd(id).ok_or(Problem::Unknown("MVPD"))?.id.clone();
    if !is_own(&caller.application.assigned, &mvpd) {
        return Err(Problem::NotYours);
    }
    let channels = caller.snapshot.service_providers().map(|channel| channel.id.clone()).collect();
    Ok(RuleOwner {
        channels,
        mvpd: Some(mvpd),
        client: caller.client,
        address,
        snapshot: caller.snapshot,
    })
}

fn is_own(assigned: &Assigned, wanted: &MvpdId) -> bool {
    match assigned {
        Assigned::Mvpd { id, proxy } => id == wanted || proxy.as_ref() == Some(wanted),
        Assigned::MediaCompany(_) | Assigned::ServiceProviders(_) | Assigned::Tenant(_) => false,
    }
}
