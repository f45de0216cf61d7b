//! Privacy requests: taken, carried out, shown.

use std::sync::Arc;
use std::time::Duration;

use usher_core::{Clock, Entropy, EntropyExt as _, Secret, StoreError, Timestamp};
use usher_jose::{SealError, SealingKey, base64url, constant_time_eq, hmac_sha256};
use usher_registry::{OrganizationScope, Registry};
use usher_reports::{Subject, SubjectRecords};

use super::job::{FoundRecords, PrivacyAction, PrivacyJob, PrivacyState, PrivacySubject};
use super::store::{JobFilter, PrivacyJobs, RETENTION, StoredJob};
use crate::sealed::Sealed;
use crate::service::Entitlement;

/// Ids in one request, over all people.
pub const SUBJECTS_MAX: usize = 1_000;
/// How long somebody works on a job before somebody else may.
const LEASE: Duration = Duration::from_mins(5);
/// Attempts until a job is given up.
const ATTEMPTS_MAX: u32 = 5;
/// How much later each further attempt is.
const RETRY_AFTER: Duration = Duration::from_mins(1);
/// How long a download link works (`access-variants` V6).
const LINK_TTL: Duration = Duration::from_hours(7 * 24);

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivacyRequest {
    /// Whose data it is about.
    pub organization: String,
    /// Who asks.
    pub submitted_by: String,
    /// By which law.
    pub regulation: String,
    /// About whom.
    pub users: Vec<PrivacyUser>,
}

/// Somebody a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivacyUser {
    /// What the request calls them.
    pub key: String,
    /// What shall be done; each becomes a job, in this order.
    pub actions: Vec<PrivacyAction>,
    /// Their ids.
    pub subjects: Vec<PrivacySubject>,
}

/// When jobs are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promptness {
    /// Before the request is answered.
    AtOnce,
    /// Soon.
    Soon,
}

/// Which jobs are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobQuery {
    /// Of whom and by which law.
    pub filter: JobFilter,
    /// The page, from 0 on.
    pub page: u32,
    /// Jobs on a page.
    pub size: u32,
}

