//! An evening of faithful players: they start, beat about every minute, stop or fall silent.

use std::time::Duration;

use rand::RngExt;
use usher_reports::Event;
use usher_streams::Grain;

use crate::call::{Ask, Call, Said};
use crate::world::{Weather, World};

const SUBJECTS: [&str; 6] = ["ann", "bob", "cleo", "dan", "eve", "finn"];
const APPLICATIONS: [&str; 4] = ["three", "channel", "latest", "both"];

/// A stream that plays.
struct Player {
    application: &'static str,
    account: &'static str,
    session: String,
}

/// Everything that is reported of an evening of so many minutes, when reports tell periods of `grain`
/// apart. What happens depends on the seed alone.
///
/// # Panics
///
/// When the service says anything else than the model.
pub fn evening(seed: u64, minutes: u32, grain: Grain) -> Vec<Event> {
    let mut world = World::new(seed, Weather::Calm, grain);
    let mut players: Vec<Player> = Vec::new();
    for _ in 0..minutes {
        for account in SUBJECTS {
            if world.dice.random_bool(0.04) {
                players.extend(start(&mut world, account));
            }
        }
        players.retain(|player| plays_on(&mut world, player));
        let millis = world.dice.random_range(50_000..65_000);
        world.clock.advance(Duration::from_millis(millis));
    }
    world.finish().1
}

fn start(world: &mut World, account: &'static str) -> Option<Player> {
    let application = APPLICATIONS[world.dice.random_range(0..APPLICATIONS.len())];
    let device = ["tv", "phone"][world.dice.random_range(0..2)];
    let form = [("channel", "one"), ("deviceId", device)];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let said = ask(world, application, account, Ask::Start { form, codes: Vec::new() });
    match said {
        Said::Started { session, .. } => Some(Player { application, account, session }),
        _ => None,
    }
}

/// Lets a player do what it does in a minute; whether it goes on.
fn plays_on(world: &mut World, player: &Player) -> bool {
    let Player { application, account, session } = player;
    let session = session.clone();
    match world.dice.random_range(0..100_u32) {
        0..2 => false,
        2..4 => {
            ask(world, application, account, Ask::Stop { session });
            false
        }
        _ => {
            let beat = Ask::Beat { session, form: Vec::new() };
            matches!(ask(world, application, account, beat), Said::Beaten { .. })
        }
    }
}

fn ask(world: &mut World, application: &str, account: &str, ask: Ask) -> Said {
    let subject = ("north".to_owned(), account.to_owned());
    world.ask(Call { application: application.to_owned(), subject, ask })
}
