//! Privacy requests (`access-variants` §5).

use std::io::{Cursor, Read as _};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::app::{Answer, App, members, number, send, text};

const JOBS: &str = "/data/core/privacy/jobs";
const DAY: Duration = Duration::from_hours(24);

/// Somebody who makes requests: an application of a media company.
struct Desk<'a> {
    app: &'a App,
    token: String,
    organization: &'static str,
}

impl<'a> Desk<'a> {
    async fn of(app: &'a App, application: &str, organization: &'static str) -> Self {
        Self { app, token: app.house.token(application).await, organization }
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.app.house.url(&format!("{JOBS}{path}"));
        self.app.house.http.request(method, url).bearer_auth(&self.token)
    }

    fn request(&self, actions: &[&str], ids: &[(&str, &str)]) -> Value {
        let ids = ids.iter().map(|(mvpd, value)| {
            json!({ "namespace": format!("https://ids.example/{mvpd}"), "type": "unregistered", "value": value })
        });
        json!({
            "companyContexts": [{ "namespace": "imsOrgID", "value": self.organization }],
            "users": [{ "key": "case-7", "action": actions, "userIDs": ids.collect::<Vec<_>>() }],
            "include": ["primetimeAuthentication"],
            "regulation": "gdpr",
        })
    }

    /// Submits, waits until it is done, and returns the jobs.
    async fn jobs(&self, actions: &[&str], ids: &[(&str, &str)]) -> Vec<Value> {
        let call = self.call(Method::POST, "").header("Prefer", "respond-async, wait=30");
        let answer = send(call.json(&self.request(actions, ids))).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(answer.header("preference-applied"), "wait");
        let taken = answer.json();
        let mut jobs = Vec::new();
        for receipt in taken["jobs"].as_array().expect("jobs") {
            let job = self.job(&text(receipt, "jobId")).await.ok();
            assert_eq!(job["requestId"], taken["requestId"]);
            jobs.push(job);
        }
        jobs
    }

    async fn job(&self, id: &str) -> Answer {
        send(self.call(Method::GET, &format!("/{id}"))).await
    }

    /// What one request for access or deletion finds: sessions and decisions.
    async fn counts(&self, action: &str, ids: &[(&str, &str)]) -> [String; 2] {
        let jobs = self.jobs(&[action], ids).await;
        let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
        counts_of(job)
    }
}

fn counts_of(job: &Value) -> [String; 2] {
    assert_eq!(job["status"], "complete", "{job}");
    let receipt = &job["productResponses"][0]["productStatusResponse"]["results"]["receiptData"];
    ["numberOfAuthenticationSessions", "numberOfAuthorizationDecisions"]
        .map(|name| text(receipt, name))
}

/// Signs `viewer` in and lets them watch twice.
async fn watch(app: &App, viewer: &str) -> String {
    app.sign_in(viewer).await;
    let profile = app.profile().await;
    for resource in ["acme-one", "acme-two"] {
        app.authorized(resource).await;
    }
    text(&profile["attributes"]["userID"], "value")
}

#[tokio::test]
async fn var_35_access_counts_and_delete_takes_away_what_is_the_customers() {
    let app = App::open().await;
    let user = watch(&app, "ann").await;
    let acme = Desk::of(&app, "acme-ops", "acme").await;
    let globex = Desk::of(&app, "globex-ops", "globex").await;
    let ann = [("Cablevision", user.as_str())];

    let before = acme.counts("access", &ann).await;
    assert_eq!(before, ["1", "2"]);
    assert_eq!(acme.counts("access", &ann).await, before, "telling takes nothing away");
    assert_eq!(acme.counts("access", &[("OpCo", &user)]).await, ["0", "0"], "another provider's");

    // Whoever has nothing of her finds and changes nothing.
    assert_eq!(globex.counts("delete", &ann).await, ["0", "0"]);
    assert_eq!(acme.counts("access", &ann).await, before);
    assert_eq!(members(&app.get("REF30/profiles").await.ok()["profiles"]), ["Cablevision"]);

    // The receipt tells what there was.
    assert_eq!(acme.counts("delete", &ann).await, before);
    assert_eq!(app.get("REF30/profiles").await.ok()["profiles"], json!({}));
    let refused = app.authorized("acme-one").await;
    assert_eq!(refused["error"]["code"], "authenticated_profile_missing", "{refused}");
    assert_eq!(acme.counts("access", &ann).await, ["0", "0"]);
    assert_eq!(acme.counts("delete", &ann).await, ["0", "0"], "a second time there is nothing");
}

