//! Stream limiting as the contract words it (`concurrency` §6, §11, §13): plain lists, no cleverness.
//!
//! Written from the contract and not from the product, to hold the product against. What the contract
//! leaves open when a clock goes backwards is stated where it is decided.

use std::collections::{BTreeMap, HashMap};

use usher_registry::{Catalog, Policy, Predicate, Rule, Strategy, StreamApplication, Test};

use crate::call::{Ask, Call, Denial, Killer, Said, Shown};

const IMMUTABLE: [&str; 9] = [
    "package",
    "channel",
    "platform",
    "assetId",
    "idp",
    "mvpd",
    "hba_status",
    "hba",
    "mobileDevice",
];

const BY_DESIGN: [&str; 10] = [
    "applicationId",
    "application",
    "applicationName",
    "mvpd",
    "mvpdName",
    "idp",
    "accountId",
    "subject",
    "streamId",
    "streamStart",
];

/// Calls accepted in a window, and its length in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Calls.
    pub calls: u32,
    /// Seconds.
    pub per: i64,
}

/// What the model is set to.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Announced seconds between heartbeats.
    pub interval: i64,
    /// Milliseconds after which a silent stream is over.
    pub window: i64,
    /// Starts per subject, heartbeats and stops per stream.
    pub limit: Option<Limit>,
}

/// Every stream there ever was.
#[derive(Clone, Debug)]
pub struct Reference {
    catalog: Catalog,
    settings: Settings,
    subjects: HashMap<(String, String), Account>,
}

/// One subject.
#[derive(Clone, Debug, Default)]
pub struct Account {
    streams: Vec<Stream>,
    starts: Window,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    until: i64,
    calls: u32,
}

#[derive(Clone, Debug)]
struct Stream {
    session: String,
    application: String,
    start: i64,
    /// Epoch milliseconds of the last start, heartbeat or restart.
    heard: i64,
    metadata: BTreeMap<String, String>,
    calls: Window,
    over: Option<Over>,
}

#[derive(Clone, Debug)]
enum Over {
    Quietly,
    Killed(Killer),
}

impl Reference {
    /// A world in which nothing has happened.
    pub fn new(catalog: Catalog, settings: Settings) -> Self {
        Self { catalog, settings, subjects: HashMap::new() }
    }

    /// What must be said to `call` at `now` (epoch milliseconds). `session` is the id that the product
    /// gave when it accepted a start.
    pub fn perform(&mut self, call: &Call, now: i64, session: Option<&str>) -> Said {
        let mut account = self.subjects.remove(&call.subject).unwrap_or_default();
        let desk = Desk { reference: self, call, now };
        let said = match &call.ask {
            Ask::Start { form, codes } => desk.start(&mut account, (form, codes), session),
            Ask::Beat { session, form } => desk.beat(&mut account, session, form),
            Ask::Stop { session } => desk.stop(&mut account, session),
            Ask::List => desk.list(&account),
        };
        self.subjects.insert(call.subject.clone(), account);
        said
    }

    /// Ends whatever was silent for too long.
    pub fn expire(&mut self, now: i64) {
        let window = self.settings.window;
        self.subjects.values_mut().for_each(|account| account.expire(now, window));
    }

    /// One subject's state, to be put back after a crash.
    pub fn account(&self, subject: &(String, String)) -> Account {
        self.subjects.get(subject).cloned().unwrap_or_default()
    }

    /// The process was down and came back at `now` with these subjects: streams get a fresh window,
    /// throttle windows are forgotten.
    pub fn restart(&mut self, subjects: HashMap<(String, String), Account>, now: i64) {
        self.subjects = subjects;
        for account in self.subjects.values_mut() {
            account.starts = Window::default();
            for stream in &mut account.streams {
                stream.calls = Window::default();
                stream.heard = stream.heard.max(now);
            }
        }
    }

    fn application(&self, id: &str) -> &StreamApplication {
        let mut all = self.catalog.stream_applications.iter();
        all.find(|it| it.id.as_str() == id).expect("the application exists")
    }

