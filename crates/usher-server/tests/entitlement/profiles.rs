//! Profiles (`pass-rest-v2` §9, §17.1–17.3).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use usher_core::Secret;
use usher_jose::DecryptionKey;
use usher_registry::MetadataEncryption::{Jwe, Rsa};

use crate::app::{
    App, DEVICE, DONE, OTHER_DEVICE, complete, device_info, members, number, send, text,
};

const DAY_MS: i64 = 86_400_000;

/// Signs `viewer` in on a device that says `info` of itself; the answer is its profile.
async fn signed_in_on(app: &App, info: &Value, viewer: &str) -> Value {
    let create =
        app.call(Method::POST, "REF30/sessions").header("X-Device-Info", device_info(info));
    let session = send(create.form(&complete())).await.ok();
    assert_eq!(app.browse(&text(&session, "url"), viewer).await, DONE);
    app.profile().await
}

fn lifetime(profile: &Value) -> i64 {
    number(profile, "notAfter") - number(profile, "notBefore")
}

#[tokio::test]
async fn rest_55_56_57_58_59_60_a_profile_is_seen_by_its_code_and_on_its_device() {
    let app = App::open().await;
    let session = app.session().await;
    let code = text(&session, "code");
    let nothing = json!({ "profiles": {} });
    assert_eq!(app.poll(&code).await.ok(), nothing);
    assert_eq!(app.browse(&text(&session, "url"), "ben").await, DONE);

    let polled = app.poll(&code).await.ok();
    let profile = &polled["profiles"]["Cablevision"];
    assert_eq!(members(&polled["profiles"]), ["Cablevision"]);
    assert_eq!(members(profile), ["attributes", "issuer", "notAfter", "notBefore", "type"]);
    assert_eq!(profile["type"], "regular");
    assert_eq!(profile["issuer"], "Cablevision");
    assert_eq!(profile["notBefore"], app.now());
    assert!(profile["notAfter"].is_number());
    assert_eq!(profile["attributes"]["userID"]["state"], "plain");
    assert!(profile["attributes"]["userID"]["value"].is_string());

    // Whoever polls, wherever from: the profile is the creating device's. Encryption is random, so
    // encrypted values differ between answers.
    let second_screen = app.house.token("acme-web").await;
    let url = app.house.url(&format!("/api/v2/REF30/profiles/code/{code}"));
    let request = app.house.http.get(url).bearer_auth(second_screen);
    let there = send(request.header("AP-Device-Identifier", OTHER_DEVICE)).await.ok();
    let user = |answer: &Value| answer["profiles"]["Cablevision"]["attributes"]["userID"].clone();
    assert_eq!(user(&there), user(&polled));
    for path in ["REF30/profiles", "REF30/profiles/Cablevision"] {
        let seen = app.get(path).await.ok();
        assert_eq!(members(&seen["profiles"]), ["Cablevision"]);
        assert_eq!(user(&seen), user(&polled));
        assert_eq!(seen["profiles"]["Cablevision"]["notAfter"], profile["notAfter"]);
    }
    let elsewhere = app.bare(Method::GET, "REF30/profiles");
    let elsewhere = send(elsewhere.header("AP-Device-Identifier", OTHER_DEVICE)).await;
    assert_eq!(elsewhere.ok(), nothing);
    assert_eq!(app.get("REF30/profiles/OpCo").await.ok(), nothing);
}

