//! Submitting jobs, and following them.

use std::borrow::Cow;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use usher_entitle::{JobFilter, JobQuery, Promptness};

use super::asker::Asker;
use super::problem::Problem;
use super::{request, wire};
use crate::{App, query};

const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Jobs on a page, unless the caller wants another number of them.
const PAGE_SIZE: u32 = 50;
const PAGE_SIZE_MAX: u32 = 100;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const WAIT: &str = "wait";

/// `POST …/jobs`.
pub(super) async fn submit(
    State(app): State<App>,
    asker: Asker,
    request: Request,
) -> Result<Response, Problem> {
    let (Parts { headers, .. }, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::TooLarge)?;
    let promptness = promptness(&headers);
    let jobs = app.privacy.submit(request::read(&body, &asker)?, promptness).await?;
    let request_id = jobs.first().map(|job| job.request_id.as_str()).unwrap_or_default();
    let (by, count) = (&asker.name, jobs.len());
    tracing::info!(request = %request_id, %by, count, "a privacy request was taken");
    let receipts: Vec<_> = jobs.iter().map(wire::receipt).collect();
    let taken = json!({ "requestId": request_id, "totalRecords": count, "jobs": receipts });
    let mut response = (StatusCode::ACCEPTED, no_store(), Json(taken)).into_response();
    if promptness == Promptness::AtOnce {
        let applied = HeaderValue::from_static(WAIT);
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

/// `GET …/jobs/{job}`.
pub(super) async fn show(
    State(app): State<App>,
    asker: Asker,
    job: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = job.map_err(|_| Problem::NoJob)?;
    let job = app.privacy.find(&id, asker.organization.as_deref()).await?;
    let job = job.ok_or(Problem::NoJob)?;
    Ok((no_store(), Json(wire::linked(&app, &job))).into_response())
}

/// `GET …/jobs`.
pub(super) async fn list(
    State(app): State<App>,
    asker: Asker,
    Page { regulation, number: page, size }: Page,
) -> Result<Response, Problem> {
    let filter = JobFilter { organization: asker.organization, regulation };
    let (jobs, total) = app.privacy.list(&JobQuery { filter, page, size }).await?;
    let jobs: Vec<_> = jobs.iter().map(|job| wire::linked(&app, job)).collect();
    let listed = json!({ "jobDetails": jobs, "totalRecords": total, "page": page, "size": size });
    Ok((no_store(), Json(listed)).into_response())
}

/// Which jobs are listed.
pub(super) struct Page {
    regulation: Option<String>,
    number: u32,
    size: u32,
}

impl FromRequestParts<App> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let sizes = 1..=PAGE_SIZE_MAX;
        let size = number(&parts.uri, "size")?.unwrap_or(PAGE_SIZE);
        let size = Some(size).filter(|size| sizes.contains(size));
        Ok(Self {
            regulation: parameter(&parts.uri, "regulation")
                .filter(|law| !law.is_empty())
                .map(Cow::into_owned),
            number: number(&parts.uri, "page")?.unwrap_or(0),
            size: size.ok_or(Problem::Parameter("size"))?,
        })
    }
}

fn parameter<'u>(uri: &'u Uri, name: &str) -> Option<Cow<'u, str>> {
    query::first(uri.query().unwrap_or_default(), name)
}

fn number(uri: &Uri, name: &'static str) -> Result<Option<u32>, Problem> {
    let value = parameter(uri, name);
    value.map(|text| text.parse().map_err(|_| Problem::Parameter(name))).transpose()
}

/// Whether the caller wants to wait (RFC 7240 §4.3); for how long is not for us to promise.
fn promptness(headers: &HeaderMap) -> Promptness {
    let wanted = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let names = wanted
        .flat_map(|value| value.split([',', ';']))
        .map(|preference| preference.split('=').next().unwrap_or_default().trim());
    let waits = names.into_iter().any(|name| name.eq_ignore_ascii_case(WAIT));
    if waits { Promptness::AtOnce } else { Promptness::Soon }
}

/// Names of people are in the answers.
fn no_store() -> [(HeaderName, &'static str); 1] {
    [(header::CACHE_CONTROL, "no-store")]
}
