//! The providers behind a proxy (`mvpd` §12.2).

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::couch::{Couch, mvpd};
use crate::support::House;

const PATH: &str = "/control/v3/mvpd-proxies/OpCoHub/mvpds";

const THREE: &str = "<proxiedMvpds>\
    <proxiedMvpd><id>HillCable</id><displayName>Hill Cable</displayName><logoURL></logoURL></proxiedMvpd>\
    <proxiedMvpd><id ProviderID=\"urn:hub:lake-17\">LakeFiber</id><displayName>Lake Fiber</displayName>\
    <logoURL>https://img.hub.example/lake.png</logoURL>\
    <iframeSize><iframeHeight>420</iframeHeight><iframeWidth>360</iframeWidth></iframeSize></proxiedMvpd>\
    <proxiedMvpd><id>NewsOnly</id><displayName>News Only</displayName><logoURL></logoURL>\
    <requestorIds><requestorId>NEWS24</requestorId></requestorIds></proxiedMvpd></proxiedMvpds>";

/// A list of providers with these ids.
fn list(ids: &[&str]) -> String {
    let entry = |id: &&str| {
        format!("<proxiedMvpd><id>{id}</id><displayName>{id}</displayName><logoURL/></proxiedMvpd>")
    };
    format!("<proxiedMvpds>{}</proxiedMvpds>", ids.iter().map(entry).collect::<String>())
}

/// Somebody who runs the hub.
struct Owner<'h> {
    house: &'h House,
    token: String,
}

impl<'h> Owner<'h> {
    async fn of(house: &'h House) -> Self {
        Self { house, token: house.token("opco-ops").await }
    }

    async fn send(&self, request: RequestBuilder) -> Response {
        self.house.send(request.bearer_auth(&self.token)).await
    }

    async fn push(&self, document: &str) -> Response {
        let form = [("proxied-mvpds", document)];
        self.send(self.house.post(PATH).form(&form)).await
    }

    async fn pushed(&self, document: &str) {
        let answer = self.push(document).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(answer.text().await.expect("text"), "");
    }

