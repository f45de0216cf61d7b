//! Authorization by XACML 2.0, in SAML in SOAP or by itself (`mvpd` §7.2–7.5).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value};
use usher_core::Timestamp;
use usher_entitle::{AskingDevice, DenyReason, MvpdFailure, MvpdOutcome};
use usher_registry::{Connection, RatingStyle, ResourceFormat, XacmlAuthz, XacmlSubject};
use usher_saml::authz::{
    self, Attribute, AuthzExpected, AuthzRejection, AuthzResult, Decision, IP_ADDRESS,
    IP_ADDRESS_TYPE, Query, QueryHeader, ResourceNames, STRING, Subject, read_plain, read_soap,
};
use usher_saml::{Resource, SignError, SigningIdentity, TrustedKeys};

use crate::claims;
use crate::meaning;
use crate::peer::{Answer, PeerError, Way};

/// How a query is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// In SAML in SOAP 1.1.
    Soap,
    /// Not at all.
    Plain,
}

/// Everything a query depends on, fit to go to another thread.
pub(crate) struct Asker {
    pub(crate) form: Form,
    pub(crate) endpoint: XacmlAuthz,
    pub(crate) connection: Connection,
    /// The viewer's name at the provider.
    pub(crate) user: String,
    /// What stands for the viewer.
    pub(crate) subject_token: Option<String>,
    /// The call is authorized by the viewer's access token.
    pub(crate) has_bearer: bool,
    pub(crate) device: AskingDevice,
    /// Who we are, as the provider wants to hear it.
    pub(crate) issuer: String,
    /// The same without suffix.
    pub(crate) sp_entity_id: String,
    pub(crate) requestor: String,
    /// Who must have made the answer.
    pub(crate) provider: String,
    /// The provider's keys; none where answers need not be signed.
    pub(crate) trust: Option<Arc<TrustedKeys>>,
}

/// A query, written.
pub(crate) struct Written {
    pub(crate) id: String,
    pub(crate) document: String,
}

impl Written {
    /// The query in words.
    pub(crate) fn in_words(&self, resources: &[Resource]) -> String {
        let ids: Vec<&str> = resources.iter().map(|resource| resource.channel.as_str()).collect();
        format!("{} VIEW {}", self.id, ids.join(", "))
    }
}

impl Asker {
    /// The query about `resources`, signed if it has to be.
    pub(crate) fn write(
        &self,
        id: String,
        resources: &[Resource],
        now: Timestamp,
        signer: &SigningIdentity,
    ) -> Result<Written, SignError> {
        let names = self.names();
        let resources: Vec<Vec<Attribute>> =
            resources.iter().map(|resource| names.attributes(resource)).collect();
        let token = self.subject_token.as_ref().map(|token| STANDARD.encode(token));
        let environment = self.environment();
        let query = Query {
            subject: self.subject(token.as_deref()),
            resources: &resources,
            environment: &environment,
        };
        let document = match self.form {
            Form::Plain => query.plain(),
            Form::Soap => {
                let destination = self.endpoint.destination.then(|| self.endpoint.url.as_str());
                let header = QueryHeader {
                    id: &id,
                    issue_instant: now,
                    destination,
                    issuer: &self.issuer,
                    combine_policies: self.endpoint.combine_policies,
                    input_context_only: self.endpoint.input_context_only,
                };
                query.soap(&header, signer)?
            }
        };
        Ok(Written { id, document })
    }

    /// The query as a request.
    pub(crate) fn request(
        &self,
        way: &Way,
        written: &Written,
    ) -> Result<RequestBuilder, PeerError> {
        let request = way
            .request(Method::POST, &self.endpoint.url)?
            .header("Content-Type", "text/xml; charset=utf-8")
            .body(written.document.clone());
        Ok(match self.form {
            Form::Soap => request.header("SOAPAction", &self.endpoint.soap_action),
            Form::Plain => request,
        })
    }

    /// What `answer` to the query `id` says about each of `resources`.
    pub(crate) fn outcomes(
        &self,
        answer: &Answer,
        (id, resources): (&str, &[Resource]),
        now: Timestamp,
    ) -> Vec<MvpdOutcome> {
        let read = match self.read(answer, id, now) {
            Ok(read) => read,
            Err(outcome) => return resources.iter().map(|_| outcome.clone()).collect(),
        };
        let names = self.names();
        let ttl = read.not_on_or_after.filter(|_| self.endpoint.ttl_from_conditions);
        let ttl = ttl.map(|end| end.since(now));
        let about = |resource: &Resource| match read.results.as_slice() {
            [only] if resources.len() == 1 && only.resource_id.is_none() => Some(only),
            results => {
                let id = names.id(resource);
                results.iter().find(|result| result.resource_id.as_deref() == Some(id))
            }
        };
        let outcome = |resource| {
            about(resource).map_or(MvpdOutcome::Failed(MvpdFailure::BadAnswer), |result| {
                self.outcome(result, ttl)
            })
        };
        resources.iter().map(outcome).collect()
    }

