//! A reports service over fixed events.

use std::sync::Arc;

use async_trait::async_trait;
use usher_core::{Clock, MediaCompanyId, Timestamp};
use usher_reports::{
    Address, Answer, AnswerError, Api, EventBatch, FindError, Ledger, Plan, Report, ReportError,
    ReportSettings, Reports, Switches, Viewer, Warehouse, Zone,
};

/// A warehouse of events that never change.
struct Fixed(Ledger);

#[async_trait]
impl Warehouse for Fixed {
    async fn answer(&self, plan: Plan) -> Result<Answer, AnswerError> {
        Ok(Answer { table: self.0.answer(&plan)?, made: None })
    }
}

/// A clock that stands still.
struct Stopped(i64);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0)
    }
}

/// 2024-03-06T14:00:00 in report time, the clock of the sample in `wolap.md` §13.1.
const SAMPLE_CLOCK: i64 = 1_709_762_400_000;

/// How a request came out.
#[derive(Debug)]
pub(crate) enum Outcome {
    Report(Box<Report>),
    NotFound,
    Forbidden,
    Invalid(String),
}

impl Outcome {
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Report(_) => 200,
            Self::NotFound => 404,
            Self::Forbidden => 403,
            Self::Invalid(_) => 400,
        }
    }

    /// The report, where there must be one.
    pub(crate) fn report(self) -> Report {
        match self {
            Self::Report(report) => *report,
            other => panic!("a report was expected, not {other:?}"),
        }
    }

    /// Rows as `label,label|value,value`, for short assertions.
    pub(crate) fn lines(self) -> Vec<String> {
        let join = |row: &usher_reports::Row| {
            let values: Vec<_> = row.values.iter().map(u64::to_string).collect();
            format!("{}|{}", row.labels.join(","), values.join(","))
        };
        self.report().table.rows.iter().map(join).collect()
    }
}

/// The service under test.
pub(crate) struct Desk(pub(crate) Reports);

impl Desk {
    /// A service over these event files, minute reports on.
    pub(crate) fn with(files: &[&str]) -> Self {
        let mut ledger = Ledger::new(&Zone::default());
        for file in files {
            let events = EventBatch::from_ndjson(file.as_bytes()).unwrap().into_events();
            for event in &events {
                ledger.book(event);
            }
        }
        let switches = Switches { minute_reports: true, ..Switches::default() };
        let settings = ReportSettings { switches, ..ReportSettings::default() };
        let (warehouse, clock) = (Arc::new(Fixed(ledger)), Arc::new(Stopped(SAMPLE_CLOCK)));
        Self(Reports::new(settings, warehouse, clock).unwrap())
    }

    /// Asks `url` for the caller named as in the scenario files.
    pub(crate) async fn ask(&self, caller: &str, url: &str) -> Outcome {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let (api, rest) = match (path.strip_prefix("/esm/"), path.strip_prefix("/cmu/")) {
            (Some(rest), _) => (Api::Esm, rest),
            (_, Some(rest)) => (Api::Cmu, rest),
            (None, None) => panic!("{url} belongs to no API"),
        };
        let Ok(address) = Address::parse(api, rest) else {
            return Outcome::NotFound;
        };
        let Some(scope) = viewer(caller).scope(api) else {
            return Outcome::Forbidden;
        };
        let resource = match self.0.find(&address, &scope) {
            Ok(resource) => resource,
            Err(FindError::Unknown) => return Outcome::NotFound,
            Err(FindError::OtherAudience) => return Outcome::Forbidden,
        };
        match self.0.report(&resource, query, &scope).await {
            Ok(report) => Outcome::Report(Box::new(report)),
            Err(ReportError::Invalid(invalid)) => Outcome::Invalid(invalid.to_string()),
            Err(ReportError::Foreign(_)) => Outcome::Forbidden,
            Err(ReportError::Unavailable(error)) => panic!("{error}"),
        }
    }
}

fn viewer(caller: &str) -> Viewer {
    match caller {
        "operator" => Viewer::Operator,
        tenant if tenant.starts_with("tenant ") => {
            Viewer::Tenant(tenant.replace("tenant ", "").as_str().into())
        }
        mvpd if mvpd.starts_with("MVPD_") => Viewer::Mvpd(mvpd.into()),
        channel if channel.contains('/') => {
            let (company, channel) = channel.split_once('/').unwrap();
            Viewer::Channels(MediaCompanyId::from(company), vec![channel.into()])
        }
        company => Viewer::Company(company.into()),
    }
}
