//! Tokens as they are kept: the bytes behind their base64url where there are any.
//!
//! Most tokens are JWTs or random bytes in base64url. That text is a third longer than its bytes, and what
//! the claims of several tokens have in common cannot be seen in it when it is compressed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use usher_jose::{base64url, base64url_decode};

/// A token of a provider; opaque, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

/// How a token is kept.
#[derive(Serialize, Deserialize)]
enum Kept {
    /// Nothing is known about it.
    Text(String),
    /// What stands between its dots, decoded.
    Parts(Vec<Vec<u8>>),
}

impl Token {
    /// The token itself.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl From<&Token> for Kept {
    fn from(Token(text): &Token) -> Self {
        // Only what encoding makes of the bytes again is decoded.
        let parts: Option<_> = text.split('.').map(base64url_decode).collect();
        parts.map_or_else(|| Self::Text(text.clone()), Self::Parts)
    }
}

impl Kept {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => parts.iter().map(base64url).collect::<Vec<_>>().join("."),
        }
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Kept::from(self).serialize(to)
    }
}

/// Reads bytes, and the JSON of earlier versions, where a token is a text.
impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            return String::deserialize(from).map(Self);
        }
        Kept::deserialize(from).map(|kept| Self(kept.text()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(text: &str) -> Vec<u8> {
        postcard::to_allocvec(&Token::from(text.to_owned())).unwrap()
    }

    fn read(bytes: &[u8]) -> String {
        postcard::from_bytes::<Token>(bytes).unwrap().0
    }

    #[test]
    fn a_jwt_takes_no_more_than_what_it_says() {
        let [header, claims] = [r#"{"alg":"RS256"}"#, r#"{"sub":"u-7","exp":1790000000}"#];
        let jwt = [base64url(header), base64url(claims), base64url([7; 256])].join(".");
        let bytes = kept(&jwt);
        // The kind, the number of parts, and the length of each.
        assert_eq!(bytes.len(), header.len() + claims.len() + 256 + 6);
        assert_eq!(read(&bytes), jwt);
    }

    #[test]
    fn what_is_not_canonical_base64url_stays_a_text() {
        // No such length; padding; bits that no byte has; the other alphabet; nothing of the kind.
        for text in ["e30.e30.A", "e30=.e30.", "e31.e30.", "e30.a+/b.", "two words", "é", "a.b c.d"]
        {
            assert_eq!(kept(text).first(), Some(&0), "{text}");
            assert_eq!(read(&kept(text)), text);
        }
        for text in ["", ".", "e30.e30.", "a-_b", "e30..e30...e30"] {
            assert_eq!(kept(text).first(), Some(&1), "{text}");
            assert_eq!(read(&kept(text)), text);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back_as_it_was(text: String) {
            prop_assert_eq!(read(&kept(&text)), text);
        }

        #[test]
        fn every_text_like_a_token_comes_back_as_it_was(text in "[A-Za-z0-9_=+/.-]{0,80}") {
            prop_assert_eq!(read(&kept(&text)), text);
        }

        #[test]
        fn every_jwt_comes_back_as_it_was(parts in prop::collection::vec(any::<Vec<u8>>(), 1..6)) {
            let jwt = parts.iter().map(base64url).collect::<Vec<_>>().join(".");
            let bytes = kept(&jwt);
            prop_assert_eq!(bytes.first(), Some(&1));
            prop_assert_eq!(read(&bytes), jwt);
        }

        #[test]
        fn garbage_is_no_token_or_one(garbage: Vec<u8>) {
            if let Ok(token) = postcard::from_bytes::<Token>(&garbage) {
                prop_assert_eq!(read(&kept(token.as_str())), token.as_str());
            }
        }
    }
}
