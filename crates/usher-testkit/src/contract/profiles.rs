//! The promises of [`ProfileStore`].

use std::sync::Arc;
use std::time::Duration;

use usher_core::{MvpdId, Timestamp};
use usher_entitle::{
    Holder, PlatformPartner, Profile, ProfileKey, ProfileStore, Sealed, SessionStore, SsoMethod,
    SsoSubject, TOMBSTONE_RETENTION, Upstream,
};

use super::sessions::{holder, login, profile, session, signing_in, subject};

/// Two handles on the same storage: profiles come into being by completed sign-ins.
type Stores = (Arc<dyn SessionStore>, Arc<dyn ProfileStore>);

/// Checks every promise of [`ProfileStore`].
///
/// `open` opens the same storage, empty at first, each time anew: what one handle has acknowledged,
/// the next one must find.
///
/// # Panics
///
/// When a promise is broken.
pub async fn profiles(open: impl AsyncFn() -> Stores) {
    a_completed_sign_in_is_held_by_its_holder_alone(&open).await;
    a_new_sign_in_replaces_the_profile_and_clears_its_tombstone(&open).await;
    a_refused_completion_stores_nothing(&open).await;
    a_deleted_profile_is_returned_and_gone(&open).await;
    a_provider_ends_the_sign_ins_it_names(&open).await;
    what_is_stored_of_one_viewer_goes_at_once(&open).await;
    sign_ins_are_counted_by_their_endpoint_while_they_last(&open).await;
    changes_reach_only_the_sign_in_they_mean(&open).await;
    the_first_fetch_is_noted_once_however_many_ask(&open).await;
    sweeping_forgets_only_old_tombstones(&open).await;
    a_subject_leads_to_the_profiles_that_carry_it(&open).await;
    everything_a_client_made_ends_at_once(&open).await;
}

/// Signs `wanted` in; `number` is a login nobody else of the suite uses.
async fn sign_in(sessions: &dyn SessionStore, wanted: &Profile, number: u8) {
    let mut session = session("any", &format!("PROF{number:03}"));
    session.holder = wanted.key.holder.clone();
    signing_in(sessions, &session, &login(number)).await;
    let state = login(number).state;
    assert_eq!(sessions.complete_login(&state, wanted, session.not_before).await, Ok(true));
}

async fn a_completed_sign_in_is_held_by_its_holder_alone(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let first = profile(holder("held"), "first");
    let mut second = profile(holder("held"), "second");
    second.key.mvpd = "OpCo".into();
    second.not_before = second.not_before + Duration::from_secs(1);
    second.home_based = None;
    second.credentials = None;
    second.upstream = Upstream::default();
    sign_in(sessions.as_ref(), &first, 1).await;
    sign_in(sessions.as_ref(), &second, 2).await;
    let both = vec![first, second];
    for profiles in [profiles, open().await.1] {
        assert_eq!(profiles.held_by(&holder("held")).await, Ok(both.clone()));
        assert_eq!(profiles.held_by(&holder("stranger")).await, Ok(vec![]));
        let mut elsewhere = holder("held");
        elsewhere.client = "client-2".into();
        assert_eq!(profiles.held_by(&elsewhere).await, Ok(vec![]));
    }
}

async fn a_new_sign_in_replaces_the_profile_and_clears_its_tombstone(
    open: &impl AsyncFn() -> Stores,
) {
    let (sessions, profiles) = open().await;
    let old = profile(holder("renewed"), "old");
    let new = Profile { home_based: None, ..profile(holder("renewed"), "new") };
    sign_in(sessions.as_ref(), &old, 10).await;
    assert_eq!(profiles.invalidate(&old.key, "old", old.not_before).await, Ok(()));
    assert_eq!(profiles.mark_fetched(&old.key, "old", old.not_before).await, Ok(true));
    sign_in(sessions.as_ref(), &new, 11).await;
    assert_eq!(profiles.held_by(&old.key.holder).await, Ok(vec![new]));
}

async fn a_refused_completion_stores_nothing(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let wanted = profile(holder("refused"), "refused");
    let unknown = login(99).state;
    assert_eq!(sessions.complete_login(&unknown, &wanted, wanted.not_before).await, Ok(false));
    assert_eq!(profiles.held_by(&wanted.key.holder).await, Ok(vec![]));
}

