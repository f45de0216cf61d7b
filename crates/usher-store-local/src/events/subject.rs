//! One person in the store: found, counted, and given a new name.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::Date;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use usher_core::StoreError;
use usher_parquet::{ParquetError, Table};
use usher_reports::{Api, Layout, PERSON, SESSION, Subject, SubjectRecords, Trace};

use super::batch::{Batch, NONE, Row};
use super::file::{self, Attributes};
use super::group::Then;
use super::keeper::{Task, Traced, Work};
use super::kept::ApiDay;
use super::shared::Shared;
use super::shelf::store_error;
use super::{LocalEvents, stopped};

/// What else could lead back to somebody, among an event's own texts.
const VISITOR: usize = 3;

/// The attributes that say who somebody is.
const NAMES: [&str; 3] = ["user_id", "account", "visitor_id"];

#[async_trait]
impl SubjectRecords for LocalEvents {
    async fn trace(&self, subject: &Subject) -> Result<Vec<Trace>, StoreError> {
        let (shared, search) = (Arc::clone(&self.shared), Search::new(subject, &[]));
        let traced = spawn_blocking(move || shared.trace(&search));
        traced.await.map_err(|_| stopped())?
    }

    async fn rekey(
        &self,
        subject: &Subject,
        companies: &[String],
    ) -> Result<Vec<Trace>, StoreError> {
        // Nothing may stay behind in the log.
        self.send(Vec::new(), Then::Seal).await?;
        let mut name = [0; 16];
        self.entropy.fill(&mut name);
        let name = format!("{:032x}", u128::from_be_bytes(name));
        let (done, answer) = oneshot::channel();
        let search = Search::new(subject, companies);
        self.keeper.send(Task::Rekey(Box::new(Renaming { search, name, days: None, done })));
        answer.await.map_err(|_| stopped())?
    }
}

/// Whose events are looked for.
#[derive(Clone, Debug)]
pub(super) struct Search {
    mvpd: String,
    names: Vec<String>,
    /// At which companies; at all when empty.
    companies: Vec<String>,
}

/// A person who gets a new name, day by day.
pub(super) struct Renaming {
    search: Search,
    name: String,
    /// The days that are left, and what was found on the others; nothing before the first step.
    days: Option<(VecDeque<Date>, Found)>,
    done: oneshot::Sender<Traced>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    traces: BTreeMap<String, Trace>,
    sessions: HashSet<(String, String)>,
}

impl Found {
    fn add(&mut self, batch: &Batch, search: &Search) {
        let event = batch.layout.position("event");
        let is_about = search.matcher(batch);
        for row in batch.rows.iter().filter(|row| is_about(row)) {
            let attributes = batch.attributes(row.kind);
            let company = Search::company(batch.layout, &attributes).to_owned();
            let event = event.and_then(|event| attributes.get(event).copied().flatten());
            let session = row.own.get(SESSION).and_then(|session| batch.texts.get(*session));
            let trace = self.traces.entry(company.clone()).or_default();
            trace.company.clone_from(&company);
            match event.unwrap_or_default() {
                "session-started" => trace.streams += 1,
                "authz-granted" | "authz-failed" | "authz-rejected" => trace.authz_decisions += 1,
                event if event.starts_with("authn-") => {
                    let session = session.unwrap_or_default().to_owned();
                    trace.authn_sessions += u64::from(self.sessions.insert((company, session)));
                }
                _ => {}
            }
        }
    }

    fn into_traces(self) -> Vec<Trace> {
        self.traces.into_values().collect()
    }
}

impl Search {
    fn new(subject: &Subject, companies: &[String]) -> Self {
        let Subject { mvpd, names } = subject.clone();
        Self { mvpd, names, companies: companies.to_vec() }
    }

    /// Whether a row of a batch is about the person.
    fn matcher(&self, batch: &Batch) -> impl Fn(&Row) -> bool + use<> {
        let codes: Vec<_> = self.names.iter().filter_map(|name| batch.texts.find(name)).collect();
        let mvpd = batch.layout.position("mvpd");
        let kinds: Vec<bool> = (0..batch.kinds.len())
            .map(|kind| {
                let attributes = batch.attributes(u32::try_from(kind).unwrap_or(NONE));
                let of_mvpd = mvpd.and_then(|mvpd| attributes.get(mvpd).copied().flatten());
                of_mvpd == Some(self.mvpd.as_str())
                    && self.covers(Self::company(batch.layout, &attributes))
            })
            .collect();
        move |row| {
            row.own.get(PERSON).is_some_and(|person| codes.contains(person))
                && kinds.get(row.kind as usize).copied().unwrap_or(false)
        }
    }

