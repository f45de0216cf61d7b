//! What a closed day knows about streams, and what it has to leave to its neighbours.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::close::base::{Base, DayShapes, Hours, Sums};
use crate::close::{EachBlock, Evening};
use crate::execute::{Stretches, Told, refusals};
use crate::labels::{LabelColumn, Labels};
use crate::shelf::NO_HOUR;
use crate::{Peaks, Piece, Pieces, Streams, Viewers};

/// The streams of a day.
pub(crate) struct DayStreams {
    /// Those that began and ended this day, classed by kind.
    pub(crate) whole: Vec<Told>,
    pub(crate) viewers: Viewers,
    pub(crate) pieces: Pieces,
}

/// What is collected on the way through the facts.
#[derive(Default)]
struct Collected {
    stretches: Stretches,
    /// Kind and actor of every session.
    sessions: Sums<u64, (u32, Option<u64>)>,
    /// Actor, kind and hour of every start.
    starts: HashSet<(u64, u32, u8)>,
    /// Kind, actor and instant of every refused start.
    refused: Vec<(u32, u64, i64)>,
    is_irregular: bool,
}

impl Base {
    /// The day's streams; nothing when some stream has several kinds or actors.
    pub(crate) fn streams<E>(
        &self,
        evening: &Evening<'_>,
        marks: Streams,
        blocks: EachBlock<'_, E>,
    ) -> Result<Option<DayStreams>, E> {
        let mut collected = Collected::default();
        let mut shapes = DayShapes::clone(&self.shapes);
        let mut hours = Hours::of(evening);
        blocks(&mut |block| {
            let of_block = shapes.adopt(block);
            let kinds: Vec<_> = of_block.iter().map(|shape| self.shapes.kind(*shape)).collect();
            collected.stretches.add(evening.date, block, &kinds);
            collected.refused.extend(refusals(block, &kinds, marks.refused));
            for row in block.rows() {
                let kind = kinds.get(row.shape as usize).copied().unwrap_or(u32::MAX);
                let actor = block.who(row.actor);
                if let Some(session) = block.which(row.session) {
                    let known = collected.sessions.entry(session).or_insert((kind, actor));
                    collected.is_irregular |= *known != (kind, actor);
                }
                if let Some(actor) = actor.filter(|_| block.marks(row.shape).meets(marks.started)) {
                    collected.starts.insert((actor, kind, hours.of_fact(row.at)));
                }
            }
        })?;
        Ok((!collected.is_irregular).then(|| collected.sort(&self.shapes)))
    }
}

/// What one actor did.
#[derive(Default)]
struct Evenings {
    /// Tenant, and the streams and refused starts there.
    of_tenant: BTreeMap<u32, Vec<(i64, Change)>>,
}

/// At one instant ends come first and refusals last, as in level reports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Down,
    Up,
    Refused,
}

impl Collected {
    fn sort(self, shapes: &DayShapes) -> DayStreams {
        let told = || self.stretches.0.values();
        let unfinished: HashSet<_> =
            told().filter(|it| !it.stretch.is_whole()).filter_map(|it| it.actor).collect();
        let is_known = |actor: &u64| !unfinished.contains(actor);
        let peaks = self.peaks(shapes, is_known);
        let viewers = self.viewers(shapes, &peaks, is_known);
        let mut pieces: Vec<_> = told()
            .filter(|it| !it.stretch.is_whole() || it.actor.is_some_and(|it| !is_known(&it)))
            .map(|it| (it.class, it.actor, Piece::Stretch(it.stretch)))
            .collect();
        let refused = self.refused.iter().filter(|(_, actor, _)| !is_known(actor));
        pieces.extend(refused.map(|(kind, actor, at)| (*kind, Some(*actor), Piece::Refused(*at))));
        pieces.sort_unstable_by_key(|(kind, actor, piece)| (*actor, *kind, instant(piece)));
        DayStreams {
            whole: told().filter(|told| told.stretch.is_whole()).copied().collect(),
            viewers,
            pieces: Pieces {
                labels: labels(shapes, pieces.iter().map(|(kind, ..)| *kind)),
                actor: pieces.iter().map(|(_, actor, _)| *actor).collect(),
                piece: pieces.iter().map(|(.., piece)| *piece).collect(),
            },
        }
    }

