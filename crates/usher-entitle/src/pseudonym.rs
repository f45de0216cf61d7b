//! Names for viewers that do not tell who they are.

use usher_core::{DeviceId, MvpdId, Secret, ServiceProviderId};
use usher_jose::hmac_sha256;

/// Turns viewers' ids into pseudonyms: stable per deployment, provider and viewer; nobody without the
/// key can go back or compare with another deployment.
#[derive(Clone, Debug)]
pub(crate) struct Pseudonyms(Secret<[u8; 32]>);

impl Pseudonyms {
    pub(crate) const fn new(key: Secret<[u8; 32]>) -> Self {
        Self(key)
    }

    /// The pseudonym of the viewer `user_id` of `mvpd`: 32 hex digits.
    pub(crate) fn of(&self, mvpd: &MvpdId, user_id: &str) -> String {
        // The NUL keeps ("a", "bc") and ("ab", "c") apart; ids hold no control characters.
        let message = [mvpd.as_str().as_bytes(), b"\0", user_id.as_bytes()].concat();
        hex(hmac_sha256(self.0.expose(), &message).iter().take(16))
    }

    /// The `userID` that stands for whoever watches by a rule on `device` (`access-variants` G1): a
    /// published prefix and 40 hex digits.
    pub(crate) fn of_degraded(
        &self,
        channel: &ServiceProviderId,
        mvpd: &MvpdId,
        device: &DeviceId,
    ) -> String {
        format!("95cf93bcd183214a{}", self.device_digits("degraded", channel, mvpd, device))
    }

    /// The `userID` that stands for whoever uses a temporary pass on `device`
    /// (`access-variants` §2.2): `temppass_` and 40 hex digits.
    pub(crate) fn of_device(
        &self,
        channel: &ServiceProviderId,
        mvpd: &MvpdId,
        device: &DeviceId,
    ) -> String {
        format!("temppass_{}", self.device_digits("temppass", channel, mvpd, device))
    }

    /// 40 hex digits for `device`, for one `purpose` at one channel and MVPD.
    fn device_digits(
        &self,
        purpose: &str,
        channel: &ServiceProviderId,
        mvpd: &MvpdId,
        device: &DeviceId,
    ) -> String {
        let parts: [&[u8]; 4] = [
            purpose.as_bytes(),
            channel.as_str().as_bytes(),
            mvpd.as_str().as_bytes(),
            device.as_bytes(),
        ];
        let digest = hmac_sha256(self.0.expose(), &parts.join(b"\0".as_slice()));
        hex(digest.iter().take(20))
    }
}

/// `bytes` as lower-case hex digits.
pub(crate) fn hex<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> String {
    bytes.into_iter().fold(String::new(), |mut text, byte| {
        for nibble in [byte >> 4, byte & 0xf] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_differ_by_viewer_provider_and_deployment() {
        let here = Pseudonyms::new(Secret::new([1; 32]));
        let there = Pseudonyms::new(Secret::new([2; 32]));
        let ann = here.of(&"OpCo".into(), "ann");
        assert_eq!(ann.len(), 32);
        assert_eq!(ann, here.of(&"OpCo".into(), "ann"));
        assert_ne!(ann, here.of(&"OpCo".into(), "ben"));
        assert_ne!(ann, here.of(&"Cablevision".into(), "ann"));
        assert_ne!(ann, there.of(&"OpCo".into(), "ann"));
    }

    #[test]
    fn a_pass_knows_a_device_by_40_digits() {
        let here = Pseudonyms::new(Secret::new([1; 32]));
        let device = crate::fixtures::device();
        let user = here.of_device(&"REF30".into(), &"FreeHour".into(), &device);
        let digits = user.strip_prefix("temppass_").unwrap();
        assert_eq!(digits.len(), 40);
        assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(user, here.of_device(&"REF30".into(), &"FreeHour".into(), &device));
        assert_ne!(user, here.of_device(&"NEWS24".into(), &"FreeHour".into(), &device));
        assert_ne!(user, here.of_device(&"REF30".into(), &"PromoPass".into(), &device));
    }
}
