//! Batches as the facts that reports count.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use jiff::civil::Date;
use usher_cube::{
    Block, DimSet, Fingerprints, LabelColumn, Labels, Marks, NO_AMOUNT, NOBODY, Shapes, Zone,
};
use usher_reports::{PERSON, SESSION};

use super::batch::{Batch, NO_NUMBER, NONE, Texts, small};

impl Batch {
    /// The facts of a batch, day by day, with these dimensions.
    pub(super) fn blocks(
        &self,
        zone: &Zone,
        fingerprints: &Fingerprints,
        dims: DimSet,
    ) -> BTreeMap<Date, Arc<Block>> {
        let (facts, actors, sessions) = self.facts(fingerprints);
        let shapes = self.shapes(dims);
        let block = |of_day: Vec<usize>| Block {
            schema: self.layout.schema,
            shapes: shapes.clone(),
            rows: pick(&facts, &of_day),
            actors: Arc::clone(&actors),
            sessions: Arc::clone(&sessions),
        };
        let days = self.by_day(zone).into_iter();
        days.map(|(day, of_day)| (day, Arc::new(block(of_day)))).collect()
    }

    /// The facts of a batch that is all of one day.
    pub(super) fn block(&self, fingerprints: &Fingerprints, dims: DimSet) -> Block {
        let (rows, actors, sessions) = self.facts(fingerprints);
        Block { schema: self.layout.schema, shapes: self.shapes(dims), rows, actors, sessions }
    }

    /// Facts, and the fingerprints of their actors and sessions.
    fn facts(&self, fingerprints: &Fingerprints) -> (usher_cube::Rows, Arc<[u64]>, Arc<[u64]>) {
        let mut people = People::of(self);
        let mut sessions = Sessions::new(self.texts.len());
        let empty = self.texts.find("");
        let present = |code: u32| code != NONE && Some(code) != empty;
        let own = |text: usize| self.rows.own.get(text).map_or(&[][..], Vec::as_slice);
        let actor = own(PERSON).iter().zip(&self.rows.kind).map(|(person, kind)| {
            if present(*person) { people.number(*person, *kind) } else { NOBODY }
        });
        let actor = actor.collect();
        let session = own(SESSION)
            .iter()
            .map(|session| if present(*session) { sessions.number(*session) } else { NOBODY });
        let session = session.collect();
        let amount =
            self.rows.number.iter().map(|it| if *it == NO_NUMBER { NO_AMOUNT } else { *it });
        let rows = usher_cube::Rows {
            at: self.rows.at.clone(),
            shape: self.rows.kind.clone(),
            amount: amount.collect(),
            actor,
            session,
        };
        let text = |code: u32| self.texts.get(code).unwrap_or_default();
        let actors = people
            .known
            .iter()
            .map(|(mvpd, person)| fingerprints.of(&[text(*mvpd), text(*person)]));
        let which = sessions.known.iter().map(|session| fingerprints.of(&[text(*session)]));
        (rows, actors.collect(), which.collect())
    }

    /// What the kinds mean.
    fn shapes(&self, dims: DimSet) -> Shapes {
        let columns: Vec<_> =
            dims.columns().filter(|column| *column < self.layout.schema.dims.len()).collect();
        let mut dictionaries = vec![Texts::default(); columns.len()];
        let mut codes = vec![Vec::with_capacity(self.kinds.len()); columns.len()];
        let (mut marks, mut steps) = (Vec::new(), Vec::new());
        for (number, kind) in self.kinds.iter().enumerate() {
            let attributes = self.attributes(small(number));
            let meant = self.layout.with_meaning(&attributes, kind.numbered, |meaning| {
                let columns = columns.iter().zip(&mut dictionaries).zip(&mut codes);
                for ((column, dictionary), codes) in columns {
                    let label = meaning.labels.get(*column).copied().unwrap_or_default();
                    codes.push(dictionary.code(label));
                }
                marks.push(meaning.marks);
                steps.push(meaning.step);
            });
            if meant.is_none() {
                // No event of this version; it is kept, but counts for nothing.
                for codes in &mut codes {
                    codes.push(NONE);
                }
                marks.push(Marks::NONE);
                steps.push(None);
            }
        }
        let column = |((column, dictionary), codes): ((usize, Texts), Vec<u32>)| LabelColumn {
            column,
            dictionary: dictionary.iter().cloned().collect(),
            codes,
        };
        let columns = columns.into_iter().zip(dictionaries).zip(codes);
        Shapes { labels: Labels(columns.map(column).collect()), marks, steps }
    }
}

/// These rows of all.
fn pick(all: &usher_cube::Rows, rows: &[usize]) -> usher_cube::Rows {
    fn column<T: Copy>(all: &[T], rows: &[usize]) -> Vec<T> {
        rows.iter().filter_map(|row| all.get(*row).copied()).collect()
    }
    usher_cube::Rows {
        at: column(&all.at, rows),
        shape: column(&all.shape, rows),
        amount: column(&all.amount, rows),
        actor: column(&all.actor, rows),
        session: column(&all.session, rows),
    }
}

/// Numbers for people: a name means something only together with the TV provider.
struct People {
    mvpd_of_kind: Vec<u32>,
    /// Per text, the provider and the number it had last.
    last: Vec<(u32, u32)>,
    numbers: HashMap<(u32, u32), u32>,
    known: Vec<(u32, u32)>,
}

impl People {
    fn of(batch: &Batch) -> Self {
        let mvpd = batch.layout.position("mvpd");
        let of_kind = batch
            .kinds
            .iter()
            .map(|kind| mvpd.and_then(|mvpd| kind.codes.get(mvpd)).copied().unwrap_or(NONE));
        Self {
            mvpd_of_kind: of_kind.collect(),
            last: vec![(NONE, NOBODY); batch.texts.len()],
            numbers: HashMap::new(),
            known: Vec::new(),
        }
    }

    fn number(&mut self, person: u32, kind: u32) -> u32 {
        let mvpd = self.mvpd_of_kind.get(kind as usize).copied().unwrap_or(NONE);
        let Some(last) = self.last.get_mut(person as usize) else { return NOBODY };
        if last.0 == mvpd && last.1 != NOBODY {
            return last.1;
        }
        let next = small(self.known.len());
        let number = *self.numbers.entry((mvpd, person)).or_insert(next);
        if number == next {
            self.known.push((mvpd, person));
        }
        *last = (mvpd, number);
        number
    }
}

/// Numbers for sessions.
struct Sessions {
    numbers: Vec<u32>,
    known: Vec<u32>,
}

impl Sessions {
    fn new(texts: usize) -> Self {
        Self { numbers: vec![NOBODY; texts], known: Vec::new() }
    }

    fn number(&mut self, session: u32) -> u32 {
        let Some(number) = self.numbers.get_mut(session as usize) else { return NOBODY };
        if *number == NOBODY {
            *number = small(self.known.len());
            self.known.push(session);
        }
        *number
    }
}
