//! What a platform partner carries between its framework and us (`mvpd` §5.9).

use usher_core::{MvpdId, Secret};
use usher_entitle::{Partner, PlatformRequest, SignInError, VerifiedIdentity};
use usher_registry::{Mvpd, Platform, Snapshot};
use usher_saml::binding::{from_post_value, post_value};
use usher_saml::{Unsolicited, claimed_issuer};

use super::sign_in::{Pending, Way};
use super::sign_out::is_called;
use super::{Saml, saml_of, unverified};

impl Saml {
    /// The request the application hands to the platform's framework: the document itself, signed.
    pub(crate) async fn begin_by_platform(
        &self,
        partner: &Partner,
        platform: Platform,
    ) -> Result<PlatformRequest, SignInError> {
        let not_offered = || SignInError::Unsupported("the platform does not know it".to_owned());
        let known = partner.mvpd.partner.get(&platform).ok_or_else(not_offered)?;
        let endpoint = partner.authn().and_then(|endpoint| Some((endpoint, saml_of(endpoint)?)));
        let endpoint = endpoint
            .ok_or_else(|| SignInError::Unsupported("it does not sign in by SAML".to_owned()))?;
        let (document, pending) = self.request(partner, endpoint, Way::Document).await?;
        Ok(PlatformRequest {
            request: post_value(&document),
            attribute_names: known.attributes.clone(),
            pending,
        })
    }

    /// Believes what the framework brought back, if it answers the request `pending` is about, or none
    /// where the catalog allows that.
    pub(crate) async fn finish_by_platform(
        &self,
        partner: &Partner,
        platform: Platform,
        pending: Option<&Secret<String>>,
        response: &str,
    ) -> Result<VerifiedIdentity, SignInError> {
        let known = partner.mvpd.partner.get(&platform);
        let allowed = known.is_some_and(|known| known.allow_unsolicited);
        let unsolicited = if allowed { Unsolicited::Accepted } else { Unsolicited::Refused };
        let pending: Option<Pending> = pending
            .map(|pending| serde_json::from_str(pending.expose()))
            .transpose()
            .map_err(|_| unverified("no_session", "nothing is known about the request"))?;
        self.accept(partner, pending.as_ref(), |_| unsolicited, response).await
    }

    /// The provider that `response` says to be from, as far as it is known.
    pub(crate) async fn claimed_provider(
        &self,
        snapshot: &Snapshot,
        response: &str,
    ) -> Option<MvpdId> {
        let response = response.to_owned();
        let read = move || claimed_issuer(&from_post_value(&response).ok()?).ok();
        let issuer = self.workers.run(read).await??;
        let speaks = |mvpd: &Mvpd| {
            let own = mvpd.authn.iter().filter_map(saml_of).any(|saml| saml.entity_id == issuer);
            own || (mvpd.proxy.is_some() && is_called(mvpd, &issuer))
        };
        snapshot.mvpds().find(|mvpd| speaks(mvpd)).map(|mvpd| mvpd.id.clone())
    }
}
