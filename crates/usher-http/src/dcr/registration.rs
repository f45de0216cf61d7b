//! The body of a registration request, in both forms.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use usher_clients::Registration;
use usher_jose::jws::TOKEN_BYTES_MAX;

use super::problem::Problem;

/// More redirect URIs than this are refused.
const REDIRECT_URIS_MAX: usize = 16;

/// Reads the documented form (`dcr` §5.1).
pub(super) fn documented(body: &[u8]) -> Result<Registration, Problem> {
    let mut members = Members::read(body)?;
    let software_statement = members.software_statement()?;
    let redirect_uris = match members.0.remove("redirect_uri") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(uri)) => vec![uri],
        Some(_) => return Err(Problem::InvalidRequest),
    };
    Ok(Registration { software_statement, redirect_uris })
}

/// Reads the standard form (RFC 7591 §3.1). What the statement does not say is left at our defaults,
/// as §3.2.1 there permits.
pub(super) fn standard(body: &[u8]) -> Result<Registration, Problem> {
    let mut members = Members::read(body)?;
    let software_statement = members.software_statement()?;
    let redirect_uris: Vec<String> = match members.0.remove("redirect_uris") {
        None | Some(Value::Null) => Vec::new(),
        Some(uris) => serde_json::from_value(uris).map_err(|_| Problem::InvalidRedirectUri)?,
    };
    if redirect_uris.len() > REDIRECT_URIS_MAX {
        return Err(Problem::InvalidRedirectUri);
    }
    Ok(Registration { software_statement, redirect_uris })
}

/// The members of a JSON object, none of them twice.
struct Members(HashMap<String, Value>);

impl Members {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body).map_err(|_| Problem::InvalidRequest)
    }

    fn software_statement(&mut self) -> Result<String, Problem> {
        match self.0.remove("software_statement") {
            Some(Value::String(text)) if (1..=TOKEN_BYTES_MAX).contains(&text.len()) => Ok(text),
            _ => Err(Problem::InvalidRequest),
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OnceEach)
    }
}

struct OnceEach;

impl<'de> Visitor<'de> for OnceEach {
    type Value = Members;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = HashMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is repeated"));
            }
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(String, Vec<String>), Problem> {
        documented(body.as_bytes()).map(|ask| (ask.software_statement, ask.redirect_uris))
    }

    #[test]
    fn a_statement_is_enough_and_unknown_members_are_ignored() {
        let expected = Ok(("a.b.c".to_owned(), Vec::new()));
        assert_eq!(read(r#"{"software_statement":"a.b.c"}"#), expected);
        assert_eq!(read(r#"{"software_statement":"a.b.c","x":[1],"redirect_uri":null}"#), expected);
    }

    #[test]
    fn a_redirect_uri_is_taken_as_it_is() {
        let body = r#"{"software_statement":"a.b.c","redirect_uri":"adbe.x://y"}"#;
        assert_eq!(read(body), Ok(("a.b.c".to_owned(), vec!["adbe.x://y".to_owned()])));
    }

    #[test]
    fn what_cannot_be_read_is_an_invalid_request() {
        let endless = format!(r#"{{"software_statement":"{}"}}"#, "a".repeat(TOKEN_BYTES_MAX + 1));
        for body in [
            "",
            "not JSON",
            "[]",
            "\"a.b.c\"",
            "null",
            "{}",
            r#"{"software_statement":""}"#,
            r#"{"software_statement":7}"#,
            r#"{"software_statement":null}"#,
            r#"{"software_statement":"a","redirect_uri":7}"#,
            r#"{"software_statement":"a","software_statement":"a"}"#,
            r#"{"software_statement":"a","x":1,"x":1}"#,
            r#"{"software_statement":"a"} {}"#,
            &endless,
        ] {
            assert_eq!(read(body), Err(Problem::InvalidRequest), "{body}");
        }
    }

    #[test]
    fn the_standard_form_has_a_list_of_redirect_uris() {
        let body = br#"{"software_statement":"a","redirect_uris":["https://x/","y:"]}"#;
        assert_eq!(standard(body).map(|ask| ask.redirect_uris.len()), Ok(2));
        let body = br#"{"software_statement":"a","redirect_uris":"https://x/"}"#;
        assert_eq!(standard(body).err(), Some(Problem::InvalidRedirectUri));
    }
}
