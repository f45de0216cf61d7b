//! What a provider says about a viewer, in the platform's words (`mvpd` §5.6, §11.1).
//!
//! Claims of a token and attributes of an assertion go the same way: found by the endpoint's table,
//! transformed as it says, brought into the JSON type that applications expect. Metadata never fail a
//! sign-in: what cannot be read is left out.

use indexmap::IndexMap;
use serde_json::{Map, Value};
use usher_registry::{Mapping, OAuthEndpoint, Transform};

use crate::path;

/// The longest user id, in characters (`mvpd` §5.5, check 16).
const USER_ID_CHARS_MAX: usize = 1024;

/// Claim and metadata key of home-based authentication (`mvpd` §6.3).
pub(crate) const HBA_STATUS: &str = "hba_status";

/// The user id in `claims`, if it is a usable one.
pub(crate) fn user_id(endpoint: &OAuthEndpoint, claims: &Value) -> Option<String> {
    let id = path::text(claims, &endpoint.user_id_claim)?.trim().to_owned();
    (1..=USER_ID_CHARS_MAX).contains(&id.chars().count()).then_some(id)
}

/// Whether `claims` hold everything the endpoint's table asks for.
pub(crate) fn are_complete(endpoint: &OAuthEndpoint, claims: &Value) -> bool {
    let there = |(claim, mapping): (&String, &Mapping)| {
        matches!(mapping.transform, Transform::Const(_)) || path::member(claims, claim).is_some()
    };
    user_id(endpoint, claims).is_some() && endpoint.claims.iter().all(there)
}

/// Whether the sign-in was home-based, when the provider says.
pub(crate) fn home_based(status: Option<&Value>) -> Option<bool> {
    status.and_then(truth)
}

/// The metadata that `table` finds by `find`, normalised, and the home-based status.
pub(crate) fn attributes(
    table: &IndexMap<String, Mapping>,
    find: impl Fn(&str) -> Option<Value>,
) -> Map<String, Value> {
    let mut found = Map::new();
    for (source, Mapping { key, transform }) in table {
        let value = match transform {
            Transform::Const(text) => Some(Value::String(text.clone())),
            other => find(source).and_then(|value| transformed(other, value)),
        };
        let Some(value) = value else { continue };
        match key.split_once('.') {
            None => drop(found.insert(key.clone(), value)),
            Some((object, member)) => {
                let entry = found.entry(object).or_insert_with(|| Map::new().into());
                if let Value::Object(members) = entry {
                    members.insert(member.to_owned(), value);
                }
            }
        }
    }
    let normal = |(key, value): (String, Value)| Some((key.clone(), normalised(&key, &value)?));
    let mut attributes: Map<_, _> = found.into_iter().filter_map(normal).collect();
    if let Some(home_based) = home_based(find(HBA_STATUS).as_ref()) {
        attributes.insert(HBA_STATUS.to_owned(), home_based.to_string().into());
    }
    attributes
}

/// `value` with `transform` done to it, or to each of its members if it is a list.
fn transformed(transform: &Transform, value: Value) -> Option<Value> {
    if let (Value::Array(values), true) = (&value, *transform != Transform::Copy) {
        let values = values.iter().filter_map(|one| transformed(transform, one.clone()));
        return Some(values.flat_map(flattened).collect());
    }
    match transform {
        Transform::Copy | Transform::Const(_) => Some(value),
        Transform::Lower => Some(word(&value)?.to_lowercase().into()),
        Transform::Upper => Some(word(&value)?.to_uppercase().into()),
        Transform::Split(separator) => {
            let text = word(&value)?;
            let parts = text.split(separator.as_str()).map(str::trim);
            Some(parts.filter(|part| !part.is_empty()).collect())
        }
        Transform::Bool => truth(&value).map(Value::Bool),
        Transform::Regex(pattern) => pattern.find(&word(&value)?).map(Value::from),
    }
}

fn flattened(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        single => vec![single],
    }
}

/// `value` in the JSON type that applications expect of `key`.
fn normalised(key: &str, value: &Value) -> Option<Value> {
    match key {
        "zip" | "channelID" | "authorized_resources" => list(value),
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
        Value::Array(values) => values.first().and_then(word),
        Value::Null | Value::Object(_) => None,
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
pub(crate) fn ratings(value: &Value) -> Option<Value> {
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
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Value::Array(values) => values.first().and_then(truth),
        Value::Null | Value::Number(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(table: &Value, claims: &Value) -> Value {
        let table = serde_json::from_value(table.clone()).unwrap();
        attributes(&table, |name| path::member(claims, name).cloned()).into()
    }

    #[test]
    fn claims_arrive_in_the_types_that_applications_expect() {
        let table = json!({
            "zip": "zip", "channels": "channelID", "max": "maxRating", "hoh": "is_hoh",
            "household": "householdID", "mirror": "allowMirroring", "absent": "x", "odd": "y",
        });
        let claims = json!({
            "zip": "10001", "channels": ["one", 2, null], "hoh": true, "household": 77,
            "max": {"MPAA": "pg-13", "VCHIP": "tv-14", "URL": "https://idp.example/Parental"},
            "mirror": "TRUE", "odd": {"a": 1}, "hba_status": "false",
        });
        assert_eq!(
            read(&table, &claims),
            json!({
                "zip": ["10001"], "channelID": ["one", "2"], "is_hoh": "1", "householdID": "77",
                "maxRating": {"MPAA": "PG-13", "VCHIP": "TV-14", "URL": "https://idp.example/Parental"},
                "allowMirroring": "true", "hba_status": "false",
            })
        );
    }

    #[test]
    fn each_transformation_does_what_it_says() {
        let table = json!({
            "list": {"key": "channelID", "split": ","},
            "tv": {"key": "maxRating.VCHIP", "case": "upper"},
            "film": "maxRating.MPAA",
            "id": {"key": "householdID", "regex": "^hh-([0-9]+)"},
            "strange": {"key": "primaryOID", "regex": "^[0-9]+$"},
            "net": {"key": "onNet", "bool": true},
            "nothing": {"key": "typeID", "const": "Primary"},
            "tongue": {"key": "language", "case": "lower"},
        });
        let claims = json!({
            "list": ["a, b", "c,"], "tv": "tv-ma", "film": "nc-17", "id": "hh-17/x",
            "strange": "x1", "net": "1", "tongue": ["EN"],
        });
        assert_eq!(
            read(&table, &claims),
            json!({
                "channelID": ["a", "b", "c"], "maxRating": {"VCHIP": "TV-MA", "MPAA": "NC-17"},
                "householdID": "17", "onNet": "true", "typeID": "Primary", "language": "en",
            })
        );
    }
}
