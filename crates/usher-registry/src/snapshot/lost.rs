//! Sign-in endpoints that a new revision no longer has (`mvpd` M3).

use usher_core::MvpdId;

use super::Snapshot;

/// A sign-in endpoint that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostEndpoint {
    /// The provider it was of, and those behind it.
    pub mvpds: Vec<MvpdId>,
    /// Its id.
    pub id: String,
}

impl Snapshot {
    /// The sign-in endpoints of this revision that `next` lacks. Sign-ins made there can no longer be
    /// asked about or ended.
    pub fn lost_in(&self, next: &Self) -> Vec<LostEndpoint> {
        let every =
            self.mvpds.values().flat_map(|mvpd| mvpd.authn.iter().map(move |it| (mvpd, it)));
        let lost = every.filter(|(mvpd, endpoint)| {
            let kept = next.mvpds.get(&mvpd.id);
            kept.is_none_or(|kept| kept.authn.get(endpoint.id()).is_none())
        });
        lost.map(|(mvpd, endpoint)| {
            let behind = self.behind.get(&mvpd.id).into_iter().flatten();
            LostEndpoint {
                mvpds: std::iter::once(&mvpd.id).chain(behind).cloned().collect(),
                id: endpoint.id().to_owned(),
            }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use usher_core::Timestamp;

    use super::*;
    use crate::Catalog;

    fn snapshot(endpoints: &[&str]) -> Snapshot {
        let endpoint = |id: &&str| {
            format!(
                "[[mvpds.authn]]\nid = '{id}'\nprotocol = 'saml2'\nentity_id = 'x'\n\
                 sso_url = 'https://hub.example/'\n"
            )
        };
        let text = format!(
            "[[mvpds]]\nid = 'Child'\ndisplay_name = ''\nlogo_url = 'https://hub.example/'\n\
             kind = 'proxied'\nproxy = 'Hub'\n\
             [[mvpds]]\nid = 'Hub'\ndisplay_name = ''\nlogo_url = 'https://hub.example/'\n\
             kind = 'proxy'\n{}",
            endpoints.iter().map(endpoint).collect::<String>()
        );
        Snapshot::check(Catalog::from_toml(&text).unwrap(), Timestamp::default()).unwrap()
    }

    #[test]
    fn an_endpoint_is_lost_with_everybody_who_used_it() {
        let (both, one) = (snapshot(&["old", "new"]), snapshot(&["new"]));
        let lost = LostEndpoint { mvpds: vec!["Hub".into(), "Child".into()], id: "old".into() };
        assert_eq!(both.lost_in(&one), [lost]);
        assert_eq!(one.lost_in(&both), []);
        assert_eq!(both.lost_in(&both), []);
        assert_eq!(both.lost_in(&Snapshot::default()).len(), 2);
    }
}
