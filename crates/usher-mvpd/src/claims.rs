//! What a provider says about a viewer, in the platform's words (`mvpd` §5.6, §11.1).

use indexmap::IndexMap;
use serde_json::{Map, Value};
use usher_registry::OAuthEndpoint;

use crate::path;

/// The longest user id, in characters (`mvpd` §5.5, check 16).
const USER_ID_CHARS_MAX: usize = 1024;

/// Claim and metadata key of home-based authentication (`mvpd` §6.3).
const HBA_STATUS: &str = "hba_status";

/// The user id in `claims`, if it is a usable one.
pub(crate) fn user_id(endpoint: &OAuthEndpoint, claims: &Value) -> Option<String> {
    let id = path::text(claims, &endpoint.user_id_claim)?.trim().to_owned();
    (1..=USER_ID_CHARS_MAX).contains(&id.chars().count()).then_some(id)
}

/// Whether `claims` hold everything the endpoint's table asks for.
pub(crate) fn are_complete(endpoint: &OAuthEndpoint, claims: &Value) -> bool {
    user_id(endpoint, claims).is_some()
        && endpoint.claims.keys().all(|claim| path::member(claims, claim).is_some())
}

/// Whether the sign-in was home-based, when the provider says.
pub(crate) fn home_based(claims: &Value) -> Option<bool> {
    claims.get(HBA_STATUS).and_then(truth)
}

/// The metadata that `table` (claim to key) finds in `claims`, normalised. What cannot be
/// normalised is left out: metadata never fails a sign-in.
pub(crate) fn attributes(table: &IndexMap<String, String>, claims: &Value) -> Map<String, Value> {
    let mapped = table
        .iter()
        .filter_map(|(claim, key)| Some((key, normalised(key, path::member(claims, claim)?)?)));
    let mut attributes: Map<_, _> = mapped.map(|(key, value)| (key.clone(), value)).collect();
    if let Some(home_based) = home_based(claims) {
        attributes.insert(HBA_STATUS.to_owned(), home_based.to_string().into());
    }
    attributes
}

/// `value` in the JSON type that applications expect of `key`.
fn normalised(key: &str, value: &Value) -> Option<Value> {
    match key {
        "zip" | "channelID" => list(value),
        "maxRating" => ratings(value),
        "is_hoh" => flag(value),
        HBA_STATUS | "allowMirroring" | "onNet" | "inHome" => {
            truth(value).map(|is| is.to_string().into())
        }
        _ => word(value).map(Value::String),
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn list(value: &Value) -> Option<Value> {
    let words: Vec<Value> = match value {
        Value::Array(values) => values.iter().filter_map(word).map(Value::String).collect(),
        single => vec![Value::String(word(single)?)],
    };
    Some(Value::Array(words))
}

/// Rating labels in capitals, as programmers write them; `URL` and other members as they are.
fn ratings(value: &Value) -> Option<Value> {
    let ratings = value.as_object()?.iter().filter_map(|(scheme, label)| {
        let label = word(label)?;
        let label = match scheme.as_str() {
            "MPAA" | "VCHIP" => label.to_uppercase(),
            _ => label,
        };
        Some((scheme.clone(), Value::String(label)))
    });
    Some(Value::Object(ratings.collect()))
}

/// Head of household is `"1"` or `"0"` on the wire.
fn flag(value: &Value) -> Option<Value> {
    let word = word(value)?;
    Some(Value::String(match word.as_str() {
        "true" => "1".to_owned(),
        "false" => "0".to_owned(),
        _ => word,
    }))
}

/// Booleans arrive as booleans or as text (`mvpd` §14, point 19).
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(is) => Some(*is),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn claims_arrive_in_the_types_that_applications_expect() {
        let table = ["zip", "channels", "max", "hoh", "household", "mirror", "absent", "odd"]
            .into_iter()
            .zip([
                "zip",
                "channelID",
                "maxRating",
                "is_hoh",
                "householdID",
                "allowMirroring",
                "x",
                "y",
            ])
            .map(|(claim, key)| (claim.to_owned(), key.to_owned()))
            .collect();
        let claims = json!({
            "zip": "10001", "channels": ["one", 2, null], "hoh": true, "household": 77,
            "max": {"MPAA": "pg-13", "VCHIP": "tv-14", "URL": "https://idp.example/Parental"},
            "mirror": "TRUE", "odd": {"a": 1}, "hba_status": "false",
        });
        assert_eq!(
            Value::Object(attributes(&table, &claims)),
            json!({
                "zip": ["10001"], "channelID": ["one", "2"], "is_hoh": "1", "householdID": "77",
                "maxRating": {"MPAA": "PG-13", "VCHIP": "TV-14", "URL": "https://idp.example/Parental"},
                "allowMirroring": "true", "hba_status": "false",
            })
        );
    }
}
