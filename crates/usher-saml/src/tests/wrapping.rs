//! Signature wrapping: what was signed is moved, what is read is new. The eight classic shapes, over
//! answers with both signatures and with that of the assertion only.

use super::*;

/// An answer taken apart.
struct Parts {
    document: String,
    assertion: String,
    assertion_signature: String,
}

impl Parts {
    fn of(sign: SignParts) -> Self {
        let document = document(sign);
        let assertion = cut(&document, "<saml:Assertion", "</saml:Assertion>").to_owned();
        let assertion_signature = signature(&assertion).to_owned();
        Self { document, assertion, assertion_signature }
    }

    /// The original assertion without its signature.
    fn original(&self) -> String {
        replaced(&self.assertion, &self.assertion_signature, "")
    }

    /// A forged assertion with another id that keeps the original signature.
    fn evil(&self) -> String {
        let renamed = replaced(&self.assertion, "ID=\"_assertion\"", "ID=\"_evil\"");
        replaced(&renamed, "alice@", "mallory@")
    }

    /// The same without the signature.
    fn evil_unsigned(&self) -> String {
        replaced(&self.evil(), &self.assertion_signature, "")
    }

    /// The answer with something else in the place of the assertion.
    fn with(&self, instead: &str) -> String {
        replaced(&self.document, &self.assertion, instead)
    }

    /// The forged assertion with `inside` at the end of its signature.
    fn evil_around(&self, inside: &str) -> String {
        let signature = replaced(
            &self.assertion_signature,
            "</ds:Signature>",
            &format!("{inside}</ds:Signature>"),
        );
        replaced(&self.evil(), &self.assertion_signature, &signature)
    }

    /// Shapes 3 to 8, which move the assertion.
    fn assertion_shapes(&self) -> Vec<(&'static str, String)> {
        let (assertion, original) = (&self.assertion, self.original());
        let (evil, unsigned) = (self.evil(), self.evil_unsigned());
        let around =
            replaced(&unsigned, "</saml:Assertion>", &format!("{assertion}</saml:Assertion>"));
        let extension = |inside: &str| format!("<samlp:Extensions>{inside}</samlp:Extensions>");
        let object = |inside: &str| format!("<ds:Object>{inside}</ds:Object>");
        vec![
            ("3 forged before", self.with(&format!("{unsigned}{assertion}"))),
            ("3 forged after", self.with(&format!("{assertion}{unsigned}"))),
            ("4 forged around", self.with(&around)),
            ("5 original at the end", self.with(&format!("{evil}{original}"))),
            ("6 original in the signature", self.with(&self.evil_around(&original))),
            (
                "7 forged in an extension",
                self.with(&format!("{}{assertion}", extension(&unsigned))),
            ),
            (
                "7 original in an extension",
                self.with(&format!("{}{unsigned}", extension(assertion))),
            ),
            ("8 original in an object", self.with(&self.evil_around(&object(&original)))),
            (
                "8 forged in an object",
                self.with(&replaced(
                    assertion,
                    "</ds:Signature>",
                    &format!("{}</ds:Signature>", object(&unsigned)),
                )),
            ),
            (
                "same id",
                self.with(&format!("{}{assertion}", unsigned.replace("_evil", "_assertion"))),
            ),
            ("forged with the original's id", self.with(&evil.replace("_evil", "_assertion"))),
            ("empty reference", self.with(&evil.replace("URI=\"#_assertion\"", "URI=\"\""))),
            ("reference to the forged", self.with(&evil.replace("#_assertion", "#_evil"))),
            ("pointer", self.with(&evil.replace("#_assertion", "#xpointer(id('_assertion'))"))),
        ]
    }
}

fn signature(text: &str) -> &str {
    cut(text, "<ds:Signature ", "</ds:Signature>")
}

/// Shapes 1 and 2, which move the response.
fn response_shapes() -> Vec<(&'static str, String)> {
    [SignParts::Response, SignParts::Both].into_iter().flat_map(moved_responses).collect()
}

fn moved_responses(sign: SignParts) -> Vec<(&'static str, String)> {
    let document = document(sign);
    let signature = signature(&document).to_owned();
    let original = replaced(&document, &signature, "");
    let renamed =
        replaced(&document, "ID=\"_response\"", "ID=\"_evil\"").replace("alice@", "mallory@");
    let inside = replaced(&signature, "</ds:Signature>", &format!("{original}</ds:Signature>"));
    let object = format!("<ds:Object>{original}</ds:Object></ds:Signature>");
    vec![
        ("1 original in the signature", replaced(&renamed, &signature, &inside)),
        (
            "1 original in an object",
            replaced(&renamed, &signature, &replaced(&signature, "</ds:Signature>", &object)),
        ),
        (
            "2 original before the signature",
            replaced(&renamed, &signature, &format!("{original}{signature}")),
        ),
        (
            "2 original after the signature",
            replaced(&renamed, &signature, &format!("{signature}{original}")),
        ),
    ]
}

#[test]
fn no_wrapped_answer_is_accepted() {
    let mut forgeries = response_shapes();
    for sign in [SignParts::Both, SignParts::Assertion] {
        forgeries.extend(Parts::of(sign).assertion_shapes());
    }
    assert_eq!(forgeries.len(), 8 + 2 * 14);
    for (shape, forged) in forgeries {
        assert_eq!(refusal(&forged), "signature", "{shape}");
    }
}

#[test]
fn the_originals_of_the_forgeries_are_accepted() {
    for sign in [SignParts::Both, SignParts::Assertion] {
        let parts = Parts::of(sign);
        assert_eq!(refusal(&parts.with(&parts.assertion)), "accepted");
    }
}
