//! The same two operations by the book, for clients that insist on it (`dcr` §5.5).

mod metadata;
mod register;
mod token;

pub(super) use metadata::metadata;
pub(super) use register::register;
pub(super) use token::token;

/// The ways a client may prove itself at the token endpoint.
const AUTHENTICATION_METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];
