//! Random questions that the contract allows.

use rand::RngExt as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand_pcg::Pcg64Mcg;
use url::form_urlencoded;
use usher_cube::{
    Address, Api, Dim, Grain, Plan, PlanError, Query, Resource, Rules, Scope, Zone, plan,
};
use usher_reports::{Layout, Reports, Viewer};

use super::past::{self, MIDNIGHT};

/// A question, in the words of a request and in those of the oracle.
pub(super) struct Question {
    pub(super) resource: Resource,
    pub(super) query: String,
    pub(super) scope: Scope,
    /// What rows must be about: what was asked, and what the caller may see.
    pub(super) conditions: Vec<Condition>,
    /// How the request is understood apart from that.
    pub(super) plan: Plan,
}

/// The values of a dimension that are wanted, or that are not.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) dim: String,
    pub(super) is_wanted: bool,
    pub(super) values: Vec<String>,
}

impl Question {
    /// Some question that has an answer.
    pub(super) fn random(dice: &mut Pcg64Mcg, reports: &Reports) -> Self {
        loop {
            if let Some(question) = Self::attempt(dice, reports) {
                return question;
            }
        }
    }

    /// How the question would be asked over HTTP.
    pub(super) fn url(&self) -> String {
        format!("{}?{}", self.resource.href(), self.query)
    }

    /// Nothing when the metrics do not fit the dimensions.
    fn attempt(dice: &mut Pcg64Mcg, reports: &Reports) -> Option<Self> {
        let api = *[Api::Esm, Api::Cmu].choose(dice)?;
        let scope = viewer(dice, api).scope(api)?;
        let model = reports.model(api);
        let paths = model.paths(scope.audience);
        // What is included or filtered lies on one way down from the path, so that a cube has all of it.
        let way = paths.choose(dice)?;
        let depth = dice.random_range(0..=way.len());
        let (path, below) = way.split_at(depth);
        let mut asked = Asked { parts: Vec::new(), conditions: limits(&scope) };
        asked.terms(dice, path, below);
        asked.time(dice);
        asked.metrics(dice, api);
        asked.parts.shuffle(dice);
        let query = asked.parts.join("&");

        let base = if api == Api::Esm { "v3" } else { "v2" };
        let path = path.iter().fold(base.to_owned(), |path, dim| format!("{path}/{dim}"));
        let address = Address::parse(api, &path).ok()?;
        let resource = model.find(&address, scope.audience).unwrap();
        let parsed = Query::parse(&query, |name| model.canonical(resource.base, name)).unwrap();
        let now = Zone::default().civil(MIDNIGHT + 20 * 86_400_000).unwrap();
        match plan((model, &rules()), &resource, &parsed, &scope, now) {
            Ok(planned) => {
                let (conditions, plan) = (asked.conditions, planned.plan);
                Some(Self { resource, query, scope, conditions, plan })
            }
            Err(PlanError::Invalid(_)) => None,
            Err(PlanError::Foreign(dim)) => panic!("{query}: {dim} is out of scope"),
        }
    }
}

/// No question is too broad here.
pub(super) fn rules() -> Rules {
    Rules { cells_max: u64::MAX, ..Rules::default() }
}

fn viewer(dice: &mut Pcg64Mcg, api: Api) -> Viewer {
    let any = |dice: &mut Pcg64Mcg, of: &[&str]| (*of.choose(dice).unwrap()).to_owned();
    match (api, dice.random_range(0..5)) {
        (Api::Esm | Api::Cmu, 0 | 1) => Viewer::Operator,
        (Api::Esm | Api::Cmu, 2) => Viewer::Mvpd(any(dice, &past::MVPDS).as_str().into()),
        (Api::Esm, 3) => Viewer::Company(any(dice, &past::COMPANIES).as_str().into()),
        (Api::Esm, _) => {
            let channels = some(dice, &past::CHANNELS, 2);
            let channels = channels.into_iter().map(Into::into).collect();
            Viewer::Channels(any(dice, &past::COMPANIES).as_str().into(), channels)
        }
        (Api::Cmu, _) => Viewer::Tenant(any(dice, &past::COMPANIES).as_str().into()),
    }
}

fn limits(scope: &Scope) -> Vec<Condition> {
    let limit = |(dim, values): &(Dim, Vec<String>)| Condition {
        dim: dim.to_string(),
        is_wanted: true,
        values: values.clone(),
    };
    scope.limits.iter().map(limit).collect()
}

/// A query string and what it asks for.
struct Asked {
    parts: Vec<String>,
    conditions: Vec<Condition>,
}

impl Asked {
    /// Includes and filters.
    fn terms(&mut self, dice: &mut Pcg64Mcg, path: &[Dim], below: &[Dim]) {
        for dim in below.iter().filter(|_| dice.random_bool(0.25)) {
            self.parts.push(dim.to_string());
        }
        for dim in path.iter().chain(below) {
            let is_time = Grain::named(dim.as_str()).is_some();
            if !is_time && dice.random_bool(0.2) {
                self.filter(dice, dim);
            }
            if !is_time && dice.random_bool(0.1) {
                self.filter(dice, dim);
            }
        }
    }

    /// One dimension, its wanted or unwanted values. Values outside the scope are refused, so they are
    /// only unwanted.
    fn filter(&mut self, dice: &mut Pcg64Mcg, dim: &Dim) {
        let mut known = past::values(dim.as_str()).to_vec();
        known.extend(["Unknown", "N/A", "nowhere"]);
        let number = dice.random_range(1..=3);
        let values: Vec<_> = some(dice, &known, number).iter().map(ToString::to_string).collect();
        let limited =
            self.conditions.iter().any(|limit| limit.dim == dim.as_str() && limit.is_wanted);
        let is_wanted = !limited && dice.random_bool(0.6);
        for value in &values {
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            self.parts.push(format!("{dim}{}{value}", if is_wanted { "=" } else { "!=" }));
        }
        self.conditions.push(Condition { dim: dim.to_string(), is_wanted, values });
    }

    /// Range and limit; the events lie within a week of a midnight.
    fn time(&mut self, dice: &mut Pcg64Mcg) {
        let hour = 3_600_000;
        let from = MIDNIGHT + dice.random_range(-180..120) * hour;
        if dice.random_bool(0.8) {
            let length = dice.random_range(0..250) * hour + dice.random_range(0..2) * 61_234;
            self.parts.push(format!("start={from}"));
            self.parts.push(format!("end={}", from + length));
        }
        match dice.random_range(0..4) {
            0 => self.parts.push(format!("limit={}", dice.random_range(1..30))),
            1 => {}
            _ => self.parts.push("limit=10000".to_owned()),
        }
    }

    fn metrics(&mut self, dice: &mut Pcg64Mcg, api: Api) {
        let names = Layout::of(api).schema.metrics;
        if dice.random_bool(0.5) {
            let number = dice.random_range(1..=2);
            let chosen: Vec<_> = some(dice, names, number).iter().map(|(name, _)| *name).collect();
            self.parts.push(format!("metrics={}", chosen.join(",")));
        }
    }
}

/// So many of them, each once.
fn some<T: Copy>(dice: &mut Pcg64Mcg, of: &[T], number: usize) -> Vec<T> {
    let mut some = of.to_vec();
    some.shuffle(dice);
    some.truncate(number);
    some
}
