//! The `{code}` of a path.

use usher_entitle::Code;

use super::problem::{INVALID_CODE, Problem};
use crate::viewer::Segments;

/// The code in the path.
pub(super) fn in_path(path: &Segments) -> Result<Code, Problem> {
    Code::parse(path.get("code")).ok_or(Problem::from(&INVALID_CODE))
}
