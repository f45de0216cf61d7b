//! Single promises that the scenario tables do not show.

use usher_core::Timestamp;
use usher_reports::StreamEventName as Name;

use super::{World, pace};
use crate::activity::LIVE_STREAMS_MAX;
use crate::news::Told;
use crate::stream::Stream;
use crate::throttle::Window;
use crate::{Activity, BeatError, ImageError, Names, StartError, StopError};

#[test]
fn a_newcomer_is_the_youngest_even_when_the_clock_goes_back() {
    let mut world = World::new();
    for _ in 0..3 {
        world.starts("three", &[]);
    }
    world.now = Timestamp::from_secs(world.now.as_secs() - 50);
    assert!(matches!(world.start("three", &[], &[]), Err(StartError::Denied(_))));
}

#[test]
fn codes_of_one_subject_differ_though_randomness_fails() {
    let mut world = World::new();
    for _ in 0..50 {
        world.salt = 0;
        world.starts("free", &[]);
    }
    let mut codes: Vec<_> =
        world.activity.live().iter().map(|stream| stream.id().code().to_string()).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 50);
}

#[test]
fn one_subject_cannot_have_streams_without_end() {
    let mut world = World::new();
    let first = world.starts("free", &[]);
    for _ in 1..LIVE_STREAMS_MAX {
        world.starts("free", &[]);
    }
    let expiry = world.activity.next_expiry().unwrap();
    let refused = world.start("free", &[], &[]);
    assert_eq!(refused, Err(StartError::Throttled { until: expiry }));
    assert!(world.start("free", &[], &[first]).is_ok());
}

#[test]
fn a_killed_stream_ends_before_its_killer_starts() {
    let mut world = World::new();
    let victim = world.starts("three", &[("channel", "one")]);
    world.wait(30);
    world.beat("three", victim, &[]).unwrap();
    world.wait(15);
    let winner = world.start("three", &[("deviceName", "Den TV")], &[victim]).unwrap().id;
    let [_, killed, started] = world.events.as_slice() else { panic!("three events") };
    assert_eq!((killed.event, started.event), (Name::SessionKilled, Name::SessionStarted));
    assert_eq!(killed.killer_session_id, Some(winner.to_string().into()));
    assert_eq!(killed.last_activity, Some(Timestamp::from_secs(world.now.as_secs() - 15)));
    assert_eq!((killed.ts, killed.channel.as_deref()), (started.ts, Some("one")));
    assert_eq!(started.superseded, Some(vec![victim.to_string().into()]));
    let Err(BeatError::Gone(Some(terminator))) = world.beat("three", victim, &[]) else {
        panic!("the victim is told who killed it")
    };
    assert_eq!(terminator.device_name.as_deref(), Some("Den TV"));
    assert_eq!((terminator.channel, terminator.started_at), (None, world.now));
}

#[test]
fn reports_keep_channel_and_platform_of_the_start() {
    let mut world = World::new();
    let plain = world.starts("three", &[]);
    let mobile = world.starts("three", &[("applicationPlatform", "ios")]);
    world.beat("three", plain, &[("channel", "late"), ("platform", "late")]).unwrap();
    world.beat("three", mobile, &[("applicationPlatform", "android")]).unwrap();
    let named = world.starts("three", &[("platform", "roku"), ("applicationPlatform", "x")]);
    for id in [plain, mobile, named] {
        world.stop("three", id).unwrap();
    }
    let shown = |it: &usher_reports::StreamEvent| (it.channel.clone(), it.platform.clone());
    let text = |channel: &str, platform: &str| (Some(channel.into()), Some(platform.into()));
    let ends: Vec<_> = world.events.iter().filter(|it| it.event == Name::SessionStopped).collect();
    assert_eq!(shown(ends[0]), text("Unknown", "tv"));
    assert_eq!(shown(ends[1]), text("Unknown", "ios"));
    assert_eq!(shown(ends[2]), text("Unknown", "roku"));
    assert_eq!(shown(&world.asides[0]), text("Unknown", "tv"));
}

#[test]
fn an_expiry_is_reported_for_the_instant_it_happened() {
    let mut world = World::new();
    let id = world.starts("three", &[]);
    world.wait(60);
    world.beat("three", id, &[]).unwrap();
    let heard = world.now;
    world.wait(500);
    assert_eq!(world.beat("three", id, &[]), Err(BeatError::Gone(None)));
    let expired = world.events.last().unwrap();
    assert_eq!((expired.event, expired.last_activity), (Name::SessionExpired, Some(heard)));
    assert_eq!(expired.ts, Timestamp::from_secs(heard.as_secs() + 90));
    assert_eq!(world.reported().len(), 2);
}

