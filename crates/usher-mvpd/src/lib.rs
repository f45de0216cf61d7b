//! Talks to TV providers: signs viewers in and out there, and asks whether they may watch.
//!
//! [`Gateway`] implements the two ports of `usher-entitle` and picks the adapter by the catalog: OAuth
//! 2.0 / OpenID Connect sign-in and REST authorization today. It promises that a provider's answer is
//! believed only when it proves itself, that every exchange is bounded in time, bytes and number, and
//! that nothing a provider sends can fail in another way than the ports allow. It keeps no record of
//! viewers: what later calls need is handed back as opaque credentials.
//!
//! [`demo`] holds the providers that `usher demo` brings along. They share no protocol code with the
//! gateway: what works between the two works over real HTTP.

mod breaker;
mod check;
mod claims;
mod credentials;
pub mod demo;
mod exchange;
mod gateway;
mod guard;
mod import;
mod lanes;
mod meaning;
mod oauth;
mod path;
mod peer;
mod rest;
mod saml;
mod text;
mod trust;
mod workers;
mod xacml;

pub use check::{Finding, Verdict, day};
pub use demo::DemoProviders;
pub use gateway::{Gateway, GatewayError, GatewayPorts, GatewaySettings};
pub use import::{Import, ImportError};
pub use peer::PlainHttp;
pub use saml::{SamlKey, SamlSettings};
pub use usher_saml::Resource;
