//! One type per identifier, so that one cannot stand where another belongs.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier `text`, taken as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, out)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

text_id! {
    /// A media company (programmer): the customer that owns channels and applications.
    MediaCompanyId;
    /// A service provider (channel, brand, requestor).
    ServiceProviderId;
    /// A pay-TV provider, the MVPD.
    MvpdId;
    /// A registered application: the `sub` of its software statements.
    SoftwareId;
    /// Credentials minted by dynamic client registration.
    ClientId;
    /// A tenant of the stream-limiting service.
    TenantId;
    /// An application of the stream-limiting service.
    ApplicationId;
}

/// A device as its application identifies it: the decoded bytes of `AP-Device-Identifier`
/// (`pass-rest-v2` §3.4), 1 to 256 of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(Arc<[u8]>);

impl DeviceId {
    /// The longest accepted identifier, in decoded bytes.
    pub const BYTES_MAX: usize = 256;

    /// The device named `bytes`, or nothing when their number is out of bounds.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (1..=Self::BYTES_MAX).contains(&bytes.len()).then(|| Self(bytes.into()))
    }

    /// The decoded identifier.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for DeviceId {
    /// Device ids are personal data: only their length is shown.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DeviceId({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_id_has_one_to_256_bytes() {
        assert!(DeviceId::new(b"").is_none());
        assert!(DeviceId::new(&[7; 256]).is_some());
        assert!(DeviceId::new(&[7; 257]).is_none());
    }

    #[test]
    fn a_device_id_does_not_print_itself() {
        let printed = DeviceId::new(b"living-room").map(|device| format!("{device:?}"));
        assert_eq!(printed.as_deref(), Some("DeviceId(11 bytes)"));
    }
}
