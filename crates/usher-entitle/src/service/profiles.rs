//! Reading profiles (`pass-rest-v2` §9).

use std::sync::Arc;

use usher_core::{ClientId, DeviceId, MvpdId, StoreError, Timestamp};
use usher_reports::EntitlementEventName as Name;

use super::Entitlement;
use super::create_session::is_temporary;
use super::resume_session::SessionError;
use crate::call::{self, Call, PartnerError};
use crate::code::Code;
use crate::events::About;
use crate::framework::{self, PlatformPartner};
use crate::metadata::{Attributes, shape};
use crate::partner::Partner;
use crate::profile::{Profile, ProfileKey};
use crate::seen_profile::SeenProfile;
use crate::session::Origin;
use crate::sso::{SsoMethod, SsoSubject, is_shared};
use crate::temp_pass::TrialRefusal;

/// A profile as applications see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileView {
    /// The provider.
    pub mvpd: MvpdId,
    /// Who vouches for it.
    pub kind: ProfileKind,
    /// When the viewer signed in.
    pub not_before: Timestamp,
    /// When the sign-in ends.
    pub not_after: Timestamp,
    /// The viewer's metadata.
    pub attributes: Arc<Attributes>,
}

/// Who vouches for a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileKind {
    /// The provider, where the viewer signed in.
    Regular,
    /// The provider, where the viewer signed in on another device or in another application that counts
    /// as the same by this.
    Shared(SsoMethod),
    /// The provider, by way of a platform partner's framework.
    Framework(PlatformPartner),
    /// We do: it is a temporary pass, and nobody signed in.
    Temporary,
    /// We do: a rule signs everybody in.
    Degraded,
}

/// Why a profile cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The provider cannot be dealt with.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// There is no live session with the code.
    #[error("there is no live session with this code")]
    UnknownSession,
    /// The temporary pass is over, used up, or cannot be used at all.
    #[error("the temporary pass cannot be used")]
    TemporaryAccess(TrialRefusal),
    /// The store could not answer.
    #[error("the store could not answer")]
    Store(#[from] StoreError),
}

impl From<SessionError> for ProfileError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unknown => Self::UnknownSession,
            SessionError::Store(error) => Self::Store(error),
        }
    }
}

impl Entitlement {
    /// Ends every sign-in that `client` made, since its credentials were revoked. Nobody can use them any
    /// more, not even those who share them.
    pub async fn end_client(&self, client: &ClientId) -> Result<(), StoreError> {
        let ended = self.profiles.store().invalidate_of(client, self.clock.now()).await?;
        for profile in &ended {
            drop(self.profiles.changing_profile(profile));
        }
        Ok(())
    }

    /// All active profiles of the device, of providers with an active integration.
    pub async fn profiles(
        &self,
        call: &Call,
        device: DeviceId,
    ) -> Result<Vec<ProfileView>, ProfileError> {
        let now = self.clock.now();
        let subjects = self.subjects(call, &device, now).await?;
        let held = self.profiles.held_by(&call.holder(device), now).await?;
        let mut views = Vec::new();
        for profile in held.iter().filter(|profile| profile.is_active(now)) {
            if let Ok(partner) = call.partner(profile.key.mvpd.as_str())
                && framework::objection(call, &partner, profile, now).is_none()
            {
                views.push(self.show(call, &call.origin, &partner, profile).await?);
            }
        }
        self.add_shared(call, &subjects, &mut views).await?;
        Ok(views)
    }

    /// Adds what `subjects` open at providers that are not among `views` yet.
    async fn add_shared(
        &self,
        call: &Call,
        subjects: &[SsoSubject],
        views: &mut Vec<ProfileView>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        for subject in subjects {
            for profile in self.profiles.linked_to(subject, now).await?.iter() {
                let mvpd = &profile.key.mvpd;
                let Ok(partner) = call.partner(mvpd.as_str()) else { continue };
                let known = views.iter().any(|view| view.mvpd == *mvpd);
                if !known && is_shared(call, &partner, (profile, subject.method), now) {
                    views.push(self.view(
                        call,
                        &partner,
                        profile,
                        ProfileKind::Shared(subject.method),
                    ));
                }
            }
        }
        Ok(())
    }

