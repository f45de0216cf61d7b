//! Whose profiles count for a request besides those of its own device (`access-variants` §4.1).

use std::sync::Arc;

use usher_core::{DeviceId, StoreError, Timestamp};

use super::Entitlement;
use crate::call::Call;
use crate::partner::Partner;
use crate::seen_profile::SeenProfile;
use crate::sso::{ServiceSubject, SsoMethod, SsoSubject, is_shared};

/// A profile of another application or device that counts for this one.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) profile: Arc<SeenProfile>,
    pub(super) method: SsoMethod,
}

impl Entitlement {
    /// Who the viewer in front of `device` is to platforms and identity services, as far as the request
    /// proves it; the platform's word comes first (`access-variants` S8).
    pub(super) async fn subjects(
        &self,
        call: &Call,
        device: &DeviceId,
        now: Timestamp,
    ) -> Result<Vec<SsoSubject>, StoreError> {
        let mut subjects = Vec::new();
        subjects.extend(self.sso_tokens.platform(&call.snapshot, &call.sso.platform, now));
        subjects.extend(self.service_subject(call, device, now).await?);
        Ok(subjects)
    }

    async fn service_subject(
        &self,
        call: &Call,
        device: &DeviceId,
        now: Timestamp,
    ) -> Result<Option<SsoSubject>, StoreError> {
        let Some(token) = &call.sso.service else { return Ok(None) };
        let company = &call.service_provider.media_company;
        let named = self.sso_tokens.service(&call.snapshot, company, token.expose(), now);
        match named {
            Some(ServiceSubject::Registered(subject)) => Ok(Some(subject)),
            Some(ServiceSubject::Own(own)) => self.own_subject(own, device).await,
            None => {
                tracing::info!("sso_header_invalid: a service token proves nothing");
                Ok(None)
            }
        }
    }

    /// The profile at `partner` that one of `subjects` opens.
    pub(super) async fn shared_profile(
        &self,
        call: &Call,
        partner: &Partner,
        subjects: &[SsoSubject],
        now: Timestamp,
    ) -> Result<Option<Shared>, StoreError> {
        for subject in subjects {
            let opened = self.shared_profiles(call, partner, subject, now).await?;
            if let Some(profile) = opened.into_iter().next() {
                return Ok(Some(Shared { profile, method: subject.method }));
            }
        }
        Ok(None)
    }

    /// Every profile at `partner` that `subject` opens, the latest sign-in first.
    pub(super) async fn shared_profiles(
        &self,
        call: &Call,
        partner: &Partner,
        subject: &SsoSubject,
        now: Timestamp,
    ) -> Result<Vec<Arc<SeenProfile>>, StoreError> {
        let linked = self.profiles.linked_to(subject, now).await?;
        let opened = linked
            .iter()
            .filter(|profile| is_shared(call, partner, (profile, subject.method), now));
        Ok(opened.map(Arc::clone).collect())
    }
}
