//! The promises of [`ClientStore`].

use std::sync::Arc;

use usher_clients::{Client, ClientStore};
use usher_core::{ClientId, StoreError, Timestamp};

/// Checks every promise of [`ClientStore`].
///
/// `open` opens the same storage, empty at first, each time anew: what one handle has acknowledged,
/// the next one must find.
///
/// # Panics
///
/// When a promise is broken.
pub async fn clients(open: impl AsyncFn() -> Arc<dyn ClientStore>) {
    an_added_client_is_found_again(&open).await;
    an_unknown_client_is_absent(&open).await;
    an_id_is_taken_once(&open).await;
    revoking_keeps_the_first_instant(&open).await;
    adding_many_at_once_keeps_them_all(&open).await;
}

fn client(id: &str) -> Client {
    Client {
        id: id.into(),
        software: "5f1c7d1e-0000-4000-8000-000000000001".into(),
        secret_digest: std::array::from_fn(|at| u8::try_from(at * 8).unwrap_or(u8::MAX)),
        issued_at: Timestamp::from_millis(1_765_000_000_123),
        redirect_uris: vec!["https://acme.example/ü?a=\"b\"".into(), "adbe.x://".into()],
        revoked_at: None,
    }
}

async fn an_added_client_is_found_again(open: &impl AsyncFn() -> Arc<dyn ClientStore>) {
    let (full, bare) = (client("full"), Client { redirect_uris: Vec::new(), ..client("bare") });
    let store = open().await;
    assert_eq!(store.add(&full).await, Ok(()));
    assert_eq!(store.add(&bare).await, Ok(()));
    for store in [store, open().await] {
        assert_eq!(store.find(&full.id).await, Ok(Some(full.clone())));
        assert_eq!(store.find(&bare.id).await, Ok(Some(bare.clone())));
    }
}

async fn an_unknown_client_is_absent(open: &impl AsyncFn() -> Arc<dyn ClientStore>) {
    let store = open().await;
    for id in ["", "nobody", "FULL", "' OR 1=1 --", "a\u{1f4fa}"] {
        assert_eq!(store.find(&id.into()).await, Ok(None), "{id}");
        assert_eq!(store.revoke(&id.into(), Timestamp::from_secs(1)).await, Ok(false), "{id}");
    }
}

async fn an_id_is_taken_once(open: &impl AsyncFn() -> Arc<dyn ClientStore>) {
    let store = open().await;
    let first = client("once");
    let second = Client { software: "other".into(), ..first.clone() };
    assert_eq!(store.add(&first).await, Ok(()));
    assert_eq!(store.add(&second).await, Err(StoreError::Conflict));
    assert_eq!(store.find(&first.id).await, Ok(Some(first)));
}

async fn revoking_keeps_the_first_instant(open: &impl AsyncFn() -> Arc<dyn ClientStore>) {
    let store = open().await;
    let id: ClientId = "revoked".into();
    let at = Timestamp::from_secs(10);
    assert_eq!(store.add(&client("revoked")).await, Ok(()));
    assert_eq!(store.add(&client("bystander")).await, Ok(()));
    assert_eq!(store.revoke(&id, at).await, Ok(true));
    assert_eq!(store.revoke(&id, Timestamp::from_secs(20)).await, Ok(true));
    for store in [store, open().await] {
        let revoked = Client { revoked_at: Some(at), ..client("revoked") };
        assert_eq!(store.find(&id).await, Ok(Some(revoked)));
        assert_eq!(store.find(&"bystander".into()).await, Ok(Some(client("bystander"))));
    }
}

async fn adding_many_at_once_keeps_them_all(open: &impl AsyncFn() -> Arc<dyn ClientStore>) {
    let store = open().await;
    let clients: Vec<_> = (0..50).map(|number| client(&format!("many-{number}"))).collect();
    let added = futures_util::future::join_all(clients.iter().map(|client| store.add(client)));
    assert!(added.await.iter().all(Result::is_ok));
    for client in clients {
        assert_eq!(store.find(&client.id).await, Ok(Some(client)));
    }
}