#[tokio::test]
async fn rest_61_62_a_sign_in_lasts_as_long_as_its_platform_allows() {
    let app = App::open().await;
    let roku = signed_in_on(&app, &json!({ "osName": "Roku OS" }), "ben").await;
    assert_eq!(lifetime(&roku), 30 * DAY_MS);
    app.get("REF30/logout/Cablevision").await.ok();
    let unknown = signed_in_on(&app, &json!({ "osName": "BeOS" }), "ben").await;
    assert_eq!(lifetime(&unknown), DAY_MS);
    app.get("REF30/logout/Cablevision").await.ok();
    app.push(|catalog| {
        let cablevision = catalog.mvpds.iter_mut().find(|it| it.id.as_str() == "Cablevision");
        let settings = &mut cablevision.expect("Cablevision").settings;
        let minute = Some(Duration::from_mins(1));
        settings.platform.entry(usher_registry::Platform::Roku).or_default().authn_ttl = minute;
    });
    let roku = signed_in_on(&app, &json!({ "osName": "Roku OS" }), "ben").await;
    assert_eq!(lifetime(&roku), 60_000);
}

#[tokio::test]
async fn rest_63_a_home_based_sign_in_says_so_and_has_a_life_of_its_own() {
    let app = App::open().await;
    let at_home = signed_in_on(&app, &json!({ "osName": "Roku OS" }), "ann").await;
    let status = json!({ "value": "true", "state": "plain" });
    assert_eq!(at_home["attributes"]["hba_status"], status);
    assert_eq!(lifetime(&at_home), 7 * DAY_MS);
}

#[tokio::test]
async fn rest_64_an_expired_profile_is_gone() {
    let app = App::with("entitlement.profile_ttl", "4s").await;
    let code = app.sign_in("ben").await;
    assert_eq!(lifetime(&app.profile().await), 4_000);
    app.house.clock.advance(Duration::from_secs(4));
    let nothing = json!({ "profiles": {} });
    assert_eq!(app.get("REF30/profiles").await.ok(), nothing);
    assert_eq!(app.get("REF30/profiles/Cablevision").await.ok(), nothing);
    assert_eq!(app.poll(&code).await.ok(), nothing);
}

#[tokio::test]
async fn rest_65_a_device_may_be_signed_in_at_several_providers() {
    let app = App::open().await;
    app.push(|catalog| {
        let cablevision = catalog.mvpds.iter().find(|it| it.id.as_str() == "Cablevision");
        let mut twin = cablevision.expect("Cablevision").clone();
        twin.id = "Twin".into();
        catalog.mvpds.push(twin);
        let first = catalog.integrations.iter().find(|it| it.mvpd.as_str() == "Cablevision");
        let mut second = first.expect("an integration").clone();
        second.mvpd = "Twin".into();
        catalog.integrations.push(second);
    });
    app.sign_in("ben").await;
    let [_, domain, redirect] = complete();
    let session = app.create(&[("mvpd", "Twin"), domain, redirect]).await.ok();
    assert_eq!(app.browse(&text(&session, "url"), "cam").await, DONE);
    let both = app.get("REF30/profiles").await.ok();
    assert_eq!(members(&both["profiles"]), ["Cablevision", "Twin"]);
}

#[tokio::test]
async fn rest_67_mvpd_30_zip_is_encrypted_to_the_programmer_unless_encryption_is_off() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let zip = app.profile().await["attributes"]["zip"].clone();
    assert_eq!(zip["state"], "enc");
    let cipher = STANDARD.decode(text(&zip, "value")).expect("Base64");
    let pem = text(&app.house.demo, "user_metadata_private_key_pem");
    assert_eq!(decrypt(&pem, &cipher), r#"["94107"]"#);

    app.push(|catalog| {
        for mvpd in &mut catalog.mvpds {
            if let Some(rule) = mvpd.metadata.get_mut("zip") {
                rule.encrypted = false;
            }
        }
    });
    let zip = app.profile().await["attributes"]["zip"].clone();
    assert_eq!(zip, json!({ "value": ["94107"], "state": "plain" }));
}