    /// Per actor and tenant, how many streams there were at once.
    fn peaks(
        &self,
        shapes: &DayShapes,
        is_known: impl Fn(&u64) -> bool,
    ) -> HashMap<u64, BTreeMap<u32, Peaks>> {
        let mut evenings: HashMap<u64, Evenings> = HashMap::new();
        let tenant = |kind| shapes.code(kind, 0).unwrap_or(u32::MAX);
        for told in self.stretches.0.values() {
            let (opens, closes) = (told.stretch.first, told.closes());
            if let Some(actor) = told.actor.filter(|actor| is_known(actor) && opens < closes) {
                let evening = evenings.entry(actor).or_default();
                let changes = evening.of_tenant.entry(tenant(told.class)).or_default();
                changes.extend([(opens, Change::Up), (closes, Change::Down)]);
            }
        }
        for (kind, actor, at) in self.refused.iter().filter(|(_, actor, _)| is_known(actor)) {
            let evening = evenings.entry(*actor).or_default();
            evening.of_tenant.entry(tenant(*kind)).or_default().push((*at, Change::Refused));
        }
        evenings.into_iter().map(|(actor, evening)| (actor, evening.peaks())).collect()
    }

    /// One row per actor, kind and hour of a start; one more where an actor was only refused.
    fn viewers(
        &self,
        shapes: &DayShapes,
        peaks: &HashMap<u64, BTreeMap<u32, Peaks>>,
        is_known: impl Fn(&u64) -> bool,
    ) -> Viewers {
        let mut rows: Vec<_> = self.starts.iter().copied().collect();
        let tenant = |kind| shapes.code(kind, 0).unwrap_or(u32::MAX);
        let mut shown: HashSet<_> =
            rows.iter().map(|(actor, kind, _)| (*actor, tenant(*kind))).collect();
        for (kind, actor, _) in self.refused.iter().filter(|(_, actor, _)| is_known(actor)) {
            if shown.insert((*actor, tenant(*kind))) {
                rows.push((*actor, *kind, NO_HOUR));
            }
        }
        rows.sort_unstable();
        let peaks = |(actor, kind, _): &(u64, u32, u8)| {
            let of_actor = peaks.get(actor).and_then(|of_tenant| of_tenant.get(&tenant(*kind)));
            of_actor.copied().unwrap_or_default()
        };
        Viewers {
            peaks: rows.iter().map(peaks).collect(),
            labels: labels(shapes, rows.iter().map(|(_, kind, _)| *kind)),
            actor: rows.iter().map(|(actor, ..)| *actor).collect(),
            hour: rows.iter().map(|(.., hour)| *hour).collect(),
        }
    }
}

impl Evenings {
    fn peaks(self) -> BTreeMap<u32, Peaks> {
        let mut all: Vec<_> = self.of_tenant.values().flatten().copied().collect();
        let (streams_total, attempts_total) = highest(&mut all);
        let of_tenant = self.of_tenant.into_iter().map(|(tenant, mut changes)| {
            let (streams, attempts) = highest(&mut changes);
            (tenant, Peaks { streams, attempts, streams_total, attempts_total })
        });
        of_tenant.collect()
    }
}

/// The most streams at once, without and with refused starts.
fn highest(changes: &mut [(i64, Change)]) -> (u32, u32) {
    changes.sort_unstable();
    let (mut level, mut streams, mut attempts) = (0_u32, 0, 0);
    let mut changes = changes.iter().peekable();
    while let Some((at, change)) = changes.next() {
        match change {
            Change::Down => level = level.saturating_sub(1),
            Change::Up => level += 1,
            Change::Refused => attempts = attempts.max(level + 1),
        }
        // A level counts when it is held for a while, not in passing at one instant.
        if changes.peek().is_none_or(|(next, _)| at < next) {
            streams = streams.max(level);
        }
    }
    (streams, attempts.max(streams))
}

fn instant(piece: &Piece) -> (i64, u64) {
    match piece {
        Piece::Stretch(stretch) => (stretch.first, stretch.session),
        Piece::Refused(at) => (*at, 0),
    }
}

/// The dimension values of a list of kinds.
fn labels(shapes: &DayShapes, kinds: impl Iterator<Item = u32>) -> Labels {
    let kinds: Vec<_> = kinds.collect();
    let column = |(column, dictionary): (usize, &crate::labels::Dictionary)| LabelColumn {
        column,
        dictionary: dictionary.to_vec(),
        codes: kinds.iter().map(|kind| shapes.code(*kind, column).unwrap_or(u32::MAX)).collect(),
    };
    Labels(shapes.dictionaries.iter().enumerate().map(column).collect())
}
