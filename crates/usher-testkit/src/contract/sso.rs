//! The promises of [`SsoStore`].

use std::sync::Arc;
use std::time::Duration;

use usher_core::{DeviceId, StoreError, Timestamp};
use usher_entitle::{DEVICES_MAX, LinkCode, LinkedDevice, SsoAccount, SsoStore, TokenDigest};

const NOW: Timestamp = Timestamp::from_secs(1_765_000_000);
const HOUR: Duration = Duration::from_hours(1);

/// Checks every promise of [`SsoStore`].
///
/// `open` opens the same storage, empty at first, each time anew.
///
/// # Panics
///
/// When a promise is broken.
pub async fn sso(open: impl AsyncFn() -> Arc<dyn SsoStore>) {
    a_device_that_gets_a_token_is_the_viewers(&open).await;
    a_token_is_exchanged_for_the_device_it_was_issued_to(&open).await;
    an_unlinked_device_is_gone_with_its_tokens(&open).await;
    a_viewer_has_a_bounded_number_of_devices(&open).await;
    a_code_is_redeemed_once_and_in_time(&open).await;
    sweeping_forgets_only_what_is_over(&open).await;
}

fn account(sub: &str) -> SsoAccount {
    SsoAccount { company: "acme".into(), sub: sub.to_owned() }
}

#[expect(clippy::expect_used, reason = "the suite's own names are short")]
fn device(name: &str) -> DeviceId {
    DeviceId::new(format!("{name}\0\u{fc}").as_bytes()).expect("a short name")
}

fn linked(name: &str, last_seen: Timestamp) -> LinkedDevice {
    LinkedDevice {
        device: device(name),
        device_type: Some("TV".to_owned()),
        model: None,
        os: Some("Tizen \u{fc}".to_owned()),
        os_version: Some("8.0".to_owned()),
        last_seen,
    }
}

fn token(text: &str) -> (TokenDigest, Timestamp) {
    (TokenDigest::of(text), NOW + HOUR)
}

async fn a_device_that_gets_a_token_is_the_viewers(open: &impl AsyncFn() -> Arc<dyn SsoStore>) {
    let store = open().await;
    let ann = account("ann");
    assert_eq!(store.devices(&ann).await, Ok(vec![]));
    let (tv, phone) = (linked("tv", NOW), linked("phone", NOW + HOUR / 2));
    assert_eq!(store.issue(&ann, &tv, token("tv-1")).await, Ok(()));
    assert_eq!(store.issue(&ann, &phone, token("phone-1")).await, Ok(()));
    let later = LinkedDevice { model: Some("M2".to_owned()), ..linked("tv", NOW + HOUR) };
    assert_eq!(store.issue(&ann, &later, token("tv-2")).await, Ok(()));
    for store in [store, open().await] {
        assert_eq!(store.devices(&ann).await, Ok(vec![later.clone(), phone.clone()]));
        let elsewhere = SsoAccount { company: "globex".into(), ..ann.clone() };
        assert_eq!(store.devices(&elsewhere).await, Ok(vec![]));
    }
}

async fn a_token_is_exchanged_for_the_device_it_was_issued_to(
    open: &impl AsyncFn() -> Arc<dyn SsoStore>,
) {
    let store = open().await;
    let (ben, other) = (account("ben"), account("other"));
    assert_eq!(store.issue(&ben, &linked("ben-tv", NOW), token("ben-1")).await, Ok(()));
    let at = NOW + HOUR;
    let old = TokenDigest::of("ben-1");
    assert_eq!(store.reissue(&other, old, token("x"), at).await, Ok(false));
    let unknown = TokenDigest::of("nobody's");
    assert_eq!(store.reissue(&ben, unknown, token("x"), at).await, Ok(false));
    assert_eq!(store.reissue(&ben, old, token("ben-2"), at).await, Ok(true));
    assert_eq!(store.devices(&ben).await, Ok(vec![linked("ben-tv", at)]));
    let store = open().await;
    let next = TokenDigest::of("ben-2");
    assert_eq!(store.reissue(&ben, next, token("ben-3"), at).await, Ok(true));
}

