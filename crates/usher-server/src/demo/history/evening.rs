//! What one household does on one day: it opens applications, signs in, is asked whether it may watch,
//! and watches. Events come in the order in which the services would have noted them (`wolap.md`
//! §17.1: an attempt comes before its outcome, a cached answer is silent).

use std::time::Duration;

use usher_core::Timestamp;
use usher_reports::{EntitlementEvent, EntitlementEventName as Name, Event};

use super::calendar::Day;
use super::dice::Dice;
use super::streams::{Stream, Streams};
use super::viewer::{Device, Household};
use super::visit::{Asked, Outcome, Visit};
use super::world::{Brand, CABLEVISION, Channel, REF30, SPORTS, Shortcut};

/// What the dice of evenings are named by.
const EVENING: u64 = 3;

/// Chances, in per mille.
mod odds {
    /// The profile has ended when an application is opened for the first time that day.
    pub(super) const SIGN_IN: u64 = 150;
    /// The viewer gives up on the provider's page.
    pub(super) const GIVE_UP: u64 = 110;
    /// The viewer signs in and never comes back to the application.
    pub(super) const WALK_AWAY: u64 = 30;
    /// The partner cannot vouch.
    pub(super) const PARTNER_FAILS: u64 = 120;
    /// The application asks what it may show without a lock.
    pub(super) const PREAUTHORIZE: u64 = 420;
    /// The viewer came to sign out.
    pub(super) const SIGN_OUT: u64 = 20;
    /// The provider does not answer on an ordinary day.
    pub(super) const PROVIDER_SILENT: u64 = 3;
    /// A viewer who is denied hammers the button.
    pub(super) const HAMMER: u64 = 60;
    /// A household is there for the live event, with and without the channel in its package.
    pub(super) const LIVE: u64 = 760;
    pub(super) const LIVE_LOCKED: u64 = 120;
}

/// In how many parts an appetite is asked whether to watch: the most visits of an ordinary day.
const COURSES: u64 = 12;
/// How long the demo waits for a provider (`entitlement.mvpd_deadline`).
const DEADLINE: Duration = Duration::from_secs(2);

/// A visit to come.
struct Plan<'a> {
    at: Timestamp,
    device: &'a Device,
    brand: &'static Brand,
    channel: &'static Channel,
}

/// A household on its day.
struct Evening<'a> {
    day: &'a Day,
    household: &'a Household,
    dice: Dice,
    /// Device and brand of the applications opened so far.
    opened: Vec<(u64, &'static str)>,
    /// Device, brand and channel of the permits that are cached.
    permits: Vec<(u64, &'static str, &'static str)>,
    events: Vec<Event>,
    streams: Streams,
}

/// Everything that household `number` does on `day`.
pub(super) fn evening(day: &Day, number: u64) -> Vec<Event> {
    let household = Household::new(day.seed, number);
    let mut evening = Evening {
        day,
        household: &household,
        dice: Dice::new(day.seed, &[EVENING, day.date.number(), number]),
        opened: Vec::new(),
        permits: Vec::new(),
        events: Vec::new(),
        streams: Streams::default(),
    };
    for plan in evening.plans() {
        evening.visit(&plan);
    }
    let Evening { mut events, streams, .. } = evening;
    events.extend(streams.into_events(&household));
    events
}