#[test]
fn a_denied_start_and_a_dismissal_name_their_rule() {
    let mut world = World::new();
    for _ in 0..3 {
        world.starts("three", &[]);
    }
    world.start("three", &[], &[]).unwrap_err();
    let denied = world.asides.last().unwrap();
    assert_eq!((denied.event, &denied.session_id), (Name::SessionDenied, &None));
    assert_eq!((denied.policy.as_deref(), denied.rule.as_deref()), (Some("three"), Some("3")));

    let loser = world.starts("latest", &[]);
    world.wait(10);
    world.starts("latest", &[]);
    world.wait(10);
    assert!(matches!(world.beat("latest", loser, &[]), Err(BeatError::Denied(_))));
    let dismissed = world.events.last().unwrap();
    assert_eq!(
        (dismissed.event, dismissed.policy.as_deref()),
        (Name::SessionDismissed, Some("latest"))
    );
    assert_eq!(dismissed.last_activity, Some(Timestamp::from_secs(world.now.as_secs() - 20)));
}

#[test]
fn strict_metadata_refuses_values_outside_the_closed_set() {
    let mut world = World::new();
    let wrong = world.start("live", &[("contentType", "LIVE")], &[]);
    assert_eq!(wrong, Err(StartError::MissingMetadata));
    world.starts("live", &[("contentType", "live")]);
}

#[test]
fn streams_of_a_removed_application_stay_but_count_no_more() {
    let mut world = World::new();
    for _ in 0..3 {
        world.starts("shared", &[]);
    }
    assert!(world.start("three", &[], &[]).is_err());
    let without = super::CATALOG.replace(
        r#"{ id = "shared", name = "Shared", tenant = "globex", policies = ["three"] },"#,
        "",
    );
    let catalog = usher_registry::Catalog::from_toml(&without).unwrap();
    let snapshot = usher_registry::Snapshot::check(catalog, world.now).unwrap();
    world.snapshot = std::sync::Arc::new(snapshot);
    world.starts("three", &[]);
    assert_eq!(world.list("free").streams[0].application_name, "shared");
}

#[test]
fn ended_streams_are_remembered_for_a_day_and_not_without_bound() {
    let mut world = World::new();
    let first = world.starts("free", &[]);
    world.stop("free", first).unwrap();
    for _ in 0..300 {
        let id = world.starts("free", &[]);
        world.stop("free", id).unwrap();
    }
    assert_eq!(world.activity.ended.len(), 256);
    // Forgotten, but its seal proves that it was issued: over, not unknown.
    assert_eq!(world.stop("free", first), Err(StopError::Gone(None)));
    world.wait(24 * 60 * 60);
    let id = world.starts("free", &[]);
    world.stop("free", id).unwrap();
    assert_eq!(world.activity.ended.len(), 1);
}

#[test]
fn an_image_brings_everything_back_but_throttle_windows() {
    let mut world = World::new();
    world.quota = Some(crate::Quota::default());
    let one = world.starts("three", &[("channel", "one"), ("plan", "gold")]);
    world.start("three", &[], &[one]).unwrap();
    let mut image = Vec::new();
    world.activity.append_image(&mut image).unwrap();
    let read = |image: &[u8]| Activity::from_image(image, &mut Names::default());
    let mut copy = read(&image).unwrap();
    assert_ne!(copy, world.activity);
    assert_eq!(copy.rests_from(), None);
    world.activity.starts = Window::default();
    world.activity.changes = 0;
    world.activity.live[0].told = Told::default();
    assert_eq!(copy, world.activity);
    world.wait(80);
    copy.revive(world.now);
    assert_eq!(copy.next_expiry(), Some(Timestamp::from_secs(world.now.as_secs() + 90)));
    assert_eq!(read(b""), Err(ImageError));
    assert_eq!(read(b"\x02abc"), Err(ImageError));
}

#[test]
fn a_stream_is_small() {
    // The budget is 400 bytes per live stream beyond its metadata, with subject, queue and table.
    assert!(size_of::<Stream>() <= 112, "{}", size_of::<Stream>());
    assert!(size_of::<Activity>() <= 48, "{}", size_of::<Activity>());
}

#[test]
fn an_interval_is_announced_in_whole_seconds() {
    let heard = Timestamp::from_millis(1_999);
    assert_eq!(pace().announced(heard), Timestamp::from_secs(61));
}
