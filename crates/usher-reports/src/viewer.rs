//! Who looks at a report, and what exists for them (`wolap.md` §16).

use usher_core::{MediaCompanyId, MvpdId, ServiceProviderId, TenantId};
use usher_cube::{Api, Audience, Dim, Scope};

/// For whom a caller acts. Decided once, where the caller proves who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// A media company: all of its channels.
    Company(MediaCompanyId),
    /// Some channels of a media company.
    Channels(MediaCompanyId, Vec<ServiceProviderId>),
    /// A TV provider: every company, but only its own users.
    Mvpd(MvpdId),
    /// A tenant of the stream-limiting service.
    Tenant(TenantId),
    /// Who runs the server.
    Operator,
}

impl Viewer {
    /// What this viewer may see of `api`; nothing when it has no part in it.
    pub fn scope(&self, api: Api) -> Option<Scope> {
        let one = |dim: &str, value: &str| (Dim::from(dim), vec![value.to_owned()]);
        let (audience, limits) = match (api, self) {
            (Api::Esm, Self::Company(company)) => {
                (Audience::Programmer, vec![one("media-company", company.as_str())])
            }
            (Api::Esm, Self::Channels(company, channels)) => {
                let channels = channels.iter().map(|channel| channel.as_str().to_owned());
                let channels = (Dim::from("requestor-id"), channels.collect());
                (Audience::Programmer, vec![one("media-company", company.as_str()), channels])
            }
            (Api::Cmu, Self::Tenant(tenant)) => {
                (Audience::Tenant, vec![one("tenant", tenant.as_str())])
            }
            (Api::Esm | Api::Cmu, Self::Mvpd(mvpd)) => {
                (Audience::Mvpd, vec![one("mvpd", mvpd.as_str())])
            }
            (Api::Esm | Api::Cmu, Self::Operator) => (Audience::Operator, Vec::new()),
            (Api::Esm, Self::Tenant(_)) | (Api::Cmu, Self::Company(_) | Self::Channels(..)) => {
                return None;
            }
        };
        Some(Scope { audience, limits })
    }
}
