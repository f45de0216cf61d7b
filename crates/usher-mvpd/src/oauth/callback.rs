//! What comes back with the browser (RFC 6749 §4.1.2, RFC 9207).

use usher_entitle::SignInError;

use super::unverified;
use crate::text;

/// The parameters of an authorization response.
#[derive(Debug, Default)]
pub(super) struct Callback<'a> {
    code: Option<&'a str>,
    error: Option<&'a str>,
    issuer: Option<&'a str>,
}

impl<'a> Callback<'a> {
    /// Reads `parameters`; unknown ones are ignored, repeated ones refused (RFC 6749 §3.1).
    pub(super) fn read(parameters: &'a [(String, String)]) -> Result<Self, SignInError> {
        let mut callback = Self::default();
        for (name, value) in parameters {
            let slot = match name.as_str() {
                "code" => &mut callback.code,
                "error" => &mut callback.error,
                "iss" => &mut callback.issuer,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(unverified("a parameter of the callback is repeated"));
            }
        }
        Ok(callback)
    }

    /// The code, if it is `issuer` who answers and it did not refuse.
    pub(super) fn code_from(&self, issuer: &str) -> Result<&'a str, SignInError> {
        if self.issuer.is_some_and(|from| from != issuer) {
            return Err(unverified("another provider answered"));
        }
        if let Some(error) = self.error {
            return Err(SignInError::Refused(text::code(error)));
        }
        self.code
            .filter(|code| !code.is_empty())
            .ok_or_else(|| unverified("the callback holds no code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(parameters: &[(&str, &str)]) -> Result<String, String> {
        let owned: Vec<_> =
            parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Callback::read(&owned)
            .and_then(|callback| callback.code_from("https://idp.example").map(str::to_owned))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_code_counts_only_from_the_expected_issuer_and_only_once() {
        let issuer = ("iss", "https://idp.example");
        assert_eq!(code(&[("code", "c"), ("state", "s")]), Ok("c".into()));
        assert_eq!(code(&[issuer, ("code", "c")]), Ok("c".into()));
        for hostile in [
            &[("iss", "https://evil.example"), ("code", "c")][..],
            &[("code", "c"), ("code", "d")],
            &[("code", "")],
            &[],
        ] {
            assert!(
                code(hostile).is_err_and(|error| error.contains("not accepted")),
                "{hostile:?}"
            );
        }
    }

    #[test]
    fn a_viewer_who_turns_back_is_a_refusal() {
        assert_eq!(
            code(&[("error", "access_denied\r\nx"), ("code", "c")]),
            Err("the provider did not sign the viewer in: access_deniedx".into())
        );
    }
}
