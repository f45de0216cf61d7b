//! How this API answers where the contract leaves a choice.

/// Choices of a deployment; the defaults are the documented behaviour.
#[derive(Clone, Debug)]
pub struct StreamSettings {
    /// Whether 401 carries `WWW-Authenticate`; browsers ask their users for a password then.
    pub challenge: bool,
    /// Web origins that may call.
    pub origins: Origins,
    /// How a denying policy is called.
    pub policy_names: PolicyNames,
    /// Shown to viewers whose stream another one replaced.
    pub termination_message: String,
    /// Whether clients reach this server over TLS.
    pub over_tls: bool,
}

/// Web origins that may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// All of them.
    Any,
    /// These alone, each as a browser sends it.
    Listed(Vec<String>),
}

/// How a denying policy is called (`concurrency` O-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyNames {
    /// By its name.
    Plain,
    /// By its owner and its name, as older releases did.
    WithOwner,
}
