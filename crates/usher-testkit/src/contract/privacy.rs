//! The promises of [`PrivacyJobs`].

use std::sync::Arc;
use std::time::Duration;

use usher_core::{StoreError, Timestamp};
use usher_entitle::{JobFilter, PrivacyJobs, Sealed, StoredJob};

const NOW: Timestamp = Timestamp::from_millis(1_765_000_000_123);
const HOUR: Duration = Duration::from_hours(1);

type Open = dyn PrivacyJobs;

/// Checks every promise of [`PrivacyJobs`].
///
/// `open` opens the same storage, empty at first, each time anew: what one handle has acknowledged,
/// the next one must find.
///
/// # Panics
///
/// When a promise is broken.
pub async fn privacy_jobs(open: impl AsyncFn() -> Arc<Open>) {
    a_due_job_is_claimed_by_one_of_many(&open).await;
    jobs_are_created_all_or_none(&open).await;
    what_changes_is_found(&open).await;
    jobs_are_listed_by_whose_they_are(&open).await;
    sweeping_forgets_only_old_jobs(&open).await;
}

/// A job of an organisation of its own.
fn job(id: &str, due_at: Option<Timestamp>) -> StoredJob {
    StoredJob {
        id: id.to_owned(),
        organization: format!("org of {id}"),
        regulation: "gdpr".to_owned(),
        created_at: NOW,
        due_at,
        body: Sealed::from_bytes(format!("{id}\0").into_bytes()),
    }
}

fn of(organization: &str, id: &str, regulation: &str, minutes: u64) -> StoredJob {
    StoredJob {
        organization: organization.to_owned(),
        regulation: regulation.to_owned(),
        created_at: NOW + Duration::from_mins(minutes),
        ..job(id, None)
    }
}

async fn a_due_job_is_claimed_by_one_of_many(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let later = job("later", Some(NOW + HOUR));
    let jobs = [job("due", Some(NOW)), job("done", None), later.clone()];
    assert_eq!(store.create(&jobs).await, Ok(()));
    let again_at = NOW + HOUR * 2;
    let claims = (0..8).map(|_| store.claim(NOW, again_at));
    let claimed: Vec<_> = futures_util::future::join_all(claims).await;
    let claimed: Vec<_> = claimed.into_iter().filter_map(|claim| claim.ok().flatten()).collect();
    assert_eq!(claimed, [job("due", Some(again_at))]);
    let store = open().await;
    assert_eq!(store.claim(NOW + HOUR, again_at).await, Ok(Some(job("later", Some(again_at)))));
    assert_eq!(store.claim(NOW + HOUR, again_at).await, Ok(None));
    for id in ["due", "later"] {
        assert_eq!(store.update(&job(id, None)).await, Ok(()));
    }
    assert_eq!(store.claim(NOW + HOUR * 9, again_at).await, Ok(None));
}

async fn jobs_are_created_all_or_none(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    assert_eq!(store.create(&[job("taken", None)]).await, Ok(()));
    let both = [job("with a twin", None), job("taken", None)];
    assert_eq!(store.create(&both).await, Err(StoreError::Conflict));
    assert_eq!(open().await.find("with a twin").await, Ok(None));
}

async fn what_changes_is_found(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let before = job("changing", Some(NOW + HOUR * 100));
    assert_eq!(store.create(std::slice::from_ref(&before)).await, Ok(()));
    assert_eq!(store.find("changing").await, Ok(Some(before.clone())));
    let after = StoredJob { due_at: None, body: Sealed::from_bytes(vec![0, 159]), ..before };
    assert_eq!(store.update(&after).await, Ok(()));
    assert_eq!(open().await.find("changing").await, Ok(Some(after)));
    assert_eq!(store.find("unknown").await, Ok(None));
}

async fn jobs_are_listed_by_whose_they_are(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let jobs = [
        of("acme", "first", "gdpr", 1),
        of("acme", "second", "ccpa", 2),
        of("acme", "third", "gdpr", 3),
        of("globex", "foreign", "gdpr", 4),
    ];
    assert_eq!(store.create(&jobs).await, Ok(()));
    let store = open().await;
    let list = async |organization: Option<&str>, regulation: Option<&str>, skip, limit| {
        let filter = JobFilter {
            organization: organization.map(str::to_owned),
            regulation: regulation.map(str::to_owned),
        };
        let (jobs, total) = store.list(&filter, skip, limit).await.unwrap_or_default();
        (jobs.into_iter().map(|job| job.id).collect::<Vec<_>>().join(" "), total)
    };
    let listed = |ids: &str, total| (ids.to_owned(), total);
    assert_eq!(list(Some("acme"), None, 0, 9).await, listed("third second first", 3));
    assert_eq!(list(Some("acme"), None, 1, 1).await, listed("second", 3));
    assert_eq!(list(Some("acme"), Some("gdpr"), 0, 9).await, listed("third first", 2));
    assert_eq!(list(Some("initech"), None, 0, 9).await, listed("", 0));
    assert_eq!(list(None, Some("ccpa"), 0, 9).await, listed("second", 1));
    assert_eq!(list(None, None, 0, 1).await.0, "foreign");
}

async fn sweeping_forgets_only_old_jobs(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let mut old = job("old", Some(NOW + HOUR * 100));
    old.created_at = NOW - HOUR;
    let recent = job("recent", None);
    assert_eq!(store.create(&[old, recent.clone()]).await, Ok(()));
    assert_eq!(store.sweep(NOW).await, Ok(1));
    let store = open().await;
    assert_eq!(store.find("old").await, Ok(None));
    assert_eq!(store.find("recent").await, Ok(Some(recent)));
}
