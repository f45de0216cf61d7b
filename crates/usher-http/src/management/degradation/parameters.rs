//! Parameters of calls about rules: in the query, in a form or in a JSON object, with the same names.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};
use usher_entitle::{Measure, RuleSelection, RuleTerms};

use super::problem::Problem;
use crate::App;

/// The largest body that is read, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Names and values that are looked at.
const PARAMETERS_MAX: usize = 1_000;

/// Seconds of a rule's life: default, least, most.
const TTL: (u64, u64, u64) = (14_400, 60, 86_400);
/// The longest text for viewers, in characters.
const MESSAGE_CHARS_MAX: usize = 512;

/// What a call says, wherever it says it: the query first.
pub(super) struct Parameters(Vec<(String, String)>);

impl FromRequest<App> for Parameters {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let mut parameters = Self::of_query(request.uri().query().unwrap_or_default());
        let body =
            to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|_| Problem::Body)?;
        let body = body.trim_ascii();
        if body.first() == Some(&b'{') {
            let object: Map<String, Value> =
                serde_json::from_slice(body).map_err(|_| Problem::Body)?;
            for (name, value) in object {
                parameters.add(&name, value)?;
            }
        } else {
            parameters.0.extend(pairs(body));
        }
        parameters.0.truncate(PARAMETERS_MAX);
        Ok(parameters)
    }
}

impl Parameters {
    /// What the query says.
    pub(super) fn of_query(query: &str) -> Self {
        Self(pairs(query.as_bytes()).take(PARAMETERS_MAX).collect())
    }

    fn add(&mut self, name: &str, value: Value) -> Result<(), Problem> {
        match value {
            Value::String(text) => self.0.push((name.to_owned(), text)),
            Value::Number(number) => self.0.push((name.to_owned(), number.to_string())),
            Value::Array(values) => {
                for value in values.into_iter().filter(|value| !value.is_array()) {
                    self.add(name, value)?;
                }
            }
            Value::Null => {}
            Value::Bool(_) | Value::Object(_) => return Err(Problem::Body),
        }
        Ok(())
    }

    /// The values of `name` that say something.
    fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.0
            .iter()
            .filter(move |(it, _)| it == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Whether `name` is there and says `true`.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.all(name).any(|value| value.eq_ignore_ascii_case("true"))
    }

    /// What the call is about. MVPDs may be repeated or listed with commas; what names resources
    /// depends on the rule.
    pub(super) fn selection(&self, measure: Option<Measure>) -> RuleSelection {
        let names: &[&str] = match measure {
            Some(Measure::AuthnAll) => &[],
            Some(Measure::AuthzAll) => &["resource"],
            Some(Measure::AuthzNone) => &["channel"],
            None => &["resource", "channel"],
        };
        let mvpds = self.all("mvpd").flat_map(|list| list.split(','));
        RuleSelection {
            channel: self.all("programmer").next().map(str::to_owned),
            mvpds: mvpds.map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect(),
            targets: names.iter().flat_map(|name| self.all(name)).map(str::to_owned).collect(),
        }
    }

    /// How long the rule lasts, and its text.
    pub(super) fn terms(&self) -> Result<RuleTerms, Problem> {
        let (default, least, most) = TTL;
        let ttl = self.all("ttl").next().map_or(Ok(default), str::parse);
        let ttl = ttl.ok().filter(|ttl| (least..=most).contains(ttl));
        let ttl =
            ttl.ok_or(Problem::Parameter("ttl", "is a number of seconds from 60 to 86400"))?;
        let message = self.all("msg").next().map(str::to_owned);
        if message.as_ref().is_some_and(|text| text.chars().count() > MESSAGE_CHARS_MAX) {
            return Err(Problem::Parameter("msg", "has more than 512 characters"));
        }
        Ok(RuleTerms { ttl: Duration::from_secs(ttl), message: message.as_deref().map(plain) })
    }
}

fn pairs(form: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    form_urlencoded::parse(form).map(|(name, value)| (name.into_owned(), value.into_owned()))
}

/// Viewers see the text; control characters have no business there (`errors` E-6).
fn plain(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mvpds_are_repeated_or_listed() {
        let parameters =
            Parameters::of_query("programmer=A&mvpd=B,C&mvpd=%20D%20&mvpd=&resource=r,1");
        let selection = parameters.selection(Some(Measure::AuthzAll));
        assert_eq!(selection.channel.as_deref(), Some("A"));
        assert_eq!(selection.mvpds, ["B", "C", "D"]);
        assert_eq!(selection.targets, ["r,1"], "an id may hold a comma");
        assert!(parameters.selection(Some(Measure::AuthzNone)).targets.is_empty());
    }

    #[test]
    fn a_rule_lasts_four_hours_unless_told_otherwise() {
        let seconds = |query| Parameters::of_query(query).terms().map(|terms| terms.ttl.as_secs());
        assert_eq!(seconds("").unwrap(), 14_400);
        assert_eq!(seconds("ttl=60").unwrap(), 60);
        for wrong in ["ttl=59", "ttl=86401", "ttl=1h", "ttl=-60"] {
            assert!(matches!(seconds(wrong), Err(Problem::Parameter("ttl", _))), "{wrong}");
        }
    }

    #[test]
    fn the_text_is_plain_and_of_bounded_length() {
        let message = |query: &str| Parameters::of_query(query).terms().map(|terms| terms.message);
        assert_eq!(message("msg=a%0D%0Ab").unwrap().as_deref(), Some("a  b"));
        assert_eq!(message("msg=+").unwrap(), None);
        assert!(message(&format!("msg={}", "x".repeat(512))).is_ok());
        assert!(message(&format!("msg={}", "x".repeat(513))).is_err());
    }
}
