//! Streams put together from what each day knows about them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use jiff::Span;
use jiff::civil::Date;

use crate::execute::ask::Source;
use crate::execute::count::Counts;
use crate::execute::groups::REFUSED;
use crate::execute::streams::{Heard, Stretches, Told};
use crate::execute::{Scan, Work};
use crate::{Block, Marks, Measure, Piece, Shelf, TooBroad};

/// For how many days a stream may be silent and still be known to run.
const SILENCE_DAYS_MAX: i32 = 31;

/// What is known of the streams of some days.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// By session.
    pub(crate) streams: HashMap<u64, Told>,
    /// Refused starts: group, actor and instant.
    pub(crate) refused: Vec<(u32, u64, i64)>,
}

/// Who tells about a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Teller {
    /// The pieces of a closed day.
    Pieces,
    /// Its facts.
    Facts,
}

/// What of its pieces matters: the rest is known from roll-ups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Streams that other days know more about.
    Unfinished,
    /// Everything, refused starts too.
    Everything,
}

/// Whose streams a day adds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Admit {
    All,
    /// Only of those that are known already.
    Known,
}

impl Pool {
    fn take(&mut self, told: &Told, admit: Admit) {
        match self.streams.entry(told.stretch.session) {
            Entry::Occupied(known) => known.into_mut().merge(told),
            Entry::Vacant(new) if admit == Admit::All => {
                new.insert(*told);
            }
            Entry::Vacant(_) => {}
        }
    }
}