    /// Is an answer about several resources worth being asked for one by one (`mvpd` P3)?
    pub(crate) fn wants_each(&self, outcomes: &[MvpdOutcome]) -> bool {
        let lacks = |outcome: &MvpdOutcome| *outcome == MvpdOutcome::Failed(MvpdFailure::BadAnswer);
        self.endpoint.retry_individually && outcomes.len() > 1 && outcomes.iter().any(lacks)
    }

    fn read(
        &self,
        answer: &Answer,
        id: &str,
        now: Timestamp,
    ) -> Result<authz::Answer, MvpdOutcome> {
        let bad = MvpdOutcome::Failed(MvpdFailure::BadAnswer);
        let document = str::from_utf8(&answer.body).map_err(|_| bad.clone())?;
        let status = answer.status.to_string();
        let read = match self.form {
            Form::Plain => read_plain(document),
            Form::Soap => read_soap(
                document,
                &AuthzExpected {
                    now,
                    issuer: &self.provider,
                    sp_entity_id: &self.sp_entity_id,
                    requestor: Some(&self.requestor),
                    request_id: id,
                    trust: self.trust.as_deref(),
                    skew: self.endpoint.skew,
                },
            ),
        };
        match read {
            Ok(read) if answer.status == 200 => Ok(read),
            Ok(_) => Err(self.mapped([status.as_str()], None).unwrap_or(bad)),
            Err(rejection) => {
                tracing::debug!(%rejection, "a decision point's answer was refused");
                let (signs, text) = signs(&rejection);
                let signs = signs.iter().map(String::as_str).chain([status.as_str()]);
                Err(self.mapped(signs, text.as_deref()).unwrap_or(bad))
            }
        }
    }