    fn covers(&self, company: &str) -> bool {
        self.companies.is_empty() || self.companies.iter().any(|it| it == company)
    }

    /// Whose event it is: a media company's or a tenant's.
    fn company<'b>(layout: &Layout, attributes: &[Option<&'b str>]) -> &'b str {
        let name = match layout.api {
            Api::Esm => "media_company",
            Api::Cmu => "tenant",
        };
        let company = layout.position(name).and_then(|it| attributes.get(it).copied().flatten());
        company.unwrap_or_default()
    }

    /// Whether a file may have something: its dictionary of persons has one of the names.
    fn may_be_in(&self, table: &Table, layout: &Layout) -> Result<bool, ParquetError> {
        let [person, ..] = layout.own;
        for group in 0..table.groups() {
            let dictionary = table.texts(group, person, 0..0)?.dictionary;
            if dictionary.iter().any(|known| self.names.iter().any(|name| **name == **known)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds what the files of a day have.
    fn look_into(&self, api: Api, day: &ApiDay, found: &mut Found) -> Result<(), StoreError> {
        let layout = Layout::of(api);
        let names = ["event", "mvpd", "media_company", "tenant"];
        let needed = names.iter().filter_map(|name| layout.position(name));
        let attributes = needed.fold(Attributes::NONE, Attributes::with);
        for file in day.events() {
            let look = |found: &mut Found| {
                let table = file::open(&file.path)?;
                if self.may_be_in(&table, layout)? {
                    for group in 0..table.groups() {
                        found.add(&file::read(&table, group, layout, attributes)?, self);
                    }
                }
                Ok(())
            };
            look(found).map_err(|error| store_error(&file.path, &error))?;
        }
        Ok(())
    }
}

impl Shared {
    fn trace(&self, search: &Search) -> Result<Vec<Trace>, StoreError> {
        let view = self.view();
        let mut found = Found::default();
        for chunk in &view.chunks {
            found.add(&chunk.batch, search);
        }
        for api in [Api::Esm, Api::Cmu] {
            for day in view.kept.days(api).values() {
                search.look_into(api, day, &mut found)?;
            }
        }
        Ok(found.into_traces())
    }
}

impl Work {
    /// Renames somebody on one day; hands the renaming back when there are more.
    pub(super) fn rename_next(&mut self, mut renaming: Box<Renaming>) -> Option<Box<Renaming>> {
        match self.rename_one(&mut renaming) {
            Ok(false) => return Some(renaming),
            Ok(true) => {
                let found = renaming.days.map(|(_, found)| found).unwrap_or_default();
                // Who no longer waits does not need the answer.
                let _ = renaming.done.send(Ok(found.into_traces()));
            }
            Err(error) => {
                let _ = renaming.done.send(Err(error));
            }
        }
        None
    }

    /// Whether all days are done.
    fn rename_one(&mut self, renaming: &mut Renaming) -> Result<bool, StoreError> {
        let kept = self.kept();
        let Renaming { search, name, days, .. } = renaming;
        let (days, found) = days.get_or_insert_with(|| {
            let mut days: Vec<_> = kept.esm.keys().chain(kept.cmu.keys()).copied().collect();
            days.sort_unstable();
            days.dedup();
            (days.into(), Found::default())
        });
        let Some(day) = days.pop_front() else { return Ok(true) };
        let mut of_day = Found::default();
        for api in [Api::Esm, Api::Cmu] {
            if let Some(api_day) = kept.days(api).get(&day) {
                search.look_into(api, api_day, found)?;
                search.look_into(api, api_day, &mut of_day)?;
            }
        }
        if !of_day.traces.is_empty() {
            self.close(&[day], Some(&Rename { search, name }))?;
        }
        Ok(days.is_empty())
    }
}

/// A new name for somebody, applied to batches on their way into a closed day.
#[derive(Clone, Copy)]
pub(super) struct Rename<'a> {
    search: &'a Search,
    name: &'a str,
}

impl Rename<'_> {
    pub(super) fn apply(&self, batch: &mut Batch) {
        let is_about = self.search.matcher(batch);
        let rows = batch.rows.iter().enumerate().filter(|(_, row)| is_about(row));
        let rows: Vec<_> = rows.map(|(number, _)| number).collect();
        let name = batch.texts.code(self.name);
        for (text, code) in [(PERSON, Some(name)), (VISITOR, None)] {
            let is_named = batch.layout.own.get(text).is_some_and(|it| NAMES.contains(it));
            let column = batch.rows.own.get_mut(text).filter(|_| is_named);
            let Some(column) = column else { continue };
            for row in &rows {
                if let Some(cell) = column.get_mut(*row) {
                    *cell = code.unwrap_or(NONE);
                }
            }
        }
    }
}