async fn an_unlinked_device_is_gone_with_its_tokens(open: &impl AsyncFn() -> Arc<dyn SsoStore>) {
    let store = open().await;
    let cam = account("cam");
    for name in ["cam-tv", "cam-phone"] {
        assert_eq!(store.issue(&cam, &linked(name, NOW), token(name)).await, Ok(()));
    }
    let devices = [device("cam-phone"), device("stranger"), device("cam-phone")];
    assert_eq!(store.unlink(&account("ann"), &devices).await, Ok(vec![]));
    assert_eq!(store.unlink(&cam, &devices).await, Ok(vec![device("cam-phone")]));
    for store in [store, open().await] {
        assert_eq!(store.devices(&cam).await, Ok(vec![linked("cam-tv", NOW)]));
        let gone = TokenDigest::of("cam-phone");
        assert_eq!(store.reissue(&cam, gone, token("x"), NOW).await, Ok(false));
    }
    // Linked again, its old token stays void.
    let store = open().await;
    assert_eq!(store.issue(&cam, &linked("cam-phone", NOW), token("new")).await, Ok(()));
    let gone = TokenDigest::of("cam-phone");
    assert_eq!(store.reissue(&cam, gone, token("x"), NOW).await, Ok(false));
}

async fn a_viewer_has_a_bounded_number_of_devices(open: &impl AsyncFn() -> Arc<dyn SsoStore>) {
    let store = open().await;
    let dee = account("dee");
    for number in 0..=DEVICES_MAX {
        let at = NOW + Duration::from_millis(number as u64);
        let name = format!("dee-{number}");
        assert_eq!(store.issue(&dee, &linked(&name, at), token(&name)).await, Ok(()));
    }
    let devices = store.devices(&dee).await.unwrap_or_default();
    assert_eq!(devices.len(), DEVICES_MAX);
    assert!(devices.iter().all(|it| it.device != device("dee-0")), "the least recently seen goes");
}

async fn a_code_is_redeemed_once_and_in_time(open: &impl AsyncFn() -> Arc<dyn SsoStore>) {
    let store = open().await;
    let acme = "acme".into();
    let code = |digits: &str, at: Timestamp| LinkCode {
        code: digits.to_owned(),
        account: account("eve"),
        not_before: at,
        not_after: at + HOUR,
    };
    assert_eq!(store.create_code(&code("111111", NOW)).await, Ok(()));
    assert_eq!(store.create_code(&code("111111", NOW)).await, Err(StoreError::Conflict));
    assert_eq!(store.create_code(&code("222222", NOW)).await, Ok(()));
    assert_eq!(store.redeem_code(&"globex".into(), "111111", NOW).await, Ok(None));
    assert_eq!(store.redeem_code(&acme, "333333", NOW).await, Ok(None));
    let asks = (0..10).map(|_| store.redeem_code(&acme, "111111", NOW + HOUR));
    let redeemed = futures_util::future::join_all(asks).await;
    assert_eq!(redeemed.iter().filter(|it| **it == Ok(Some(account("eve")))).count(), 1);
    assert_eq!(redeemed.iter().filter(|it| **it == Ok(None)).count(), 9);
    let late = NOW + HOUR + Duration::from_millis(1);
    let store = open().await;
    assert_eq!(store.redeem_code(&acme, "222222", late).await, Ok(None));
    assert_eq!(store.create_code(&code("222222", late)).await, Ok(()), "a dead code is free again");
    assert_eq!(store.redeem_code(&acme, "222222", late).await, Ok(Some(account("eve"))));
}

async fn sweeping_forgets_only_what_is_over(open: &impl AsyncFn() -> Arc<dyn SsoStore>) {
    let store = open().await;
    let fay = account("fay");
    let (early, late) =
        ((TokenDigest::of("early"), NOW + HOUR * 2), (TokenDigest::of("late"), NOW + HOUR * 9));
    assert_eq!(store.issue(&fay, &linked("fay-tv", NOW), early).await, Ok(()));
    assert_eq!(store.issue(&fay, &linked("fay-tv", NOW), late).await, Ok(()));
    assert!(store.sweep(NOW + HOUR * 3).await.is_ok_and(|swept| swept > 0));
    assert_eq!(store.reissue(&fay, early.0, token("x"), NOW).await, Ok(false));
    assert_eq!(store.reissue(&fay, late.0, token("y"), NOW).await, Ok(true));
    assert_eq!(store.devices(&fay).await.map(|devices| devices.len()), Ok(1));
}
