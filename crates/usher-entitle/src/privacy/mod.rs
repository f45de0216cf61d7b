//! What is known of a viewer, told or taken away on request (`access-variants` §5).
//!
//! A media company asks for somebody it knows by a provider and that provider's user id, and learns how
//! much there is, never what. Deleting removes profiles, trials and single-sign-on bindings, and gives the
//! events of the company's channels another, random viewer. Requests become jobs that survive a crash and
//! are carried out exactly as if there had been none.

mod job;
mod service;
mod store;

pub use job::{FoundRecords, PrivacyAction, PrivacyJob, PrivacyState, PrivacySubject};
pub use service::{
    Download, JobQuery, Privacy, PrivacyError, PrivacyPorts, PrivacyRequest, PrivacyUser,
    Promptness, SUBJECTS_MAX,
};
pub use store::{JobFilter, PrivacyJobs, StoredJob};
