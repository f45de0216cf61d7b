//! The promises of [`TrialStore`].

use std::sync::Arc;
use std::time::Duration;

use usher_core::{DeviceId, Timestamp};
use usher_entitle::{
    DEVICES_AT_ONCE, FoundTrials, IdentityHash, Pass, Trial, TrialHolder, TrialStore,
};

const NOW: Timestamp = Timestamp::from_millis(1_765_000_000_123);

/// Checks every promise of [`TrialStore`].
///
/// `open` opens the same storage, empty at first, each time anew: what one handle has acknowledged,
/// the next one must find.
///
/// # Panics
///
/// When a promise is broken.
pub async fn trials(open: impl AsyncFn() -> Arc<dyn TrialStore>) {
    a_trial_is_found_by_each_name_of_its_holder_alone(&open).await;
    a_name_leads_to_one_trial(&open).await;
    one_of_many_starts_a_trial(&open).await;
    a_change_needs_the_revision_it_was_made_from(&open).await;
    each_of_many_changes_counts(&open).await;
    whoever_carries_on_gets_a_name(&open).await;
    devices_are_listed_in_order_without_gaps(&open).await;
    a_forgotten_trial_loses_all_its_names(&open).await;
    all_trials_of_one_pass_are_forgotten_at_once(&open).await;
    a_reset_that_is_due_happens_once(&open).await;
    sweeping_removes_only_what_it_may(&open).await;
}

fn pass(name: &str) -> Pass {
    Pass { service_provider: "REF30".into(), mvpd: name.into() }
}

#[expect(clippy::expect_used, reason = "the suite's own names are short")]
fn device(name: &str) -> DeviceId {
    DeviceId::new(format!("{name}\0\u{fc}").as_bytes()).expect("a short name")
}

/// A device of `pass_name`'s without viewer. Each check has a pass of its own.
fn on(pass_name: &str, device_name: &str) -> TrialHolder {
    TrialHolder { pass: pass(pass_name), device: device(device_name), identity: None }
}

fn with(pass_name: &str, device_name: &str, viewer: &str) -> TrialHolder {
    TrialHolder { identity: IdentityHash::of(viewer), ..on(pass_name, device_name) }
}

fn trial(id: &str) -> Trial {
    Trial {
        id: id.to_owned(),
        revision: 0,
        started_at: NOW,
        not_after: NOW + Duration::from_hours(1),
        used: vec!["one \u{fc}".to_owned()],
    }
}

fn by_both(trial: &Trial) -> FoundTrials {
    FoundTrials { by_device: Some(trial.clone()), by_identity: Some(trial.clone()) }
}

fn by_device(trial: &Trial) -> FoundTrials {
    FoundTrials { by_device: Some(trial.clone()), by_identity: None }
}

fn by_identity(trial: &Trial) -> FoundTrials {
    FoundTrials { by_device: None, by_identity: Some(trial.clone()) }
}

type Open = dyn TrialStore;

async fn a_trial_is_found_by_each_name_of_its_holder_alone(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let (holder, mine) = (with("found", "tv", "ann"), trial("found"));
    assert_eq!(store.find(&holder).await, Ok(FoundTrials::default()));
    assert_eq!(store.start(&holder, &mine).await, Ok(true));
    for store in [store, open().await] {
        assert_eq!(store.find(&holder).await, Ok(by_both(&mine)));
        assert_eq!(store.find(&on("found", "tv")).await, Ok(by_device(&mine)));
        assert_eq!(store.find(&with("found", "phone", "ann")).await, Ok(by_identity(&mine)));
        let strangers = [with("found", "phone", "ben"), with("other", "tv", "ann")];
        let mut elsewhere = holder.clone();
        elsewhere.pass.service_provider = "NEWS24".into();
        for stranger in strangers.iter().chain([&elsewhere]) {
            assert_eq!(store.find(stranger).await, Ok(FoundTrials::default()));
        }
    }
}

