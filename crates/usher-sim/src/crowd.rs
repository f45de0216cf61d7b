//! What clients do: mostly what they should, sometimes not.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use crate::call::{Ask, Call, Said};
use crate::reference::code;

const APPLICATIONS: [&str; 7] = ["three", "shared", "channel", "latest", "both", "live", "free"];

/// Few, so that streams meet; two share their account's text.
const SUBJECTS: [(&str, &str); 3] = [("north", "ann"), ("south", "ann"), ("north", "bob")];

/// An id that nobody was ever given.
const FORGED: &str = "0000019c-ed94-3cab-3283-3106536e95df";

/// Most streams remembered; the oldest are forgotten first.
const KNOWN_MAX: usize = 24;

/// Streams the clients know of.
#[derive(Default)]
pub(crate) struct Crowd(Vec<Known>);

struct Known {
    application: String,
    subject: (String, String),
    session: String,
}

impl Crowd {
    /// The next call.
    pub(crate) fn call(&self, dice: &mut Pcg64Mcg) -> Call {
        match dice.random_range(0..10_u32) {
            0..4 => self.start(dice),
            4..8 => self
                .about_a_stream(dice, |dice, session| Ask::Beat { session, form: form(dice, 1) }),
            8 => self.about_a_stream(dice, |_, session| Ask::Stop { session }),
            _ => Call { ask: Ask::List, ..somebody(dice) },
        }
    }

    fn start(&self, dice: &mut Pcg64Mcg) -> Call {
        let mut codes = Vec::new();
        while dice.random_bool(0.25) {
            let known = pick(dice, &self.0).map(|known| code(&known.session));
            codes.push(known.unwrap_or_else(|| "deadbeef".to_owned()));
        }
        Call { ask: Ask::Start { form: form(dice, 4), codes }, ..somebody(dice) }
    }

    fn about_a_stream(
        &self,
        dice: &mut Pcg64Mcg,
        ask: impl FnOnce(&mut Pcg64Mcg, String) -> Ask,
    ) -> Call {
        let stranger = somebody(dice);
        let Some(known) = pick(dice, &self.0).filter(|_| dice.random_bool(0.95)) else {
            return Call { ask: ask(dice, FORGED.to_owned()), ..stranger };
        };
        let ask = ask(dice, known.session.clone());
        match dice.random_range(0..20_u32) {
            0 => Call { ask, subject: stranger.subject, application: known.application.clone() },
            1 => Call { ask, subject: known.subject.clone(), application: stranger.application },
            _ => {
                Call { ask, subject: known.subject.clone(), application: known.application.clone() }
            }
        }
    }

    /// Remembers the stream that a start was given, and forgets most of those that are over.
    pub(crate) fn learn(&mut self, dice: &mut Pcg64Mcg, call: &Call, said: &Said) {
        match (said, &call.ask) {
            (Said::Started { session, .. }, _) => {
                if self.0.len() >= KNOWN_MAX {
                    self.0.remove(0);
                }
                let Call { application, subject, .. } = call.clone();
                self.0.push(Known { application, subject, session: session.clone() });
            }
            (
                Said::Gone(_) | Said::Denied(_),
                Ask::Beat { session, .. } | Ask::Stop { session },
            ) if dice.random_bool(0.8) => {
                self.0.retain(|known| known.session != *session);
            }
            _ => {}
        }
    }
}

/// Somebody who lists.
fn somebody(dice: &mut Pcg64Mcg) -> Call {
    let (idp, account) = SUBJECTS[dice.random_range(0..SUBJECTS.len())];
    Call {
        application: APPLICATIONS[dice.random_range(0..APPLICATIONS.len())].to_owned(),
        subject: (idp.to_owned(), account.to_owned()),
        ask: Ask::List,
    }
}

fn pick<'k>(dice: &mut Pcg64Mcg, known: &'k [Known]) -> Option<&'k Known> {
    (!known.is_empty()).then(|| &known[dice.random_range(0..known.len())])
}

/// Metadata: everything that policies read with probability `eagerness` of five, and some more.
fn form(dice: &mut Pcg64Mcg, eagerness: u32) -> Vec<(String, String)> {
    let choices: [(&str, &[&str]); 6] = [
        ("channel", &["one", "two"]),
        ("deviceId", &["tv", "phone", "tablet"]),
        ("contentType", &["live", "vod", "clip"]),
        ("room", &["den", "garage", "kitchen"]),
        ("plan", &["gold", " ", "tin"]),
        ("superseded", &["me"]),
    ];
    let mut form = Vec::new();
    for (name, values) in choices {
        if dice.random_range(0..5) < eagerness {
            form.push((name.to_owned(), values[dice.random_range(0..values.len())].to_owned()));
        }
    }
    if dice.random_bool(0.02) {
        form.push(("long".to_owned(), "x".repeat(1025)));
    }
    if dice.random_bool(0.02) {
        form.extend((0..60).map(|number| (format!("a{number}"), "1".to_owned())));
    }
    form
}
