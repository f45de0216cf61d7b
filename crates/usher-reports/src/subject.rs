//! What events say about one person, and how they are made to say nothing any more
//! (`access-variants.md` §5).

use async_trait::async_trait;
use usher_core::StoreError;

/// One person, as events name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Their TV provider.
    pub mvpd: String,
    /// What events call them: the user id of entitlement events, the account of stream events.
    pub names: Vec<String>,
}

/// How much there is about a person at one media company (or tenant).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Whose events.
    pub company: String,
    /// Distinct sessions among the authentication events.
    pub authn_sessions: u64,
    /// Authorization decisions: granted, failed, rejected.
    pub authz_decisions: u64,
    /// Streams that were started.
    pub streams: u64,
}

/// Finds and re-keys the events of one person.
#[async_trait]
pub trait SubjectRecords: Send + Sync + 'static {
    /// What there is about `subject`, by company in order; nothing of companies without events.
    ///
    /// Every event whose `append` has returned is counted.
    async fn trace(&self, subject: &Subject) -> Result<Vec<Trace>, StoreError>;

    /// Gives the subject a new, random name in the events of `companies` (of all, when there are none
    /// in the list), and takes away what else could lead back. Returns what was found before.
    ///
    /// When it returns, nothing on disk connects the old name with an event of these companies. Reports
    /// count what they counted before. A second call finds nothing. Events that come later are about
    /// somebody new.
    async fn rekey(
        &self,
        subject: &Subject,
        companies: &[String],
    ) -> Result<Vec<Trace>, StoreError>;
}
