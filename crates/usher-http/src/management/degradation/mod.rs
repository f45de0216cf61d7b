//! Rules of degradation (`access-variants` §1.3), for whoever runs channels, and for MVPDs that degrade
//! themselves (G13).
//!
//! Success is JSON; every error is one sentence of plain text.

mod measure;
mod owner;
mod parameters;
mod problem;
mod rate;
mod rules;

use std::sync::Arc;

use axum::routing::{MethodRouter, get};
use axum::{Router, middleware};
use usher_entitle::Measure;

use crate::App;
use rate::Rate;

/// One path for each measure, and one for all of them; below a media company, and below an MVPD.
const PATHS: [(&str, Option<Measure>); 8] = [
    ("/control/v3/degradation/{company}/authnAll", Some(Measure::AuthnAll)),
    ("/control/v3/degradation/{company}/authzAll", Some(Measure::AuthzAll)),
    ("/control/v3/degradation/{company}/authzNone", Some(Measure::AuthzNone)),
    ("/control/v3/degradation/{company}/all", None),
    ("/control/v3/degradation/mvpd/{mvpd}/authnAll", Some(Measure::AuthnAll)),
    ("/control/v3/degradation/mvpd/{mvpd}/authzAll", Some(Measure::AuthzAll)),
    ("/control/v3/degradation/mvpd/{mvpd}/authzNone", Some(Measure::AuthzNone)),
    ("/control/v3/degradation/mvpd/{mvpd}/all", None),
];

pub(super) fn routes(app: &App) -> Router<App> {
    let mut router = Router::new();
    for (path, measure) in PATHS {
        let operations = measure.map_or_else(|| get(rules::all), operations);
        router = router.route(path, operations.clone()).route(&format!("{path}/"), operations);
    }
    // A throttle that is lifted is lifted here, too (`demo` §3).
    if app.settings.throttle.limit.is_some() {
        let rate = Arc::new(Rate::new(Arc::clone(&app.clock)));
        router = router.layer(middleware::from_fn_with_state((app.clone(), rate), rate::apply));
    }
    router
}

fn operations(measure: Measure) -> MethodRouter<App> {
    get(move |app, caller, query| rules::list(app, caller, query, measure))
        .post(move |app, caller, parameters| rules::activate(app, caller, parameters, measure))
        .delete(move |app, caller, parameters| rules::remove(app, caller, parameters, measure))
}
