//! `GET …/jobs/{job}/download`: what a job found, as an archive for the person who asked.

use std::io::{Cursor, Write};

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use usher_core::Timestamp;
use usher_entitle::{Download, PrivacyJob};
use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

use super::problem::Problem;
use super::wire;
use crate::{App, query};

/// The archive that a signed link leads to; the link is all that is needed.
pub(super) async fn archive(
    State(app): State<App>,
    job: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let Path(id) = job.map_err(|_| Problem::NoJob)?;
    let download = link(query.as_deref().unwrap_or_default()).ok_or(Problem::Link)?;
    let job = app.privacy.downloaded(&id, &download).await?.ok_or(Problem::Link)?;
    let archive = zipped(&job).map_err(|_| Problem::Archive)?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.zip\"", job.id)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, archive).into_response())
}

fn link(query: &str) -> Option<Download> {
    let not_after = Timestamp::from_millis(query::first(query, "expires")?.parse().ok()?);
    Some(Download { not_after, signature: query::first(query, "signature")?.into_owned() })
}

/// An archive of one file. It is small and goes out once: compressing it would gain nothing.
fn zipped(job: &PrivacyJob) -> Result<Vec<u8>, ZipError> {
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(format!("{}.json", job.id), options)?;
    archive.write_all(format!("{:#}\n", wire::plain(job)).as_bytes())?;
    Ok(archive.finish()?.into_inner())
}