    async fn read(&self) -> String {
        let answer = self.send(self.house.get(PATH)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let media_type = answer.headers()["content-type"].to_str().expect("text").to_owned();
        assert!(media_type.starts_with("application/xml"), "{media_type}");
        answer.text().await.expect("text")
    }

    /// The ids in the list.
    async fn ids(&self) -> Vec<String> {
        let document = self.read().await;
        let ids = document.split("<id").skip(1).map(|rest| {
            let (_, text) = rest.split_once('>').expect("an id");
            text.split('<').next().unwrap_or_default().to_owned()
        });
        ids.collect()
    }

    /// The descriptions of pushed lists in the changes log, the newest first.
    async fn log(&self) -> Vec<String> {
        let token = self.house.demo["admin_token"].as_str().expect("a token").to_owned();
        let request = self.house.get("/admin/v1/release-production/versions").bearer_auth(token);
        let log: Value = self.house.send(request).await.json().await.expect("JSON");
        let entries = log["items"].as_array().unwrap_or_else(|| panic!("{log}"));
        let of_proxies = entries.iter().filter(|entry| entry["pushedBy"] == "proxy API");
        of_proxies.map(|entry| entry["description"].as_str().unwrap_or_default().into()).collect()
    }
}

/// The providers that the picker of `channel` shows.
async fn picker(house: &House, channel: &'static str) -> Vec<Value> {
    let couch = Couch::at(house, "OpCo").await;
    let configuration = couch.on(channel).get("configuration").await;
    configuration["requestor"]["mvpds"].as_array().expect("a list").clone()
}

async fn ids_in_picker(house: &House, channel: &'static str) -> Vec<String> {
    let mvpds = picker(house, channel).await;
    mvpds.iter().map(|mvpd| mvpd["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn mvpd_32_a_pushed_list_is_read_replaced_and_emptied() {
    let mut house = House::open().await;
    let owner = Owner::of(&house).await;
    assert_eq!(owner.ids().await, ["OpCoProxied"]);
    owner.pushed(THREE).await;
    assert_eq!(owner.ids().await, ["HillCable", "LakeFiber", "NewsOnly"]);
    let document = owner.read().await;
    for part in [
        "<id ProviderID=\"urn:hub:lake-17\">LakeFiber</id>",
        "<iframeSize><iframeHeight>420</iframeHeight><iframeWidth>360</iframeWidth></iframeSize>",
        "<logoURL></logoURL>",
        "<requestorIds><requestorId>NEWS24</requestorId></requestorIds>",
    ] {
        assert!(document.contains(part), "{part} is not in {document}");
    }
    // What was read may be pushed again, and changes nothing.
    owner.pushed(&document).await;
    assert_eq!(owner.log().await, ["3 proxied MVPDs set for proxy OpCoHub"]);

    owner.pushed(&list(&["LakeFiber"])).await;
    assert_eq!(owner.ids().await, ["LakeFiber"]);
    let token = owner.token;
    house.restart().await;
    let owner = Owner { house: &house, token };
    assert_eq!(owner.ids().await, ["LakeFiber"]);
    owner.pushed("<proxiedMvpds/>").await;
    assert_eq!(owner.ids().await, [""; 0]);
    assert_eq!(
        owner.log().await,
        [
            "0 proxied MVPDs set for proxy OpCoHub",
            "1 proxied MVPD set for proxy OpCoHub",
            "3 proxied MVPDs set for proxy OpCoHub",
        ]
    );
    let picker = ids_in_picker(&house, "REF30").await;
    assert_eq!(picker, ["Cablevision", "OpCo", "FreeHour", "PromoPass"]);
}

#[tokio::test]
async fn mvpd_33_what_is_no_list_of_a_proxy_is_refused_and_changes_nothing() {
    let house = House::open().await;
    let owner = Owner::of(&house).await;
    let unknown = THREE.replace("NEWS24", "NOWHERE");
    let foreign = THREE.replace("HillCable", "Cablevision");
    for document in [
        &*list(&["A", "B", "A"]),
        &unknown,
        &foreign,
        "",
        "<proxiedMvpds>",
        "<other/>",
        "<proxiedMvpds><proxiedMvpd><id>A</id></proxiedMvpd></proxiedMvpds>",
        &list(&["7th"]),
        &list(&["a/b"]),
        &THREE.replace("https://img.hub.example/lake.png", "lake.png"),
        &THREE.replace("<proxiedMvpds>", "<!DOCTYPE x [<!ENTITY e 'x'>]><proxiedMvpds>"),
    ] {
        let answer = owner.push(document).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{document}");
        assert!(answer.text().await.expect("text").ends_with('\n'));
    }
    let nothing = owner.send(house.post(PATH)).await;
    assert_eq!(nothing.status(), StatusCode::BAD_REQUEST);

    // Not a proxy, and not the caller's.
    for id in ["OpCo", "OpCoProxied", "Cablevision", "Nobody"] {
        let path = PATH.replace("OpCoHub", id);
        for request in [house.get(&path), house.post(&path).body(list(&[]))] {
            assert_eq!(owner.send(request).await.status(), StatusCode::FORBIDDEN, "{id}");
        }
    }
    for request in [house.http.put(house.url(PATH)), house.http.delete(house.url(PATH))] {
        assert_eq!(owner.send(request).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    // Nobody, somebody with other duties, and the owner from elsewhere.
    assert_eq!(house.send(house.get(PATH)).await.status(), StatusCode::UNAUTHORIZED);
    let viewer = house.token("acme-tv").await;
    let answer = house.send(house.get(PATH).bearer_auth(viewer)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    house.push(|catalog| {
        let ops = catalog.applications.iter_mut().find(|it| it.name == "opco-ops");
        ops.expect("opco-ops").ip_allow_list = vec!["192.0.2.0/24".parse().expect("a network")];
    });
    let answer = owner.push(THREE).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    house.push(|_| ());
    assert_eq!(owner.ids().await, ["OpCoProxied"]);
    assert_eq!(owner.log().await, [""; 0]);
}

#[tokio::test]
async fn mvpd_34_a_list_may_be_in_the_namespace_of_its_schema_and_come_in_other_ways() {
    let house = House::open().await;
    let owner = Owner::of(&house).await;
    let namespace = "<p:proxiedMvpds xmlns:p=\"http://tve.adobe.com/data/proxiedmvpd\">\
        <p:proxiedMvpd><p:id>HillCable</p:id><p:displayName>Hill</p:displayName><p:logoURL/>\
        </p:proxiedMvpd></p:proxiedMvpds>";
    owner.pushed(namespace).await;
    assert_eq!(owner.ids().await, ["HillCable"]);
    assert!(!owner.read().await.contains("xmlns"));

    let raw = house.post(PATH).header("Content-Type", "application/xml").body(list(&["A"]));
    assert_eq!(owner.send(raw).await.status(), StatusCode::CREATED);
    assert_eq!(owner.ids().await, ["A"]);
    let header = house.post(PATH).header("proxied-mvpds", list(&["B"]));
    assert_eq!(owner.send(header).await.status(), StatusCode::CREATED);
    assert_eq!(owner.ids().await, ["B"]);
    let list = list(&["C"]).replace('<', "%3C").replace('>', "%3E");
    owner.pushed(&list).await;
    assert_eq!(owner.ids().await, ["C"]);
}

#[tokio::test]
async fn mvpd_35_who_sees_a_proxied_provider() {
    let house = House::open().await;
    let owner = Owner::of(&house).await;
    house.push(|catalog| {
        let with_hub = catalog.integrations.iter().find(|it| it.mvpd.as_str() == "OpCoHub");
        let mut for_news = with_hub.expect("an integration").clone();
        for_news.service_provider = "NEWS24".into();
        catalog.integrations.push(for_news);
    });
    owner.pushed(THREE).await;
    let everybody = ["HillCable", "LakeFiber"];
    let acme = ids_in_picker(&house, "REF30").await;
    assert_eq!(acme, ["Cablevision", "OpCo", "HillCable", "LakeFiber", "FreeHour", "PromoPass"]);
    let news = ids_in_picker(&house, "NEWS24").await;
    assert!(everybody.iter().all(|id| news.iter().any(|it| it == id)), "{news:?}");
    assert!(news.iter().any(|id| id == "NewsOnly"), "{news:?}");
    // The hub works with neither.
    assert!(!ids_in_picker(&house, "KIDS1").await.iter().any(|id| everybody.contains(&&**id)));

    let mvpds = picker(&house, "REF30").await;
    let of = |id: &str| mvpds.iter().find(|mvpd| mvpd["id"] == id).expect("listed");
    let lake = of("LakeFiber");
    assert_eq!(lake["displayName"], "Lake Fiber");
    assert_eq!(lake["logoUrl"], "https://img.hub.example/lake.png");
    assert_eq!(lake["isProxy"], true);
    assert_eq!(lake["iFrameRequired"], true);
    assert_eq!((&lake["iFrameWidth"], &lake["iFrameHeight"]), (&360.into(), &420.into()));
    let hill = of("HillCable");
    assert!(hill["logoUrl"].as_str().is_some_and(|url| url.ends_with("/demo/logo/opco.svg")));
    assert!(hill.get("iFrameRequired").is_none());
}

#[tokio::test]
async fn viewers_of_a_pushed_provider_sign_in_watch_and_stop_when_it_is_gone() {
    let house = House::open().await;
    let owner = Owner::of(&house).await;
    owner.pushed(THREE).await;
    for provider in ["HillCable", "LakeFiber"] {
        let couch = Couch::with(&house, provider, "ben").await;
        let profile = couch.profile().await;
        assert_eq!(profile["issuer"], provider);
        assert_eq!(profile["attributes"]["zip"]["state"], "enc");
        assert_eq!(couch.authorize("acme-one").await["authorized"], true);
        owner.pushed(&list(&["Other"])).await;
        let refused = couch.get(&format!("profiles/{provider}")).await;
        assert_eq!(refused["code"], "invalid_integration", "{refused}");
        let refused = couch.session().await;
        assert_eq!(refused["code"], "invalid_integration", "{refused}");
        owner.pushed(THREE).await;
        assert!(couch.profile().await.is_object());
    }
    // The hub itself is nobody's provider.
    let hub = Couch::at(&house, "OpCoHub").await;
    assert_eq!(hub.session().await["code"], "invalid_integration");
}

#[tokio::test]
async fn a_catalog_that_is_read_again_keeps_what_was_pushed() {
    let house = House::open().await;
    let owner = Owner::of(&house).await;
    owner.pushed(THREE).await;
    house.push(|catalog| mvpd(catalog, "OpCoHub").display_name = "Another hub".to_owned());
    assert_eq!(owner.ids().await, ["HillCable", "LakeFiber", "NewsOnly"]);
    // A pushed id that the catalog gives to somebody else is theirs.
    house.push(|catalog| mvpd(catalog, "Unlinked").id = "HillCable".into());
    let picker = ids_in_picker(&house, "REF30").await;
    assert_eq!(picker, ["Cablevision", "OpCo", "LakeFiber", "FreeHour", "PromoPass"]);
}