async fn a_deleted_profile_is_returned_and_gone(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let wanted = profile(holder("deleted"), "deleted");
    sign_in(sessions.as_ref(), &wanted, 20).await;
    let other = ProfileKey { mvpd: "OpCo".into(), ..wanted.key.clone() };
    assert_eq!(profiles.delete(&other).await, Ok(None));
    assert_eq!(profiles.delete(&wanted.key).await, Ok(Some(wanted.clone())));
    for profiles in [profiles, open().await.1] {
        assert_eq!(profiles.delete(&wanted.key).await, Ok(None));
        assert_eq!(profiles.held_by(&wanted.key.holder).await, Ok(vec![]));
    }
}

/// A profile of `name`'s at the provider `mvpd`, which calls its viewer and session so.
fn known(name: &str, mvpd: &str, (subject, session_index): (&str, &str)) -> Profile {
    let mut profile = profile(holder(name), name);
    profile.key.mvpd = mvpd.into();
    profile.upstream = Upstream {
        endpoint: Some("saml".to_owned()),
        subject: Some(subject.to_owned()),
        session_index: Some(session_index.to_owned()),
    };
    profile
}

async fn a_provider_ends_the_sign_ins_it_names(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let couch = known("couch", "Ender", ("viewer 7", "one"));
    let kitchen = known("kitchen", "Ender", ("viewer 7", "two"));
    let other_viewer = known("other", "Ender", ("viewer 8", "one"));
    let other_mvpd = known("elsewhere", "Another", ("viewer 7", "one"));
    for (number, profile) in (70..).zip([&couch, &kitchen, &other_viewer, &other_mvpd]) {
        sign_in(sessions.as_ref(), profile, number).await;
    }
    let ender = MvpdId::from("Ender");
    let two = ["two".to_owned(), "three".to_owned()];
    assert_eq!(profiles.delete_signed_in(&ender, "nobody", &[]).await, Ok(vec![]));
    assert_eq!(profiles.delete_signed_in(&ender, "viewer 7", &two).await, Ok(vec![kitchen]));
    let all = profiles.delete_signed_in(&ender, "viewer 7", &[]).await;
    assert_eq!(all, Ok(vec![couch]));
    for (name, kept) in [("other", other_viewer), ("elsewhere", other_mvpd)] {
        assert_eq!(open().await.1.held_by(&holder(name)).await, Ok(vec![kept]));
    }
    assert_eq!(open().await.1.held_by(&holder("couch")).await, Ok(vec![]));
}

async fn what_is_stored_of_one_viewer_goes_at_once(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let of = |name: &str, user_id: &str| {
        let profile = profile(holder(name), name);
        Profile { user_id: user_id.to_owned(), ..profile }
    };
    let (tv, phone) = (of("tv of 9", "viewer 9"), of("phone of 9", "viewer 9"));
    let somebody_else = of("tv of 99", "viewer 99");
    let mut elsewhere = of("abroad of 9", "viewer 9");
    elsewhere.key.holder.service_provider = "NEWS24".into();
    let mut other_mvpd = of("other of 9", "viewer 9");
    other_mvpd.key.mvpd = "Another".into();
    let all = [&tv, &phone, &somebody_else, &elsewhere, &other_mvpd];
    for (number, profile) in (110..).zip(all) {
        sign_in(sessions.as_ref(), profile, number).await;
    }
    let (mvpd, channel) = (&tv.key.mvpd, &tv.key.holder.service_provider);
    let mut deleted = profiles.delete_of(mvpd, "viewer 9", channel).await.unwrap_or_default();
    deleted.sort_by(|one, other| other.id.cmp(&one.id));
    assert_eq!(deleted, [tv.clone(), phone]);
    assert_eq!(profiles.delete_of(mvpd, "viewer 9", channel).await, Ok(vec![]));
    for kept in [somebody_else, elsewhere, other_mvpd] {
        assert_eq!(open().await.1.held_by(&kept.key.holder).await, Ok(vec![kept]));
    }
    assert_eq!(open().await.1.held_by(&tv.key.holder).await, Ok(vec![]));
}

