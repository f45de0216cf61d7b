//! The service: from a path and a query to a report.

use std::sync::Arc;

use jiff::civil::DateTime;
use usher_core::{Clock, StoreError, Timestamp};
use usher_cube::{
    Address, Api, Dim, FindError, Invalid, Metric, Model, ModelError, PlanError, Planned, Query,
    Resource, RollupSet, Rules, Scope, Switches, Table, plan,
};

use crate::{Answer, AnswerError, Layout, Warehouse};

/// How reports behave on this server.
#[derive(Clone, Debug, Default)]
pub struct ReportSettings {
    /// Zone and bounds.
    pub rules: Rules,
    /// What is switched on.
    pub switches: Switches,
}

/// Answers report requests.
pub struct Reports {
    esm: Model,
    cmu: Model,
    rules: Rules,
    warehouse: Arc<dyn Warehouse>,
    clock: Arc<dyn Clock>,
}

/// A report: what was asked, where one can go from here, and the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The `self` link, with everything implicit spelled out.
    pub href: String,
    /// The parent; nothing at the root.
    pub roll_up: Option<Link>,
    /// The children, by name.
    pub drill_down: Vec<Link>,
    /// Header and rows.
    pub table: Table,
    /// Name of the report as a file, without extension.
    pub file_stem: String,
    /// When its numbers were last made; nothing when they were computed for this report.
    pub made: Option<Timestamp>,
}

/// A link to another resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its path, without query.
    pub href: String,
    /// Its last dimension; the root has none.
    pub name: Option<Dim>,
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The query is wrong.
    #[error(transparent)]
    Invalid(Invalid),
    /// The query asks for data of somebody else.
    #[error("you may not see this value of [{0}]")]
    Foreign(Dim),
    /// The events cannot be read now.
    #[error("the reports are not available at the moment")]
    Unavailable(#[source] StoreError),
}

impl Reports {
    /// Reports over `warehouse`. Fails only when this build carries broken tree files.
    pub fn new(
        settings: ReportSettings,
        warehouse: Arc<dyn Warehouse>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ModelError> {
        let ReportSettings { rules, switches } = settings;
        let (esm, cmu) = (Model::esm(switches)?, Model::cmu(switches)?);
        Ok(Self { esm, cmu, rules, warehouse, clock })
    }

    /// The roll-ups that reports of `api` may ask a warehouse for.
    pub fn rollups(api: Api, switches: Switches) -> Result<Vec<RollupSet>, ModelError> {
        let model = match api {
            Api::Esm => Model::esm(switches)?,
            Api::Cmu => Model::cmu(switches)?,
        };
        Ok(model.rollup_sets(Layout::of(api).schema))
    }

    /// The trees of `api`.
    pub const fn model(&self, api: Api) -> &Model {
        match api {
            Api::Esm => &self.esm,
            Api::Cmu => &self.cmu,
        }
    }

    /// The resource at `address`, if it exists for a caller of this scope.
    pub fn find(&self, address: &Address, scope: &Scope) -> Result<Resource, FindError> {
        self.model(address.base.api()).find(address, scope.audience)
    }

    /// Whether `address` is a saved report, such as the billing one (`wolap.md` §2).
    pub fn is_saved(&self, address: &Address) -> bool {
        self.model(address.base.api()).is_saved(address)
    }

    /// The report of `resource` that the raw query string asks for.
    pub async fn report(
        &self,
        resource: &Resource,
        query: &str,
        scope: &Scope,
    ) -> Result<Report, ReportError> {
        let Planned { plan, href, file_stem } = self.plan(resource, query, scope)?;
        let Answer { table, made } = self.warehouse.answer(plan).await?;
        let (roll_up, drill_down) = (resource.parent(), resource.below());
        Ok(Report { href, roll_up, drill_down, table, file_stem, made })
    }

    /// Whether a link to `path`, as links are written, leads to a report when `query` is added.
    pub fn has(&self, path: &str, query: &str, scope: &Scope) -> bool {
        self.planned(path, query, scope).is_some()
    }

    /// The metrics of the report that a link to `path` with `query` leads to.
    pub fn metrics(&self, path: &str, query: &str, scope: &Scope) -> Vec<Metric> {
        self.planned(path, query, scope).map_or_else(Vec::new, |planned| planned.plan.metrics)
    }

    /// The highest number of rows of a report.
    pub const fn limit_max(&self) -> usize {
        self.rules.limit_max
    }

    fn planned(&self, path: &str, query: &str, scope: &Scope) -> Option<Planned> {
        let (api, rest) = match path.strip_prefix("/esm/") {
            Some(rest) => (Api::Esm, rest),
            None => (Api::Cmu, path.strip_prefix("/cmu/")?),
        };
        let resource = self.find(&Address::parse(api, rest).ok()?, scope).ok()?;
        self.plan(&resource, query, scope).ok()
    }

    fn plan(
        &self,
        resource: &Resource,
        query: &str,
        scope: &Scope,
    ) -> Result<Planned, ReportError> {
        let model = self.model(resource.base.api());
        let query = Query::parse(query, |name| model.canonical(resource.base, name))?;
        Ok(plan((model, &self.rules), resource, &query, scope, self.now())?)
    }

    /// The current report time.
    fn now(&self) -> DateTime {
        self.rules.zone.civil(self.clock.now().as_millis()).unwrap_or(DateTime::MAX)
    }
}

/// Links of a resource.
trait Neighbours {
    fn parent(&self) -> Option<Link>;
    fn below(&self) -> Vec<Link>;
}

impl Neighbours for Resource {
    fn parent(&self) -> Option<Link> {
        let (_, parent) = self.path.split_last()?;
        let base = self.base.href().to_owned();
        let href = parent.iter().fold(base, |href, dim| format!("{href}/{dim}"));
        Some(Link { href, name: parent.last().cloned() })
    }

    fn below(&self) -> Vec<Link> {
        let href =
            self.path.iter().fold(self.base.href().to_owned(), |it, dim| format!("{it}/{dim}"));
        let link = |dim: &Dim| Link { href: format!("{href}/{dim}"), name: Some(dim.clone()) };
        self.children.iter().map(link).collect()
    }
}

impl From<Invalid> for ReportError {
    fn from(error: Invalid) -> Self {
        Self::Invalid(error)
    }
}

impl From<PlanError> for ReportError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Invalid(invalid) => Self::Invalid(invalid),
            PlanError::Foreign(dim) => Self::Foreign(dim),
        }
    }
}

impl From<AnswerError> for ReportError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::TooBroad(_) => Self::Invalid(Invalid::TooWide),
            AnswerError::Store(source) => Self::Unavailable(source),
        }
    }
}