impl<'a> Evening<'a> {
    /// The visits of the day, in order.
    fn plans(&mut self) -> Vec<Plan<'a>> {
        let hunger = self.household.appetite * self.day.date.bustle() / 1000 / COURSES;
        let visits = (0..COURSES).filter(|_| self.dice.per_mille(hunger)).count();
        let mut plans: Vec<_> = (0..visits).map(|_| self.plan()).collect();
        plans.extend(self.live());
        plans.sort_by_key(|plan| plan.at);
        plans
    }

    fn plan(&mut self) -> Plan<'a> {
        let brand = self.household.brand(&mut self.dice);
        Plan {
            at: self.day.date.instant(&mut self.dice),
            device: self.household.device(&mut self.dice),
            brand,
            channel: self.household.channel(brand, &mut self.dice),
        }
    }

    /// The live event, for those who are there.
    fn live(&mut self) -> Option<Plan<'a>> {
        let kick_off = self.day.kick_off?;
        let household = self.household;
        let keen = if household.may_watch(&SPORTS) { odds::LIVE } else { odds::LIVE_LOCKED };
        self.dice.per_mille(keen).then(|| Plan {
            at: kick_off + self.dice.seconds(0..50 * 60),
            device: household.device(&mut self.dice),
            brand: &REF30,
            channel: &SPORTS,
        })
    }

    fn visit(&mut self, plan: &Plan<'a>) {
        let visit = Visit {
            household: self.household,
            device: plan.device,
            brand: plan.brand,
            shortcut: self.household.shortcut(plan.device, plan.brand),
            session: self.dice.identifier(),
        };
        let mut now = plan.at;
        if self.is_first(&visit) {
            let Some(signed_in) = self.arrive(&visit, now) else { return };
            now = self.look_around(&visit, signed_in);
        }
        if self.dice.per_mille(odds::SIGN_OUT) {
            self.sign_out(&visit, now);
        } else if let Some(permitted) = self.authorize(&visit, plan.channel, now) {
            let closing = self.day.date.closing();
            let at = permitted + self.dice.seconds(1..4);
            let stream = Stream::plan(&visit, plan.channel, at, closing, &mut self.dice);
            self.streams.start(stream, &mut self.dice);
        }
    }

    /// Whether the application is opened for the first time today.
    fn is_first(&mut self, visit: &Visit<'_>) -> bool {
        let application = (visit.device.number, visit.brand.id);
        let first = !self.opened.contains(&application);
        if first {
            self.opened.push(application);
        }
        first
    }

    /// The viewer is signed in, sooner or later, or has given up. Platform SSO is silent (§17.1).
    fn arrive(&mut self, visit: &Visit<'_>, now: Timestamp) -> Option<Timestamp> {
        match visit.shortcut {
            Some(Shortcut::Platform) => Some(now),
            Some(Shortcut::Partner) | None if !self.dice.per_mille(odds::SIGN_IN) => Some(now),
            Some(Shortcut::Partner) => self.sign_in_with_partner(visit, now),
            None => self.sign_in(visit, now).or_else(|| self.try_again(visit, now)),
        }
    }

    /// Two thirds of those who gave up come back once.
    fn try_again(&mut self, visit: &Visit<'_>, now: Timestamp) -> Option<Timestamp> {
        let later = now + self.dice.seconds(90..240);
        if self.dice.per_mille(650) { self.sign_in(visit, later) } else { None }
    }

    /// To the provider's page and back. While the provider is down its page does not come up.
    fn sign_in(&mut self, visit: &Visit<'_>, now: Timestamp) -> Option<Timestamp> {
        self.note(visit.anonymous(Name::AuthnAttempt, now));
        if self.is_down(now) || self.dice.per_mille(odds::GIVE_UP) {
            return None;
        }
        let returned = now + self.dice.seconds(14..75);
        self.note(visit.event(Name::AuthnPending, returned));
        if self.dice.per_mille(odds::WALK_AWAY) {
            return None;
        }
        let granted = returned + self.dice.seconds(1..6);
        self.note(visit.event(Name::AuthnGranted, granted));
        Some(granted)
    }

    /// The platform's maker vouches for the viewer, or says why not.
    fn sign_in_with_partner(&mut self, visit: &Visit<'_>, now: Timestamp) -> Option<Timestamp> {
        self.note(visit.anonymous(Name::AuthnAttempt, now));
        let answered = now + self.dice.seconds(1..5);
        if self.is_down(now) || self.dice.per_mille(odds::PARTNER_FAILS) {
            let failed = visit.anonymous(Name::AuthnFailed, answered);
            self.note(because("network", failed));
            return None;
        }
        self.note(visit.event(Name::AuthnPending, answered));
        let granted = answered + self.dice.seconds(0..2);
        self.note(visit.event(Name::AuthnGranted, granted));
        Some(granted)
    }

    /// Which channels have a lock: one question about all of them.
    fn look_around(&mut self, visit: &Visit<'_>, now: Timestamp) -> Timestamp {
        if !self.dice.per_mille(odds::PREAUTHORIZE) {
            return now;
        }
        let asked = now + self.dice.seconds(0..3);
        let answered = asked + self.latency();
        for channel in visit.brand.channels.all() {
            let (name, outcome) = if self.is_down(asked) {
                (Name::PreauthzFailed, Outcome::Deny)
            } else if self.household.may_watch(channel) {
                (Name::PreauthzGranted, Outcome::Permit)
            } else {
                (Name::PreauthzDenied, Outcome::Deny)
            };
            self.note(visit.about(channel, Name::PreauthzAttempt, asked));
            let answer = visit.about(channel, name, answered);
            let silent = name == Name::PreauthzFailed;
            self.note(if silent { because("network", answer) } else { answer });
            self.note(visit.decision(channel, Asked::Preauthorize, outcome, answered));
        }
        answered + self.dice.seconds(2..40)
    }

    fn sign_out(&mut self, visit: &Visit<'_>, now: Timestamp) {
        self.note(visit.event(Name::LogoutAttempt, now));
        let name = if self.is_down(now) { Name::LogoutFailed } else { Name::LogoutCompleted };
        let done = now + self.dice.seconds(1..5);
        self.note(visit.event(name, done));
    }

    /// May the viewer watch? When the media token is issued, if so.
    fn authorize(
        &mut self,
        visit: &Visit<'_>,
        channel: &'static Channel,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let permit = (visit.device.number, visit.brand.id, channel.id);
        if self.permits.contains(&permit) {
            return Some(self.issue(visit, channel, now));
        }
        if self.is_down(now) || self.dice.per_mille(odds::PROVIDER_SILENT) {
            return self.insist(visit, channel, now);
        }
        self.note(visit.about(channel, Name::AuthzAttempt, now));
        let latency = self.latency();
        let answered = now + latency;
        if !self.household.may_watch(channel) {
            let denied = visit.answered(channel, Name::AuthzFailed, answered, latency);
            self.note(because("noAuthZ", denied));
            self.note(visit.decision(channel, Asked::Authorize, Outcome::Deny, answered));
            self.hammer(visit, channel, answered);
            return None;
        }
        self.permits.push(permit);
        self.note(visit.answered(channel, Name::AuthzGranted, answered, latency));
        Some(self.issue(visit, channel, answered))
    }

    /// The media token of a permit.
    fn issue(&mut self, visit: &Visit<'_>, channel: &Channel, now: Timestamp) -> Timestamp {
        self.note(visit.about(channel, Name::MediaToken, now));
        self.note(visit.decision(channel, Asked::Authorize, Outcome::Permit, now));
        now
    }

    /// The provider does not answer, again and again: viewers try up to four times.
    fn insist(
        &mut self,
        visit: &Visit<'_>,
        channel: &Channel,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let tries = self.dice.within(&(1..5));
        let mut asked = now;
        for _ in 0..tries {
            self.note(visit.about(channel, Name::AuthzAttempt, asked));
            let given_up = asked + DEADLINE;
            let failed = visit.answered(channel, Name::AuthzFailed, given_up, DEADLINE);
            self.note(because("network", failed));
            self.note(visit.decision(channel, Asked::Authorize, Outcome::Deny, given_up));
            asked = given_up + self.dice.seconds(8..60);
        }
        None
    }

    /// Quick repetitions after a denial, which abuse protection refuses without asking the provider.
    fn hammer(&mut self, visit: &Visit<'_>, channel: &Channel, denied: Timestamp) {
        if !self.dice.per_mille(odds::HAMMER) {
            return;
        }
        let mut now = denied;
        for _ in 0..self.dice.within(&(2..6)) {
            now = now + self.dice.seconds(0..1);
            self.note(visit.about(channel, Name::AuthzAttempt, now));
            let rejected = visit.answered(channel, Name::AuthzRejected, now, Duration::ZERO);
            self.note(because("fraud", rejected));
            self.note(visit.decision(channel, Asked::Authorize, Outcome::Deny, now));
        }
    }

    /// Whether the household's provider answers nothing at `at`.
    fn is_down(&self, at: Timestamp) -> bool {
        let outage = self.day.outage.as_ref();
        self.household.provider.id == CABLEVISION.id && outage.is_some_and(|it| it.contains(&at))
    }

    /// How long the provider takes; now and then it is slow.
    fn latency(&mut self) -> Duration {
        let usual = self.dice.within(&self.household.provider.latency_ms);
        let factor = if self.dice.per_mille(40) { 3 } else { 1 };
        Duration::from_millis(usual * factor)
    }

    fn note(&mut self, event: EntitlementEvent) {
        self.events.push(Event::Entitlement(Box::new(event)));
    }
}

fn because(reason: &str, event: EntitlementEvent) -> EntitlementEvent {
    EntitlementEvent { reason: Some(reason.into()), ..event }
}
