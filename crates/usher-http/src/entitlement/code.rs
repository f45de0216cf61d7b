//! The `{code}` of a path.

use usher_entitle::Code;

use super::codes;
use super::problem::Problem;
use crate::viewer::Segments;

/// The code in the path.
pub(super) fn in_path(path: &Segments) -> Result<Code, Problem> {
    Code::parse(path.get("code")).ok_or(Problem::from(&codes::INVALID_CODE))
}
