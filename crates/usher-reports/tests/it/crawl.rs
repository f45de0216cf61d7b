//! Whole trees.

use usher_testkit::scenarios::{CMU_EVENTS, ESM_EVENTS};

use crate::support::Desk;

#[tokio::test]
async fn following_links_visits_every_node_and_nothing_else() {
    let desk = Desk::with(&[ESM_EVENTS, CMU_EVENTS]);
    let extended = 94;
    for (caller, root, nodes) in [
        ("Contoso", "/esm/v3", 214 + 185 + extended),
        ("Contoso", "/esm/v2", 214 + 185 + extended),
        ("MVPD_A", "/esm/v3", 39),
        ("operator", "/esm/v3", 214 + 185 + extended + 39),
        ("tenant Contoso", "/cmu/v2", 113),
        ("MVPD_A", "/cmu/v2", 66),
        ("operator", "/cmu/v2", 113),
    ] {
        let mut seen = Vec::new();
        let mut ahead = vec![root.to_owned()];
        while let Some(href) = ahead.pop() {
            let report = desk.ask(caller, &href).await.report();
            for link in &report.drill_down {
                assert_eq!(link.href.rsplit_once('/').unwrap().0, href);
                assert_eq!(
                    link.name.as_ref().unwrap().as_str(),
                    link.href.rsplit_once('/').unwrap().1
                );
            }
            assert!(report.drill_down.is_sorted_by_key(|link| &link.href));
            ahead.extend(report.drill_down.into_iter().map(|link| link.href));
            match report.roll_up {
                None => assert_eq!(href, root),
                Some(link) => {
                    assert_eq!(link.href, href.rsplit_once('/').unwrap().0);
                    assert_eq!(link.name.is_none(), link.href == root);
                }
            }
            seen.push(href);
        }
        assert_eq!(seen.len(), nodes + 1, "{caller} from {root}");
    }
}
