//! Finds members of JSON answers by the catalog's dotted paths.

use serde_json::Value;

/// The member at `path`: the one that is literally called so, else one level down for each dot.
///
/// The literal name comes first because claim names may be URLs (`https://idp.example/zip`).
pub(crate) fn member<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    value.get(path).or_else(|| path.split('.').try_fold(value, |value, name| value.get(name)))
}

/// The member at `path` as text; numbers and booleans as JSON writes them.
pub(crate) fn text(value: &Value, path: &str) -> Option<String> {
    match member(value, path)? {
        Value::String(text) => Some(text.clone()),
        number @ (Value::Number(_) | Value::Bool(_)) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dots_descend_unless_the_whole_name_exists() {
        let answer =
            json!({"result": {"decision": "Permit", "ttl": 60}, "a.b": true, "a": {"b": 1}});
        assert_eq!(text(&answer, "result.decision").as_deref(), Some("Permit"));
        assert_eq!(text(&answer, "result.ttl").as_deref(), Some("60"));
        assert_eq!(text(&answer, "a.b").as_deref(), Some("true"));
        assert_eq!(text(&answer, "result"), None);
        assert_eq!(text(&answer, "result.none.deeper"), None);
    }
}
