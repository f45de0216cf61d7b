//! Names of dimensions and metrics.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

macro_rules! name {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as it stands in paths, headers and records.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
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
                out.write_str(&self.0)
            }
        }
    )*};
}

name! {
    /// A dimension: one allowed path segment, one column of a report.
    Dim;
    /// A metric: one number per row of a report.
    Metric;
}

impl Dim {
    /// Whether the values are decimal numbers that sort as such (contracts README, clarification 28).
    pub fn is_level(&self) -> bool {
        matches!(self.as_str(), "concurrency-level" | "activity-level")
    }
}
