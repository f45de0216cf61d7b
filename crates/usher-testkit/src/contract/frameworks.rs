//! The promises of [`FrameworkSignIns`].

use std::sync::Arc;
use std::time::Duration;

use usher_core::Timestamp;
use usher_entitle::{
    FrameworkSignIn, FrameworkSignIns, PlatformPartner, Profile, ProfileStore, Sealed,
};

use super::sessions::{holder, profile};

const NOW: Timestamp = Timestamp::from_millis(1_765_000_000_123);
const LIFE: Duration = Duration::from_mins(30);

/// Two handles on the same storage.
type Stores = (Arc<dyn FrameworkSignIns>, Arc<dyn ProfileStore>);

/// Checks every promise of [`FrameworkSignIns`].
///
/// `open` opens the same storage, empty at first, each time anew: what one handle has acknowledged,
/// the next one must find.
///
/// # Panics
///
/// When a promise is broken.
pub async fn frameworks(open: impl AsyncFn() -> Stores) {
    a_sign_in_is_found_while_it_lives(&open).await;
    a_new_sign_in_replaces_that_of_the_same_holder(&open).await;
    completing_stores_the_profile_and_forgets_the_sign_in(&open).await;
    sweeping_forgets_only_what_is_over(&open).await;
}

fn sign_in(name: &str) -> FrameworkSignIn {
    FrameworkSignIn {
        holder: holder(name),
        mvpd: "OpCo".into(),
        session_id: format!("session of {name}"),
        pending: Sealed::from_bytes(vec![0, 1, 254, 255]),
        not_after: NOW + LIFE,
    }
}

#[expect(clippy::expect_used, reason = "a broken promise ends the test")]
async fn found(
    open: &impl AsyncFn() -> Stores,
    name: &str,
    at: Timestamp,
) -> Option<FrameworkSignIn> {
    open().await.0.find(&holder(name), at).await.expect("find")
}

#[expect(clippy::expect_used, reason = "a broken promise ends the test")]
async fn a_sign_in_is_found_while_it_lives(open: &impl AsyncFn() -> Stores) {
    open().await.0.begin(&sign_in("framework 1")).await.expect("begin");
    assert_eq!(found(open, "framework 1", NOW).await, Some(sign_in("framework 1")));
    assert_eq!(found(open, "framework 1", NOW + LIFE).await, Some(sign_in("framework 1")));
    let over = NOW + LIFE + Duration::from_millis(1);
    assert_eq!(found(open, "framework 1", over).await, None);
    assert_eq!(found(open, "nobody", NOW).await, None);
}

#[expect(clippy::expect_used, reason = "a broken promise ends the test")]
async fn a_new_sign_in_replaces_that_of_the_same_holder(open: &impl AsyncFn() -> Stores) {
    let store = open().await.0;
    store.begin(&sign_in("framework 2")).await.expect("begin");
    let again = FrameworkSignIn {
        mvpd: "Cablevision".into(),
        session_id: "another".to_owned(),
        pending: Sealed::from_bytes(vec![7]),
        not_after: NOW + LIFE + LIFE,
        ..sign_in("framework 2")
    };
    store.begin(&again).await.expect("begin");
    assert_eq!(found(open, "framework 2", NOW).await, Some(again));
}

#[expect(clippy::expect_used, reason = "a broken promise ends the test")]
async fn completing_stores_the_profile_and_forgets_the_sign_in(open: &impl AsyncFn() -> Stores) {
    let (store, _) = open().await;
    store.begin(&sign_in("framework 3")).await.expect("begin");
    let admitted = Profile {
        framework: Some(PlatformPartner::Apple),
        fetched_at: Some(NOW),
        ..profile(holder("framework 3"), "profile of framework 3")
    };
    store.complete(&admitted).await.expect("complete");
    let held = open().await.1.held_by(&holder("framework 3")).await.expect("held_by");
    assert_eq!(held, std::slice::from_ref(&admitted));
    assert_eq!(found(open, "framework 3", NOW).await, None);

    // Nobody has to have asked, and a later sign-in takes the place.
    let later = Profile { id: "later".to_owned(), ..admitted };
    store.complete(&later).await.expect("complete");
    let held = open().await.1.held_by(&holder("framework 3")).await.expect("held_by");
    assert_eq!(held, [later]);
}

#[expect(clippy::expect_used, reason = "a broken promise ends the test")]
async fn sweeping_forgets_only_what_is_over(open: &impl AsyncFn() -> Stores) {
    let store = open().await.0;
    store.begin(&sign_in("framework 4")).await.expect("begin");
    let long = FrameworkSignIn { not_after: NOW + LIFE + LIFE, ..sign_in("framework 5") };
    store.begin(&long).await.expect("begin");
    let over = NOW + LIFE + Duration::from_millis(1);
    assert!(store.sweep(over).await.expect("sweep") >= 1);
    assert_eq!(found(open, "framework 4", NOW).await, None);
    assert_eq!(found(open, "framework 5", NOW).await, Some(long));
    assert_eq!(store.sweep(over).await.expect("sweep"), 0);
}
