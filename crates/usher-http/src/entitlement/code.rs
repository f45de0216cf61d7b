//! The `{code}` of a path.

use usher_entitle::Code;

use super::call::Segments;
use super::problem::{INVALID_CODE, Problem};

/// The code in the path.
pub(super) fn in_path(path: &Segments) -> Result<Code, Problem> {
    Code::parse(path.get("code")).ok_or(Problem::from(&INVALID_CODE))
}
