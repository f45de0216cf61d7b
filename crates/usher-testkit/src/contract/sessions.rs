//! The promises of [`SessionStore`].

use std::sync::Arc;
use std::time::Duration;

use usher_core::{DeviceId, StoreError, Timestamp};
use usher_entitle::{
    AuthenticationSession, Code, DeviceInfo, Holder, Login, Origin, Parameters, PendingLogout,
    Profile, ProfileKey, RedirectUrl, Sealed, SessionStore, SsoMethod, SsoSubject, Stage,
    StateDigest, Upstream,
};

const NOW: Timestamp = Timestamp::from_millis(1_765_000_000_123);
const LIFE: Duration = Duration::from_mins(30);

/// Checks every promise of [`SessionStore`].
///
/// `open` opens the same storage, empty at first, each time anew: what one handle has acknowledged,
/// the next one must find.
///
/// # Panics
///
/// When a promise is broken.
pub async fn sessions(open: impl AsyncFn() -> Arc<dyn SessionStore>) {
    a_session_is_found_while_it_lives(&open).await;
    a_new_session_supersedes_that_of_the_same_holder(&open).await;
    a_code_is_taken_once(&open).await;
    resuming_overlays_what_is_given(&open).await;
    a_sign_in_needs_a_complete_live_session(&open).await;
    a_later_attempt_voids_the_earlier_one(&open).await;
    an_abandoned_sign_in_can_be_tried_again(&open).await;
    a_sign_in_is_completed_once_however_many_try(&open).await;
    a_completed_session_stays_as_it_is(&open).await;
    an_expired_session_cannot_be_completed(&open).await;
    a_logout_is_opened_once_and_closed_once(&open).await;
    sweeping_forgets_only_what_is_over(&open).await;
}

/// A holder nobody else of the suite uses.
#[expect(clippy::expect_used, reason = "the suite's own names are short")]
pub(super) fn holder(name: &str) -> Holder {
    let device = DeviceId::new(format!("{name}\0\u{fc}").as_bytes());
    let device = device.expect("a short name");
    Holder { service_provider: "REF30".into(), client: "client-1".into(), device }
}

#[expect(clippy::expect_used, reason = "the suite's own codes are codes")]
pub(super) fn code(text: &str) -> Code {
    Code::parse(text).expect("a code")
}

fn target() -> Parameters {
    Parameters {
        mvpd: Some("Cablevision".into()),
        domain_name: Some("acme.example".into()),
        redirect_url: Some(RedirectUrl::from_stored("https://acme.example/done?x=%20".into())),
    }
}

/// A session of `name`'s with everything it can have.
pub(super) fn session(name: &str, with_code: &str) -> AuthenticationSession {
    AuthenticationSession {
        code: code(with_code),
        session_id: format!("session of {name}"),
        holder: holder(name),
        origin: Origin {
            device_info: DeviceInfo { model: Some("Box 9".into()), ..DeviceInfo::default() },
            client_ip: "2001:db8::7".parse().ok(),
            client_port: Some(51_544),
            software: Some("software-1".into()),
            visitor_id: Some("visitor \"7\"".into()),
        },
        subjects: vec![subject(1), subject(2)],
        stage: Stage::of(target()),
        not_before: NOW,
        not_after: NOW + LIFE,
    }
}

/// Somebody nobody else of the suite is.
pub(super) fn subject(number: u8) -> SsoSubject {
    SsoSubject::from_digest(SsoMethod::Platform, [number; 32])
}

pub(super) fn login(number: u8) -> Login {
    let state = StateDigest::from_bytes([number; 32]);
    Login { state, pending: Sealed::from_bytes(vec![number, 0, 255]) }
}

pub(super) fn profile(holder: Holder, id: &str) -> Profile {
    Profile {
        id: id.to_owned(),
        key: ProfileKey { holder, mvpd: "Cablevision".into() },
        user_id: "u-1 \u{fc}".to_owned(),
        attributes: serde_json::Map::from_iter([("zip".to_owned(), vec!["10001"].into())]),
        home_based: Some(true),
        framework: None,
        subjects: Vec::new(),
        credentials: Some(Sealed::from_bytes(vec![0, 1, 255])),
        upstream: Upstream {
            endpoint: Some("saml".to_owned()),
            subject: Some(format!("subject of {id}")),
            session_index: Some("_session \u{fc}".to_owned()),
        },
        session_id: "session".to_owned(),
        not_before: NOW,
        not_after: NOW + Duration::from_hours(24),
        invalidated_at: None,
        fetched_at: None,
    }
}

/// Creates `session` and sends its viewer to the provider.
pub(super) async fn signing_in(
    store: &dyn SessionStore,
    session: &AuthenticationSession,
    login: &Login,
) {
    assert_eq!(store.create(session).await, Ok(()));
    assert_eq!(store.begin_login(&session.code, login, NOW).await, Ok(true));
}

