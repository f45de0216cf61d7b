//! Taking away what is known of one viewer (`access-variants` §5.2 V4).

use usher_core::{MvpdId, ServiceProviderId, StoreError};

use super::Entitlement;
use crate::temp_pass::Pass;

/// What begins the names of devices that use a temporary pass.
const PASS_USER: &str = "temppass_";

impl Entitlement {
    /// Deletes, at `channels`, what carries `user_id` at `mvpd`: profiles with the decisions and bindings
    /// of single sign-on that hang on them, or the trials of the device whose name this is.
    pub async fn forget_viewer(
        &self,
        mvpd: &MvpdId,
        user_id: &str,
        channels: &[ServiceProviderId],
    ) -> Result<(), StoreError> {
        for channel in channels {
            for profile in self.profiles.store().delete_of(mvpd, user_id, channel).await? {
                drop(self.profiles.changing_profile(&profile));
            }
            if user_id.starts_with(PASS_USER) {
                let pass = Pass { service_provider: channel.clone(), mvpd: mvpd.clone() };
                self.forget_pass_user(&pass, user_id).await?;
            }
        }
        Ok(())
    }

    /// What events call the viewer: by a pseudonym or, where no provider vouches for them and where the
    /// application itself names them, by the id.
    pub fn names_in_events(&self, mvpd: &MvpdId, user_id: &str) -> Vec<String> {
        vec![self.pseudonyms.of(mvpd, user_id), user_id.to_owned()]
    }

    /// The name of a device cannot be turned around: it is found by giving all devices their names.
    async fn forget_pass_user(&self, pass: &Pass, user_id: &str) -> Result<(), StoreError> {
        let mut last = None;
        loop {
            let devices = self.trials.devices(pass, last.as_ref()).await?;
            let named = |device: &&_| {
                self.pseudonyms.of_device(&pass.service_provider, &pass.mvpd, device) == user_id
            };
            if let Some(device) = devices.iter().find(named) {
                return self.trials.forget_device(pass, device).await;
            }
            let Some(device) = devices.into_iter().next_back() else { return Ok(()) };
            last = Some(device);
        }
    }
}