async fn a_name_leads_to_one_trial(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let mine = trial("one");
    assert_eq!(store.start(&with("one", "tv", "ann"), &mine).await, Ok(true));
    for taken in [with("one", "tv", "ben"), with("one", "phone", "ann")] {
        assert_eq!(store.start(&taken, &trial("one-2")).await, Ok(false));
    }
    assert_eq!(store.find(&with("one", "phone", "ben")).await, Ok(FoundTrials::default()));
    // Two trials may meet in one question.
    let other = trial("one-3");
    assert_eq!(store.start(&with("one", "phone", "ben"), &other).await, Ok(true));
    let both = FoundTrials { by_device: Some(mine), by_identity: Some(other) };
    assert_eq!(store.find(&with("one", "tv", "ben")).await, Ok(both));
}

async fn one_of_many_starts_a_trial(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let (holder, store) = (&with("race", "tv", "ann"), &store);
    let asks =
        (0..20).map(async |number| store.start(holder, &trial(&format!("race-{number}"))).await);
    let started = futures_util::future::join_all(asks).await;
    assert_eq!(started.iter().filter(|started| **started == Ok(true)).count(), 1);
    assert_eq!(started.iter().filter(|started| **started == Ok(false)).count(), 19);
}

async fn a_change_needs_the_revision_it_was_made_from(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let (holder, first) = (on("changed", "tv"), trial("changed"));
    assert_eq!(store.carry_on(&holder, &first).await, Ok(false));
    assert_eq!(store.start(&holder, &first).await, Ok(true));
    let more = Trial { used: vec!["one".to_owned(), "two".to_owned()], ..first.clone() };
    assert_eq!(store.carry_on(&holder, &more).await, Ok(true));
    assert_eq!(store.carry_on(&holder, &first).await, Ok(false));
    let changed = Trial { revision: 1, ..more };
    assert_eq!(open().await.find(&holder).await, Ok(by_device(&changed)));
}

async fn each_of_many_changes_counts(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let (holder, first) = (on("many", "tv"), trial("many"));
    assert_eq!(store.start(&holder, &first).await, Ok(true));
    let asks = (0..20).map(|_| store.carry_on(&holder, &first));
    let changed = futures_util::future::join_all(asks).await;
    assert_eq!(changed.iter().filter(|changed| **changed == Ok(true)).count(), 1);
    assert_eq!(changed.iter().filter(|changed| **changed == Ok(false)).count(), 19);
}

async fn whoever_carries_on_gets_a_name(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let mine = trial("joined");
    assert_eq!(store.start(&with("joined", "tv", "ann"), &mine).await, Ok(true));
    assert_eq!(store.start(&on("joined", "taken"), &trial("joined-2")).await, Ok(true));
    assert_eq!(store.carry_on(&with("joined", "phone", "ann"), &mine).await, Ok(true));
    let mine = Trial { revision: 1, ..mine };
    assert_eq!(store.find(&on("joined", "phone")).await, Ok(by_device(&mine)));
    // A name that leads somewhere goes on leading there.
    assert_eq!(store.carry_on(&with("joined", "taken", "ann"), &mine).await, Ok(true));
    let taken = by_device(&trial("joined-2"));
    assert_eq!(store.find(&on("joined", "taken")).await, Ok(taken));
}

async fn devices_are_listed_in_order_without_gaps(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let count = DEVICES_AT_ONCE + 1;
    let name = |number: usize| format!("tv {number:05}");
    for number in 0..count {
        let holder = with("listed", &name(number), "ann");
        let holder = if number == 0 { holder } else { on("listed", &name(number)) };
        assert_eq!(store.start(&holder, &trial(&format!("listed {number}"))).await, Ok(true));
    }
    let first = store.devices(&pass("listed"), None).await.unwrap_or_default();
    let rest = store.devices(&pass("listed"), first.last()).await.unwrap_or_default();
    assert_eq!((first.len(), rest.len()), (DEVICES_AT_ONCE, 1));
    let expected: Vec<_> = (0..count).map(|number| device(&name(number))).collect();
    assert_eq!([first, rest].concat(), expected);
    assert_eq!(store.devices(&pass("unlisted"), None).await, Ok(vec![]));
}

