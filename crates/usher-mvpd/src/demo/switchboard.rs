//! What the built-in providers do wrong on demand (`mvpd` §13).
//!
//! Everything is switched off at the start, and by whoever plays with it; nothing is remembered across
//! a restart.

use std::collections::BTreeSet;

use parking_lot::Mutex;

/// A built-in provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DemoProvider {
    /// OpenID Connect and REST.
    Cablevision,
    /// SAML and XACML.
    OpCo,
    /// The same as a proxy.
    OpCoHub,
}

impl DemoProvider {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cablevision, Self::OpCo, Self::OpCoHub];

    /// Its MVPD id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Cablevision => "Cablevision",
            Self::OpCo => "OpCo",
            Self::OpCoHub => "OpCoHub",
        }
    }

    /// The provider whose address or id is `name`, in any case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.id().eq_ignore_ascii_case(name))
    }

    /// What it can do wrong.
    pub fn faults(self) -> impl Iterator<Item = Fault> {
        let oidc = self == Self::Cablevision;
        Fault::ALL.into_iter().filter(move |fault| match fault.applies_to() {
            Applies::Everywhere => true,
            Applies::Oidc => oidc,
            Applies::Saml => !oidc,
        })
    }
}

enum Applies {
    Everywhere,
    Oidc,
    Saml,
}

macro_rules! faults {
    ($($variant:ident, $name:literal, $applies:ident, $meaning:literal;)*) => {
        /// Something a provider does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $(#[doc = $meaning] $variant,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// Its name in forms.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it does.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            const fn applies_to(self) -> Applies {
                match self { $(Self::$variant => Applies::$applies,)* }
            }
        }
    };
}

faults! {
    Slow, "slow", Everywhere, "Answers after a second, wherever it is asked.";
    Silent, "silent", Everywhere, "Never answers authorization questions: they time out.";
    Failing, "failing", Everywhere, "Answers authorization questions with a server error.";
    MissingTtl, "missing-ttl", Everywhere, "Permits without saying for how long.";
    FormerKey, "former-key", Everywhere, "Signs with a key it no longer publishes.";
    WrongAudience, "wrong-audience", Everywhere, "Signs viewers in for somebody else.";
    Expired, "expired", Everywhere, "Answers with what was valid an hour ago.";
    RotatingRefreshToken, "rotating-refresh-token", Oidc, "Gives a new refresh token whenever one is used.";
    RefusedRefresh, "refused-refresh", Oidc, "Honours no refresh token.";
    BadSignature, "bad-signature", Saml, "Alters what it has signed.";
    Unsigned, "unsigned", Saml, "Signs nothing.";
    WrongRecipient, "wrong-recipient", Saml, "Confirms the subject to another address.";
    WrongDestination, "wrong-destination", Saml, "Addresses its answer to somebody else.";
    WrongIssuer, "wrong-issuer", Saml, "Answers under another name.";
    Unsolicited, "unsolicited", Saml, "Does not say which request it answers.";
    Replayed, "replayed", Saml, "Uses one assertion id for everybody.";
    Obligation, "obligation", Saml, "Permits under an obligation nobody knows.";
    Indeterminate, "indeterminate", Saml, "Cannot make up its mind about authorization questions.";
    LogoutFails, "logout-fails", Saml, "Says that it could not sign the viewer out.";
    Encrypted, "encrypted", Saml, "Encrypts its assertions (which is not wrong).";
}

impl Fault {
    /// The fault called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

/// What is switched on.
#[derive(Debug, Default)]
pub struct Switchboard(Mutex<BTreeSet<(DemoProvider, Fault)>>);

impl Switchboard {
    /// Does `provider` do this now?
    pub fn is_on(&self, provider: DemoProvider, fault: Fault) -> bool {
        self.0.lock().contains(&(provider, fault))
    }

    /// From now on `provider` does exactly these things wrong; what does not apply to it is left out.
    pub fn set(&self, provider: DemoProvider, faults: impl IntoIterator<Item = Fault>) {
        let applicable: BTreeSet<Fault> = provider.faults().collect();
        let mut on = self.0.lock();
        on.retain(|(known, _)| *known != provider);
        let wanted = faults.into_iter().filter(|fault| applicable.contains(fault));
        on.extend(wanted.map(|fault| (provider, fault)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_does_wrong_what_was_switched_on_and_can_apply_to_it() {
        let board = Switchboard::default();
        board.set(DemoProvider::OpCo, [Fault::Slow, Fault::Unsigned, Fault::RefusedRefresh]);
        let on = |provider: DemoProvider| {
            provider.faults().filter(|fault| board.is_on(provider, *fault)).collect::<Vec<_>>()
        };
        assert_eq!(on(DemoProvider::OpCo), [Fault::Slow, Fault::Unsigned]);
        assert_eq!(on(DemoProvider::Cablevision), []);
        board.set(DemoProvider::OpCo, []);
        assert_eq!(on(DemoProvider::OpCo), []);
    }

    #[test]
    fn names_lead_back() {
        for fault in Fault::ALL {
            assert_eq!(Fault::named(fault.name()), Some(fault));
        }
        assert_eq!(DemoProvider::named("opcohub"), Some(DemoProvider::OpCoHub));
        assert_eq!(DemoProvider::named("other"), None);
    }
}
