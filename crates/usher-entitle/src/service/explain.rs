//! Filing how decisions came about.

use usher_core::{StoreError, TraceId};

use super::Entitlement;
use super::decide::{Asked, Scene, Viewer};
use crate::decision::{Decision, RefusalReason};
use crate::explain::{Explanation, SignInNote, ViewerNote, ViewerStanding, notes};

impl Entitlement {
    /// How the decisions of the request `trace` came about, if that is still known.
    pub async fn explanation(&self, trace: TraceId) -> Result<Option<Explanation>, StoreError> {
        self.explanations.find(trace).await
    }

    /// Files how `decisions` came about.
    pub(super) fn explain(
        &self,
        scene: &Scene<'_>,
        viewer: impl FnOnce() -> ViewerNote,
        decisions: &[Decision],
    ) {
        if !self.explanations.wanted() {
            return;
        }
        let call = scene.call;
        let platform = &scene.platform;
        let (resources, exchanges) = notes(decisions);
        let took = self.clock.now().since(scene.now);
        self.explanations.file(Explanation {
            trace: call.trace,
            at: scene.now,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            purpose: scene.purpose,
            service_provider: call.service_provider.id.clone(),
            mvpd: scene.partner.mvpd.id.clone(),
            proxy: scene.partner.mvpd.proxy.clone(),
            application: call.origin.software.clone(),
            client: call.client.clone(),
            platform: platform.name.unwrap_or(platform.category.as_str()).to_owned(),
            catalog: call.snapshot.revised_at(),
            viewer: viewer(),
            resources,
            exchanges,
        });
    }
}

impl Asked {
    /// What was known of who asks.
    pub(super) fn viewer_note(&self) -> ViewerNote {
        let standing = match &self.viewer {
            Ok(viewer) => return viewer.note(),
            Err(RefusalReason::ProfileExpired) => ViewerStanding::Expired,
            Err(RefusalReason::ProfileInvalidated) => ViewerStanding::Ended,
            Err(_) => ViewerStanding::NotSignedIn,
        };
        ViewerNote { standing, ..ViewerNote::default() }
    }
}

impl Viewer {
    fn note(&self) -> ViewerNote {
        let profile = &self.profile;
        ViewerNote {
            standing: ViewerStanding::SignedIn,
            user: Some(self.pseudonym.as_ref().to_owned()),
            sign_in: Some(SignInNote {
                session: profile.session_id.clone(),
                since: profile.not_before,
                until: profile.not_after,
                service_provider: profile.key.holder.service_provider.clone(),
                shared_by: self.shared_by,
                framework: profile.framework,
                home_based: profile.home_based,
            }),
        }
    }
}
