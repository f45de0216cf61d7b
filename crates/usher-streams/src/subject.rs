//! Whose streams are counted together.

use std::fmt;

/// An account at an identity provider. The same account text at two providers is two subjects
/// (`concurrency` §0).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Provider and account, one after the other: one allocation per subject.
    text: Box<str>,
    idp_bytes: u32,
}

impl Subject {
    /// The subject `account` of provider `idp`.
    pub fn new(idp: &str, account: &str) -> Self {
        let mut text = String::with_capacity(idp.len() + account.len());
        text.push_str(idp);
        text.push_str(account);
        Self { text: text.into(), idp_bytes: u32::try_from(idp.len()).unwrap_or(u32::MAX) }
    }

    /// The identity provider, normally the MVPD's id.
    pub fn idp(&self) -> &str {
        self.parts().0
    }

    /// The account, unique only at its provider.
    pub fn account(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        let split = usize::try_from(self.idp_bytes).unwrap_or(usize::MAX);
        self.text.split_at_checked(split).unwrap_or((&self.text, ""))
    }

    /// The subject as a key: the provider's length, then both texts.
    pub fn to_key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(4 + self.text.len());
        key.extend_from_slice(&self.idp_bytes.to_be_bytes());
        key.extend_from_slice(self.text.as_bytes());
        key
    }

    /// Reads what [`Subject::to_key`] wrote.
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let (length, text) = key.split_first_chunk::<4>()?;
        let split = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (idp, account) = std::str::from_utf8(text).ok()?.split_at_checked(split)?;
        Some(Self::new(idp, account))
    }
}

impl fmt::Debug for Subject {
    /// Accounts are personal data: only the provider is shown.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Subject({}, …)", self.idp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_between_provider_and_account_matters() {
        assert_ne!(Subject::new("ab", "c"), Subject::new("a", "bc"));
        let subject = Subject::new("cable+one", "u/1");
        assert_eq!((subject.idp(), subject.account()), ("cable+one", "u/1"));
    }

    #[test]
    fn a_key_reads_back_and_nonsense_does_not() {
        let subject = Subject::new("kabel-süd", "ä");
        assert_eq!(Subject::from_key(&subject.to_key()), Some(subject));
        assert_eq!(Subject::from_key(b"\0\0"), None);
        assert_eq!(Subject::from_key(b"\0\0\0\x09short"), None);
    }

    #[test]
    fn accounts_do_not_print() {
        assert_eq!(format!("{:?}", Subject::new("northcable", "u1")), "Subject(northcable, …)");
    }
}
