//! What if: recorded stream activity under proposed policies.
//!
//! A [`Recording`] takes the events of `wolap` §17.2; replaying it asks the evaluator that serves
//! requests what it would have said to every start and every heartbeat, and counts the answers per
//! day beside what was really said. Pure: files, clocks and time zones are the caller's.
//!
//! **What is assumed.** A stream lasts as long as it really lasted, at most: its recorded end is its
//! end here. A start that would be refused never plays, so nothing else of that stream counts. A start
//! that was refused and would be allowed takes no place from others: nobody knows how long it would
//! have lasted. Viewers are not predicted: whoever would have been refused does not try again.

mod recording;
mod replay;
mod trial;

pub use recording::Recording;
pub use trial::{Proposal, SimulateError};

/// A recording under a proposal, day by day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation<D> {
    /// Days with activity, in order.
    pub days: Vec<(D, Tally)>,
    /// All of them together; a subject counts once.
    pub total: Tally,
}

/// What happened and what would have happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts to start a stream, the refused ones included.
    pub starts: u64,
    /// Those that were really refused by a policy.
    pub refused_then: u64,
    /// Those that the proposal would refuse.
    pub refused_now: u64,
    /// Streams that a policy really ended at a heartbeat.
    pub stopped_then: u64,
    /// Streams that the proposal would end at a heartbeat.
    pub stopped_now: u64,
    /// Subjects that started or played something.
    pub subjects: u64,
    /// Those that the proposal would refuse a start or end a stream.
    pub affected: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.starts += other.starts;
        self.refused_then += other.refused_then;
        self.refused_now += other.refused_now;
        self.stopped_then += other.stopped_then;
        self.stopped_now += other.stopped_now;
        self.subjects += other.subjects;
        self.affected += other.affected;
    }

    /// The same counts of one subject.
    fn of_one_subject(self) -> Self {
        let affected = u64::from(self.refused_now + self.stopped_now > 0);
        Self { subjects: 1, affected, ..self }
    }
}

#[cfg(test)]
mod tests;
