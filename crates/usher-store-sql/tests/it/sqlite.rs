use std::sync::Arc;

use usher_clients::ClientStore;
use usher_entitle::{
    DegradationStore, FrameworkSignIns, PrivacyJobs, ProfileStore, SessionStore, SsoStore,
    TrialStore, UsedAssertions,
};
use usher_registry::{ChangesLog, ProxiedLists};
use usher_store_sql::{
    Database, SqlAssertions, SqlChanges, SqlClients, SqlDegradation, SqlFrameworkSignIns,
    SqlPrivacyJobs, SqlProfiles, SqlProxiedLists, SqlSessions, SqlSso, SqlTrials,
};
use usher_testkit::contract;

/// A directory for database files; gone with the value.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn clients_keep_their_promises() {
    let directory = directory();
    let file = directory.path().join("usher #1?.db");
    contract::clients(async || {
        let database = Database::open(&file).await.unwrap();
        Arc::new(SqlClients::new(database)) as Arc<dyn ClientStore>
    })
    .await;
    assert!(file.exists());
}

#[tokio::test]
async fn sessions_keep_their_promises() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    contract::sessions(async || {
        let database = Database::open(&file).await.unwrap();
        Arc::new(SqlSessions::new(database)) as Arc<dyn SessionStore>
    })
    .await;
}

#[tokio::test]
async fn profiles_keep_their_promises() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    contract::profiles(async || {
        let database = Database::open(&file).await.unwrap();
        let sessions = Arc::new(SqlSessions::new(database.clone())) as Arc<dyn SessionStore>;
        (sessions, Arc::new(SqlProfiles::new(database)) as Arc<dyn ProfileStore>)
    })
    .await;
}

#[tokio::test]
async fn used_assertions_keep_their_promises() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    contract::assertions(async || {
        let database = Database::open(&file).await.unwrap();
        Arc::new(SqlAssertions::new(database)) as Arc<dyn UsedAssertions>
    })
    .await;
}

#[tokio::test]
async fn trials_keep_their_promises() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    contract::trials(async || {
        let database = Database::open(&file).await.unwrap();
        Arc::new(SqlTrials::new(database)) as Arc<dyn TrialStore>
    })
    .await;
}

#[tokio::test]
async fn degradation_keeps_its_promises() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    contract::degradation(async || {
        let database = Database::open(&file).await.unwrap();
        Arc::new(SqlDegradation::new(database)) as Arc<dyn DegradationStore>
    })
    .await;
}

#[tokio::test]
async fn single_sign_on_keeps_its_promises() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    contract::sso(async || {
        let database = Database::open(&file).await.unwrap();
        Arc::new(SqlSso::new(database)) as Arc<dyn SsoStore>
    })
    .await;
}

#[tokio::test]
async fn framework_sign_ins_keep_their_promises() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    contract::frameworks(async || {
        let database = Database::open(&file).await.unwrap();
        let sign_ins = Arc::new(SqlFrameworkSignIns::new(database.clone()));
        let profiles = Arc::new(SqlProfiles::new(database)) as Arc<dyn ProfileStore>;
        (sign_ins as Arc<dyn FrameworkSignIns>, profiles)
    })
    .await;
}

#[tokio::test]
async fn privacy_jobs_keep_their_promises() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    contract::privacy_jobs(async || {
        let database = Database::open(&file).await.unwrap();
        Arc::new(SqlPrivacyJobs::new(database)) as Arc<dyn PrivacyJobs>
    })
    .await;
}

#[tokio::test]
async fn the_changes_log_keeps_its_promises() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    contract::changes(async || {
        let database = Database::open(&file).await.unwrap();
        Arc::new(SqlChanges::new(database)) as Arc<dyn ChangesLog>
    })
    .await;
}

#[tokio::test]
async fn proxied_lists_keep_their_promises() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    contract::proxied_lists(async || {
        let database = Database::open(&file).await.unwrap();
        Arc::new(SqlProxiedLists::new(database)) as Arc<dyn ProxiedLists>
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let directory = directory();
    let file = directory.path().join("usher.db");
    std::fs::write(&file, "certainly not a database, and long enough to look at".repeat(20))
        .unwrap();
    let refused = Database::open(&file).await.unwrap_err().to_string();
    assert!(refused.starts_with("the database cannot be"), "{refused}");
}
