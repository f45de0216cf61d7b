//! Histories that seeds decide.

use usher_sim::{Weather, simulate};

/// Steps of one history.
const STEPS: usize = 600;

#[test]
fn in_calm_weather_every_answer_is_that_of_the_contract() {
    let outcomes = (0..150).map(|seed| simulate(seed, STEPS, Weather::Calm));
    let (started, denied) =
        outcomes.fold((0, 0), |(started, denied), it| (started + it.started, denied + it.denied));
    assert!(started > 3_000 && denied > 300, "{started} started, {denied} denied");
}

#[test]
fn crashes_and_jumping_clocks_forget_nothing_and_admit_nobody() {
    let outcomes: Vec<_> =
        (1_000..1_150).map(|seed| simulate(seed, STEPS, Weather::Stormy)).collect();
    let crashes: usize = outcomes.iter().map(|it| it.crashes).sum();
    assert!(crashes > 500, "{crashes} crashes");
}

#[test]
fn a_seed_reproduces_its_history() {
    for weather in [Weather::Calm, Weather::Stormy] {
        let [one, same] = [7; 2].map(|seed| simulate(seed, STEPS, weather));
        assert_eq!(one, same);
        assert_ne!(one.trace, simulate(8, STEPS, weather).trace);
    }
}
