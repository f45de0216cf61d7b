//! What belongs to one organisation (`access-variants` §5.2 V1).

use usher_core::ServiceProviderId;

use super::Snapshot;

/// What belongs to one organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganizationScope {
    /// Its media companies and tenants, as events name them, in order; none when nobody belongs to it.
    pub owners: Vec<String>,
    /// Its channels, in order.
    pub channels: Vec<ServiceProviderId>,
}

impl OrganizationScope {
    /// Whether nobody belongs to the organisation.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }
}

impl Snapshot {
    /// What belongs to `organization`.
    pub fn of_organization(&self, organization: &str) -> OrganizationScope {
        let mut scope = OrganizationScope::default();
        for company in self.media_companies.values() {
            if company.organization() == organization {
                scope.owners.push(company.id.to_string());
                let channels = self.service_providers_of(&company.id);
                scope.channels.extend(channels.map(|channel| channel.id.clone()));
            }
        }
        let tenants = self.tenants.values().filter(|it| it.organization() == organization);
        scope.owners.extend(tenants.map(|tenant| tenant.id.to_string()));
        scope.owners.sort_unstable();
        scope.owners.dedup();
        scope.channels.sort_unstable();
        scope
    }
}

#[cfg(test)]
mod tests {
    use usher_core::Timestamp;

    use super::*;
    use crate::Catalog;

    const CATALOG: &str = r#"
        media_companies = [
            { id = "north", name = "North", organization = "0AB1@Org" },
            { id = "south", name = "South", organization = "0AB1@Org" },
            { id = "west", name = "West" },
        ]
        service_providers = [
            { id = "N2", name = "N2", media_company = "north", domains = [] },
            { id = "N1", name = "N1", media_company = "north", domains = [] },
            { id = "W1", name = "W1", media_company = "west", domains = [] },
        ]
        tenants = [{ id = "south" }, { id = "west" }, { id = "north", organization = "0AB1@Org" }]
    "#;

    #[test]
    fn an_organisation_is_what_names_it_or_else_what_bears_its_name() {
        let catalog = Catalog::from_toml(CATALOG).expect("the catalog reads");
        let snapshot = Snapshot::check(catalog, Timestamp::default()).expect("the catalog holds");
        let scope = |owners: &[&str], channels: &[&str]| OrganizationScope {
            owners: owners.iter().map(|&owner| owner.to_owned()).collect(),
            channels: channels.iter().map(|&channel| channel.into()).collect(),
        };
        assert_eq!(snapshot.of_organization("0AB1@Org"), scope(&["north", "south"], &["N1", "N2"]));
        assert_eq!(snapshot.of_organization("west"), scope(&["west"], &["W1"]));
        assert_eq!(snapshot.of_organization("south"), scope(&["south"], &[]));
        assert!(snapshot.of_organization("north").is_empty());
    }
}