    /// What the endpoint's table makes of these signs.
    fn mapped<'s>(
        &self,
        signs: impl IntoIterator<Item = &'s str>,
        details: Option<&str>,
    ) -> Option<MvpdOutcome> {
        let meaning = meaning::of(&self.endpoint.status_map, signs)?;
        Some(meaning::outcome(meaning, details))
    }

    /// What one result means (`mvpd` §7.5).
    fn outcome(&self, result: &AuthzResult, from_conditions: Option<Duration>) -> MvpdOutcome {
        let message = result.message();
        if result.decision != Decision::Permit {
            let signs = [result.reason_code(), result.status_code.as_deref()];
            if let Some(mapped) = self.mapped(signs.into_iter().flatten(), message.as_deref()) {
                return mapped;
            }
        }
        match result.decision {
            Decision::Permit => self.permit(result, from_conditions),
            Decision::Deny | Decision::NotApplicable => {
                let parental = result.is_restricted_by_parental_controls();
                let reason =
                    if parental { DenyReason::ParentalControls } else { DenyReason::NotEntitled };
                let upgrade = result.wants_upgrade().then(|| UPGRADE.to_owned());
                MvpdOutcome::Deny { reason, details: message.or(upgrade) }
            }
            Decision::Indeterminate => MvpdOutcome::Failed(MvpdFailure::BadAnswer),
        }
    }

    fn permit(&self, result: &AuthzResult, from_conditions: Option<Duration>) -> MvpdOutcome {
        let provider = self.provider.as_str();
        for unknown in result.unknown_obligations() {
            tracing::info!(provider, obligation = %unknown.id, "a permit has an unknown obligation");
            if self.endpoint.strict_obligations {
                return MvpdOutcome::Deny { reason: DenyReason::NotEntitled, details: None };
            }
        }
        if result.must_be_logged() {
            let resource = result.resource_id.as_deref().unwrap_or_default();
            let requestor = self.requestor.as_str();
            tracing::info!(target: "usher::audit", provider, requestor, resource, "permitted");
        }
        let ratings = [("MPAA", result.max_mpaa()), ("VCHIP", result.max_vchip())];
        let ratings: Map<String, Value> = ratings
            .into_iter()
            .filter_map(|(scheme, label)| Some((scheme.to_owned(), label?.into())))
            .collect();
        let mut attributes = Map::new();
        if !ratings.is_empty() {
            let ratings = claims::ratings(&ratings.into()).unwrap_or_default();
            attributes.insert("maxRating".to_owned(), ratings);
        }
        MvpdOutcome::Permit { ttl: result.ttl().or(from_conditions), attributes }
    }

    /// Who the query is about. The access token of the call says it where there is one (`mvpd` §7.2).
    fn subject<'s>(&'s self, token: Option<&'s str>) -> Option<Subject<'s>> {
        match self.endpoint.subject {
            XacmlSubject::Nobody => None,
            XacmlSubject::Id if self.form == Form::Plain && self.has_bearer => None,
            XacmlSubject::Token => token.map(Subject::Token).or(Some(Subject::Id(&self.user))),
            XacmlSubject::Id => Some(Subject::Id(&self.user)),
        }
    }

    /// Address and user agent (`mvpd` §7.4).
    fn environment(&self) -> Vec<Attribute> {
        let Connection {
            include_xacml_request_ip_info,
            xacml_request_ip_info_attribute_id,
            xacml_request_ip_info_attribute_data_type,
            include_xacml_request_user_agent_info,
            xacml_request_user_agent_info_attribute_id,
            xacml_request_user_agent_info_attribute_data_type,
            ..
        } = &self.connection;
        let ip_type = match self.form {
            Form::Soap => IP_ADDRESS_TYPE,
            Form::Plain => STRING,
        };
        let attribute = |id: &Option<String>, data_type: &Option<String>, usual: (&str, &str)| {
            let (id, data_type) = (id.as_deref(), data_type.as_deref());
            (id.unwrap_or(usual.0).to_owned(), data_type.unwrap_or(usual.1).to_owned())
        };
        let ip = self.device.ip.filter(|_| include_xacml_request_ip_info.unwrap_or(true));
        let ip = ip.map(|ip| {
            let (id, data_type) = attribute(
                xacml_request_ip_info_attribute_id,
                xacml_request_ip_info_attribute_data_type,
                (IP_ADDRESS, ip_type),
            );
            Attribute { id, data_type, value: ip.to_string() }
        });
        let agent = self.device.user_agent.as_ref();
        let agent = agent.filter(|_| include_xacml_request_user_agent_info.unwrap_or(false));
        let agent = agent.map(|agent| {
            let (id, data_type) = attribute(
                xacml_request_user_agent_info_attribute_id,
                xacml_request_user_agent_info_attribute_data_type,
                ("", STRING),
            );
            Attribute { id, data_type, value: agent.clone() }
        });
        [ip, agent].into_iter().flatten().filter(|attribute| !attribute.id.is_empty()).collect()
    }

    fn names(&self) -> ResourceNames {
        let usual = ResourceNames::default();
        let connection = &self.connection;
        let or = |name: &Option<String>, usual: String| name.clone().unwrap_or(usual);
        ResourceNames {
            format: match self.endpoint.resource_format {
                ResourceFormat::ChannelOnly => authz::ResourceFormat::ChannelOnly,
                ResourceFormat::Structured => authz::ResourceFormat::Structured,
            },
            tv_network: or(&connection.authz_attribute_tv_network, usual.tv_network),
            namespace: or(&connection.authz_attribute_namespace, usual.namespace),
            title: or(&connection.authz_attribute_title, usual.title),
            rating: or(&connection.authz_attribute_rating, usual.rating),
            rating_style: match self.endpoint.rating_scheme_style {
                RatingStyle::Short => authz::RatingStyle::Short,
                RatingStyle::Urn => authz::RatingStyle::Urn,
            },
        }
    }
}

/// What viewers are told who must pay more, when the provider says nothing itself.
const UPGRADE: &str = "This is not in your package. Your TV provider offers an upgrade.";

/// What a table may know a rejection by, and the provider's text.
fn signs(rejection: &AuthzRejection) -> (Vec<String>, Option<String>) {
    match rejection {
        AuthzRejection::Fault { code, text } => {
            // The prefix of a fault code is the sender's choice.
            let local = code.rsplit(':').next().unwrap_or_default().to_owned();
            (vec![code.clone(), local], text.clone())
        }
        AuthzRejection::Status { code, detail, message } => {
            (detail.iter().chain([code]).cloned().collect(), message.clone())
        }
        AuthzRejection::Malformed(_)
        | AuthzRejection::Signature(_)
        | AuthzRejection::Issuer
        | AuthzRejection::Audience
        | AuthzRejection::Time
        | AuthzRejection::Unsolicited => (Vec::new(), None),
    }
}
