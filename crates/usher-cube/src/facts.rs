//! Events as columns.
//!
//! A fact is an instant, a *shape* (the combination of all its dimension values and marks, stored once),
//! an amount, an actor and a session: 24 bytes. Real dimensions are correlated, so shapes are few, and
//! filters and grouping are decided per shape instead of per event. In the worst case (independent
//! random dimensions) every event has its own shape, at 4 bytes per dimension more.
//!
//! Actors and sessions are known by 128-bit keyed fingerprints, 16 to 40 bytes for each distinct one.
//! Distinct counts are exact: no sketches.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use indexmap::IndexSet;

use crate::spans::Span;
use crate::{Marks, Schema, Step};

/// Stands for "no actor" and "no session".
pub(crate) const NOBODY: u32 = u32::MAX;

/// Facts per chunk; a chunk knows the time it covers.
const CHUNK: usize = 65_536;

/// One event, ready to be counted.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// When, in epoch milliseconds.
    pub at: i64,
    /// One label per dimension of the schema, in its order.
    pub labels: &'a [&'a str],
    /// What it counts for.
    pub marks: Marks,
    /// Milliseconds, for sums.
    pub amount: u32,
    /// Whose it is, as parts that together identify the actor.
    pub actor: Option<[&'a str; 2]>,
    /// The session it belongs to, and what it says about it.
    pub session: Option<(&'a str, Option<Step>)>,
}

/// All facts of one API.
#[derive(Debug)]
pub struct Facts {
    pub(crate) schema: &'static Schema,
    labels: IndexSet<Arc<str>>,
    pub(crate) shapes: IndexSet<Shape>,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) spans: HashMap<u32, Span>,
    actors: Fingerprints,
    sessions: Fingerprints,
}

/// Codes of the labels, and the marks.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub(crate) codes: Box<[u32]>,
    pub(crate) marks: Marks,
}

/// Columns of up to [`CHUNK`] facts, in order of arrival.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) at: Vec<i64>,
    pub(crate) shape: Vec<u32>,
    pub(crate) amount: Vec<u32>,
    pub(crate) actor: Vec<u32>,
    pub(crate) session: Vec<u32>,
}

impl Facts {
    /// No facts of `schema` yet.
    pub fn new(schema: &'static Schema) -> Self {
        Self {
            schema,
            labels: IndexSet::new(),
            shapes: IndexSet::new(),
            chunks: Vec::new(),
            spans: HashMap::new(),
            actors: Fingerprints::default(),
            sessions: Fingerprints::default(),
        }
    }

    /// Adds one fact. Facts may come in any order of time.
    pub fn push(&mut self, fact: &Fact<'_>) {
        let codes = fact.labels.iter().map(|label| self.code(label)).collect();
        let (shape, _) = self.shapes.insert_full(Shape { codes, marks: fact.marks });
        let shape = small(shape);
        let actor = fact.actor.map_or(NOBODY, |parts| self.actors.number(&parts));
        let session = match fact.session {
            None => NOBODY,
            Some((id, step)) => {
                let session = self.sessions.number(&[id]);
                if let Some(step) = step {
                    let span = self.spans.entry(session).or_insert(Span::unknown());
                    span.note(fact.at, step, shape, actor);
                }
                session
            }
        };
        let row = (fact.at, shape, fact.amount, actor, session);
        match self.chunks.last_mut() {
            Some(chunk) if chunk.at.len() < CHUNK => chunk.push(row),
            Some(_) | None => {
                let mut chunk = Chunk::new();
                chunk.push(row);
                self.chunks.push(chunk);
            }
        }
    }

    /// Lets go of facts from before `cutoff`, chunk by chunk, and of sessions that ended before it.
    /// Labels and shapes stay until the facts are rebuilt.
    pub fn forget_before(&mut self, cutoff: i64) {
        let before = self.chunks.len();
        self.chunks.retain(|chunk| chunk.last >= cutoff);
        if self.chunks.len() < before {
            self.prune(cutoff);
        }
    }

    /// Lets go of the oldest chunks until at most `facts_max` facts are left. Returns how many went.
    pub fn shrink_to(&mut self, facts_max: usize) -> usize {
        let before = self.len();
        while self.len() > facts_max && self.chunks.len() > 1 {
            let oldest = self.chunks.iter().enumerate().min_by_key(|(_, chunk)| chunk.last);
            if let Some(index) = oldest.map(|(index, _)| index) {
                self.chunks.remove(index);
            }
        }
        let gone = before - self.len();
        if gone > 0 {
            let oldest = self.chunks.iter().map(|chunk| chunk.first).min();
            self.prune(oldest.unwrap_or(i64::MAX));
        }
        gone
    }

