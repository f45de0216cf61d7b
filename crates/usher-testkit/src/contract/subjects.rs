//! The promises of [`SubjectRecords`].

use std::sync::Arc;

use usher_reports::{Event, EventJournal, Subject, SubjectRecords, Trace, Viewer, Warehouse};

use super::warehouse::{ask, reports};

/// Everything that is opened on one storage.
pub struct EventHouse {
    /// Takes events.
    pub journal: Arc<dyn EventJournal>,
    /// Answers reports.
    pub warehouse: Arc<dyn Warehouse>,
    /// Finds people.
    pub subjects: Arc<dyn SubjectRecords>,
}

/// Checks every promise of [`SubjectRecords`].
///
/// `open` opens the same storage, empty at first, each time anew.
///
/// # Panics
///
/// When a promise is broken.
pub async fn subjects(open: impl AsyncFn() -> EventHouse) {
    {
        let house = open().await;
        assert_eq!(house.journal.append(lines(&events())).await, Ok(()));
        assert_eq!(house.subjects.trace(&ann()).await, Ok(found()));
        somebody_else_is_not_found(&house).await;
        one_company_forgets_and_the_other_does_not(&house).await;
    }
    let house = open().await;
    assert_eq!(house.subjects.trace(&ann()).await, Ok(vec![trace("globex", 1, 1, 1)]));
    everybody_forgets_and_nothing_is_counted_otherwise(&house).await;
    drop(house);
    let house = open().await;
    assert_eq!(house.subjects.trace(&ann()).await, Ok(Vec::new()));
    who_comes_back_is_somebody_new(&house).await;
}

/// What two companies know about ann, what they know about others, and who else is called like her.
fn events() -> Vec<String> {
    let mut lines = Vec::new();
    for (company, user, mvpd) in [
        ("acme", "ann-hashed", "OpCo"),
        ("globex", "ann-hashed", "OpCo"),
        ("acme", "ann-hashed", "Other"),
        ("acme", "ben-hashed", "OpCo"),
    ] {
        let of = format!(
            r#""media_company":"{company}","requestor_id":"r","mvpd":"{mvpd}","user_id":"{user}","dc":"d""#
        );
        for (nth, event) in
            ["authn-pending", "authn-granted", "authz-attempt", "authz-granted"].iter().enumerate()
        {
            let at = 1_717_000_000_000_i64 + i64::try_from(nth).unwrap_or(0) * 1000;
            let session = format!("{company}{user}{mvpd}");
            lines.push(format!(
                r#"{{"event_id":"{session}{event}","event":"{event}","ts":{at},{of},"session_id":"{session}","visitor_id":"v"}}"#
            ));
        }
    }
    for (tenant, account) in [("acme", "ann"), ("globex", "ann"), ("acme", "ben")] {
        let id = format!("{tenant}{account}");
        lines.push(format!(
            r#"{{"event_id":"{id}","event":"session-started","ts":1717000500000,"tenant":"{tenant}","application_id":"a","mvpd":"OpCo","account":"{account}","session_id":"{id}"}}"#
        ));
    }
    lines
}

fn lines(lines: &[String]) -> Vec<Event> {
    let event = |line: &String| match Event::from_line(line.as_bytes()) {
        Ok(event) => event,
        Err(error) => unreachable!("{line}: {error}"),
    };
    lines.iter().map(event).collect()
}

fn ann() -> Subject {
    Subject { mvpd: "OpCo".to_owned(), names: vec!["ann-hashed".to_owned(), "ann".to_owned()] }
}

fn trace(company: &str, authn_sessions: u64, authz_decisions: u64, streams: u64) -> Trace {
    Trace { company: company.to_owned(), authn_sessions, authz_decisions, streams }
}

fn found() -> Vec<Trace> {
    vec![trace("acme", 1, 1, 1), trace("globex", 1, 1, 1)]
}

/// Users per company, by day and data centre, and users of streams by day.
async fn users(house: &EventHouse) -> Vec<String> {
    let reports = reports(Arc::clone(&house.warehouse));
    let mut rows = Vec::new();
    for (path, query) in [
        (
            "/esm/v3/year/month/day/media-company/dc",
            "start=2024-05&end=2024-06-05&metrics=unique-accounts,authz-attempts",
        ),
        (
            "/cmu/v2/tenant/year/month/day",
            "start=2024-05&end=2024-06-05&metrics=active-users,started-sessions",
        ),
    ] {
        let report = ask(&reports, path, query, &Viewer::Operator).await;
        rows.extend(
            report.table.rows.iter().map(|row| format!("{:?} {:?}", row.labels, row.values)),
        );
    }
    assert_eq!(rows.len(), 4, "{rows:?}");
    rows
}

async fn somebody_else_is_not_found(house: &EventHouse) {
    let nobody = Subject { names: vec!["nobody".to_owned()], ..ann() };
    assert_eq!(house.subjects.trace(&nobody).await, Ok(Vec::new()));
    let elsewhere = Subject { mvpd: "Nowhere".to_owned(), ..ann() };
    assert_eq!(house.subjects.trace(&elsewhere).await, Ok(Vec::new()));
}

async fn one_company_forgets_and_the_other_does_not(house: &EventHouse) {
    let before = users(house).await;
    let acme = ["acme".to_owned()];
    assert_eq!(house.subjects.rekey(&ann(), &acme).await, Ok(vec![trace("acme", 1, 1, 1)]));
    assert_eq!(house.subjects.rekey(&ann(), &acme).await, Ok(Vec::new()));
    assert_eq!(house.subjects.trace(&ann()).await, Ok(vec![trace("globex", 1, 1, 1)]));
    assert_eq!(users(house).await, before);
}

async fn everybody_forgets_and_nothing_is_counted_otherwise(house: &EventHouse) {
    let before = users(house).await;
    assert_eq!(house.subjects.rekey(&ann(), &[]).await, Ok(vec![trace("globex", 1, 1, 1)]));
    assert_eq!(house.subjects.rekey(&ann(), &[]).await, Ok(Vec::new()));
    assert_eq!(users(house).await, before);
    let ben = Subject { names: vec!["ben-hashed".to_owned(), "ben".to_owned()], ..ann() };
    assert_eq!(house.subjects.trace(&ben).await, Ok(vec![trace("acme", 1, 1, 1)]));
}

async fn who_comes_back_is_somebody_new(house: &EventHouse) {
    let mut again = events();
    again.truncate(4);
    let again: Vec<_> =
        again.iter().map(|line| line.replace(r#""event_id":""#, r#""event_id":"again"#)).collect();
    assert_eq!(house.journal.append(lines(&again)).await, Ok(()));
    assert_eq!(house.subjects.trace(&ann()).await, Ok(vec![trace("acme", 1, 1, 0)]));
    let rows = users(house).await;
    let acme = rows.iter().find(|row| row.contains("acme") && row.contains('d'));
    // Ann under her new name, her namesake at another provider, ben, and ann who came back.
    assert!(acme.is_some_and(|row| row.contains("[4, 4]")), "{rows:?}");
}
