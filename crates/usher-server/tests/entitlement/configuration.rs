//! The provider picker (`pass-rest-v2` §6).

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, device_info, send};

fn provider<'c>(configuration: &'c Value, id: &str) -> &'c Value {
    let mvpds = configuration["requestor"]["mvpds"].as_array().expect("mvpds");
    mvpds.iter().find(|mvpd| mvpd["id"] == id).unwrap_or_else(|| panic!("no {id}: {mvpds:?}"))
}

#[tokio::test]
async fn rest_15_16_18_20_the_picker_knows_channel_domains_and_providers() {
    let app = App::open().await;
    let answer = app.get("REF30/configuration").await;
    let body = answer.ok();
    assert_eq!(body["requestor"]["id"], "REF30");
    assert_eq!(body["requestor"]["name"], "Acme One");
    let domain = &body["requestor"]["domains"][0];
    assert_eq!(domain, &json!({ "name": "acme.example", "mvpdInitiated": false }));
    assert_eq!(body["time"], app.now());
    assert!(body["device"].is_string());
    let cablevision = provider(&body, "Cablevision");
    assert_eq!(cablevision["displayName"], "Cablevision (demo)");
    assert!(cablevision["logoUrl"].as_str().is_some_and(|url| url.starts_with("http")));
    assert!(cablevision.get("isTempPass").is_none(), "{cablevision}");
    assert_eq!(provider(&body, "FreeHour")["isTempPass"], true);
    assert_eq!(provider(&body, "OpCoProxied")["isProxy"], true);
    assert!(!answer.text.contains("Unlinked"));
    assert_eq!(app.get("REF30/configuration?profile=x").await.ok(), body);
}

#[tokio::test]
async fn rest_19_partner_members_are_for_the_partners_platforms_only() {
    let app = App::open().await;
    let on = |system: &'static str| {
        let info = device_info(&json!({ "osName": system }));
        send(app.call(Method::GET, "REF30/configuration").header("X-Device-Info", info))
    };
    for system in ["iOS", "tvOS"] {
        let body = on(system).await.ok();
        let opco = provider(&body, "OpCo");
        assert_eq!(opco["boardingStatus"], "SUPPORTED", "{opco}");
        assert_eq!(opco["platformMappingId"], "opco-partner");
        assert_eq!(opco["enablePlatformServices"], true);
        assert_eq!(opco["displayInPlatformPicker"], true);
        assert_eq!(opco["enforcePlatformPermissions"], true);
        assert!(provider(&body, "Cablevision").get("boardingStatus").is_none());
    }
    for system in ["Roku OS", "Android", "Windows", "BeOS"] {
        let body = on(system).await.ok();
        assert!(provider(&body, "OpCo").get("boardingStatus").is_none(), "{system}");
    }
}
