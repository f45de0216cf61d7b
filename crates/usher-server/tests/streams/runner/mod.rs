//! Plays scenario tables over real HTTP.
//!
//! A scenario is a TOML file: steps at seconds from its start, each one call or several equal ones,
//! with what must be answered. On top of what a step states, every answer is held against what the
//! contract says about every answer ([`Answer::is_well_formed`]).

mod answer;
mod checks;
mod play;
mod scenario;

use usher_core::Clock;
use usher_registry::{Catalog, Snapshot};

use crate::support::House;
use play::Play;
use scenario::Scenario;

pub use answer::{Answer, code, keys, refresh, start_ms};

/// A demo world in which the fixtures of the contract are installed.
pub struct Stage {
    pub house: House,
}

impl Stage {
    /// Without throttling.
    pub async fn open() -> Self {
        Self::over(House::open().await)
    }

    /// With throttling.
    pub async fn throttled() -> Self {
        Self::over(House::with(&[]).await)
    }

    /// Without throttling and with these settings, each as `--set` takes it.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> =
            settings.iter().copied().chain([("throttle.enabled", "false")]).collect();
        Self::over(House::with(&settings).await)
    }

    /// With throttling and these settings.
    pub async fn throttled_with(settings: &[(&str, &str)]) -> Self {
        Self::over(House::with(settings).await)
    }

    fn over(house: House) -> Self {
        let stage = Self { house };
        stage.configure(include_str!("../fixtures.toml"));
        stage
    }

    /// Replaces the configuration.
    pub fn configure(&self, catalog: &str) {
        let catalog = Catalog::from_toml(catalog).expect("a catalog");
        let snapshot = Snapshot::check(catalog, self.house.clock.now()).expect("a valid catalog");
        self.house.registry.replace(snapshot);
    }

    /// Plays the scenario `name`, after those it continues, from now on.
    pub async fn plays(&self, name: &str) {
        let mut play = Play::new(&self.house, name);
        for scenario in Scenario::read(name) {
            play.scenario(&scenario).await;
        }
    }
}
