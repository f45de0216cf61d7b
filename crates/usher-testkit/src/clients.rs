//! Registered clients in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use usher_clients::{Client, ClientStore};
use usher_core::{ClientId, StoreError, Timestamp};

/// A [`ClientStore`] that forgets everything when it is dropped, and counts lookups.
#[derive(Debug, Default)]
pub struct MemoryClients {
    clients: Mutex<HashMap<ClientId, Client>>,
    lookups: AtomicUsize,
}

impl MemoryClients {
    /// How often a client was looked up.
    pub fn lookups(&self) -> usize {
        self.lookups.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl ClientStore for MemoryClients {
    async fn add(&self, client: &Client) -> Result<(), StoreError> {
        let mut clients = self.clients.lock();
        if clients.contains_key(&client.id) {
            return Err(StoreError::Conflict);
        }
        clients.insert(client.id.clone(), client.clone());
        Ok(())
    }

    async fn find(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        Ok(self.clients.lock().get(id).cloned())
    }

    async fn revoke(&self, id: &ClientId, now: Timestamp) -> Result<bool, StoreError> {
        let mut clients = self.clients.lock();
        let Some(client) = clients.get_mut(id) else { return Ok(false) };
        client.revoked_at.get_or_insert(now);
        Ok(true)
    }
}
