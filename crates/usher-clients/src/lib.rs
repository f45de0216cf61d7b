//! Software statements, registered clients and access tokens: who is calling.
//!
//! [`Clients`] turns a software statement into client credentials, credentials into access tokens, and
//! an access token into a [`Caller`]. A token proves nothing by its signature alone: client and
//! application are looked up on every call, so that revoking either takes effect at once (`dcr` §10).
//! What a caller may do with which channel is asked of the [`Caller`]; wire formats and status codes
//! belong to the HTTP edge.

mod bearer;
mod client;
mod clients;
mod redirect;
mod register;
mod statement;
mod token;

pub use bearer::{BearerError, Caller};
pub use client::{Client, ClientStore};
pub use clients::{Clients, ClientsConfig};
pub use redirect::permits_redirect;
pub use register::{RegisterError, Registered, Registration};
pub use statement::StatementError;
pub use token::{Credentials, IssuedToken, TokenAsk, TokenError};
