//! Hostile bytes through the grammar of report URLs, with what must be true of whatever becomes a plan.
//!
//! Entry point of the fuzz target `report_url`, and of the test below, which throws a little at it in
//! every run of the gate.

use std::sync::LazyLock;

use jiff::civil::{DateTime, date};
use usher_cube::{Address, Model, Planned, Query, Rules, Scope, Switches, plan};

use crate::Viewer;

/// What the grammar is tried with.
struct World {
    models: Vec<Model>,
    rules: Rules,
    now: DateTime,
}

static WORLD: LazyLock<Option<World>> = LazyLock::new(|| {
    let switches = Switches { minute_reports: true, ..Switches::default() };
    let models = vec![Model::esm(switches).ok()?, Model::cmu(switches).ok()?];
    Some(World { models, rules: Rules::default(), now: date(2024, 3, 6).at(14, 0, 0, 0) })
});

/// A path below `/esm/` and `/cmu/`, a line feed, and a query string.
///
/// # Panics
///
/// When a plan asks for more than the rules allow or the caller may see, or when its `self` link is not the
/// address of the same plan.
pub fn url(bytes: &[u8]) {
    let (Ok(text), Some(world)) = (std::str::from_utf8(bytes), WORLD.as_ref()) else { return };
    let (path, query) = text.split_once('\n').unwrap_or((text, ""));
    for model in &world.models {
        for viewer in [Viewer::Operator, Viewer::Mvpd("OpCo".into())] {
            let Some(scope) = viewer.scope(model.api()) else { continue };
            let Some(first) = world.planned(model, path, query, &scope) else { continue };
            assert_bounded(&first, &scope, &world.rules);
            let (_, here) = first.href.split_at(first.href.find('v').unwrap_or(0));
            let (path, query) = here.split_once('?').unwrap_or((here, ""));
            let again = world.planned(model, path, query, &scope);
            assert_eq!(again.map(told), Some(told(first)), "{text}");
        }
    }
}

impl World {
    fn planned(&self, model: &Model, path: &str, query: &str, scope: &Scope) -> Option<Planned> {
        let address = Address::parse(model.api(), path).ok()?;
        let resource = model.find(&address, scope.audience).ok()?;
        let query = Query::parse(query, |name| model.canonical(resource.base, name)).ok()?;
        plan((model, &self.rules), &resource, &query, scope, self.now).ok()
    }
}

fn assert_bounded(planned: &Planned, scope: &Scope, rules: &Rules) {
    let Planned { plan, href, file_stem } = planned;
    assert!(plan.limit > 0 && plan.limit <= rules.limit_max, "{href}");
    assert!(plan.range.is_none_or(|range| range.start <= range.end), "{href}");
    assert!(!plan.metrics.is_empty(), "{href}");
    let tells_token = ["?access_token=", "&access_token="].iter().any(|it| href.contains(it));
    assert!(!tells_token && href.is_ascii(), "{href}");
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "._,!-".contains(it);
    assert!(file_stem.chars().all(is_plain), "{file_stem}");
    for (dim, _) in &scope.limits {
        assert!(plan.filters.iter().any(|filter| filter.dim() == dim), "{href}");
    }
}

/// What two plans of the same report have in common: all of it.
fn told(planned: Planned) -> (String, String) {
    (planned.href, format!("{:?}", planned.plan))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use usher_cube::Api;

    /// Pieces that addresses are made of, and some that they are not.
    const PIECES: [&str; 44] = [
        "v2",
        "v3",
        "/",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "media-company",
        "tenant",
        "mvpd",
        "proxy",
        "requestor-id",
        "dc",
        "event",
        "concurrency-level",
        "billing/daily",
        ".csv",
        "\n",
        "&",
        "=",
        "!=",
        "!",
        "%21=",
        "?",
        "OpCo",
        "start=2024",
        "end=2024-03-05T10",
        "start=",
        "limit=7",
        "limit=0",
        "metrics=count",
        "metrics=authn-failed,x",
        "1709661610000",
        "%FF",
        "%2F",
        "+",
        "%2B02:00",
        "access_token=x",
        "é",
        "2024-02-30",
        "Z",
        "sdk-type",
        "9999999999999999999",
    ];

    proptest! {
        #[test]
        fn whatever_is_asked_the_self_link_asks_the_same(
            path in prop::sample::select(vec!["v3/media-company/year/month/day", "v3", "v2/mvpd/year", "v2/tenant/year/month"]),
            pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..12),
        ) {
            url(format!("{path}\n{}", pieces.concat()).as_bytes());
            url(pieces.concat().as_bytes());
        }

        #[test]
        fn bytes_do_no_harm(bytes: Vec<u8>) {
            url(&bytes);
        }
    }

    #[test]
    fn addresses_that_make_sense_do_become_plans() {
        let world = WORLD.as_ref().unwrap();
        let scope = Viewer::Operator.scope(Api::Esm).unwrap();
        let path = "v3/media-company/year/month/day";
        let query = "mvpd!=A%26B&event&reason!=None&start=2024-03&limit=3";
        assert!(world.planned(&world.models[0], path, query, &scope).is_some());
        url(format!("{path}\n{query}").as_bytes());
    }
}