    fn policies(&self, application: &str) -> impl Iterator<Item = &Policy> {
        let names = &self.application(application).policies;
        names.iter().filter_map(|name| self.catalog.policies.iter().find(|it| it.name == *name))
    }

    /// Same tenant, or a policy in common.
    fn is_near(&self, one: &str, other: &str) -> bool {
        let (one, other) = (self.application(one), self.application(other));
        one.tenant == other.tenant || one.policies.iter().any(|it| other.policies.contains(it))
    }
}

impl Account {
    fn expire(&mut self, now: i64, window: i64) {
        for stream in &mut self.streams {
            if stream.over.is_none() && now >= stream.heard + window {
                stream.over = Some(Over::Quietly);
            }
        }
    }

    fn active(&self) -> impl Iterator<Item = &Stream> {
        self.streams.iter().filter(|stream| stream.over.is_none())
    }
}

impl Window {
    /// A window opens at its first call, in whole seconds. One that would end later than a window
    /// opened now belongs to a clock that went backwards, and is no more.
    fn admit(&mut self, now: i64, limit: Option<Limit>) -> Result<(), Said> {
        let Some(Limit { calls, per }) = limit else { return Ok(()) };
        let now = now.div_euclid(1000);
        if now >= self.until || self.until > now + per {
            *self = Self { until: now + per, calls: 0 };
        }
        if self.calls == calls {
            return Err(Said::Throttled(self.until));
        }
        self.calls += 1;
        Ok(())
    }
}

/// One call.
struct Desk<'c> {
    reference: &'c Reference,
    call: &'c Call,
    now: i64,
}