async fn sign_ins_are_counted_by_their_endpoint_while_they_last(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let one = known("counted", "Counter", ("a", "b"));
    let child = known("child", "Child", ("c", "d"));
    let ended = known("over", "Counter", ("e", "f"));
    for (number, profile) in (80..).zip([&one, &child, &ended]) {
        sign_in(sessions.as_ref(), profile, number).await;
    }
    assert_eq!(profiles.invalidate(&ended.key, "over", one.not_before).await, Ok(()));
    let both = [MvpdId::from("Counter"), MvpdId::from("Child")];
    let count = |endpoint, at| profiles.signed_in_through(&both, endpoint, at);
    assert_eq!(count("saml", one.not_before).await, Ok(2));
    assert_eq!(count("oauth2", one.not_before).await, Ok(0));
    assert_eq!(count("saml", one.not_after).await, Ok(0));
}

async fn changes_reach_only_the_sign_in_they_mean(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let wanted = profile(holder("changed"), "changed");
    let (key, at) = (&wanted.key, wanted.not_before);
    let news = serde_json::Map::from_iter([("language".to_owned(), "en \u{fc}".into())]);
    sign_in(sessions.as_ref(), &wanted, 30).await;

    assert_eq!(profiles.invalidate(key, "earlier", at).await, Ok(()));
    assert_eq!(profiles.set_attributes(key, "earlier", &news).await, Ok(()));
    let renewed = Sealed::from_bytes(vec![9, 0, 9]);
    assert_eq!(profiles.set_credentials(key, "earlier", &renewed).await, Ok(()));
    assert_eq!(profiles.mark_fetched(key, "earlier", at).await, Ok(false));
    assert_eq!(profiles.held_by(&key.holder).await, Ok(vec![wanted.clone()]));

    assert_eq!(profiles.set_attributes(key, "changed", &news).await, Ok(()));
    assert_eq!(profiles.set_credentials(key, "changed", &renewed).await, Ok(()));
    assert_eq!(profiles.invalidate(key, "changed", at).await, Ok(()));
    let later = at + Duration::from_secs(5);
    assert_eq!(profiles.invalidate(key, "changed", later).await, Ok(()));
    let changed = Profile {
        attributes: news,
        credentials: Some(renewed),
        invalidated_at: Some(at),
        ..wanted.clone()
    };
    for profiles in [profiles, open().await.1] {
        assert_eq!(profiles.held_by(&key.holder).await, Ok(vec![changed.clone()]));
    }
}

async fn the_first_fetch_is_noted_once_however_many_ask(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let wanted = profile(holder("fetched"), "fetched");
    let at = Timestamp::from_secs(1_765_000_100);
    sign_in(sessions.as_ref(), &wanted, 40).await;
    let asks = (0..20).map(|_| profiles.mark_fetched(&wanted.key, "fetched", at));
    let noted = futures_util::future::join_all(asks).await;
    assert_eq!(noted.iter().filter(|noted| **noted == Ok(true)).count(), 1);
    assert_eq!(noted.iter().filter(|noted| **noted == Ok(false)).count(), 19);
    let fetched = Profile { fetched_at: Some(at), ..wanted.clone() };
    assert_eq!(open().await.1.held_by(&wanted.key.holder).await, Ok(vec![fetched]));
}

async fn everything_a_client_made_ends_at_once(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let of = |name: &str, client: &str| Holder { client: client.into(), ..holder(name) };
    let [first, second, other] =
        [of("ends 1", "ended"), of("ends 2", "ended"), of("ends 3", "going on")];
    for (holder, number) in [(&first, 90), (&second, 91), (&other, 92)] {
        let made = profile(holder.clone(), &format!("ends {number}"));
        sign_in(sessions.as_ref(), &made, number).await;
    }
    let now = profile(holder("any"), "any").not_before + Duration::from_secs(7);
    let ended = profiles.invalidate_of(&"ended".into(), now).await.unwrap_or_default();
    let mut ids: Vec<_> = ended.iter().map(|profile| profile.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["ends 90", "ends 91"]);
    assert!(ended.iter().all(|profile| profile.invalidated_at == Some(now)));
    let (_, profiles) = open().await;
    for (holder, at) in [(&first, Some(now)), (&second, Some(now)), (&other, None)] {
        let held = profiles.held_by(holder).await.unwrap_or_default();
        assert_eq!(held.iter().map(|it| it.invalidated_at).collect::<Vec<_>>(), [at]);
    }
    assert_eq!(profiles.invalidate_of(&"ended".into(), now).await, Ok(Vec::new()));
}

