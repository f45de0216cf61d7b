//! The four operations on rules.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use usher_entitle::{Measure, RuleOwner, RuleSelection};

use super::measure::{answer, overview};
use super::owner::Owner;
use super::parameters::Parameters;
use super::problem::Problem;
use crate::App;

/// The rules of one measure that are in force.
pub(super) async fn list(
    State(app): State<App>,
    Owner(owner): Owner,
    RawQuery(query): RawQuery,
    measure: Measure,
) -> Result<Response, Problem> {
    let selection = Parameters::of_query(&query.unwrap_or_default()).selection(Some(measure));
    audit(&owner, "read", measure.id(), &selection);
    let mut rules = app.entitlement.degradation(&owner, &selection).await?;
    rules.retain(|rule| rule.key.measure == measure);
    Ok(answer(&rules, app.clock.now()))
}

/// The rules of every measure, those that are over included when they are asked for.
pub(super) async fn all(
    State(app): State<App>,
    Owner(owner): Owner,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let parameters = Parameters::of_query(&query.unwrap_or_default());
    let selection = parameters.selection(None);
    audit(&owner, "read", "all", &selection);
    let rules = if parameters.is_set("includeHistory") {
        app.entitlement.degradation_history(&owner, &selection).await?
    } else {
        app.entitlement.degradation(&owner, &selection).await?
    };
    Ok(overview(&rules, app.clock.now()))
}

/// Puts rules in force.
pub(super) async fn activate(
    State(app): State<App>,
    Owner(owner): Owner,
    parameters: Parameters,
    measure: Measure,
) -> Result<Response, Problem> {
    let selection = named_channel(&owner, parameters.selection(Some(measure)))?;
    let terms = parameters.terms()?;
    audit(&owner, "put in force", measure.id(), &selection);
    let rules = app.entitlement.degrade(&owner, measure, &selection, &terms).await?;
    Ok(answer(&rules, app.clock.now()))
}

/// Ends rules; the answer is what else of the measure is in force there.
pub(super) async fn remove(
    State(app): State<App>,
    Owner(owner): Owner,
    parameters: Parameters,
    measure: Measure,
) -> Result<Response, Problem> {
    let selection = named_channel(&owner, parameters.selection(Some(measure)))?;
    audit(&owner, "removed", measure.id(), &selection);
    let rest = app.entitlement.end_degradation(&owner, measure, &selection).await?;
    Ok(answer(&rest, app.clock.now()))
}

/// A media company says which channel it means; an MVPD may mean all of them.
fn named_channel(owner: &RuleOwner, selection: RuleSelection) -> Result<RuleSelection, Problem> {
    if selection.channel.is_none() && owner.mvpd.is_none() {
        return Err(Problem::Parameter("programmer", "is missing: name the channel"));
    }
    Ok(selection)
}

/// Every call leaves a line (`access-variants` G11).
fn audit(owner: &RuleOwner, done: &str, measure: &str, selection: &RuleSelection) {
    let RuleOwner { client, address, mvpd, .. } = owner;
    let RuleSelection { channel, mvpds, targets } = selection;
    tracing::info!(
        %client, %address, measure, ?mvpd, ?channel, ?mvpds, ?targets,
        "rules of degradation were {done}"
    );
}
