//! Signature wrapping: what was signed is moved, what is read is new. The eight classic shapes, over
//! answers of ours and of others, with both signatures and with that of the assertion only.

use super::specimen::{Specimen, quoted};
use super::*;

/// A specimen taken apart.
struct Parts<'s> {
    specimen: &'s Specimen,
    assertion: String,
    signature: String,
    id: String,
}

impl<'s> Parts<'s> {
    fn of(specimen: &'s Specimen) -> Self {
        let assertion = specimen.assertion().to_owned();
        let signature = specimen.signature(&assertion).unwrap().to_owned();
        let id = quoted(&assertion, "ID=\"").to_owned();
        Self { specimen, assertion, signature, id }
    }

    /// The original assertion without its signature.
    fn original(&self) -> String {
        replaced(&self.assertion, &self.signature, "")
    }

    /// A forged assertion with another id that keeps the original signature.
    fn evil(&self) -> String {
        let id = format!("ID=\"{}\"", self.id);
        let renamed = replaced(&self.assertion, &id, "ID=\"_evil\"");
        replaced(&renamed, self.specimen.viewer, "mallory@")
    }

    /// The same without the signature.
    fn evil_unsigned(&self) -> String {
        replaced(&self.evil(), &self.signature, "")
    }

    /// The answer with something else in the place of the assertion.
    fn with(&self, instead: &str) -> String {
        replaced(&self.specimen.document, &self.assertion, instead)
    }

    /// The forged assertion with `inside` at the end of its signature.
    fn evil_around(&self, inside: &str) -> String {
        replaced(&self.evil(), &self.signature, &self.signature_around(inside))
    }

    fn signature_around(&self, inside: &str) -> String {
        let end = self.specimen.signature_end();
        replaced(&self.signature, &end, &format!("{inside}{end}"))
    }

    /// Shapes 3 to 8, which move the assertion.
    fn assertion_shapes(&self) -> Vec<(&'static str, String)> {
        let (assertion, original) = (&self.assertion, self.original());
        let (evil, unsigned) = (self.evil(), self.evil_unsigned());
        let end = self.specimen.assertion_end();
        let around = replaced(&unsigned, &end, &format!("{assertion}{end}"));
        let reference = format!("URI=\"#{}\"", self.id);
        let with_reference = |to: &str| self.with(&replaced(&evil, &reference, to));
        let object_in_original = self.signature_around(&object(&unsigned));
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
                self.with(&replaced(assertion, &self.signature, &object_in_original)),
            ),
            ("same id", self.with(&format!("{}{assertion}", unsigned.replace("_evil", &self.id)))),
            ("forged with the original's id", self.with(&evil.replace("_evil", &self.id))),
            ("empty reference", with_reference("URI=\"\"")),
            ("reference to the forged", with_reference("URI=\"#_evil\"")),
            ("pointer", with_reference(&format!("URI=\"#xpointer(id('{}'))\"", self.id))),
        ]
    }
}

fn extension(inside: &str) -> String {
    format!(
        "<p:Extensions xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\">{inside}</p:Extensions>"
    )
}

fn object(inside: &str) -> String {
    format!("<d:Object xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\">{inside}</d:Object>")
}

/// Shapes 1 and 2, which move the response; none where it is not signed.
fn response_shapes(specimen: &Specimen) -> Vec<(&'static str, String)> {
    let Some(signature) = specimen.response_signature() else { return Vec::new() };
    let response = specimen.response();
    let original = replaced(response, signature, "");
    let id = format!("ID=\"{}\"", quoted(response, " ID=\""));
    let renamed = replaced(response, &id, "ID=\"_evil\"").replace(specimen.viewer, "mallory@");
    let end = specimen.signature_end();
    let with = |instead: &str| replaced(&renamed, signature, instead);
    let around = |inside: &str| replaced(signature, &end, &format!("{inside}{end}"));
    vec![
        ("1 original in the signature", with(&around(&original))),
        ("1 original in an object", with(&around(&object(&original)))),
        ("2 original before the signature", with(&format!("{original}{signature}"))),
        ("2 original after the signature", with(&format!("{signature}{original}"))),
    ]
}

fn specimens() -> Vec<Specimen> {
    let own = [SignParts::Both, SignParts::Assertion].map(Specimen::own);
    own.into_iter().chain(Specimen::recorded()).collect()
}

#[test]
fn no_wrapped_answer_is_accepted() {
    for specimen in specimens() {
        let mut forgeries = response_shapes(&specimen);
        forgeries.extend(Parts::of(&specimen).assertion_shapes());
        assert!(matches!(forgeries.len(), 14 | 18), "{}", specimen.name);
        for (shape, forged) in forgeries {
            assert_eq!(specimen.refusal(&forged), "signature", "{}: {shape}", specimen.name);
        }
    }
    let own = Specimen::own(SignParts::Response);
    for (shape, forged) in response_shapes(&own) {
        assert_eq!(own.refusal(&forged), "signature", "{shape}");
    }
}

#[test]
fn the_originals_of_the_forgeries_are_accepted() {
    for specimen in specimens() {
        assert_eq!(specimen.refusal(&specimen.document), "accepted", "{}", specimen.name);
    }
}

/// What others signed, altered in every way that changes who signs in or for how long.
#[test]
fn an_altered_answer_of_others_is_refused() {
    for specimen in Specimen::recorded() {
        let document = &specimen.document;
        let viewer = specimen.viewer;
        for (from, to, refusals) in [
            (viewer, "mallory@", ["signature", "signature"]),
            (viewer, "<!-- -->mallory@", ["signature", "signature"]),
            ("18:3", "23:3", ["signature", "time"]),
            ("18:4", "23:4", ["signature", "time"]),
            ("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256", ["algorithm", "algorithm"]),
            ("xmldsig-more#rsa-sha256", "xmldsig#rsa-sha1", ["algorithm", "algorithm"]),
            ("xmlenc#sha256", "xmldsig#sha1", ["algorithm", "algorithm"]),
        ] {
            if document.contains(from) {
                let refusal = specimen.refusal(&document.replace(from, to));
                assert!(refusals.contains(&refusal), "{}: {from} {refusal}", specimen.name);
            }
        }
        for prologue in ["<!DOCTYPE r>", "<!DOCTYPE r [<!ENTITY x 'y'>]>", "<?x?>"] {
            let declared = format!("{prologue}{}", specimen.response());
            assert_eq!(specimen.refusal(&declared), "malformed", "{}", specimen.name);
        }
        let unsigned = replaced(document, Parts::of(&specimen).signature.as_str(), "");
        assert_eq!(specimen.refusal(&unsigned), "signature", "{}", specimen.name);
        let twice = replaced(document, specimen.assertion(), &specimen.assertion().repeat(2));
        assert_eq!(specimen.refusal(&twice), "signature", "{}", specimen.name);
    }
}
