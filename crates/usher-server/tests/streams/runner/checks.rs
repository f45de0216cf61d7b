//! What a step states, held against an answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::{Answer, keys, refresh, text};
use super::play::Play;
use super::scenario::{Action, Step};

impl Play<'_> {
    pub(super) fn check(&mut self, step: &Step, answer: &Answer, place: &str) {
        match (step.action, answer.status.as_u16()) {
            (Action::Start, 202) => {
                assert_eq!(answer.header("expires"), Some(&*self.date(step.t + 60)), "{place}");
                self.started(step, answer);
            }
            (Action::Beat, 202) => {
                assert_eq!(answer.header("expires"), Some(&*self.date(step.t + 60)), "{place}");
                assert_eq!(answer.header("location"), None, "{place}");
            }
            (Action::List, 200) => self.check_list(step, answer, place),
            (Action::Metadata, 200) => Self::check_required(step, answer, place),
            (_, 409) => self.check_denial(step, answer, place),
            (_, 410) => self.check_end(step, answer, place),
            (_, 429) => {
                let expires = step.expires.map(|t| self.date(t)).expect("429 says until when");
                assert_eq!(answer.header("expires"), Some(&*expires), "{place}");
            }
            _ => assert_eq!(answer.header("expires"), None, "{place}"),
        }
        match answer.status.as_u16() {
            400 if step.refresh => assert_eq!(answer.json(), refresh(), "{place}"),
            200 | 409 | 410 => {}
            _ => assert_eq!(answer.text, "", "{place}"),
        }
        for (header, members) in &step.shows {
            let shown = answer.header(header).unwrap_or_default();
            for member in members {
                assert!(shown.split(", ").any(|it| it == member), "{place}: {member} in {shown}");
            }
        }
    }

    fn check_required(step: &Step, answer: &Answer, place: &str) {
        let required = step.required.as_ref().expect("what is required");
        assert_eq!(answer.json(), json!(required), "{place}");
        assert!(answer.header("last-modified").is_some(), "{place}");
        assert_eq!(answer.header("expires"), None, "{place}");
    }

    fn check_list(&self, step: &Step, answer: &Answer, place: &str) {
        let body = answer.json();
        let listed = step.listed.as_ref().expect("what is listed");
        // Ids begin with the start: this is the order of starts, ties by id.
        let names: BTreeMap<_, _> = listed.iter().map(|name| (self.id(name), name)).collect();
        let entries = body["runningStreams"].as_array().expect("a list");
        let shown: Vec<_> = entries.iter().map(|entry| text(&entry["sessionId"])).collect();
        assert!(shown.iter().eq(names.keys()), "{place}: {shown:?}");
        assert_eq!(body.get("otherStreams").and_then(Value::as_u64), step.others, "{place}");
        let expires = step.expires.map(|t| self.date(t));
        if expires.is_some() || listed.is_empty() {
            assert_eq!(answer.header("expires"), expires.as_deref(), "{place}");
        }
        for (name, entry) in names.values().zip(entries) {
            assert_eq!(text(&entry["terminationCode"]), self.code(name), "{place}");
            assert_eq!(entry["startTime"], json!(self.start_ms(name)), "{place}");
            assert!(entry["applicationId"].is_string(), "{place}");
            assert!(entry["applicationName"].is_string(), "{place}");
            assert_eq!(entry.as_object().map(serde_json::Map::len), Some(6), "{place}");
            self.check_metadata(step, name, &entry["metadata"], place);
        }
    }

    fn check_metadata(&self, step: &Step, name: &str, shown: &Value, place: &str) {
        let Some(expected) = step.metadata.get(name) else { return };
        let expected: BTreeMap<_, _> = expected
            .iter()
            .map(|(key, value)| {
                let value: Vec<_> = value
                    .split(',')
                    .map(|it| it.strip_prefix('$').map_or(it.to_owned(), |name| self.code(name)))
                    .collect();
                (key, value.join(","))
            })
            .collect();
        assert_eq!(*shown, json!(expected), "{place}: metadata of {name}");
    }

    fn check_denial(&self, step: &Step, answer: &Answer, place: &str) {
        let body = answer.json();
        assert_eq!(keys(&body), ["associatedAdvice", "obligations"], "{place}");
        assert_eq!(body["obligations"], json!([]), "{place}");
        let [advice] = body["associatedAdvice"].as_array().expect("advice").as_slice() else {
            panic!("{place}: one advice, not {body}");
        };
        assert_eq!(advice["type"], "rule-violation", "{place}");
        for member in ["message", "policyName", "ruleName", "attribute"] {
            assert!(advice[member].is_string(), "{place}: {member}");
        }
        assert!(advice["threshold"].is_u64(), "{place}");
        let is_scoped = advice.get("scope").is_some();
        assert_eq!(
            is_scoped,
            step.advice.contains_key("scope") || advice["ruleName"] == "two per channel",
            "{place}"
        );
        for (member, value) in &step.advice {
            assert_eq!(&advice[member], value, "{place}: {member}");
        }
        let conflicts = advice["conflicts"].as_object().expect("conflicts");
        let sizes: Vec<_> = conflicts
            .iter()
            .map(|(value, streams)| (value.clone(), streams.as_array().map_or(0, Vec::len)))
            .collect();
        if let Some(names) = &step.conflicts {
            let expected: Vec<_> = names.iter().map(|name| (self.id(name), 1)).collect();
            assert_eq!(sizes, expected, "{place}");
            for name in names {
                self.check_conflict(step, name, &conflicts[&self.id(name)][0], place);
            }
        }
        if let Some(expected) = &step.conflict_values {
            assert_eq!(&sizes, expected, "{place}");
        }
        assert!(step.conflicts.is_some() || step.conflict_values.is_some(), "{place}");
    }

    fn check_conflict(&self, step: &Step, name: &str, stream: &Value, place: &str) {
        let members = [
            "applicationName",
            "channel",
            "deviceName",
            "metadata",
            "startedAt",
            "terminationCode",
        ];
        assert_eq!(keys(stream), members, "{place}");
        assert_eq!(text(&stream["terminationCode"]), self.code(name), "{place}");
        assert_eq!(text(&stream["startedAt"]), self.started_at(name), "{place}");
        for (member, attribute) in [("channel", "channel"), ("deviceName", "deviceName")] {
            let known = stream["metadata"][attribute].as_str().unwrap_or("Unknown");
            assert_eq!(stream[member], known, "{place}");
        }
        self.check_metadata(step, name, &stream["metadata"], place);
    }

    fn check_end(&self, step: &Step, answer: &Answer, place: &str) {
        let Some(killer) = &step.killed_by else {
            assert_eq!(answer.text, "", "{place}");
            return;
        };
        let body = answer.json();
        assert_eq!(keys(&body), ["associatedAdvice", "obligations"], "{place}");
        assert_eq!(body["obligations"], json!([]), "{place}");
        let [advice] = body["associatedAdvice"].as_array().expect("advice").as_slice() else {
            panic!("{place}: one advice, not {body}");
        };
        assert_eq!(advice["type"], "remote-termination", "{place}");
        assert!(advice["message"].is_string(), "{place}");
        let terminator = &advice["terminator"];
        let members = ["applicationName", "channel", "deviceName", "startedAt"];
        assert_eq!(keys(terminator), members, "{place}");
        assert_eq!(text(&terminator["startedAt"]), self.started_at(killer), "{place}");
    }
}
