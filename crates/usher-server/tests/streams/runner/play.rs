//! One scenario on the stage.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use usher_core::{Clock, Timestamp};

use super::answer::{Answer, code, http_date, start_ms};
use super::scenario::{Action, Scenario, Step};
use crate::support::House;

/// A scenario being played.
pub(super) struct Play<'h> {
    house: &'h House,
    began: Timestamp,
    /// Session ids by name.
    sessions: HashMap<String, String>,
    /// The subject of steps that name none.
    subject: String,
}

impl<'h> Play<'h> {
    pub(super) fn new(house: &'h House, name: &str) -> Self {
        Self {
            house,
            began: house.clock.now(),
            sessions: HashMap::new(),
            subject: format!("northcable/{name}"),
        }
    }

    pub(super) async fn scenario(&mut self, scenario: &Scenario) {
        if let Some(key) = &scenario.key {
            self.subject.clone_from(key);
        }
        for (number, step) in scenario.steps.iter().enumerate() {
            self.at(step.t);
            let place = format!("{} row {}", scenario.title, number + 1);
            let app = step.app.as_ref().or(scenario.app.as_ref()).expect("an application");
            self.step(step, app, &place).await;
        }
    }

    fn at(&self, t: u64) {
        let now = self.house.clock.now();
        self.house.clock.advance((self.began + Duration::from_secs(t)).since(now));
    }

    async fn step(&mut self, step: &Step, app: &str, place: &str) {
        let targets: Vec<_> = match step.action {
            Action::Beat | Action::Stop => step.on.iter().map(|name| self.id(name)).collect(),
            Action::Metadata | Action::Start | Action::List | Action::Call => {
                vec![String::new(); step.times]
            }
        };
        if let Some((count, refused)) = step.race {
            return self.race(step, app, (count, refused), place).await;
        }
        for session in targets.iter().cycle().take(targets.len().max(step.times)) {
            let request = self.request(step, app, session);
            let answer = self.answer(request, place).await;
            assert_eq!(answer.status, step.status, "{place}: {}", answer.text);
            self.check(step, &answer, place);
        }
    }

    /// Sends so many calls at once; one of them wins.
    async fn race(&mut self, step: &Step, app: &str, (count, refused): (usize, u16), place: &str) {
        let calls: Vec<_> =
            (0..count).map(|_| tokio::spawn(self.request(step, app, "").send())).collect();
        let mut winners = 0;
        for call in calls {
            let answer = Answer::read(call.await.expect("the call ends").expect("an answer")).await;
            answer.is_well_formed(self.house.clock.now(), place);
            if answer.status == step.status {
                winners += 1;
                self.check(step, &answer, place);
            } else {
                assert_eq!(answer.status, refused, "{place}: {}", answer.text);
            }
        }
        assert_eq!(winners, 1, "{place}");
    }

    async fn answer(&self, request: RequestBuilder, place: &str) -> Answer {
        let now = self.house.clock.now();
        let answer = Answer::read(self.house.send(request).await).await;
        answer.is_well_formed(now, place);
        answer
    }

    fn request(&self, step: &Step, app: &str, session: &str) -> RequestBuilder {
        let key = step.key.as_deref().unwrap_or(&self.subject);
        let query = step.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let house = self.house;
        let request = match step.action {
            Action::Metadata => house.get("/v2/metadata"),
            Action::Start => house.post(&format!("/v2/sessions/{key}{query}")),
            Action::Beat => house.post(&format!("/v2/sessions/{key}/{session}{query}")),
            Action::Stop => house.http.delete(house.url(&format!("/v2/sessions/{key}/{session}"))),
            Action::List => house.get(&format!("/v2/runningStreams/{key}")),
            Action::Call => self.call(step),
        };
        let mut request = match step.authorization.as_deref() {
            None => request.basic_auth(app, Some("")),
            Some("") => request,
            Some(credentials) => request.header("authorization", credentials),
        };
        if let Some(params) = &step.params {
            let form = "application/x-www-form-urlencoded";
            request = request.header("content-type", form).body(params.clone());
        }
        if let Some(content_type) = &step.content_type {
            request = request.header("content-type", content_type);
        }
        if !step.terminate.is_empty() {
            let codes: Vec<_> = step.terminate.iter().map(|name| self.code(name)).collect();
            request = request.header("x-terminate", codes.join(", "));
        }
        step.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    fn call(&self, step: &Step) -> RequestBuilder {
        let [method, path] = step.call.as_ref().expect("a method and a path");
        let path = self
            .sessions
            .iter()
            .fold(path.clone(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
        let method: Method = method.parse().expect("a method");
        self.house.http.request(method, self.house.url(&path))
    }

    /// Remembers the session that a step started.
    pub(super) fn started(&mut self, step: &Step, answer: &Answer) {
        let id = answer.header("location").expect("a location").to_owned();
        self.sessions.extend(step.name.clone().map(|name| (name, id)));
    }

    pub(super) fn id(&self, name: &str) -> String {
        self.sessions.get(name).unwrap_or_else(|| panic!("no session `{name}`")).clone()
    }

    pub(super) fn code(&self, name: &str) -> String {
        name.strip_prefix('#').map_or_else(|| code(&self.id(name)), str::to_owned)
    }

    pub(super) fn start_ms(&self, name: &str) -> i64 {
        start_ms(&self.id(name))
    }

    pub(super) fn started_at(&self, name: &str) -> String {
        let instant = jiff::Timestamp::from_millisecond(self.start_ms(name)).expect("an instant");
        instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    pub(super) fn date(&self, t: u64) -> String {
        http_date(self.began + Duration::from_secs(t))
    }
}
