//! The front door of the demo world.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use usher_core::ServiceProviderId;
use usher_mvpd::demo::{CHANNELS, SUBSCRIBERS, Subscriber};
use usher_registry::{Assigned, RegisteredApplication, Snapshot};

use super::Demo;
use super::page::page;
use super::reports;
use crate::App;

#[derive(Template)]
#[template(path = "demo/index.html")]
struct Index<'i> {
    base: &'i str,
    /// Its name, as a domain of the channels.
    host: String,
    providers: Vec<Provider>,
    subscribers: Vec<Viewer>,
    channels: [&'static str; 5],
    applications: Vec<Application>,
}

/// A TV provider as the table shows it.
struct Provider {
    id: &'static str,
    name: String,
    logo: String,
    how: &'static str,
    /// Whether it works today.
    today: &'static str,
}

/// A subscriber as the table shows it.
struct Viewer {
    name: &'static str,
    zip: &'static str,
    package: String,
    special: &'static str,
}

/// A registered application as the table shows it.
struct Application {
    name: String,
    acts_for: String,
    scopes: String,
    /// Whether there are reports for it.
    reads_reports: bool,
}

/// The providers that `demo` §3 lists, in its order.
const PROVIDERS: [(&str, &str, &str); 6] = [
    ("Cablevision", "OpenID Connect sign-in, REST authorization", "ready"),
    ("OpCo", "SAML 2.0 sign-in, XACML authorization", "ready"),
    ("OpCoProxied", "like OpCo, through a proxy", "ready"),
    ("FreeHour", "temporary pass: one hour per device", "ready"),
    ("PromoPass", "promotional pass: two titles in a day", "ready"),
    ("Unlinked", "no channel works with it", "as it should be"),
];

pub(super) async fn index(State(app): State<App>, Demo(demo): Demo) -> Response {
    let snapshot = app.registry.snapshot();
    page(
        StatusCode::OK,
        &Index {
            base: demo.origin(),
            host: app.settings.base_url.host_str().unwrap_or("localhost").to_owned(),
            providers: providers(&snapshot),
            subscribers: SUBSCRIBERS.iter().map(Viewer::of).collect(),
            channels: CHANNELS,
            applications: applications(&snapshot),
        },
    )
}

fn providers(snapshot: &Snapshot) -> Vec<Provider> {
    PROVIDERS
        .iter()
        .filter_map(|(id, how, today)| {
            let mvpd = snapshot.mvpd(id)?;
            let name = mvpd.display_name.clone();
            Some(Provider { id, name, logo: mvpd.logo_url.path().to_owned(), how, today })
        })
        .collect()
}

/// In the order of their ids, which is the catalog's.
fn applications(snapshot: &Snapshot) -> Vec<Application> {
    let mut applications: Vec<_> = snapshot.applications().collect();
    applications.sort_by(|one, other| one.id.cmp(&other.id));
    applications.into_iter().map(|application| Application::of(application)).collect()
}

impl Application {
    fn of(application: &RegisteredApplication) -> Self {
        let acts_for = match &application.assigned {
            Assigned::MediaCompany(id) => format!("media company {id}"),
            Assigned::ServiceProviders(ids) => {
                let ids: Vec<_> = ids.iter().map(ServiceProviderId::as_str).collect();
                ids.join(", ")
            }
            Assigned::Mvpd { id, proxy: Some(proxy) } => format!("provider {id}, proxy {proxy}"),
            Assigned::Mvpd { id, proxy: None } => format!("provider {id}"),
            Assigned::Tenant(id) => format!("tenant {id}"),
        };
        let scopes: Vec<_> = application.scopes.iter().map(|scope| scope.as_str()).collect();
        Self {
            name: application.name.clone(),
            acts_for,
            scopes: scopes.join(", "),
            reads_reports: reports::api(application).is_some(),
        }
    }
}

impl Viewer {
    fn of(subscriber: &Subscriber) -> Self {
        let package = match subscriber.channels.len() {
            0 => "none".to_owned(),
            5 => "all five channels".to_owned(),
            _ => subscriber.channels.join(", "),
        };
        let Subscriber { name, zip, special, .. } = *subscriber;
        Self { name, zip, package, special: special.describe() }
    }
}
