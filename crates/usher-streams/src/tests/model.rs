//! Random histories: whatever happens in whatever order, limits hold and the books balance.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use usher_core::ApplicationId;
use usher_registry::Catalog;
use usher_reports::StreamEventName as Name;

use super::{CATALOG, World};
use crate::simulate::{Proposal, Recording, Tally};
use crate::{Activity, Names, SessionId, StartError};

const APPLICATIONS: [&str; 5] = ["three", "channel", "latest", "shared", "free"];

#[derive(Clone, Debug)]
enum Step {
    Start { application: usize, channel: u8, kill: Vec<usize> },
    Beat { stream: usize },
    Stop { stream: usize },
    Wait { secs: u64 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let kill = prop::collection::vec(0_usize..40, 0..3);
    prop_oneof![
        6 => (0..APPLICATIONS.len(), 0_u8..2, kill)
            .prop_map(|(application, channel, kill)| Step::Start { application, channel, kill }),
        4 => (0_usize..40).prop_map(|stream| Step::Beat { stream }),
        2 => (0_usize..40).prop_map(|stream| Step::Stop { stream }),
        3 => (1_u64..100).prop_map(|secs| Step::Wait { secs }),
        1 => Just(Step::Restart),
    ]
}

/// A history: the world and every stream that ever started, with its application.
struct History {
    world: World,
    streams: Vec<(SessionId, &'static str)>,
}

impl History {
    fn apply(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Start { application, channel, kill } => {
                self.start(APPLICATIONS[*application], *channel, kill)?;
            }
            Step::Beat { stream } => {
                if let Some((id, application)) = self.streams.get(*stream).copied() {
                    let was_live = self.is_live(id);
                    let answer = self.world.beat(application, id, &[]);
                    prop_assert!(was_live || answer.is_err(), "an ended stream was revived");
                }
            }
            Step::Stop { stream } => {
                if let Some((id, application)) = self.streams.get(*stream).copied() {
                    let was_live = self.is_live(id);
                    prop_assert_eq!(self.world.stop(application, id).is_ok(), was_live);
                }
            }
            Step::Wait { secs } => self.world.wait(*secs),
            Step::Restart => {
                let mut image = Vec::new();
                self.world.activity.append_image(&mut image).unwrap();
                self.world.activity = Activity::from_image(&image, &mut Names::default()).unwrap();
                self.world.activity.revive(self.world.now);
            }
        }
        Ok(())
    }

    fn start(
        &mut self,
        application: &'static str,
        channel: u8,
        kill: &[usize],
    ) -> Result<(), TestCaseError> {
        let kill: Vec<_> =
            kill.iter().filter_map(|index| self.streams.get(*index)).map(|it| it.0).collect();
        let before = self.active();
        let channel = channel.to_string();
        match self.world.start(application, &[("channel", &channel)], &kill) {
            Ok(started) => self.streams.push((started.id, application)),
            Err(StartError::Denied(_)) => {
                prop_assert_ne!(application, "latest");
                prop_assert_ne!(application, "free");
                prop_assert_eq!(self.active(), before, "a refused start changed something");
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
        Ok(())
    }

    fn active(&self) -> Vec<SessionId> {
        let live = self.world.activity.live().iter();
        live.filter(|it| it.is_active(self.world.now)).map(|it| it.id).collect()
    }

    fn is_live(&self, id: SessionId) -> bool {
        self.active().contains(&id)
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let active = self.active();
        let is_active = |id: &SessionId| active.contains(id);
        let of = |application: &str| {
            let owned = self.streams.iter().filter(|(id, it)| *it == application && is_active(id));
            owned.map(|it| it.0).collect::<Vec<_>>()
        };
        prop_assert!(of("three").len() + of("shared").len() <= 3);
        let mut per_channel = HashMap::new();
        for stream in self.world.activity.live() {
            if is_active(&stream.id) && stream.application.as_str() == "channel" {
                *per_channel.entry(stream.metadata.get("channel")).or_insert(0) += 1;
            }
        }
        prop_assert!(per_channel.values().all(|count| *count <= 2));
        self.check_books()
    }

    /// What `policy` would have said to what was recorded of `applications`.
    fn replay(&self, policy: &str, applications: &[&str]) -> Tally {
        let mut recording = Recording::default();
        let mut applications: BTreeSet<_> =
            applications.iter().map(|id| ApplicationId::from(*id)).collect();
        let mut recorded = BTreeSet::new();
        for event in self.world.events.iter().chain(&self.world.asides) {
            recording.add(event);
            recorded.insert(ApplicationId::from(&*event.application_id));
        }
        applications.retain(|id| recorded.contains(id));
        if applications.is_empty() {
            return Tally::default();
        }
        let mut policies = Catalog::from_toml(CATALOG).unwrap().policies;
        policies.retain(|it| it.name == policy);
        recording.replay(&Proposal { policies, applications }, |_| Some(())).unwrap().total
    }

    /// Every start is reported once, and every stream that is not alive ended once.
    fn check_books(&self) -> Result<(), TestCaseError> {
        let mut starts = HashMap::new();
        let mut ends = HashMap::new();
        for (name, session) in self.world.reported() {
            let book = if name == Name::SessionStarted { &mut starts } else { &mut ends };
            *book.entry(session).or_insert(0) += 1;
        }
        prop_assert_eq!(starts.len(), self.streams.len());
        prop_assert!(starts.values().chain(ends.values()).all(|count| *count == 1));
        prop_assert_eq!(starts.len() - ends.len(), self.world.activity.live().len());
        Ok(())
    }
}

proptest! {
    #[test]
    fn limits_hold_and_books_balance_in_every_history(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut history = History { world: World::new(), streams: Vec::new() };
        for step in &steps {
            history.apply(step)?;
            history.check()?;
        }
    }

    #[test]
    fn a_recording_under_the_policies_it_was_made_with_repeats_itself(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut history = History { world: World::new(), streams: Vec::new() };
        for step in &steps {
            history.world.wait(1);
            history.apply(step)?;
        }
        // Whatever still plays ends, and is reported.
        history.world.wait(10_000);
        history.start("free", 0, &[])?;

        let made_with: [(&str, &[&str]); 3] =
            [("three", &["three", "shared"]), ("channel", &["channel"]), ("latest", &["latest"])];
        for (policy, applications) in made_with {
            let tally = history.replay(policy, applications);
            prop_assert_eq!(tally.refused_now, tally.refused_then, "{}", policy);
            prop_assert_eq!(tally.stopped_now, tally.stopped_then, "{}", policy);
        }
    }
}