async fn sweeping_forgets_only_old_tombstones(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let start = profile(holder("swept"), "swept").not_before;
    let end = start + Duration::from_mins(1);
    let expired = Profile { not_after: end, ..profile(holder("expired"), "expired") };
    let ended = profile(holder("ended"), "ended");
    let active =
        Profile { not_after: end + TOMBSTONE_RETENTION * 2, ..profile(holder("active"), "active") };
    let ended = Profile { not_after: active.not_after, ..ended };
    for (number, profile) in [(50, &expired), (51, &ended), (52, &active)] {
        sign_in(sessions.as_ref(), profile, number).await;
    }
    assert_eq!(profiles.invalidate(&ended.key, "ended", end).await, Ok(()));

    let before = profiles.held_by(&holder("expired")).await;
    assert!(profiles.sweep(end + TOMBSTONE_RETENTION).await.is_ok());
    assert_eq!(profiles.held_by(&holder("expired")).await, before);

    let late = end + TOMBSTONE_RETENTION + Duration::from_millis(1);
    assert!(profiles.sweep(late).await.is_ok());
    assert_eq!(profiles.held_by(&holder("expired")).await, Ok(vec![]));
    assert_eq!(profiles.held_by(&holder("ended")).await, Ok(vec![]));
    assert_eq!(profiles.held_by(&holder("active")).await, Ok(vec![active]));
}

async fn a_subject_leads_to_the_profiles_that_carry_it(open: &impl AsyncFn() -> Stores) {
    let (sessions, profiles) = open().await;
    let at = profile(holder("linked"), "linked").not_before;
    let with = |name: &str, subjects: &[u8]| Profile {
        subjects: subjects.iter().map(|number| subject(*number)).collect(),
        framework: Some(PlatformPartner::Apple),
        ..profile(holder(name), name)
    };
    let tv = with("linked-tv", &[100, 101]);
    let phone = Profile { not_before: at + Duration::from_secs(1), ..with("linked-phone", &[100]) };
    let gone = Profile { not_after: at + Duration::from_secs(9), ..with("linked-gone", &[100]) };
    for (number, profile) in [(60, &tv), (61, &phone), (62, &gone)] {
        sign_in(sessions.as_ref(), profile, number).await;
    }
    let now = gone.not_after;
    for profiles in [profiles, open().await.1] {
        assert_eq!(
            profiles.linked_to(&subject(100), now).await,
            Ok(vec![phone.clone(), tv.clone()])
        );
        assert_eq!(profiles.linked_to(&subject(101), now).await, Ok(vec![tv.clone()]));
        let other = SsoSubject::from_digest(SsoMethod::ServiceToken, [100; 32]);
        assert_eq!(profiles.linked_to(&other, now).await, Ok(vec![]));
    }

    // A new sign-in carries what it brings along, and nothing else.
    let (sessions, profiles) = open().await;
    let again = Profile { id: "again".to_owned(), ..with("linked-tv", &[102]) };
    sign_in(sessions.as_ref(), &again, 63).await;
    assert_eq!(profiles.linked_to(&subject(101), now).await, Ok(vec![]));
    assert_eq!(profiles.linked_to(&subject(102), now).await, Ok(vec![again]));
    assert_eq!(profiles.invalidate(&phone.key, "linked-phone", now).await, Ok(()));
    assert_eq!(profiles.linked_to(&subject(100), now).await, Ok(vec![]));
    assert!(profiles.delete(&tv.key).await.is_ok_and(|deleted| deleted.is_some()));
    assert_eq!(profiles.linked_to(&subject(102), now).await, Ok(vec![]));
}
