//! The promises of [`ProxiedLists`].

use std::sync::Arc;

use usher_core::{MvpdId, Timestamp};
use usher_registry::{IFrame, ProxiedList, ProxiedLists, ProxiedMvpd, PushedLists};

/// Checks every promise of [`ProxiedLists`].
///
/// `open` opens the same storage, empty at first, each time anew.
///
/// # Panics
///
/// When a promise is broken.
#[expect(clippy::expect_used, reason = "a broken promise ends the test")]
pub async fn proxied_lists(open: impl AsyncFn() -> Arc<dyn ProxiedLists>) {
    let lists = open().await;
    assert_eq!(lists.since(0).await, Ok((0, PushedLists::new())));
    let (hub, other) = (MvpdId::from("Hub"), MvpdId::from("Other"));
    let now = Timestamp::from_millis;
    lists.replace(&hub, &list(&["A", "B"]), now(1)).await.expect("kept");
    let (first, found) = lists.since(0).await.expect("lists");
    assert_eq!(found, PushedLists::from([(hub.clone(), list(&["A", "B"]))]));

    lists.replace(&other, &list(&[]), now(2)).await.expect("kept");
    lists.replace(&hub, &list(&["C"]), now(1)).await.expect("kept");
    for lists in [lists, open().await] {
        let (newest, found) = lists.since(0).await.expect("lists");
        let both = PushedLists::from([(hub.clone(), list(&["C"])), (other.clone(), list(&[]))]);
        assert_eq!(found, both);
        assert!(newest > first, "a replacement is a later revision");
        // The newest revision is told again: another may have been written at the same time.
        let again = PushedLists::from([(hub.clone(), list(&["C"]))]);
        assert_eq!(lists.since(newest).await, Ok((newest, again)));
        assert_eq!(lists.since(newest + 1).await, Ok((newest + 1, PushedLists::new())));
    }
}

/// A list that uses every member of its entries, with these ids.
#[expect(clippy::expect_used, reason = "the address is one")]
fn list(ids: &[&str]) -> ProxiedList {
    let full = |id: &&str| ProxiedMvpd {
        id: (*id).into(),
        provider_id: Some(format!("urn:hub:{id}")),
        display_name: format!("{id} \u{fc} & more"),
        logo_url: Some("https://hub.example/logo.png".parse().expect("a URL")),
        iframe: Some(IFrame { width: 360, height: 420 }),
        service_providers: Some(vec!["NEWSCH".into()]),
    };
    let bare = |id: &&str| ProxiedMvpd {
        id: format!("former-{id}").as_str().into(),
        provider_id: None,
        display_name: (*id).to_owned(),
        logo_url: None,
        iframe: None,
        service_providers: None,
    };
    ProxiedList { current: ids.iter().map(full).collect(), former: ids.iter().map(bare).collect() }
}