async fn a_forgotten_trial_loses_all_its_names(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let (holder, other) = (with("forgotten", "tv", "ann"), on("forgotten", "attic"));
    assert_eq!(store.start(&other, &trial("attic")).await, Ok(true));
    for id in ["forgotten-1", "forgotten-2", "forgotten-3"] {
        assert_eq!(store.start(&holder, &trial(id)).await, Ok(true), "{id}");
        assert_eq!(store.carry_on(&with("forgotten", "phone", "ann"), &trial(id)).await, Ok(true));
        let forgotten = match id {
            "forgotten-1" => store.forget_device(&holder.pass, &device("phone")).await,
            _ => match &holder.identity {
                Some(identity) => store.forget_identity(&holder.pass, identity).await,
                None => Ok(()),
            },
        };
        assert_eq!(forgotten, Ok(()));
        assert_eq!(store.carry_on(&holder, &trial(id)).await, Ok(false));
        for name in [&holder, &on("forgotten", "phone")] {
            assert_eq!(open().await.find(name).await, Ok(FoundTrials::default()));
        }
    }
    assert_eq!(store.forget_device(&holder.pass, &device("nobody")).await, Ok(()));
    assert_eq!(store.find(&other).await, Ok(by_device(&trial("attic"))));
}

async fn all_trials_of_one_pass_are_forgotten_at_once(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let (mine, elsewhere) = (with("all", "tv", "ann"), with("not all", "tv", "ann"));
    assert_eq!(store.start(&elsewhere, &trial("not-all")).await, Ok(true));
    for round in ["all-1", "all-2", "all-3"] {
        assert_eq!(store.start(&mine, &trial(round)).await, Ok(true), "{round}");
        assert_eq!(store.find(&mine).await, Ok(by_both(&trial(round))));
        assert_eq!(store.forget_all(&mine.pass).await, Ok(()));
        assert_eq!(open().await.find(&mine).await, Ok(FoundTrials::default()));
        assert_eq!(store.carry_on(&mine, &trial(round)).await, Ok(false));
    }
    assert_eq!(store.find(&elsewhere).await, Ok(by_both(&trial("not-all"))));
}

async fn a_reset_that_is_due_happens_once(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let (mine, elsewhere) = (with("due", "tv", "ann"), with("not due", "tv", "ann"));
    assert_eq!(store.start(&elsewhere, &trial("not-due")).await, Ok(true));
    for (round, due) in [("due-1", NOW), ("due-2", NOW + Duration::from_hours(24))] {
        assert_eq!(store.start(&mine, &trial(round)).await, Ok(true), "{round}");
        assert_eq!(store.forget_all_once(&mine.pass, due).await, Ok(()));
        assert_eq!(open().await.find(&mine).await, Ok(FoundTrials::default()));
        let after = trial(&format!("{round}-after"));
        assert_eq!(store.start(&mine, &after).await, Ok(true));
        for again in [due, due - Duration::from_hours(1)] {
            assert_eq!(open().await.forget_all_once(&mine.pass, again).await, Ok(()));
            assert_eq!(store.find(&mine).await, Ok(by_both(&after)));
        }
        assert_eq!(store.forget_all(&mine.pass).await, Ok(()));
    }
    assert_eq!(store.find(&elsewhere).await, Ok(by_both(&trial("not-due"))));
}

async fn sweeping_removes_only_what_it_may(open: &impl AsyncFn() -> Arc<Open>) {
    let store = open().await;
    let (mine, void) = (on("swept", "tv"), on("void", "tv"));
    assert_eq!(store.start(&void, &trial("void-1")).await, Ok(true));
    assert_eq!(store.forget_all(&void.pass).await, Ok(()));
    assert_eq!(store.start(&void, &trial("void-2")).await, Ok(true));
    assert_eq!(store.start(&mine, &trial("swept")).await, Ok(true));
    assert!(store.sweep(None).await.is_ok());
    assert_eq!(store.sweep(None).await, Ok(0));
    assert_eq!(store.find(&void).await, Ok(by_device(&trial("void-2"))));
    let end = trial("swept").not_after;
    assert!(store.sweep(Some(end - Duration::from_millis(1))).await.is_ok());
    assert_eq!(store.find(&mine).await, Ok(by_device(&trial("swept"))));
    assert!(store.sweep(Some(end)).await.is_ok());
    assert_eq!(open().await.find(&mine).await, Ok(FoundTrials::default()));
}