    /// The device's profile at one provider, if it is active.
    pub async fn profile(
        &self,
        call: &Call,
        device: DeviceId,
        mvpd: &str,
    ) -> Result<Option<ProfileView>, ProfileError> {
        let partner = call.partner(mvpd)?;
        let now = self.clock.now();
        let subjects = self.subjects(call, &device, now).await?;
        let key = ProfileKey { holder: call.holder(device), mvpd: partner.mvpd.id.clone() };
        self.profile_at(call, (&call.origin, &subjects), &partner, &key).await
    }

    /// The profile that came of the session with this code, for whoever of the channel asks.
    pub async fn profile_by_code(
        &self,
        call: &Call,
        code: &Code,
    ) -> Result<Option<ProfileView>, ProfileError> {
        let session = self.live_session(call, code, self.clock.now()).await?;
        let Some(mvpd) = session.stage.parameters().mvpd else { return Ok(None) };
        let Some(partner) = call::partner(&call.snapshot, &call.service_provider, &mvpd) else {
            return Ok(None);
        };
        let key = ProfileKey { holder: session.holder, mvpd };
        self.profile_at(call, (&session.origin, &[]), &partner, &key).await
    }

    async fn profile_at(
        &self,
        call: &Call,
        (origin, subjects): (&Origin, &[SsoSubject]),
        partner: &Partner,
        key: &ProfileKey,
    ) -> Result<Option<ProfileView>, ProfileError> {
        if is_temporary(partner) {
            let device = key.holder.device.clone();
            return self.pass_profile(call, partner, device).await.map(Some);
        }
        let now = self.clock.now();
        let own = self.profiles.find(key, now).await?.filter(|profile| profile.is_active(now));
        let own = own.filter(|own| framework::objection(call, partner, own, now).is_none());
        if let Some(profile) = own {
            return Ok(Some(self.show(call, origin, partner, &profile).await?));
        }
        if let Some(shared) = self.shared_profile(call, partner, subjects, now).await? {
            let kind = ProfileKind::Shared(shared.method);
            return Ok(Some(self.view(call, partner, &shared.profile, kind)));
        }
        let (rules, device) = (self.degradation.on(partner, now), &key.holder.device);
        let everybody = rules.authn_all();
        Ok(everybody.map(|rule| self.degraded_profile(call, partner, (rule, device), now)))
    }

    /// What an application of the channel sees of `profile`; its first look is reported once.
    async fn show(
        &self,
        call: &Call,
        origin: &Origin,
        partner: &Partner,
        profile: &SeenProfile,
    ) -> Result<ProfileView, StoreError> {
        if profile.fetched_at.is_none() {
            self.note_first_fetch(call, origin, partner, profile).await?;
        }
        let kind = profile.framework.map_or(ProfileKind::Regular, ProfileKind::Framework);
        Ok(self.view(call, partner, profile, kind))
    }

    pub(super) fn view(
        &self,
        call: &Call,
        partner: &Partner,
        profile: &SeenProfile,
        kind: ProfileKind,
    ) -> ProfileView {
        let channel = &call.service_provider;
        let attributes = profile.attributes(&channel.id, call.snapshot.revision(), |profile| {
            let cipher = self.metadata_keys.for_channel(channel, call.company(), &*self.entropy);
            shape(profile, partner, cipher.as_ref())
        });
        ProfileView {
            mvpd: profile.key.mvpd.clone(),
            kind,
            not_before: profile.not_before,
            not_after: profile.not_after,
            attributes,
        }
    }

    async fn note_first_fetch(
        &self,
        call: &Call,
        origin: &Origin,
        partner: &Partner,
        profile: &Profile,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let changing = self.profiles.changing_profile(profile);
        let first = self.profiles.store().mark_fetched(&profile.key, &profile.id, now).await?;
        drop(changing);
        if first {
            let user = self.pseudonym(profile);
            let about = About::viewer(profile, &user);
            let (snapshot, channel) = (&call.snapshot, &call.service_provider);
            let reporter = self.reporter_for(snapshot, channel, &partner.mvpd, (origin, now));
            self.record(vec![reporter.event(Name::AuthnGranted, about)]).await;
        }
        Ok(())
    }
}
