//! What is configured: media companies, channels, TV providers, integrations, applications, policies.
//!
//! A [`Catalog`] is the document as people write it. [`Snapshot::check`] turns it into an immutable,
//! validated, indexed revision; the [`Registry`] holds the current one. A request takes one snapshot
//! and sees one revision from start to end. This crate decides what a setting means for a platform
//! ([`EffectiveSettings`]); it performs no I/O.

mod application;
mod catalog;
mod change;
mod connection;
mod daily;
mod duration;
mod integration;
mod media;
mod mvpd;
mod proxied;
mod registry;
mod settings;
mod snapshot;
mod sso;
mod streams;

pub use application::{Assigned, GrantType, RegisteredApplication, Scope, Status};
pub use catalog::{Catalog, CatalogError};
pub use change::{Change, ChangedProperty, ChangesLog, Operation, RecordedChange};
pub use connection::{Connection, Scoping};
pub use daily::Daily;
pub use integration::{Integration, MetadataRule};
pub use media::{Domain, MediaCompany, MetadataEncryption, ServiceProvider};
pub use mvpd::{
    AuthnEndpoint, AuthnProtocol, AuthzEndpoint, AuthzProtocol, Binding, ChosenEndpoints,
    ClientAuthentication, Endpoint, Endpoints, IFrame, Kind, LogoutEndpoint, LogoutMode, Mapping,
    Meaning, Mvpd, OAuthEndpoint, PartnerPlatform, Pattern, Preflight, PreflightMode, Protection,
    Protocol, ProxyIssuer, RatingStyle, RedirectLogout, ResourceFormat, RestAuthz, ReturnedState,
    SamlEndpoint, SignedPart, SingleLogout, TempPassSettings, Transform, Transport, XacmlAuthz,
    XacmlSubject,
};
pub use proxied::{
    ProxiedError, ProxiedList, ProxiedLists, ProxiedMvpd, Proxies, ProxyCaller, PushedLists,
};
pub use registry::Registry;
pub use settings::{EffectiveSettings, Platform, PlatformCategory, Settings, SettingsTable};
pub use snapshot::{LostEndpoint, OrganizationScope, Revision, Snapshot};
pub use sso::{OWN_SERVICE_TOKEN_ISSUER, PlatformIdentity, ServiceTokenIssuer, SsoScope};
pub use streams::{
    Obligation, Policy, Predicate, Rule, RuleType, Strategy, StreamApplication, Tenant, Test,
};