    /// Lets go of sessions that were over before `cutoff`, and of everybody no fact mentions any more.
    fn prune(&mut self, cutoff: i64) {
        self.spans.retain(|_, span| span.latest() >= cutoff);
        let chunks = || self.chunks.iter();
        let actors = chunks().flat_map(|chunk| &chunk.actor);
        self.actors.keep(actors.chain(self.spans.values().map(|span| &span.actor)));
        let sessions = chunks().flat_map(|chunk| &chunk.session);
        self.sessions.keep(sessions.chain(self.spans.keys()));
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.at.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The text behind a code.
    pub(crate) fn label(&self, code: u32) -> Arc<str> {
        self.labels.get_index(code as usize).cloned().unwrap_or_default()
    }

    fn code(&mut self, label: &str) -> u32 {
        if let Some(code) = self.labels.get_index_of(label) {
            return small(code);
        }
        small(self.labels.insert_full(label.into()).0)
    }
}

/// An index as it is stored; four thousand million labels, shapes or actors do not fit into memory.
fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NOBODY - 1)
}

impl Chunk {
    const fn new() -> Self {
        Self {
            first: i64::MAX,
            last: i64::MIN,
            at: Vec::new(),
            shape: Vec::new(),
            amount: Vec::new(),
            actor: Vec::new(),
            session: Vec::new(),
        }
    }

    fn push(&mut self, (at, shape, amount, actor, session): (i64, u32, u32, u32, u32)) {
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        self.at.push(at);
        self.shape.push(shape);
        self.amount.push(amount);
        self.actor.push(actor);
        self.session.push(session);
    }

    /// The facts as `(at, shape, amount, actor, session)`.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (i64, u32, u32, u32, u32)> {
        let keys = self.at.iter().zip(&self.shape).zip(&self.amount);
        let owners = self.actor.iter().zip(&self.session);
        keys.zip(owners).map(|(((at, shape), amount), (actor, session))| {
            (*at, *shape, *amount, *actor, *session)
        })
    }
}

/// Numbers for identities, without keeping the identities.
#[derive(Debug, Default)]
struct Fingerprints {
    keys: [RandomState; 2],
    numbers: HashMap<u128, u32>,
    next: usize,
}

impl Fingerprints {
    fn number(&mut self, parts: &[&str]) -> u32 {
        let [high, low] = &self.keys;
        let fingerprint = u128::from(high.hash_one(parts)) << 64 | u128::from(low.hash_one(parts));
        *self.numbers.entry(fingerprint).or_insert_with(|| {
            self.next += 1;
            small(self.next - 1)
        })
    }

    /// Forgets all identities but those whose numbers are in `used`. Numbers are never given twice.
    fn keep<'a>(&mut self, used: impl Iterator<Item = &'a u32>) {
        let mut is_used = vec![false; self.next];
        for number in used {
            if let Some(mark) = is_used.get_mut(*number as usize) {
                *mark = true;
            }
        }
        self.numbers.retain(|_, number| is_used.get(*number as usize).is_some_and(|mark| *mark));
        self.numbers.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SCHEMA: Schema = Schema { dims: &["a"], metrics: &[], refused: Marks::NONE };

    fn push(facts: &mut Facts, at: i64) {
        let id = at.to_string();
        facts.push(&Fact {
            at,
            labels: &["x"],
            marks: Marks::bit(0),
            amount: 0,
            actor: Some(["m", &id]),
            session: Some((&id, Some(Step::Begin))),
        });
    }

    #[test]
    fn what_is_forgotten_takes_its_users_and_sessions_along() {
        let mut facts = Facts::new(&SCHEMA);
        let events = 2 * CHUNK + 10;
        for at in 0..events {
            push(&mut facts, i64::try_from(at).unwrap());
        }
        assert_eq!(facts.shrink_to(CHUNK + 10), CHUNK);
        for known in [facts.spans.len(), facts.actors.numbers.len(), facts.sessions.numbers.len()] {
            assert_eq!(known, CHUNK + 10);
        }
        facts.forget_before(i64::try_from(2 * CHUNK).unwrap());
        assert_eq!((facts.len(), facts.spans.len(), facts.actors.numbers.len()), (10, 10, 10));
        // A new user gets a number that nobody else has.
        push(&mut facts, -1);
        let numbers: std::collections::HashSet<_> = facts.actors.numbers.values().collect();
        assert_eq!(numbers.len(), 11);
    }
}
