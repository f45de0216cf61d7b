//! Jobs as the wire shows them (`access-variants` §5.1).

use serde_json::{Value, json};
use url::Url;
use usher_core::Timestamp;
use usher_entitle::{FoundRecords, PrivacyJob, PrivacyState};

use crate::App;

/// What these jobs are about, among the products that a request may name.
pub(super) const PRODUCT: &str = "primetimeAuthentication";

/// A job that was just taken.
pub(super) fn receipt(job: &PrivacyJob) -> Value {
    json!({
        "jobId": job.id,
        "customer": { "user": { "key": job.user_key, "action": [job.action.as_str()] } },
    })
}

/// A job with the link to its archive, if there is one.
pub(super) fn linked(app: &App, job: &PrivacyJob) -> Value {
    let mut shown = plain(job);
    let link = app.privacy.download(job).and_then(|download| {
        let mut url: Url = app.settings.base_url.clone();
        url.path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend(["data", "core", "privacy", "jobs", &job.id, "download"]);
        let expires = download.not_after.as_millis().to_string();
        url.query_pairs_mut()
            .append_pair("expires", &expires)
            .append_pair("signature", &download.signature);
        Some(url)
    });
    if let Some(link) = link {
        add(&mut shown, "downloadUrl", link.as_str().into());
    }
    shown
}

fn add(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// A job.
pub(super) fn plain(job: &PrivacyJob) -> Value {
    let ids = job.subjects.iter().map(|subject| {
        json!({
            "namespace": subject.namespace,
            "value": subject.value,
            "type": subject.kind,
            "isDeletedClientSide": false,
        })
    });
    json!({
        "jobId": job.id,
        "requestId": job.request_id,
        "userKey": job.user_key,
        "action": job.action.as_str(),
        "status": job.state.as_str(),
        "submittedBy": job.submitted_by,
        "createdDate": date(job.created_at),
        "lastModifiedDate": date(job.modified_at),
        "userIds": ids.collect::<Vec<_>>(),
        "productResponses": [product(job)],
        "regulation": job.regulation,
    })
}

fn product(job: &PrivacyJob) -> Value {
    let mut product = json!({ "product": PRODUCT, "retryCount": job.retries });
    if matches!(job.state, PrivacyState::Complete | PrivacyState::Error) {
        add(&mut product, "processedDate", date(job.modified_at).into());
    }
    add(&mut product, "productStatusResponse", response(job));
    product
}

fn response(job: &PrivacyJob) -> Value {
    let status = job.state.as_str();
    match (job.state, job.found) {
        (PrivacyState::Submitted | PrivacyState::Processing, _) => json!({ "status": status }),
        (PrivacyState::Complete, Some(found)) => json!({
            "status": status,
            "message": "Success",
            "results": results(job, found),
        }),
        (PrivacyState::Complete | PrivacyState::Error, _) => json!({
            "status": status,
            "message": "The data could not be read or changed: submit the request again.",
        }),
    }
}

fn results(job: &PrivacyJob, found: FoundRecords) -> Value {
    let contexts = job.subjects.iter().map(|subject| {
        json!({
            "namespace": subject.namespace,
            "namespaceId": 0,
            "value": subject.value,
            "type": subject.kind,
        })
    });
    json!({
        "userContexts": contexts.collect::<Vec<_>>(),
        "receiptData": {
            "createdAt": instant(job.modified_at).map(|at| at.to_string()),
            "message": "Data summary",
            "numberOfAuthenticationSessions": found.authn_sessions.to_string(),
            "numberOfAuthorizationDecisions": found.authz_decisions.to_string(),
        },
    })
}

/// `MM/DD/YYYY hh:mm AM GMT`.
fn date(at: Timestamp) -> String {
    let format = |at: jiff::Timestamp| at.strftime("%m/%d/%Y %I:%M %p GMT").to_string();
    instant(at).map(format).unwrap_or_default()
}

fn instant(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(at.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_an_american_calendar() {
        assert_eq!(date(Timestamp::from_millis(0)), "01/01/1970 12:00 AM GMT");
        assert_eq!(date(Timestamp::from_secs(1_796_050_740)), "11/30/2026 02:59 PM GMT");
        assert_eq!(date(Timestamp::from_millis(i64::MAX)), "");
    }
}