impl Desk<'_> {
    fn start(
        &self,
        account: &mut Account,
        (form, codes): (&[(String, String)], &[String]),
        session: Option<&str>,
    ) -> Said {
        if let Err(refused) = account.starts.admit(self.now, self.limit()) {
            return refused;
        }
        let Some(metadata) = merge(&BTreeMap::new(), form) else { return Said::OverLimits };
        if self.required().any(|name| !metadata.contains_key(&name)) {
            return Said::MissingMetadata;
        }
        account.expire(self.now, self.reference.settings.window);
        let victims = self.victims(account, codes);
        // A newcomer is never older than who plays, whatever the clock says.
        let newest = account.active().map(|stream| stream.start).max();
        let start = newest.map_or(self.now, |newest| newest.max(self.now));
        let mut newcomer = Stream {
            session: session.unwrap_or("the newcomer").to_owned(),
            application: self.call.application.clone(),
            start,
            heard: self.now,
            metadata,
            calls: Window::default(),
            over: None,
        };
        let rivals = account.active().filter(|stream| !victims.contains(&stream.session));
        let activity: Vec<_> = rivals.chain([&newcomer]).collect();
        let denials = self.evaluate(&newcomer, &activity);
        if !denials.is_empty() {
            return Said::Denied(denials);
        }
        let killer = self.killer(&newcomer);
        for stream in &mut account.streams {
            if victims.contains(&stream.session) {
                stream.over = Some(Over::Killed(killer.clone()));
            }
        }
        if !victims.is_empty() {
            let codes: Vec<_> = victims.iter().map(|session| code(session)).collect();
            newcomer.metadata.insert("superseded".to_owned(), codes.join(","));
        }
        let session = newcomer.session.clone();
        account.streams.push(newcomer);
        Said::Started { session, expires: self.announced(self.now) }
    }

    fn victims(&self, account: &Account, codes: &[String]) -> Vec<String> {
        let mut victims = Vec::new();
        for wanted in codes {
            let named = account.active().filter(|stream| code(&stream.session) == *wanted);
            for stream in named {
                let may = self.reference.is_near(&stream.application, &self.call.application);
                if may && !victims.contains(&stream.session) {
                    victims.push(stream.session.clone());
                }
            }
        }
        victims
    }

    fn killer(&self, stream: &Stream) -> Killer {
        Killer {
            started: stream.start,
            application: self.reference.application(&stream.application).name.clone(),
            names: ["channel", "deviceName"].map(|name| stream.metadata.get(name).cloned()),
        }
    }

    /// Throttle, ownership, end: in this order.
    fn reach(&self, account: &mut Account, session: &str) -> Result<usize, Said> {
        let index = account.streams.iter().position(|stream| stream.session == session);
        let index = index.ok_or(Said::NeverIssued)?;
        account.expire(self.now, self.reference.settings.window);
        let stream = &mut account.streams[index];
        stream.calls.admit(self.now, self.limit())?;
        if stream.application != self.call.application {
            return Err(Said::Foreign);
        }
        match &stream.over {
            None => Ok(index),
            Some(Over::Quietly) => Err(Said::Gone(None)),
            Some(Over::Killed(killer)) => Err(Said::Gone(Some(killer.clone()))),
        }
    }

    fn beat(&self, account: &mut Account, session: &str, form: &[(String, String)]) -> Said {
        let index = match self.reach(account, session) {
            Ok(index) => index,
            Err(refused) => return refused,
        };
        let stream = &mut account.streams[index];
        let Some(metadata) = merge(&stream.metadata, form) else { return Said::OverLimits };
        stream.metadata = metadata;
        let stream = &account.streams[index];
        let activity: Vec<_> = account.active().collect();
        let denials = self.evaluate(stream, &activity);
        let stream = &mut account.streams[index];
        if !denials.is_empty() {
            stream.over = Some(Over::Quietly);
            return Said::Denied(denials);
        }
        // A clock that went backwards takes nobody's time away.
        stream.heard = stream.heard.max(self.now);
        Said::Beaten { expires: self.announced(self.now) }
    }

    fn stop(&self, account: &mut Account, session: &str) -> Said {
        match self.reach(account, session) {
            Ok(index) => {
                account.streams[index].over = Some(Over::Quietly);
                Said::Stopped
            }
            Err(refused) => refused,
        }
    }

    fn list(&self, account: &Account) -> Said {
        let window = self.reference.settings.window;
        let active: Vec<_> =
            account.active().filter(|stream| self.now < stream.heard + window).collect();
        let is_near =
            |it: &&&Stream| self.reference.is_near(&it.application, &self.call.application);
        let mut shown: Vec<_> = active.iter().filter(is_near).copied().collect();
        shown.sort_by(|one, other| one.session.cmp(&other.session));
        let streams = shown.iter().map(|stream| Shown {
            session: stream.session.clone(),
            application: stream.application.clone(),
            metadata: stream.metadata.clone().into_iter().collect(),
        });
        Said::Listed {
            streams: streams.collect(),
            expires: shown.iter().map(|stream| self.announced(stream.heard)).min(),
            others: active.len() - shown.len(),
        }
    }

    fn announced(&self, heard: i64) -> i64 {
        heard.div_euclid(1000) + self.reference.settings.interval
    }

    fn limit(&self) -> Option<Limit> {
        self.reference.settings.limit
    }

    fn required(&self) -> impl Iterator<Item = String> {
        let policies = self.reference.policies(&self.call.application);
        let names = policies.flat_map(|policy| {
            policy.rules.iter().flat_map(|rule| {
                let target = policy.target.tests.keys().cloned();
                let condition = rule.condition.tests.keys().cloned();
                let scope = rule.scope.iter().cloned();
                target.chain(condition).chain(scope).chain([rule.attribute.clone()])
            })
        });
        names.filter(|name| !BY_DESIGN.contains(&name.as_str()))
    }

    fn value(&self, stream: &Stream, name: &str) -> Option<String> {
        match name {
            "streamId" => Some(stream.session.clone()),
            "streamStart" => Some(stream.start.to_string()),
            "applicationId" | "application" => Some(stream.application.clone()),
            "applicationName" => Some(self.reference.application(&stream.application).name.clone()),
            "mvpd" | "mvpdName" | "idp" => Some(self.call.subject.0.clone()),
            "accountId" | "subject" => Some(self.call.subject.1.clone()),
            _ => stream.metadata.get(name).cloned(),
        }
    }

    fn matches(&self, predicate: &Predicate, stream: &Stream) -> bool {
        predicate.tests.iter().all(|(name, test)| {
            self.value(stream, name).is_some_and(|value| match test {
                Test::Eq(wanted) => value == *wanted,
                Test::Ne(unwanted) => value != *unwanted,
                Test::In(wanted) => wanted.contains(&value),
                Test::NotIn(unwanted) => !unwanted.contains(&value),
            })
        })
    }

    fn evaluate(&self, stream: &Stream, activity: &[&Stream]) -> Vec<Denial> {
        let mut denials = Vec::new();
        for policy in self.reference.policies(&stream.application) {
            if !self.matches(&policy.target, stream) {
                continue;
            }
            let relevant: Vec<_> = activity
                .iter()
                .filter(|it| {
                    self.reference.policies(&it.application).any(|p| p.name == policy.name)
                })
                .filter(|it| self.matches(&policy.target, it))
                .copied()
                .collect();
            for rule in &policy.rules {
                denials.extend(self.rule(policy, rule, stream, &relevant));
            }
        }
        denials
    }

    fn rule(
        &self,
        policy: &Policy,
        rule: &Rule,
        stream: &Stream,
        relevant: &[&Stream],
    ) -> Option<Denial> {
        if !self.matches(&rule.condition, stream) {
            return None;
        }
        let own = self.value(stream, &rule.attribute)?;
        let scope: Vec<_> =
            rule.scope.iter().map(|name| self.value(stream, name)).collect::<Option<_>>()?;
        let mut groups: Vec<(String, Vec<&Stream>)> = Vec::new();
        for other in relevant.iter().filter(|it| self.matches(&rule.condition, it)) {
            let theirs: Option<Vec<_>> =
                rule.scope.iter().map(|name| self.value(other, name)).collect();
            let Some(value) = self.value(other, &rule.attribute) else { continue };
            if theirs.as_ref() == Some(&scope) {
                match groups.iter_mut().find(|(known, _)| *known == value) {
                    Some((_, streams)) => streams.push(other),
                    None => groups.push((value, vec![other])),
                }
            }
        }
        let threshold = usize::try_from(rule.threshold).unwrap_or(usize::MAX);
        if groups.len() <= threshold {
            return None;
        }
        // `relevant` is in the order of starts, so the place in it is the age.
        let age = |stream: &&Stream| {
            (stream.start, relevant.iter().position(|it| it.session == stream.session))
        };
        match rule.strategy {
            Strategy::FirstWins => groups.sort_by_key(|(_, it)| it.iter().map(age).min()),
            Strategy::LatestWins => {
                groups.sort_by_key(|(_, it)| std::cmp::Reverse(it.iter().map(age).max()));
            }
        }
        if groups.iter().take(threshold).any(|(value, _)| *value == own) {
            return None;
        }
        let others = groups.into_iter().filter(|(value, _)| *value != own);
        Some(Denial {
            rule: (policy.name.clone(), rule.name.clone()),
            attribute: rule.attribute.clone(),
            threshold: rule.threshold,
            conflicts: others
                .map(|(value, streams)| {
                    (value, streams.iter().map(|stream| code(&stream.session)).collect())
                })
                .collect(),
        })
    }
}

/// `known` updated by what was sent; nothing when that is too much (`concurrency` §6).
fn merge(
    known: &BTreeMap<String, String>,
    form: &[(String, String)],
) -> Option<BTreeMap<String, String>> {
    let is_too_long = |(name, value): &(String, String)| name.len() > 128 || value.len() > 1024;
    let untouched = known
        .keys()
        .filter(|known| *known != "superseded" && form.iter().all(|(name, _)| name != *known));
    if form.iter().any(is_too_long) || untouched.count() + form.len() > 64 {
        return None;
    }
    let mut sent = BTreeMap::new();
    for (name, value) in form {
        if name != "superseded" && !value.trim().is_empty() {
            sent.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let mut merged = known.clone();
    for (name, value) in sent {
        if !(IMMUTABLE.contains(&name.as_str()) && merged.contains_key(&name)) {
            merged.insert(name, value);
        }
    }
    Some(merged)
}

/// The termination code of a session (`concurrency` §7.2).
pub fn code(session: &str) -> String {
    let hash = session
        .bytes()
        .fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{hash:08x}")
}
