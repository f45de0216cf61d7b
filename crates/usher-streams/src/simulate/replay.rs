//! One subject after the other, moment by moment, before the evaluator.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use usher_core::{ApplicationId, Secret, TenantId, Timestamp};
use usher_registry::{Snapshot, StreamApplication};
use usher_reports::StreamEventName;

use super::recording::{Moment, Name, Names};
use super::{Proposal, Recording, SimulateError, Simulation, Tally};
use crate::beat::Heartbeat;
use crate::events::Reporter;
use crate::news::Grain;
use crate::start::Start;
use crate::stream::{End, Pace};
use crate::{Activity, BeatError, Metadata, Seal, SessionId, StartError, Subject, Submission};

/// Marks ids that never leave a replay: nothing to keep secret.
const SEAL_KEY: [u8; 16] = [0; 16];

impl Recording {
    /// What would have happened under `proposal`. `day` names the day of an instant, or nothing when
    /// that instant is not asked about; it is replayed all the same.
    pub fn replay<D: Ord + Copy>(
        mut self,
        proposal: &Proposal,
        day: impl Fn(Timestamp) -> Option<D>,
    ) -> Result<Simulation<D>, SimulateError> {
        let snapshot = proposal.try_out(self.applications())?;
        self.in_order();
        let stage = Stage { names: &self.names, snapshot: &snapshot, seal: seal(), day };
        let mut days: BTreeMap<D, Tally> = BTreeMap::new();
        let mut total = Tally::default();
        let same_subject =
            |one: &Moment, other: &Moment| (one.mvpd, one.account) == (other.mvpd, other.account);
        for moments in self.moments.chunk_by(same_subject) {
            let own_days = stage.play(moments);
            let mut own = Tally::default();
            for (day, tally) in &own_days {
                days.entry(*day).or_default().add(tally.of_one_subject());
                own.add(*tally);
            }
            if !own_days.is_empty() {
                total.add(own.of_one_subject());
            }
        }
        Ok(Simulation { days: days.into_iter().collect(), total })
    }

    fn applications(&self) -> BTreeMap<ApplicationId, TenantId> {
        let named = |it: &Moment| (it.application, it.tenant);
        let pairs: HashMap<Name, Name> = self.moments.iter().map(named).collect();
        let text = |name| self.names.text(name);
        pairs.into_iter().map(|(id, tenant)| (text(id).into(), text(tenant).into())).collect()
    }
}

fn seal() -> Seal {
    Seal::new(Secret::new(SEAL_KEY))
}

/// What all subjects have in common.
struct Stage<'r, F> {
    names: &'r Names,
    snapshot: &'r Snapshot,
    seal: Seal,
    day: F,
}

impl<D: Ord + Copy, F: Fn(Timestamp) -> Option<D>> Stage<'_, F> {
    /// The days of one subject.
    fn play(&self, moments: &[Moment]) -> BTreeMap<D, Tally> {
        let mut days = BTreeMap::new();
        let Some(first) = moments.first() else { return days };
        let mut player = Player {
            names: self.names,
            snapshot: self.snapshot,
            seal: &self.seal,
            subject: Subject::new(self.names.text(first.mvpd), self.names.text(first.account)),
            activity: Activity::default(),
            playing: HashMap::new(),
            over: HashSet::new(),
            salt: 0,
        };
        for moment in moments {
            let id = self.names.text(moment.application);
            let Some(application) = self.snapshot.stream_application(id) else { continue };
            let heard = player.hear(moment, application);
            if let (Some(tally), Some(day)) = (heard, (self.day)(moment.at)) {
                days.entry(day).or_insert_with(Tally::default).add(tally);
            }
        }
        days
    }
}

/// One subject during a replay.
struct Player<'r> {
    names: &'r Names,
    snapshot: &'r Snapshot,
    seal: &'r Seal,
    subject: Subject,
    activity: Activity,
    /// Streams that the proposal lets play, by the ids they really had.
    playing: HashMap<Name, SessionId>,
    /// Streams whose end was heard of.
    over: HashSet<Name>,
    salt: u32,
}

impl Player<'_> {
    /// Lets a moment happen and counts it; nothing when it is of no stream that plays.
    fn hear(&mut self, moment: &Moment, application: &StreamApplication) -> Option<Tally> {
        match moment.event {
            StreamEventName::SessionStarted => {
                Some(self.start(moment, application, moment.session))
            }
            StreamEventName::SessionDenied => {
                Some(Tally { refused_then: 1, ..self.start(moment, application, None) })
            }
            StreamEventName::SessionHeartbeat => self.beat(moment, application),
            StreamEventName::SessionDismissed => {
                let tally = self.beat(moment, application).unwrap_or_default();
                self.end(moment);
                Some(Tally { stopped_then: 1, ..tally })
            }
            StreamEventName::SessionStopped
            | StreamEventName::SessionExpired
            | StreamEventName::SessionKilled => {
                self.end(moment);
                None
            }
        }
    }

    /// A start; without a `session` to follow it takes no place.
    fn start(
        &mut self,
        moment: &Moment,
        application: &StreamApplication,
        session: Option<Name>,
    ) -> Tally {
        self.salt = self.salt.wrapping_add(1);
        let ask = Start {
            reporter: Reporter::new(self.snapshot, &self.subject),
            application,
            metadata: &Ok(self.metadata(moment)),
            codes: &[],
            pace: unhurried(),
            quota: None,
            grain: Grain::default(),
            seal: self.seal,
            salt: self.salt,
            now: moment.at,
        };
        let answer = self.activity.start(&ask).answer;
        let refused_now = u64::from(matches!(answer, Err(StartError::Denied(_))));
        if let Ok(started) = answer {
            match session.filter(|session| !self.over.contains(session)) {
                Some(session) => {
                    self.playing.insert(session, started.id);
                }
                None => drop(self.activity.end(started.id, moment.at, End::Stopped)),
            }
        }
        Tally { starts: 1, refused_now, ..Tally::default() }
    }

    /// A heartbeat; nothing when its stream does not play.
    fn beat(&mut self, moment: &Moment, application: &StreamApplication) -> Option<Tally> {
        let session = moment.session?;
        let ask = Heartbeat {
            reporter: Reporter::new(self.snapshot, &self.subject),
            application,
            id: *self.playing.get(&session)?,
            submission: &Submission::EMPTY,
            pace: unhurried(),
            quota: None,
            grain: Grain::default(),
            now: moment.at,
        };
        let answer = self.activity.beat(&ask).answer;
        let is_stopped = matches!(answer, Err(BeatError::Denied(_)));
        if is_stopped {
            self.playing.remove(&session);
        }
        Some(Tally { stopped_now: u64::from(is_stopped), ..Tally::default() })
    }

    fn end(&mut self, moment: &Moment) {
        let Some(session) = moment.session else { return };
        self.over.insert(session);
        if let Some(id) = self.playing.remove(&session) {
            self.activity.end(id, moment.at, End::Stopped);
        }
    }

    /// As much of the metadata as events tell.
    fn metadata(&self, moment: &Moment) -> Metadata {
        let told = [("channel", moment.channel), ("platform", moment.platform)];
        let pair = |(name, value): (&str, Option<Name>)| {
            value.map(|value| (name.to_owned(), self.names.text(value).to_owned()))
        };
        let pairs = Submission::Pairs(told.into_iter().filter_map(pair).collect());
        Metadata::default().merged(&pairs).ok().flatten().unwrap_or_default()
    }
}

/// Streams end when their recording says so, not after a silence.
fn unhurried() -> Pace {
    Pace::new(Duration::from_mins(1), Duration::MAX)
}