/// Decrypts as a programmer would: with the OpenSSL command line.
fn decrypt(private_key_pem: &str, cipher: &[u8]) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("key.pem"), private_key_pem).expect("written");
    std::fs::write(path("cipher"), cipher).expect("written");
    let output = std::process::Command::new("openssl")
        .args(["pkeyutl", "-decrypt", "-pkeyopt", "rsa_padding_mode:pkcs1", "-inkey"])
        .arg(path("key.pem"))
        .arg("-in")
        .arg(path("cipher"))
        .output()
        .expect("openssl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn values_of_any_length_are_encrypted_where_jwe_is_chosen() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let pem = text(&app.house.demo, "user_metadata_private_key_pem");
    let key = DecryptionKey::from_pkcs8_pem(&Secret::new(pem)).expect("a key");
    let choose = |company, channel| {
        app.push(|catalog| {
            catalog.media_companies[0].metadata_encryption = company;
            let channels = &mut catalog.service_providers;
            let it = channels.iter_mut().find(|it| it.id.as_str() == "REF30").expect("REF30");
            it.metadata_encryption = channel;
        });
    };
    for (company, channel) in [(Jwe, None), (Rsa, Some(Jwe))] {
        choose(company, channel);
        let zip = app.profile().await["attributes"]["zip"].clone();
        assert_eq!(zip["state"], "enc");
        let plain = key.decrypt(&text(&zip, "value")).expect("a token for this key");
        assert_eq!(plain, br#"["94107"]"#);
    }
    choose(Jwe, Some(Rsa));
    let zip = text(&app.profile().await["attributes"]["zip"], "value");
    assert!(STANDARD.decode(zip).is_ok());
}

#[tokio::test]
async fn rest_68_mvpd_30_without_a_certificate_only_the_encrypted_attribute_fails() {
    let app = App::open().await;
    app.sign_in("ben").await;
    app.push(|catalog| catalog.media_companies[0].metadata_certificates.clear());
    let profile = app.profile().await;
    let error = json!({ "error": "invalid_configuration_user_metadata_certificate" });
    assert_eq!(profile["attributes"]["zip"], error);
    assert!(profile["attributes"]["userID"]["value"].is_string());
    assert_eq!(app.authorized("acme-one").await["authorized"], true);
}

#[tokio::test]
async fn rest_69_mvpd_31_attributes_that_are_not_enabled_are_absent() {
    let app = App::open().await;
    app.sign_in("ben").await;
    assert!(app.profile().await["attributes"].get("householdID").is_some());
    app.push(|catalog| {
        for mvpd in &mut catalog.mvpds {
            if let Some(rule) = mvpd.metadata.get_mut("householdID") {
                rule.enabled = false;
            }
        }
    });
    assert!(app.profile().await["attributes"].get("householdID").is_none());
}

#[tokio::test]
async fn mvpd_31_the_channels_certificate_wins_over_its_companys() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let other = app.house.send(app.house.get("/media-token/certificate.pem")).await;
    let other = other.text().await.expect("PEM");
    app.push(|catalog| {
        let company = &mut catalog.media_companies[0].metadata_certificates;
        let own = std::mem::replace(company, vec![other.clone()]);
        let channel = catalog.service_providers.iter_mut().find(|it| it.id.as_str() == "REF30");
        channel.expect("REF30").metadata_certificates = own;
    });
    let zip = app.profile().await["attributes"]["zip"].clone();
    let cipher = STANDARD.decode(text(&zip, "value")).expect("Base64");
    let pem = text(&app.house.demo, "user_metadata_private_key_pem");
    assert_eq!(decrypt(&pem, &cipher), r#"["94107"]"#);
}

#[tokio::test]
async fn a_new_sign_in_replaces_the_profile() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let ben = app.profile().await;
    app.get("REF30/logout/Cablevision").await.ok();
    app.sign_in("cam").await;
    let cam = app.profile().await;
    assert_ne!(ben["attributes"]["userID"], cam["attributes"]["userID"]);
    let all = send(app.bare(Method::GET, "REF30/profiles").header("AP-Device-Identifier", DEVICE));
    assert_eq!(members(&all.await.ok()["profiles"]), ["Cablevision"]);
}