/// A link that shows one job to whoever has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Until when.
    pub not_after: Timestamp,
    /// Proves that we made it.
    pub signature: String,
}

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivacyError {
    /// No media company is mapped to the organisation.
    #[error("no media company belongs to the organization `{0}`")]
    Organization(String),
    /// Nobody, nothing to do, or no ids.
    #[error("every user needs at least one action and one id")]
    Nothing,
    /// More ids than one request may have.
    #[error("a request holds at most {SUBJECTS_MAX} ids: send several")]
    TooMany,
    /// It cannot be written down.
    #[error("the request cannot be kept now: try again later")]
    Store(#[from] StoreError),
    /// It cannot be sealed.
    #[error("the request cannot be kept")]
    Seal(#[from] SealError),
}

/// What privacy requests need.
#[expect(missing_docs, reason = "each field is named for its port")]
pub struct PrivacyPorts {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub registry: Arc<Registry>,
    pub jobs: Arc<dyn PrivacyJobs>,
    pub records: Arc<dyn SubjectRecords>,
    pub entitlement: Arc<Entitlement>,
    /// Seals what jobs say of people.
    pub sealing: SealingKey,
    /// Signs download links.
    pub link_key: Secret<[u8; 32]>,
}

/// Takes privacy requests and carries them out.
pub struct Privacy {
    ports: PrivacyPorts,
}

impl Privacy {
    /// The service on these ports.
    pub const fn new(ports: PrivacyPorts) -> Self {
        Self { ports }
    }

    /// Takes a request: one job for each user and action, in the order of the request. Jobs that are to
    /// be carried out at once are, one after the other, also when one of them fails.
    pub async fn submit(
        &self,
        request: PrivacyRequest,
        promptness: Promptness,
    ) -> Result<Vec<PrivacyJob>, PrivacyError> {
        check(&request)?;
        if self.scope(&request.organization).is_empty() {
            return Err(PrivacyError::Organization(request.organization));
        }
        let now = self.ports.clock.now();
        let due_at = match promptness {
            Promptness::AtOnce => now + LEASE,
            Promptness::Soon => now,
        };
        let mut jobs = self.jobs_of(request, now);
        let stored: Result<Vec<_>, _> =
            jobs.iter().map(|job| self.stored(job, Some(due_at))).collect();
        self.ports.jobs.create(&stored?).await?;
        if promptness == Promptness::AtOnce {
            for job in &mut jobs {
                self.attempt(job).await;
            }
        }
        Ok(jobs)
    }

    /// Carries out one job that is due; false when there is none.
    pub async fn work(&self) -> Result<bool, StoreError> {
        let now = self.ports.clock.now();
        let Some(stored) = self.ports.jobs.claim(now, now + LEASE).await? else {
            return Ok(false);
        };
        self.attempt(&mut self.opened(&stored)?).await;
        Ok(true)
    }

    /// The job `id`, provided it is of `organization` (or of any, without one).
    pub async fn find(
        &self,
        id: &str,
        organization: Option<&str>,
    ) -> Result<Option<PrivacyJob>, StoreError> {
        let stored = self.ports.jobs.find(id).await?.filter(|stored| {
            organization.is_none_or(|organization| stored.organization == organization)
        });
        stored.map(|stored| self.opened(&stored)).transpose()
    }

    /// A page of jobs, the newest first, and how many there are.
    pub async fn list(&self, query: &JobQuery) -> Result<(Vec<PrivacyJob>, u64), StoreError> {
        let (page, size) = (u64::from(query.page), u64::from(query.size));
        let (stored, total) =
            self.ports.jobs.list(&query.filter, page.saturating_mul(size), size).await?;
        let jobs = stored.iter().map(|stored| self.opened(stored)).collect::<Result<_, _>>()?;
        Ok((jobs, total))
    }

    /// The link to a job that is done; nothing before, and nothing when its time is over.
    pub fn download(&self, job: &PrivacyJob) -> Option<Download> {
        let not_after = job.modified_at + LINK_TTL;
        let is_open = job.state == PrivacyState::Complete && self.ports.clock.now() <= not_after;
        is_open.then(|| Download { not_after, signature: self.signature(&job.id, not_after) })
    }

    /// The job a link leads to; nothing when the link is not one of ours or too old.
    pub async fn downloaded(
        &self,
        id: &str,
        download: &Download,
    ) -> Result<Option<PrivacyJob>, StoreError> {
        let signature = self.signature(id, download.not_after);
        let is_ours = constant_time_eq(signature.as_bytes(), download.signature.as_bytes());
        if !is_ours || self.ports.clock.now() > download.not_after {
            return Ok(None);
        }
        self.find(id, None).await
    }

    /// Forgets jobs whose time is over; returns how many.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.ports.jobs.sweep(self.ports.clock.now() - RETENTION).await
    }

    fn signature(&self, id: &str, not_after: Timestamp) -> String {
        let message = format!("privacy download\0{id}\0{}", not_after.as_millis());
        base64url(hmac_sha256(self.ports.link_key.expose(), message.as_bytes()))
    }

    fn scope(&self, organization: &str) -> OrganizationScope {
        self.ports.registry.snapshot().of_organization(organization)
    }

    fn jobs_of(&self, request: PrivacyRequest, now: Timestamp) -> Vec<PrivacyJob> {
        let uuid = || self.ports.entropy.uuid().to_string();
        let request_id = uuid();
        let mut jobs = Vec::new();
        for user in request.users {
            for action in user.actions {
                jobs.push(PrivacyJob {
                    id: uuid(),
                    request_id: request_id.clone(),
                    organization: request.organization.clone(),
                    user_key: user.key.clone(),
                    action,
                    regulation: request.regulation.clone(),
                    subjects: user.subjects.clone(),
                    submitted_by: request.submitted_by.clone(),
                    state: PrivacyState::Submitted,
                    retries: 0,
                    found: None,
                    created_at: now,
                    modified_at: now,
                });
            }
        }
        jobs
    }

    /// Works on a job once, and writes down how it went. What cannot even be written down is tried again
    /// when the lease is over.
    async fn attempt(&self, job: &mut PrivacyJob) {
        let done = self.carry_out(job).await;
        job.modified_at = self.ports.clock.now();
        let due_at = match done {
            Ok(()) => {
                job.state = PrivacyState::Complete;
                None
            }
            Err(error) => {
                job.retries += 1;
                tracing::error!(job = %job.id, %error, retries = job.retries, "a privacy job failed");
                let is_last = job.retries >= ATTEMPTS_MAX;
                job.state = if is_last { PrivacyState::Error } else { PrivacyState::Processing };
                (!is_last).then(|| job.modified_at + RETRY_AFTER * job.retries)
            }
        };
        if let Err(error) = self.save(job, due_at).await {
            tracing::error!(job = %job.id, %error, "a privacy job cannot be kept");
        }
    }

    /// Counts first and writes that down: a job that is interrupted later still tells what there was
    /// (`access-variants` V4).
    async fn carry_out(&self, job: &mut PrivacyJob) -> Result<(), StoreError> {
        let scope = self.scope(&job.organization);
        if job.found.is_none() {
            job.found = Some(self.count(job, &scope).await?);
            job.state = PrivacyState::Processing;
            job.modified_at = self.ports.clock.now();
            self.save(job, Some(job.modified_at + LEASE)).await?;
        }
        match job.action {
            PrivacyAction::Access => Ok(()),
            PrivacyAction::Delete => self.delete(job, &scope).await,
        }
    }

    async fn count(
        &self,
        job: &PrivacyJob,
        scope: &OrganizationScope,
    ) -> Result<FoundRecords, StoreError> {
        let mut found = FoundRecords::default();
        for subject in &job.subjects {
            for trace in self.ports.records.trace(&self.in_events(subject)).await? {
                if scope.owners.contains(&trace.company) {
                    found.authn_sessions += trace.authn_sessions;
                    found.authz_decisions += trace.authz_decisions;
                }
            }
        }
        Ok(found)
    }

    /// Sign-ins first, so that nobody goes on under the name that events lose next.
    async fn delete(&self, job: &PrivacyJob, scope: &OrganizationScope) -> Result<(), StoreError> {
        for subject in &job.subjects {
            let mvpd = subject.mvpd();
            self.ports.entitlement.forget_viewer(&mvpd, &subject.value, &scope.channels).await?;
            // Without a name, everybody's events would be meant.
            if !scope.owners.is_empty() {
                self.ports.records.rekey(&self.in_events(subject), &scope.owners).await?;
            }
        }
        Ok(())
    }

    fn in_events(&self, subject: &PrivacySubject) -> Subject {
        let mvpd = subject.mvpd();
        let names = self.ports.entitlement.names_in_events(&mvpd, &subject.value);
        Subject { mvpd: mvpd.to_string(), names }
    }

    async fn save(&self, job: &PrivacyJob, due_at: Option<Timestamp>) -> Result<(), StoreError> {
        let stored = self.stored(job, due_at).map_err(unsealed)?;
        self.ports.jobs.update(&stored).await
    }

    fn stored(&self, job: &PrivacyJob, due_at: Option<Timestamp>) -> Result<StoredJob, SealError> {
        let body = serde_json::to_vec(job).map_err(|_| SealError)?;
        let body = self.ports.sealing.seal(&body, job.id.as_bytes())?;
        Ok(StoredJob {
            id: job.id.clone(),
            organization: job.organization.clone(),
            regulation: job.regulation.clone(),
            created_at: job.created_at,
            due_at,
            body: Sealed::from_bytes(body),
        })
    }

    fn opened(&self, stored: &StoredJob) -> Result<PrivacyJob, StoreError> {
        let corrupt = || StoreError::Corrupt { what: "privacy job", id: stored.id.clone() };
        let (body, context) = (stored.body.as_bytes(), stored.id.as_bytes());
        let body = self.ports.sealing.open(body, context).map_err(|_| corrupt())?;
        serde_json::from_slice(body.expose()).map_err(|_| corrupt())
    }
}

fn check(request: &PrivacyRequest) -> Result<(), PrivacyError> {
    let is_empty = |user: &PrivacyUser| user.actions.is_empty() || user.subjects.is_empty();
    if request.users.is_empty() || request.users.iter().any(is_empty) {
        return Err(PrivacyError::Nothing);
    }
    let subjects: usize = request.users.iter().map(|user| user.subjects.len()).sum();
    if subjects > SUBJECTS_MAX { Err(PrivacyError::TooMany) } else { Ok(()) }
}

fn unsealed(error: SealError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

impl std::fmt::Debug for Privacy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Privacy").finish_non_exhaustive()
    }
}
