use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_000);
const HOUR: Duration = Duration::from_hours(1);

fn settings(resources_max: Option<u32>, identity_key: Option<&str>) -> TempPassSettings {
    TempPassSettings {
        ttl: Some(HOUR),
        resources_max,
        identity_key: identity_key.map(Into::into),
        reset_daily: None,
    }
}

fn basic() -> Terms {
    Terms::of(Some(&settings(None, None)), None).unwrap()
}

fn promotional() -> Terms {
    Terms::of(Some(&settings(Some(2), Some("email"))), None).unwrap()
}

fn holder(identity: Option<&str>) -> TrialHolder {
    TrialHolder {
        pass: Pass { service_provider: "REF30".into(), mvpd: "PromoPass".into() },
        device: crate::fixtures::device(),
        identity: identity.and_then(IdentityHash::of),
    }
}

fn trial(minutes: u64, used: &[&str]) -> Trial {
    Trial {
        id: "t".to_owned(),
        revision: 3,
        started_at: NOW,
        not_after: NOW + Duration::from_mins(minutes),
        used: used.iter().map(|it| (*it).to_owned()).collect(),
    }
}

fn by_device(trial: Trial) -> FoundTrials {
    FoundTrials { by_device: Some(trial), by_identity: None }
}

fn authorize(terms: &Terms, found: &FoundTrials, resources: &[&str], now: Timestamp) -> Authorized {
    let resources: Vec<_> = resources.iter().map(|it| (*it).to_owned()).collect();
    terms.authorize((&holder(Some("ann")), found), &resources, now, || "new".to_owned())
}

#[test]
fn a_pass_without_its_limits_is_misconfigured() {
    let of = |settings: &TempPassSettings| Terms::of(Some(settings), None);
    let endless = TempPassSettings::default();
    let nothing = TempPassSettings { ttl: Some(Duration::ZERO), ..endless.clone() };
    for broken in [
        settings(Some(2), None),
        settings(None, Some("email")),
        settings(Some(0), Some("email")),
        settings(Some(2), Some("")),
        endless.clone(),
        nothing.clone(),
    ] {
        assert_eq!(of(&broken), Err(TrialRefusal::Misconfigured), "{broken:?}");
    }
    assert_eq!(Terms::of(None, None), Err(TrialRefusal::Misconfigured));
    assert_eq!(Terms::of(Some(&endless), Some(HOUR)), Ok(basic()));
    assert_eq!(Terms::of(Some(&nothing), Some(HOUR)), Ok(basic()));
}

#[test]
fn only_promotional_passes_ask_who_it_is() {
    assert_eq!(basic().identity(Some("whatever")), Ok(None));
    assert_eq!(promotional().identity(None), Err(TrialRefusal::NoIdentity));
    assert_eq!(promotional().identity(Some("whatever")), Err(TrialRefusal::NoIdentity));
}

#[test]
fn the_first_authorization_starts_the_clock_and_nothing_moves_it() {
    let first = authorize(&basic(), &FoundTrials::default(), &["one"], NOW);
    assert_eq!((first.change, first.trial.not_after), (Change::Start, NOW + HOUR));
    assert!(first.trial.used.is_empty(), "a basic pass does not count");
    let (later, found) = (NOW + HOUR / 2, by_device(first.trial.clone()));
    let resources = ["two".to_owned()];
    let again = basic().authorize((&holder(None), &found), &resources, later, String::new);
    assert_eq!(again.trial, first.trial);
    assert_eq!((again.change, again.verdicts), (Change::Nothing, vec![Ok(())]));
    let over = basic().permits(found.governing(), "one", NOW + HOUR);
    assert_eq!(over, Err(TrialRefusal::DurationExceeded));
}

#[test]
fn resources_count_once_and_in_their_order() {
    let found = by_device(trial(60, &["a"]));
    let answer = authorize(&promotional(), &found, &["a", "b", "c", "b"], NOW);
    let exceeded = Err(TrialRefusal::ResourcesExceeded);
    assert_eq!(answer.verdicts, [Ok(()), Ok(()), exceeded, Ok(())]);
    assert_eq!(answer.trial.used, ["a", "b"]);
    assert_eq!((answer.change, answer.trial.revision), (Change::CarryOn, 3));
}

#[test]
fn whoever_joins_a_trial_is_remembered_even_when_refused() {
    let found = by_device(trial(60, &["a", "b"]));
    let answer = authorize(&promotional(), &found, &["c"], NOW);
    assert_eq!(answer.verdicts, [Err(TrialRefusal::ResourcesExceeded)]);
    assert_eq!(answer.change, Change::CarryOn);
    let both = FoundTrials { by_identity: found.by_device.clone(), ..found };
    assert_eq!(authorize(&promotional(), &both, &["c"], NOW).change, Change::Nothing);
}

#[test]
fn of_two_trials_the_more_consumed_one_governs() {
    let cases = [(trial(60, &["a", "b"]), trial(59, &[])), (trial(60, &[]), trial(60, &["a"]))];
    for (fresh, consumed) in cases {
        let one_way =
            FoundTrials { by_device: Some(fresh.clone()), by_identity: Some(consumed.clone()) };
        let other_way = FoundTrials { by_device: Some(consumed.clone()), by_identity: Some(fresh) };
        assert_eq!(one_way.governing(), Some(&consumed));
        assert_eq!(other_way.governing(), Some(&consumed));
    }
    assert_eq!(FoundTrials::default().governing(), None);
}

fn shown(profile: &PassProfile) -> Value {
    let plain = |attribute: &Attribute| match attribute {
        Attribute::Plain(value) => value.clone(),
        Attribute::Encrypted(_) | Attribute::Unencryptable => Value::Null,
    };
    profile.attributes.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
}

#[test]
fn a_profile_projects_a_trial_that_has_not_started() {
    let profile = basic().profile(None, "u".to_owned(), NOW).unwrap();
    assert_eq!((profile.not_before, profile.not_after), (NOW, NOW + HOUR));
    assert_eq!(shown(&profile), json!({ "expiration_date": 4_600_000, "userID": "u" }));
    let promo = promotional().profile(None, "u".to_owned(), NOW).unwrap();
    assert_eq!(shown(&promo)["remaining_resources"], 2);
    assert_eq!(shown(&promo)["used_assets"], json!([]));
}

#[test]
fn a_profile_is_refused_once_time_or_resources_are_used_up() {
    let profile = |trial: &Trial, now| promotional().profile(Some(trial), String::new(), now);
    let running = profile(&trial(60, &["a"]), NOW + HOUR / 2).unwrap();
    assert_eq!((running.not_before, running.not_after), (NOW, NOW + HOUR));
    assert_eq!(shown(&running)["used_assets"], json!(["a"]));
    assert_eq!(profile(&trial(60, &["a", "b"]), NOW), Err(TrialRefusal::ResourcesExceeded));
    let over = NOW + HOUR;
    assert_eq!(profile(&trial(60, &["a", "b"]), over), Err(TrialRefusal::DurationExceeded));
}