#[tokio::test]
async fn a_job_has_the_documented_shape() {
    let app = App::open().await;
    let user = watch(&app, "ann").await;
    let acme = Desk::of(&app, "acme-ops", "acme").await;
    let jobs = acme.jobs(&["delete", "access"], &[("Cablevision", &user), ("OpCo", "o-1")]).await;
    let actions: Vec<_> = jobs.iter().map(|job| text(job, "action")).collect();
    assert_eq!(actions, ["access", "delete"]);
    assert_eq!(counts_of(&jobs[0]), counts_of(&jobs[1]), "both found the same");

    let job = &jobs[0];
    let expected = [
        "action",
        "createdDate",
        "downloadUrl",
        "jobId",
        "lastModifiedDate",
        "productResponses",
        "regulation",
        "requestId",
        "status",
        "submittedBy",
        "userIds",
        "userKey",
    ];
    assert_eq!(members(job), expected);
    assert_eq!((&job["userKey"], &job["regulation"]), (&json!("case-7"), &json!("gdpr")));
    let date = text(job, "createdDate");
    assert!(date.starts_with("03/") && date.ends_with("M GMT") && date.len() == 23, "{date}");
    let id = json!({
        "namespace": "https://ids.example/Cablevision",
        "value": user,
        "type": "unregistered",
        "isDeletedClientSide": false,
    });
    assert_eq!(job["userIds"][0], id);
    let product = &job["productResponses"][0];
    assert_eq!(product["product"], "primetimeAuthentication");
    assert_eq!(product["retryCount"], 0);
    assert_eq!(product["processedDate"], job["lastModifiedDate"]);
    let status = &product["productStatusResponse"];
    assert_eq!(status["message"], "Success");
    let context = &status["results"]["userContexts"][1];
    assert_eq!((&context["namespaceId"], &context["value"]), (&json!(0), &json!("o-1")));
    let receipt = &status["results"]["receiptData"];
    assert_eq!(receipt["message"], "Data summary");
    assert!(text(receipt, "createdAt").starts_with("2026-03-"), "{receipt}");
}

#[tokio::test]
async fn a_job_left_undone_is_done_after_a_restart() {
    let mut app = App::open().await;
    let user = watch(&app, "ann").await;
    let (id, client) = {
        let acme = Desk::of(&app, "acme-ops", "acme").await;
        let request = acme.request(&["delete"], &[("Cablevision", &user)]);
        let answer = send(acme.call(Method::POST, "").json(&request)).await;
        assert_eq!(answer.status, 202);
        assert_eq!(answer.header("preference-applied"), "");
        let job = &answer.json()["jobs"][0];
        assert_eq!(job["customer"]["user"], json!({ "key": "case-7", "action": ["delete"] }));
        (text(job, "jobId"), acme.token)
    };
    app.house.restart().await;
    let acme = Desk { app: &app, token: client, organization: "acme" };
    // The chore looks for work every two seconds of real time; asking is how one waits for a job.
    let job = loop {
        let job = acme.job(&id).await.ok();
        if job["status"] == "complete" {
            break job;
        }
        assert!(["submitted", "processing"].contains(&text(&job, "status").as_str()), "{job}");
        tokio::task::yield_now().await;
    };
    assert_eq!(counts_of(&job), ["1", "2"]);
    assert_eq!(app.get("REF30/profiles").await.ok()["profiles"], json!({}));
}

#[tokio::test]
async fn the_device_of_a_temporary_pass_is_somebody_too() {
    let app = App::open().await;
    let profile = app.get("REF30/profiles/FreeHour").await.ok();
    let profile = &profile["profiles"]["FreeHour"];
    let user = text(&profile["attributes"]["userID"], "value");
    assert!(user.starts_with("temppass_"));
    let watch = async || app.decide("decisions/authorize/FreeHour", &["acme-one"]).await.ok();
    let first = number(&watch().await["decisions"][0], "notAfter");
    app.house.clock.advance(Duration::from_mins(1));

    let acme = Desk::of(&app, "acme-ops", "acme").await;
    let [_, decisions] = acme.counts("delete", &[("FreeHour", &user)]).await;
    assert_eq!(decisions, "1");
    let again = number(&watch().await["decisions"][0], "notAfter");
    assert_eq!(again - first, 60_000, "the trial began anew");
}

#[tokio::test]
async fn a_link_shows_an_archive_for_seven_days() {
    let app = App::open().await;
    let user = watch(&app, "ann").await;
    let acme = Desk::of(&app, "acme-ops", "acme").await;
    let job = acme.jobs(&["access"], &[("Cablevision", &user)]).await.remove(0);
    let link = text(&job, "downloadUrl");
    let fetch = async |link: &str| app.house.send(app.house.http.get(link)).await;

    let answer = fetch(&link).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let bytes = answer.bytes().await.expect("bytes");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut content = String::new();
    let name = format!("{}.json", text(&job, "jobId"));
    archive.by_name(&name).expect("a file").read_to_string(&mut content).expect("text");
    let mut expected = job.clone();
    expected.as_object_mut().expect("a job").remove("downloadUrl");
    assert_eq!(serde_json::from_str::<Value>(&content).expect("JSON"), expected);

    let (start, signature) = link.split_once("&signature=").expect("a signature");
    let later = start.replace("expires=1", "expires=2");
    for forged in [
        start.to_owned(),
        format!("{start}&signature=AAAA"),
        format!("{later}&signature={signature}"),
        link.replace(&text(&job, "jobId"), "another"),
    ] {
        assert_eq!(fetch(&forged).await.status(), 403, "{forged}");
    }
    app.house.clock.advance(DAY * 7 + Duration::from_secs(1));
    assert_eq!(fetch(&link).await.status(), 403);
    let acme = Desk::of(&app, "acme-ops", "acme").await;
    let job = acme.job(&text(&job, "jobId")).await.ok();
    assert!(job.get("downloadUrl").is_none());
}