type Open = dyn SessionStore;

async fn a_session_is_found_while_it_lives(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let full = session("found", "FOUND01");
    let bare = AuthenticationSession {
        origin: Origin::default(),
        stage: Stage::of(Parameters::default()),
        ..session("bare", "BARE001")
    };
    assert_eq!(store.create(&full).await, Ok(()));
    assert_eq!(store.create(&bare).await, Ok(()));
    for store in [store, open().await] {
        for known in [&full, &bare] {
            assert_eq!(store.find(&known.code, NOW).await, Ok(Some(known.clone())));
            let at_the_end = store.find(&known.code, known.not_after).await;
            assert_eq!(at_the_end, Ok(Some(known.clone())));
            let after = known.not_after + Duration::from_millis(1);
            assert_eq!(store.find(&known.code, after).await, Ok(None));
        }
        assert_eq!(store.find(&code("NOBODY1"), NOW).await, Ok(None));
    }
}

async fn a_new_session_supersedes_that_of_the_same_holder(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let (older, newer) = (session("super", "OLDER01"), session("super", "NEWER01"));
    let mut other_client = session("super", "OTHER01");
    other_client.holder.client = "client-2".into();
    assert_eq!(store.create(&other_client).await, Ok(()));
    signing_in(store.as_ref(), &older, &login(1)).await;
    assert_eq!(store.create(&newer).await, Ok(()));
    for store in [store, open().await] {
        assert_eq!(store.find(&older.code, NOW).await, Ok(None));
        assert_eq!(store.in_login(&login(1).state, NOW).await, Ok(None));
        assert_eq!(store.find(&newer.code, NOW).await, Ok(Some(newer.clone())));
        assert_eq!(store.find(&other_client.code, NOW).await, Ok(Some(other_client.clone())));
    }
}

async fn a_code_is_taken_once(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let first = session("first", "TAKEN01");
    assert_eq!(store.create(&first).await, Ok(()));
    assert_eq!(store.create(&session("second", "TAKEN01")).await, Err(StoreError::Conflict));
    assert_eq!(store.find(&first.code, NOW).await, Ok(Some(first)));
}

async fn resuming_overlays_what_is_given(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let nothing = Parameters::default();
    let empty =
        AuthenticationSession { stage: Stage::of(nothing.clone()), ..session("resume", "RESUME1") };
    assert_eq!(store.create(&empty).await, Ok(()));
    let some = Parameters { mvpd: Some("OpCo".into()), ..nothing.clone() };
    for given in [some.clone(), nothing] {
        let resumed = store.resume(&empty.code, &given, NOW).await;
        let expected =
            AuthenticationSession { stage: Stage::Incomplete(some.clone()), ..empty.clone() };
        assert_eq!(resumed, Ok(Some(expected)));
    }
    let resumed = store.resume(&empty.code, &target(), NOW).await;
    let expected = AuthenticationSession { stage: Stage::of(target()), ..empty.clone() };
    assert_eq!(resumed, Ok(Some(expected)));
    let late = empty.not_after + Duration::from_millis(1);
    assert_eq!(store.resume(&empty.code, &target(), late).await, Ok(None));
    assert_eq!(store.resume(&code("NOBODY1"), &target(), NOW).await, Ok(None));
}

async fn a_sign_in_needs_a_complete_live_session(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let incomplete = AuthenticationSession {
        stage: Stage::of(Parameters { domain_name: None, ..target() }),
        ..session("incomplete", "HALF001")
    };
    assert_eq!(store.create(&incomplete).await, Ok(()));
    assert_eq!(store.begin_login(&incomplete.code, &login(10), NOW).await, Ok(false));
    assert_eq!(store.begin_login(&code("NOBODY1"), &login(10), NOW).await, Ok(false));

    let ready = session("ready", "READY01");
    assert_eq!(store.create(&ready).await, Ok(()));
    let late = ready.not_after + Duration::from_millis(1);
    assert_eq!(store.begin_login(&ready.code, &login(11), late).await, Ok(false));
    assert_eq!(store.begin_login(&ready.code, &login(11), NOW).await, Ok(true));
    let Stage::Ready(whole) = ready.stage.clone() else { return };
    let away = AuthenticationSession { stage: Stage::InLogin(whole, login(11)), ..ready };
    for store in [store, open().await] {
        assert_eq!(store.in_login(&login(11).state, NOW).await, Ok(Some(away.clone())));
        assert_eq!(store.in_login(&login(11).state, late).await, Ok(None));
        assert_eq!(store.find(&away.code, NOW).await, Ok(Some(away.clone())));
    }
}