impl<S: Shelf> Work<'_, S>
where
    S::Error: From<TooBroad>,
{
    /// Adds what only whole streams can tell, and the roll-ups could not.
    pub(super) fn count_streams(
        &mut self,
        scans: &[Scan],
        counts: &mut Counts<'_>,
    ) -> Result<(), S::Error> {
        if !self.ask.has(Measure::is_about_streams) || scans.is_empty() {
            return Ok(());
        }
        let teller = |source| match source {
            Source::Rollup(_) => Teller::Pieces,
            Source::Facts => Teller::Facts,
        };
        let days: Vec<_> =
            scans.iter().map(|scan| (scan.day.date, teller(scan.day.source))).collect();
        let goes_on = self.ask.has(|measure| matches!(measure, Measure::Units(_)));
        let pool =
            if goes_on { self.running(&days, Wanted::Unfinished)? } else { self.ended(&days)? };
        for (index, (_, measure)) in self.ask.measures.iter().enumerate() {
            for told in pool.streams.values() {
                told.adds(*measure, |class, at| {
                    if class != REFUSED
                        && let Some(place) = self.times.at(at)
                        && let Some(slot) = counts.picks.slot(class, place)
                    {
                        counts.add(slot, index, 1);
                    }
                });
            }
        }
        Ok(())
    }

    /// The streams that ended on these days, as far as roll-ups do not know them, with their beginnings.
    fn ended(&mut self, days: &[(Date, Teller)]) -> Result<Pool, S::Error> {
        let mut pool = Pool::default();
        for (day, teller) in days {
            self.tell(*day, (*teller, Wanted::Unfinished), Admit::All, &mut pool)?;
        }
        pool.streams.retain(|_, told| told.stretch.end.is_some());
        let told: HashSet<_> = days.iter().map(|(day, _)| *day).collect();
        let until = days.iter().map(|(day, _)| *day).max();
        self.find_beginnings(|day| Some(day) < until && !told.contains(&day), &mut pool)?;
        Ok(pool)
    }

    /// The streams that ran on these days, the silent ones too.
    pub(super) fn running(
        &mut self,
        days: &[(Date, Teller)],
        wanted: Wanted,
    ) -> Result<Pool, S::Error> {
        let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) else {
            return Ok(Pool::default());
        };
        let silence = Span::new().days(SILENCE_DAYS_MAX);
        let (from, to) = (first.saturating_sub(silence), last.saturating_add(silence));
        let tellers: HashMap<_, _> = days.iter().copied().collect();
        let all = self.reader.shelf.days();
        let mut pool = Pool::default();
        for day in all.iter().copied().filter(|day| (from..*first).contains(day)) {
            let teller = self.teller(day)?;
            self.tell(day, (teller, Wanted::Unfinished), Admit::All, &mut pool)?;
        }
        pool.streams.retain(|_, told| told.stretch.end.is_none());
        for day in all.iter().copied().filter(|day| (*first..=*last).contains(day)) {
            let telling = match tellers.get(&day) {
                Some(teller) => (*teller, wanted),
                None => (self.teller(day)?, Wanted::Unfinished),
            };
            self.tell(day, telling, Admit::All, &mut pool)?;
        }
        for day in all.iter().copied().filter(|day| *last < *day && *day <= to) {
            if pool.streams.values().all(|told| told.stretch.end.is_some()) {
                break;
            }
            let teller = self.teller(day)?;
            self.tell(day, (teller, Wanted::Unfinished), Admit::Known, &mut pool)?;
        }
        self.find_beginnings(|day| day < from, &mut pool)?;
        Ok(pool)
    }

    /// Who tells about a day that the report is not about.
    fn teller(&self, day: Date) -> Result<Teller, S::Error> {
        let outline = self.reader.shelf.outline(day)?;
        let is_counted = outline.rollups.is_some() && outline.late == 0;
        Ok(if is_counted { Teller::Pieces } else { Teller::Facts })
    }

    /// Looks for the beginnings of streams, day by day into the past.
    fn find_beginnings(
        &mut self,
        may_tell: impl Fn(Date) -> bool,
        pool: &mut Pool,
    ) -> Result<(), S::Error> {
        for day in self.reader.shelf.days().into_iter().rev().filter(|day| may_tell(*day)) {
            if pool.streams.values().all(|told| told.stretch.begins) {
                return Ok(());
            }
            let teller = self.teller(day)?;
            self.tell(day, (teller, Wanted::Unfinished), Admit::Known, pool)?;
        }
        Ok(())
    }

    /// Adds what a day knows about streams.
    fn tell(
        &mut self,
        day: Date,
        (teller, wanted): (Teller, Wanted),
        admit: Admit,
        pool: &mut Pool,
    ) -> Result<(), S::Error> {
        match teller {
            Teller::Pieces => self.tell_pieces(day, wanted, admit, pool),
            Teller::Facts => self.tell_facts(day, wanted, admit, pool),
        }
    }

    fn tell_pieces(
        &mut self,
        day: Date,
        wanted: Wanted,
        admit: Admit,
        pool: &mut Pool,
    ) -> Result<(), S::Error> {
        let pieces = self.reader.shelf.pieces(day)?;
        let groups = self.groups.assign(&pieces.labels, pieces.len());
        for ((piece, actor), group) in pieces.piece.iter().zip(&pieces.actor).zip(groups) {
            if group == REFUSED {
                continue;
            }
            match piece {
                Piece::Stretch(stretch) if wanted == Wanted::Everything || !stretch.is_whole() => {
                    let (class, end_class, heard) = (group, group, Heard::on(day));
                    let told = Told { stretch: *stretch, actor: *actor, class, end_class, heard };
                    pool.take(&told, admit);
                }
                Piece::Refused(at) if wanted == Wanted::Everything => {
                    pool.refused.extend(actor.map(|actor| (group, actor, *at)));
                }
                Piece::Stretch(_) | Piece::Refused(_) => {}
            }
        }
        Ok(())
    }

    fn tell_facts(
        &mut self,
        day: Date,
        wanted: Wanted,
        admit: Admit,
        pool: &mut Pool,
    ) -> Result<(), S::Error> {
        let refused = self.reader.shelf.schema().streams.map(|streams| streams.refused);
        let mut streams = Stretches::default();
        for block in self.reader.facts(day, self.ask.dims)? {
            let classes = self.groups.assign(&block.shapes.labels, block.shapes.marks.len());
            streams.add(day, &block, &classes);
            if let Some(refused) = refused.filter(|_| wanted == Wanted::Everything) {
                pool.refused.extend(refusals(&block, &classes, refused));
            }
        }
        for told in streams.0.values() {
            pool.take(told, admit);
        }
        Ok(())
    }
}

/// The refused starts of a block: class, actor and instant.
pub(crate) fn refusals(
    block: &Block,
    classes: &[u32],
    refused: Marks,
) -> impl Iterator<Item = (u32, u64, i64)> {
    block.rows().filter_map(move |row| {
        let class = classes.get(row.shape as usize).copied().filter(|class| *class != REFUSED)?;
        let actor = block.who(row.actor).filter(|_| block.marks(row.shape).meets(refused))?;
        Some((class, actor, row.at))
    })
}
