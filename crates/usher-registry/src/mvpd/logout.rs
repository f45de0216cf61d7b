//! How viewers sign out at the provider (`mvpd` §5.7, §6.5).

use serde::Deserialize;
use url::Url;

use super::endpoints::{Endpoint, Protocol};

/// A way to sign out.
pub type LogoutEndpoint = Endpoint<LogoutMode>;

/// How viewers sign out.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum LogoutMode {
    /// Not at all: usher forgets them, the provider does not.
    None,
    /// The browser is sent to a URL with a return address.
    Redirect(RedirectLogout),
    /// SAML single logout.
    SamlSlo(SingleLogout),
}

/// Logout by a visit to a URL.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedirectLogout {
    /// Where to send the browser.
    pub url: Url,
    /// Name of the parameter that carries the return address.
    #[serde(default = "redirect_uri")]
    pub return_parameter: String,
    /// How the browser brings back what it came for.
    #[serde(default)]
    pub state: ReturnedState,
}

/// Where the reference of a logout travels while the browser is at the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnedState {
    /// In the return address: for providers that know no `state`.
    #[default]
    InAddress,
    /// In `state`, beside a return address that never changes: for providers that compare addresses
    /// with registered ones, as OpenID providers do.
    Beside,
}

/// SAML single logout.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SingleLogout {
    /// Where logout requests go, by redirect.
    pub url: Url,
    /// Where answers to the provider's own requests go, when not to `url`.
    #[serde(default)]
    pub response_url: Option<Url>,
    /// Is an unsigned answer no answer?
    #[serde(default)]
    pub require_signed_response: bool,
}

impl Protocol for LogoutMode {
    fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Redirect(_) => "redirect",
            Self::SamlSlo(_) => "saml_slo",
        }
    }
}

fn redirect_uri() -> String {
    "redirect_uri".to_owned()
}
