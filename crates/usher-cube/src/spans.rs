//! Sessions as spans of time, whatever order their events arrive in.

use crate::facts::NOBODY;

/// What an event says about the session it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It began.
    Begin,
    /// It was active.
    Touch,
    /// It ended by its user's will: the end is its last activity.
    Stop,
    /// It ended otherwise; the event may know when it was last active (epoch milliseconds).
    End(Option<i64>),
}

/// One session, times in epoch milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// The actor, [`NOBODY`] when unknown.
    pub(crate) actor: u32,
    /// The shape of its first event, then of its beginning.
    pub(crate) shape: u32,
    /// The first event, which is the beginning.
    pub(crate) start: i64,
    /// The last event that shows activity.
    pub(crate) active: i64,
    /// The end event.
    pub(crate) end: Option<Ending>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) at: i64,
    /// Where the end is counted.
    pub(crate) shape: u32,
    /// Last activity as the end event knows it.
    pub(crate) active: Option<i64>,
}

impl Span {
    /// A session of which nothing is known.
    pub(crate) const fn unknown() -> Self {
        Self { actor: NOBODY, shape: 0, start: i64::MAX, active: i64::MIN, end: None }
    }

    /// Takes one event in.
    pub(crate) fn note(&mut self, at: i64, step: Step, shape: u32, actor: u32) {
        if matches!(step, Step::Begin) || self.actor == NOBODY {
            (self.shape, self.actor) = (shape, actor);
        }
        self.start = self.start.min(at);
        match step {
            Step::Begin | Step::Touch => self.active = self.active.max(at),
            Step::Stop => self.end = Some(Ending { at, shape, active: Some(at) }),
            Step::End(active) => self.end = Some(Ending { at, shape, active }),
        }
    }

    /// When it was last active.
    pub(crate) fn last_active(&self) -> i64 {
        self.end.and_then(|end| end.active).unwrap_or(self.active).max(self.start)
    }

    /// From its start to its last activity, in milliseconds.
    pub(crate) fn lasted(&self) -> i64 {
        self.last_active() - self.start
    }

    /// The last thing known about it.
    pub(crate) fn latest(&self) -> i64 {
        self.end.map_or(self.active, |end| end.at.max(self.active))
    }

    /// The instant from which it no longer counts as open. A session without an end is open for as
    /// long as it is known to have been active.
    pub(crate) fn closes(&self) -> i64 {
        self.end.map_or_else(|| self.last_active().saturating_add(1), |end| end.at)
    }
}
