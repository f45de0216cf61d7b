//! The body of a request (`access-variants` §5.1).

use serde::Deserialize;
use usher_entitle::{PrivacyAction, PrivacyRequest, PrivacySubject, PrivacyUser};

use super::asker::Asker;
use super::problem::Problem;
use super::wire::PRODUCT;

/// The name space of organisations.
const ORGANIZATION: &str = "imsOrgID";
/// The longest id, name space or name of a person; in bytes.
const TEXT_MAX: usize = 1_024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    company_contexts: Vec<Context>,
    users: Vec<User>,
    #[serde(default)]
    include: Option<Vec<String>>,
    regulation: String,
}

#[derive(Deserialize)]
struct Context {
    namespace: String,
    value: String,
}

#[derive(Deserialize)]
struct User {
    key: String,
    action: Vec<PrivacyAction>,
    #[serde(rename = "userIDs")]
    ids: Vec<UserId>,
}

#[derive(Deserialize)]
struct UserId {
    namespace: String,
    value: String,
    #[serde(rename = "type", default = "unregistered")]
    kind: String,
}

fn unregistered() -> String {
    "unregistered".to_owned()
}

/// The request in `body`, which `asker` may make.
pub(super) fn read(body: &[u8], asker: &Asker) -> Result<PrivacyRequest, Problem> {
    let body: Body =
        serde_json::from_slice(body).map_err(|error| Problem::Body(error.to_string()))?;
    let organization = organization(&body.company_contexts)?;
    if !asker.may_ask_for(organization) {
        return Err(Problem::NotYours);
    }
    if body.include.is_some_and(|products| !products.iter().any(|it| it == PRODUCT)) {
        return Err(wrong(&format!("`include` does not name `{PRODUCT}`")));
    }
    let is_law = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(2..=32).contains(&body.regulation.len()) || !body.regulation.bytes().all(is_law) {
        return Err(wrong("`regulation` is no name of a law such as `gdpr` or `ccpa`"));
    }
    Ok(PrivacyRequest {
        organization: organization.to_owned(),
        submitted_by: asker.name.clone(),
        regulation: body.regulation,
        users: body.users.into_iter().map(user).collect::<Result<_, _>>()?,
    })
}

/// The one organisation that the contexts name.
fn organization(contexts: &[Context]) -> Result<&str, Problem> {
    let mut named = contexts.iter().filter(|context| context.namespace == ORGANIZATION);
    let first = named.next().ok_or_else(|| {
        wrong(&format!("`companyContexts` names no organization (namespace `{ORGANIZATION}`)"))
    })?;
    if named.any(|context| context.value != first.value) {
        return Err(wrong("`companyContexts` names several organizations: send one request each"));
    }
    Ok(&first.value)
}

fn user(user: User) -> Result<PrivacyUser, Problem> {
    let mut actions = user.action;
    actions.sort_by_key(|action| *action == PrivacyAction::Delete);
    actions.dedup();
    Ok(PrivacyUser {
        key: text("key", user.key)?,
        actions,
        subjects: user.ids.into_iter().map(subject).collect::<Result<_, _>>()?,
    })
}

fn subject(id: UserId) -> Result<PrivacySubject, Problem> {
    let subject = PrivacySubject {
        namespace: text("namespace", id.namespace)?,
        kind: text("type", id.kind)?,
        value: text("value", id.value)?,
    };
    if subject.mvpd().as_str().is_empty() {
        return Err(wrong("a `namespace` does not end with the id of an MVPD"));
    }
    Ok(subject)
}

fn text(name: &str, text: String) -> Result<String, Problem> {
    let is_fine = (1..=TEXT_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if is_fine {
        Ok(text)
    } else {
        Err(wrong(&format!("a `{name}` is empty, too long or no text")))
    }
}

fn wrong(what: &str) -> Problem {
    Problem::Body(what.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body() -> Value {
        json!({
            "companyContexts": [{ "namespace": "imsOrgID", "value": "acme" }],
            "users": [{
                "key": "case-1",
                "action": ["delete", "access", "delete"],
                "userIDs": [{ "namespace": "urn/of/CableOne", "value": "u-1" }],
            }],
            "regulation": "gdpr",
        })
    }

    fn asked(body: &Value) -> Result<PrivacyRequest, Problem> {
        let asker = Asker { organization: Some("acme".to_owned()), name: "client".to_owned() };
        read(body.to_string().as_bytes(), &asker)
    }

    #[test]
    fn each_action_counts_once_and_access_comes_first() {
        let request = asked(&body()).unwrap();
        let [user] = request.users.as_slice() else { panic!("one user") };
        assert_eq!(user.actions, [PrivacyAction::Access, PrivacyAction::Delete]);
        let [subject] = user.subjects.as_slice() else { panic!("one id") };
        assert_eq!((subject.mvpd().as_str(), subject.kind.as_str()), ("CableOne", "unregistered"));
    }

    #[test]
    fn what_is_no_request_is_refused_with_a_reason() {
        let wrong = [
            ("/companyContexts", json!([]), "names no organization"),
            ("/companyContexts/0/namespace", json!("other"), "names no organization"),
            ("/users/0/key", json!(""), "a `key` is"),
            ("/users/0/action/0", json!("forget"), "unknown variant `forget`"),
            ("/users/0/userIDs/0/namespace", json!("urn/of/"), "end with the id of an MVPD"),
            ("/users/0/userIDs/0/value", json!("a\nb"), "a `value` is"),
            ("/users/0/userIDs/0/value", json!("x".repeat(1_025)), "a `value` is"),
            ("/regulation", json!("the law"), "no name of a law"),
            ("/users", json!({}), "invalid type"),
        ];
        for (pointer, value, reason) in wrong {
            let mut body = body();
            *body.pointer_mut(pointer).unwrap() = value;
            let problem = asked(&body).unwrap_err();
            assert!(matches!(problem, Problem::Body(_)), "{pointer}: {problem}");
            assert!(problem.to_string().contains(reason), "{pointer}: {problem}");
        }
        let mut body = body();
        body["include"] = json!(["analytics"]);
        assert!(asked(&body).unwrap_err().to_string().contains("`include`"));
    }

    #[test]
    fn nobody_asks_for_another_organisation() {
        let mut body = body();
        body["companyContexts"][0]["value"] = json!("globex");
        assert!(matches!(asked(&body), Err(Problem::NotYours)));
    }
}