#[tokio::test]
async fn jobs_are_listed_by_organisation_and_law() {
    let app = App::open().await;
    let acme = Desk::of(&app, "acme-ops", "acme").await;
    let globex = Desk::of(&app, "globex-ops", "globex").await;
    let first = text(&acme.jobs(&["access"], &[("OpCo", "1")]).await[0], "jobId");
    app.house.clock.advance(Duration::from_secs(1));
    let second = text(&acme.jobs(&["access"], &[("OpCo", "2")]).await[0], "jobId");
    let foreign = text(&globex.jobs(&["access"], &[("OpCo", "3")]).await[0], "jobId");

    let listed = async |desk: &Desk<'_>, query: &str| {
        let page = send(desk.call(Method::GET, query)).await.ok();
        let jobs = page["jobDetails"].as_array().expect("jobs").clone();
        let ids: Vec<_> = jobs.iter().map(|job| text(job, "jobId")).collect();
        (ids, number(&page, "totalRecords"))
    };
    assert_eq!(listed(&acme, "").await, (vec![second.clone(), first.clone()], 2));
    assert_eq!(listed(&acme, "?page=1&size=1").await, (vec![first.clone()], 2));
    assert_eq!(listed(&acme, "?regulation=ccpa").await, (vec![], 0));
    assert_eq!(listed(&globex, "?regulation=gdpr").await, (vec![foreign.clone()], 1));
    let operator =
        Desk { app: &app, token: text(&app.house.demo, "admin_token"), organization: "globex" };
    assert_eq!(listed(&operator, "").await.1, 3);
    assert_eq!(operator.job(&foreign).await.status, 200);
    assert_eq!(acme.job(&foreign).await.status, 404);
    for wrong in ["?size=0", "?size=101", "?page=x", "?page=-1"] {
        assert_eq!(send(acme.call(Method::GET, wrong)).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn who_may_not_ask_and_what_is_no_request_is_refused() {
    let app = App::open().await;
    let acme = Desk::of(&app, "acme-ops", "acme").await;
    let fine = acme.request(&["access"], &[("OpCo", "1")]);
    let submit = async |desk: &Desk<'_>, body: &Value| {
        let answer = send(desk.call(Method::POST, "").json(body)).await;
        if answer.status != 202 {
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.json()["status"], answer.status);
        }
        answer.status
    };
    // No token, a token for something else, another company's, an operator's mistake.
    let nobody = Desk { app: &app, token: "x".to_owned(), organization: "acme" };
    assert_eq!(submit(&nobody, &fine).await, 401);
    assert_eq!(submit(&Desk::of(&app, "acme-tv", "acme").await, &fine).await, 403);
    assert_eq!(submit(&Desk::of(&app, "globex-ops", "globex").await, &fine).await, 403);
    let named = acme.call(Method::POST, "").header("x-gw-ims-org-id", "globex").json(&fine);
    assert_eq!(send(named).await.status, 403);
    let token = text(&app.house.demo, "admin_token");
    let operator = Desk { app: &app, token, organization: "nobody" };
    assert_eq!(submit(&operator, &operator.request(&["access"], &[("OpCo", "1")])).await, 400);

    let no_users =
        json!({ "companyContexts": fine["companyContexts"], "users": [], "regulation": "gdpr" });
    let no_ids = acme.request(&["access"], &[]);
    let no_actions = acme.request(&[], &[("OpCo", "1")]);
    let many: Vec<_> = std::iter::repeat_n(("OpCo", "1"), 1_001).collect();
    for wrong in [json!([]), no_users, no_ids, no_actions, acme.request(&["access"], &many)] {
        assert_eq!(submit(&acme, &wrong).await, 400, "{wrong}");
    }
    let large = acme.request(&["access"], &[("OpCo", &"x".repeat(1_100_000))]);
    assert_eq!(submit(&acme, &large).await, 413);
    assert_eq!(send(app.house.get(&format!("{JOBS}/ping"))).await.status, 200);
    let unknown = acme.job("unknown").await;
    assert_eq!((unknown.status, unknown.json()["status"].clone()), (404, json!(404)));
}
