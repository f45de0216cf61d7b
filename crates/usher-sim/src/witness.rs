//! Watches every decision and asks the model, at the same instant and in the same order, what it would
//! have said.

use std::collections::HashMap;
use std::sync::Arc;

use usher_core::Clock;
use usher_streams::{SessionId, Subject};
use usher_testkit::ManualClock;

use crate::call::{Call, Said};
use crate::reference::{Account, Reference};

/// What the model says, and what it remembers for the case of a crash.
pub(crate) struct Witness {
    pub(crate) reference: Reference,
    clock: Arc<ManualClock>,
    /// The call that is being worked on.
    pub(crate) current: Option<Call>,
    /// What must be said to the current call, once it is decided.
    pub(crate) verdict: Option<Said>,
    /// Subjects after each of their writes.
    kept: HashMap<(String, String), Vec<(u64, Account)>>,
}

impl Witness {
    pub(crate) fn new(reference: Reference, clock: Arc<ManualClock>) -> Self {
        Self { reference, clock, current: None, verdict: None, kept: HashMap::new() }
    }

    /// A decision was made; `ticket` is that of its write.
    pub(crate) fn decided(
        &mut self,
        subject: &Subject,
        newcomer: Option<SessionId>,
        ticket: Option<u64>,
    ) {
        let subject = (subject.idp().to_owned(), subject.account().to_owned());
        if let Some(call) = self.current.take() {
            let now = self.clock.now().as_millis();
            let session = newcomer.map(|id| id.to_string());
            self.verdict = Some(self.reference.perform(&call, now, session.as_deref()));
        }
        if let Some(ticket) = ticket {
            let account = self.reference.account(&subject);
            self.kept.entry(subject).or_default().push((ticket, account));
        }
    }

    /// The process stopped when everything up to `written` was on its disk.
    pub(crate) fn crash(&mut self, written: u64, now: i64) {
        let mut subjects = HashMap::new();
        for (subject, kept) in &mut self.kept {
            kept.retain(|(ticket, _)| *ticket <= written);
            if let Some((_, account)) = kept.last() {
                subjects.insert(subject.clone(), account.clone());
            }
        }
        self.reference.restart(subjects, now);
    }
}
