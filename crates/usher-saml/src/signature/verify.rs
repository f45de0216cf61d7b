//! Judging the XML signatures of a document.

use bergshamra::VerifyResult;
use bergshamra::dsig::verify::verify_all_document_with_source;
use uppsala::NodeId;

use super::trust::{Sha1, TrustedKeys};
use super::{DIGESTS, SHA1};
use crate::names::{DS, ENVELOPED, EXC_C14N, EXC_C14N_COMMENTS};
use crate::xml::{Node, Xml};

/// Why a document's signatures are not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A signature is somewhere a genuine message has none.
    #[error("a signature stands where none belongs")]
    Place,
    /// A signature has more or fewer parts than it should, or a comment inside.
    #[error("a signature is not of the prescribed shape")]
    Shape,
    /// A signature names something else than the element it stands in.
    #[error("a signature is not about the element it stands in")]
    Reference,
    /// A method or transform that is not on the list.
    #[error("a signature uses an algorithm that is not allowed")]
    Algorithm,
    /// The signature verifies with none of the pinned certificates, or the content was changed.
    #[error("a signature does not verify with any pinned certificate")]
    Invalid,
    /// What must be signed is not.
    #[error("the message is not signed where it must be")]
    Missing,
}

/// The elements valid signatures cover.
#[derive(Debug)]
pub(crate) struct Coverage(Vec<NodeId>);

impl Coverage {
    /// Is this very element signed as a whole?
    pub(crate) fn has(&self, node: Node<'_>) -> bool {
        self.0.contains(&node.id())
    }
}

/// Which elements of `xml` are signed. Every signature in the document must be valid and stand directly in
/// one of `places`; a document without any covers nothing.
pub(crate) fn covered(
    xml: &Xml<'_>,
    places: &[Node<'_>],
    trust: &TrustedKeys,
) -> Result<Coverage, SignatureError> {
    let root = xml.root().ok_or(SignatureError::Shape)?;
    let signatures: Vec<Node<'_>> =
        root.and_below().filter(|node| node.is(DS, "Signature")).collect();
    let mut targets = Vec::with_capacity(signatures.len());
    for signature in &signatures {
        let parent = signature.parent().ok_or(SignatureError::Place)?;
        let allowed = places.iter().any(|place| place.id() == parent.id());
        if !allowed || targets.contains(&parent.id()) {
            return Err(SignatureError::Place);
        }
        check(*signature, parent, trust)?;
        targets.push(parent.id());
    }
    if !targets.is_empty() {
        verify(xml, &targets, trust)?;
    }
    Ok(Coverage(targets))
}

/// Does the library find every signature valid, each about the element it stands in?
fn verify(xml: &Xml<'_>, targets: &[NodeId], trust: &TrustedKeys) -> Result<(), SignatureError> {
    let source = Some(xml.source());
    let results = verify_all_document_with_source(&trust.context, xml.document(), source)
        .map_err(|_| SignatureError::Invalid)?;
    // Both lists are in document order.
    let about_parent = |(result, target): (&VerifyResult, &NodeId)| match result {
        VerifyResult::Valid { references, .. } => matches!(
            references.as_slice(),
            [only] if only.digest_verified && only.resolved_node == Some(*target)
        ),
        VerifyResult::Invalid { .. } => false,
    };
    if results.len() == targets.len() && results.iter().zip(targets).all(about_parent) {
        Ok(())
    } else {
        Err(SignatureError::Invalid)
    }
}

/// Is `signature` of the one shape allowed, about `parent`, with allowed algorithms?
fn check(signature: Node<'_>, parent: Node<'_>, trust: &TrustedKeys) -> Result<(), SignatureError> {
    if !consists_of(signature, &["SignedInfo", "SignatureValue"], Some("KeyInfo")) {
        return Err(SignatureError::Shape);
    }
    let info = part(signature, "SignedInfo")?;
    let parts = ["CanonicalizationMethod", "SignatureMethod", "Reference"];
    if !consists_of(info, &parts, None) || !info.is_plain() {
        return Err(SignatureError::Shape);
    }
    let value = part(signature, "SignatureValue")?;
    if !value.is_plain() || value.elements().next().is_some() {
        return Err(SignatureError::Shape);
    }
    let canonical = part(info, "CanonicalizationMethod")?.attribute("Algorithm");
    let method = part(info, "SignatureMethod")?;
    let allowed = method.attribute("Algorithm").is_some_and(|method| trust.allows(method));
    if canonical != Some(EXC_C14N) || !allowed {
        return Err(SignatureError::Algorithm);
    }
    check_reference(part(info, "Reference")?, parent, trust)
}

fn check_reference(
    reference: Node<'_>,
    parent: Node<'_>,
    trust: &TrustedKeys,
) -> Result<(), SignatureError> {
    if !consists_of(reference, &["Transforms", "DigestMethod", "DigestValue"], None) {
        return Err(SignatureError::Shape);
    }
    let target = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
    let id = parent.attribute("ID").filter(|id| !id.is_empty());
    if id.is_none() || target != id {
        return Err(SignatureError::Reference);
    }
    let transforms: Vec<Option<&str>> = part(reference, "Transforms")?
        .elements()
        .map(|transform| transform.attribute("Algorithm"))
        .collect();
    let digest = part(reference, "DigestMethod")?.attribute("Algorithm").unwrap_or_default();
    let digest_allowed =
        DIGESTS.contains(&digest) || (trust.sha1 == Sha1::Accepted && digest == SHA1);
    match transforms.as_slice() {
        [Some(ENVELOPED), Some(EXC_C14N | EXC_C14N_COMMENTS)] if digest_allowed => Ok(()),
        _ => Err(SignatureError::Algorithm),
    }
}

fn part<'d>(node: Node<'d>, name: &str) -> Result<Node<'d>, SignatureError> {
    node.only_child(DS, name).ok_or(SignatureError::Shape)
}

/// Are `names`, in order, and then perhaps `last`, all the child elements there are?
fn consists_of(node: Node<'_>, names: &[&str], last: Option<&str>) -> bool {
    let mut children = node.elements();
    let all = names.iter().all(|name| children.next().is_some_and(|child| child.is(DS, name)));
    let rest_fits = match (children.next(), last) {
        (None, _) => true,
        (Some(child), Some(last)) => child.is(DS, last),
        (Some(_), None) => false,
    };
    all && rest_fits && children.next().is_none()
}
