//! The `{code}` of a path.

use usher_entitle::Code;

use super::codes;
use super::problem::Problem;

/// The code that a path is about.
pub(super) fn in_path(about: &str) -> Result<Code, Problem> {
    Code::parse(about).ok_or(Problem::from(&codes::INVALID_CODE))
}