async fn a_later_attempt_voids_the_earlier_one(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let again = session("again", "AGAIN01");
    signing_in(store.as_ref(), &again, &login(20)).await;
    assert_eq!(store.begin_login(&again.code, &login(21), NOW).await, Ok(true));
    assert_eq!(store.in_login(&login(20).state, NOW).await, Ok(None));
    // So does changing the session.
    let resumed = store.resume(&again.code, &target(), NOW).await;
    assert!(matches!(resumed, Ok(Some(_))));
    assert_eq!(store.in_login(&login(21).state, NOW).await, Ok(None));
}

async fn an_abandoned_sign_in_can_be_tried_again(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let tried = session("tried", "TRIED01");
    signing_in(store.as_ref(), &tried, &login(30)).await;
    assert_eq!(store.abandon_login(&login(30).state).await, Ok(()));
    assert_eq!(store.abandon_login(&login(30).state).await, Ok(()));
    assert_eq!(store.find(&tried.code, NOW).await, Ok(Some(tried.clone())));
    assert_eq!(store.begin_login(&tried.code, &login(31), NOW).await, Ok(true));
}

async fn a_sign_in_is_completed_once_however_many_try(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let raced = session("raced", "RACED01");
    signing_in(store.as_ref(), &raced, &login(40)).await;
    let profile = profile(raced.holder.clone(), "raced");
    let state = login(40).state;
    let tries = (0..20).map(|_| store.complete_login(&state, &profile, NOW));
    let done = futures_util::future::join_all(tries).await;
    assert_eq!(done.iter().filter(|done| **done == Ok(true)).count(), 1);
    assert_eq!(done.iter().filter(|done| **done == Ok(false)).count(), 19);
}

async fn a_completed_session_stays_as_it_is(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let done = session("done", "DONE001");
    signing_in(store.as_ref(), &done, &login(50)).await;
    let profile = profile(done.holder.clone(), "done");
    assert_eq!(store.complete_login(&login(50).state, &profile, NOW).await, Ok(true));
    let Stage::Ready(whole) = done.stage.clone() else { return };
    let completed = AuthenticationSession { stage: Stage::Completed(whole), ..done };
    for store in [store, open().await] {
        assert_eq!(store.begin_login(&completed.code, &login(51), NOW).await, Ok(false));
        assert_eq!(store.resume(&completed.code, &target(), NOW).await, Ok(None));
        assert_eq!(store.in_login(&login(50).state, NOW).await, Ok(None));
        assert_eq!(store.find(&completed.code, NOW).await, Ok(Some(completed.clone())));
    }
}

async fn an_expired_session_cannot_be_completed(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let slow = session("slow", "SLOW001");
    signing_in(store.as_ref(), &slow, &login(60)).await;
    let profile = profile(slow.holder.clone(), "slow");
    let late = slow.not_after + Duration::from_millis(1);
    assert_eq!(store.complete_login(&login(60).state, &profile, late).await, Ok(false));
    assert_eq!(store.complete_login(&login(61).state, &profile, NOW).await, Ok(false));
}

async fn a_logout_is_opened_once_and_closed_once(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let logout = PendingLogout {
        state: StateDigest::from_bytes([70; 32]),
        visit: Sealed::from_bytes(vec![1, 0, 2]),
        redirect_url: RedirectUrl::from_stored("adbe.x://bye".into()),
        not_after: NOW + LIFE,
    };
    let (state, late) = (&logout.state, NOW + LIFE + Duration::from_millis(1));
    assert_eq!(store.open_logout(state, NOW).await, Ok(None));
    assert_eq!(store.begin_logout(&logout).await, Ok(()));
    let store = open().await;
    assert_eq!(store.open_logout(state, late).await, Ok(None));
    assert_eq!(store.open_logout(state, NOW).await, Ok(Some(logout.clone())));
    assert_eq!(store.open_logout(state, NOW).await, Ok(None));
    assert_eq!(store.close_logout(state, late).await, Ok(None));
    assert_eq!(store.close_logout(state, NOW).await, Ok(Some(logout.clone())));
    assert_eq!(store.close_logout(state, NOW).await, Ok(None));
}

async fn sweeping_forgets_only_what_is_over(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let over = AuthenticationSession { not_after: NOW, ..session("over", "OVER001") };
    let live = session("live", "LIVE001");
    assert_eq!(store.create(&over).await, Ok(()));
    assert_eq!(store.create(&live).await, Ok(()));
    assert_eq!(store.sweep(NOW).await, Ok(0));
    assert_eq!(store.sweep(NOW + Duration::from_millis(1)).await, Ok(1));
    assert_eq!(store.find(&over.code, NOW).await, Ok(None));
    assert_eq!(store.find(&live.code, NOW).await, Ok(Some(live)));
}
