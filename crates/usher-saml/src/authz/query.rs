//! Writing XACML requests.

use super::{Attribute, BASE64, QueryHeader, id};
use crate::instant;
use crate::names::{SAML, SOAP, XACML, XACML_SAMLP, XSI};
use crate::signature::{SignError, SigningIdentity};
use crate::xml::{Element, Node};

/// Prefixes canonicalization treats inclusively; peers expect them (`mvpd` §7.3).
const PREFIXES: &str = "ds saml xacml-context xacml-samlp";

/// Who wants to watch.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// The provider's name for the viewer.
    Id(&'a str),
    /// A token of the provider, in base64.
    Token(&'a str),
}

/// May a subject view these resources?
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The viewer; none where the call itself is authorized by their access token.
    pub subject: Option<Subject<'a>>,
    /// Each resource with its attributes.
    pub resources: &'a [Vec<Attribute>],
    /// Address, user agent and the like.
    pub environment: &'a [Attribute],
}

impl Query<'_> {
    /// The plain XACML request (`mvpd` §7.2).
    pub fn plain(&self) -> String {
        self.request(Typing::Implied).render()
    }

    /// The signed query in its SOAP envelope (`mvpd` §7.3).
    pub fn soap(
        &self,
        header: &QueryHeader<'_>,
        signer: &SigningIdentity,
    ) -> Result<String, SignError> {
        let request = self.request(Typing::Explicit);
        let unsigned = query(header, None, &request).render();
        let signature = signer.enveloped((header.id, Some(PREFIXES)), &unsigned)?;
        Ok(envelope(&query(header, Some(&signature), &request)).render())
    }

    fn request(&self, typing: Typing) -> Element {
        let subject = self.subject.map(|subject| {
            let attribute = match subject {
                Subject::Id(value) => Attribute::string(id::SUBJECT, value),
                Subject::Token(value) => Attribute {
                    id: id::SUBJECT_TOKEN.to_owned(),
                    data_type: BASE64.to_owned(),
                    value: value.to_owned(),
                },
            };
            Element::new("xacml-context:Subject")
                .attr("SubjectCategory", id::ACCESS_SUBJECT)
                .child(&typing.attribute(&attribute))
        });
        let resources = self.resources.iter().map(|attributes| {
            Element::new("xacml-context:Resource")
                .children(attributes.iter().map(|attribute| typing.attribute(attribute)))
        });
        let action = Element::new("xacml-context:Action")
            .child(&typing.attribute(&Attribute::string(id::ACTION, "VIEW")));
        let environment = Element::new("xacml-context:Environment")
            .children(self.environment.iter().map(|attribute| typing.attribute(attribute)));
        Element::new("xacml-context:Request")
            .attr("xmlns:xacml-context", XACML)
            .children(subject)
            .children(resources)
            .child(&action)
            .child(&environment)
    }
}

/// The SAML around a request.
fn query(header: &QueryHeader<'_>, signature: Option<&Element>, request: &Element) -> Element {
    let flag = |value: bool| if value { "true" } else { "false" };
    Element::new("xacml-samlp:XACMLAuthzDecisionQuery")
        .attr("xmlns:xacml-samlp", XACML_SAMLP)
        .maybe_attr("CombinePolicies", header.combine_policies.map(flag))
        .maybe_attr("Destination", header.destination)
        .attr("ID", header.id)
        .maybe_attr("InputContextOnly", header.input_context_only.map(flag))
        .attr("IssueInstant", instant::format(header.issue_instant))
        .attr("Version", "2.0")
        .child(&Element::new("saml:Issuer").attr("xmlns:saml", SAML).text(header.issuer))
        .children(signature.cloned())
        .child(request)
}

/// Do attribute values name their schema type?
#[derive(Clone, Copy)]
enum Typing {
    Implied,
    Explicit,
}

impl Typing {
    fn attribute(self, attribute: &Attribute) -> Element {
        let value = match self {
            Self::Implied => Element::new("xacml-context:AttributeValue"),
            Self::Explicit => Element::new("xacml-context:AttributeValue")
                .attr("xmlns:xsi", XSI)
                .attr("xsi:type", "xacml-context:AttributeValueType"),
        };
        Element::new("xacml-context:Attribute")
            .attr("AttributeId", attribute.id.as_str())
            .attr("DataType", attribute.data_type.as_str())
            .child(&value.text(&attribute.value))
    }
}

/// A SOAP 1.1 envelope around one element.
pub(crate) fn envelope(body: &Element) -> Element {
    Element::new("soap11:Envelope")
        .attr("xmlns:soap11", SOAP)
        .child(&Element::new("soap11:Header"))
        .child(&Element::new("soap11:Body").child(body))
}

/// The attributes of a part of a request, for the provider's side.
pub(crate) fn text_attributes(part: Node<'_>) -> Vec<Attribute> {
    part.children(XACML, "Attribute")
        .filter_map(|node| {
            Some(Attribute {
                id: node.attribute("AttributeId")?.to_owned(),
                data_type: node.attribute("DataType").unwrap_or_default().to_owned(),
                value: node.child_text(XACML, "AttributeValue")?,
            })
        })
        .collect()
}
