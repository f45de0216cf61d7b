//! The households of the demo's past. What one is like never changes, and hangs together: one
//! provider, its brands, a package, a few devices, favourite channels, and how much it watches.

use super::dice::{Dice, Mix};
use super::world::{
    Brand, Channel, DATA_CENTRES, ELSEWHERE, Form, LIVING_ROOM, Model, PROVIDERS, Provider,
    Shortcut,
};

/// What the dice of households are named by.
const HOUSEHOLD: u64 = 2;

/// How many devices a household has besides the one in the living room.
static OTHER_DEVICES: Mix<u64> = Mix { mostly: 1, otherwise: &[(25, 0), (30, 2)] };

/// How often a household watches on an average day, in per mille.
static APPETITES: Mix<u64> = Mix { mostly: 850, otherwise: &[(28, 300), (26, 1_700)] };

/// Some households, in per mille, share their password: more devices, and always somebody watching.
/// They are the ones who meet the limits.
const SHARING: u64 = 50;
const SHARING_OTHER_DEVICES: u64 = 4;
const SHARING_APPETITE: u64 = 9_000;

/// An account and the people behind it.
pub(super) struct Household {
    pub(super) provider: &'static Provider,
    /// The hashed user id of entitlement events.
    pub(super) user_id: String,
    /// The subject of stream events.
    pub(super) account: String,
    pub(super) data_centre: &'static str,
    pub(super) appetite: u64,
    home: &'static Brand,
    favourites: Vec<(&'static str, &'static Channel)>,
    whole_package: bool,
    living_room: Device,
    others: Vec<Device>,
}

/// One device of a household.
pub(super) struct Device {
    /// Its place in the household.
    pub(super) number: u64,
    pub(super) model: &'static Model,
    /// Whether its applications are of the newest version.
    pub(super) up_to_date: bool,
    /// Whether its maker may vouch for the viewer.
    pub(super) vouched: bool,
}

impl Household {
    /// Household `number` of the past that `seed` tells.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(seed, &[HOUSEHOLD, number]);
        let provider = dice.pick(&PROVIDERS);
        let favourites = provider.brands.all().map(|it| (it.id, dice.pick(&it.channels))).collect();
        let (others, appetite) = if dice.per_mille(SHARING) {
            (SHARING_OTHER_DEVICES, SHARING_APPETITE)
        } else {
            (dice.pick(&OTHER_DEVICES), dice.pick(&APPETITES))
        };
        Self {
            provider,
            user_id: dice.identifier(),
            account: dice.identifier(),
            data_centre: dice.pick(&DATA_CENTRES),
            appetite: appetite + dice.within(&(0..200)),
            home: dice.pick(&provider.brands),
            favourites,
            whole_package: dice.per_mille(780),
            living_room: Device::new(&mut dice, 0, &LIVING_ROOM),
            others: (1..=others).map(|nth| Device::new(&mut dice, nth, &ELSEWHERE)).collect(),
        }
    }

    /// Whether the package has a channel.
    pub(super) const fn may_watch(&self, channel: &Channel) -> bool {
        self.whole_package || channel.basic
    }

    /// A device that is at hand: the one in the living room twice as often as each other.
    pub(super) fn device(&self, dice: &mut Dice) -> &Device {
        let nth = dice.within(&(0..self.others.len() as u64 + 2));
        let other = usize::try_from(nth).ok().and_then(|nth| self.others.get(nth));
        other.unwrap_or(&self.living_room)
    }

    /// A brand: mostly the household's own.
    pub(super) fn brand(&self, dice: &mut Dice) -> &'static Brand {
        if dice.per_mille(650) { self.home } else { dice.pick(&self.provider.brands) }
    }

    /// Something to watch there: mostly the favourite, and mostly something in the package, because
    /// applications show what is not with a lock.
    pub(super) fn channel(&self, brand: &'static Brand, dice: &mut Dice) -> &'static Channel {
        let favourite = self.favourites.iter().find(|(id, _)| *id == brand.id);
        let wanted = match favourite {
            Some((_, favourite)) if dice.per_mille(600) => favourite,
            Some(_) | None => dice.pick(&brand.channels),
        };
        if self.may_watch(wanted) || dice.per_mille(250) { wanted } else { brand.channels.mostly }
    }

    /// What signs this household in without its provider's page, on a device for a brand.
    pub(super) fn shortcut(&self, device: &Device, brand: &Brand) -> Option<Shortcut> {
        device.model.shortcut.filter(|shortcut| {
            brand.sso
                && match shortcut {
                    Shortcut::Platform => brand.id != self.home.id && self.home.sso,
                    Shortcut::Partner => device.vouched && self.provider.partner,
                }
        })
    }
}

impl Device {
    fn new(dice: &mut Dice, number: u64, models: &Mix<&'static Model>) -> Self {
        let model = dice.pick(models);
        let ready = match model.form {
            Form::Television => 600,
            Form::Mobile => 800,
            // A page is always the newest, except where it has been open for days.
            Form::Browser => 970,
        };
        Self { number, model, up_to_date: dice.per_mille(ready), vouched: dice.per_mille(500) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_always_the_same_and_has_one_to_five_devices() {
        for number in 0..300 {
            let household = Household::new(1, number);
            assert_eq!(household.user_id, Household::new(1, number).user_id);
            assert_ne!(household.user_id, Household::new(2, number).user_id);
            assert!(household.others.len() <= 4);
        }
    }

    #[test]
    fn a_household_watches_only_brands_of_its_provider() {
        let mut dice = Dice::new(3, &[]);
        for number in 0..300 {
            let household = Household::new(1, number);
            let brand = household.brand(&mut dice);
            assert!(household.provider.brands.all().any(|it| it.id == brand.id));
            let channel = household.channel(brand, &mut dice);
            assert!(brand.channels.all().any(|it| it.id == channel.id));
        }
    }
}
