//! APIs for whoever runs a channel, a provider or a proxy: systems call them, not viewers' devices.
//!
//! All of them prove their caller the same way ([`caller`]) and each has answers of its own.

pub(crate) mod caller;
mod degradation;
mod passes;
mod proxies;
mod sentence;

use axum::Router;

use crate::App;

pub(crate) fn routes(app: &App) -> Router<App> {
    passes::routes().merge(degradation::routes(app)).merge(proxies::routes())
}
