//! Trials of temporary passes, and the names that lead to them.

use async_trait::async_trait;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use usher_core::{DeviceId, StoreError, Timestamp};
use usher_entitle::{
    DEVICES_AT_ONCE, FoundTrials, IdentityHash, Pass, Trial, TrialHolder, TrialStore,
};

use crate::Database;
use crate::row::{Record, store_error, to_json};

/// Trials removed by one sweep, so that it does not keep others from writing.
const SWEPT_MAX: i64 = 10_000;

/// [`TrialStore`] on a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlTrials(Database);

impl SqlTrials {
    /// The trials in `database`.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

/// The epoch of the pass bound as `$1` and `$2`.
macro_rules! epoch {
    () => {
        "COALESCE((SELECT epoch FROM trial_epoch WHERE service_provider = $1 AND mvpd = $2), 0)"
    };
}

const FIND: &str = concat!(
    "SELECT kind, trial.id AS id, revision, started_at, not_after, used
     FROM trial_name JOIN trial ON trial.id = trial_name.trial
     WHERE trial_name.service_provider = $1 AND trial_name.mvpd = $2
        AND ((kind = 'device' AND name = $3) OR (kind = 'identity' AND name = $4))
        AND trial.epoch = ",
    epoch!()
);

const START: &str = concat!(
    "INSERT INTO trial (service_provider, mvpd, id, revision, started_at, not_after, used, epoch)
     VALUES ($1, $2, $3, $4, $5, $6, $7, ",
    epoch!(),
    ")"
);

const CARRY_ON: &str = concat!(
    "UPDATE trial SET used = $5, revision = revision + 1
     WHERE service_provider = $1 AND mvpd = $2 AND id = $3 AND revision = $4 AND epoch = ",
    epoch!()
);

/// Lets a name lead to a trial, unless it leads to one that counts.
const NAME: &str = concat!(
    "INSERT INTO trial_name (service_provider, mvpd, kind, name, trial)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (service_provider, mvpd, kind, name) DO UPDATE SET trial = excluded.trial
     WHERE NOT EXISTS (
        SELECT 1 FROM trial WHERE trial.id = trial_name.trial AND trial.epoch = ",
    epoch!(),
    ")"
);

const DEVICES: &str = "
    SELECT name FROM trial_name
    WHERE service_provider = $1 AND mvpd = $2 AND kind = 'device' AND name > $3
    ORDER BY name LIMIT $4";

const FORGET: &str = "
    DELETE FROM trial WHERE id = (
        SELECT trial FROM trial_name
        WHERE service_provider = $1 AND mvpd = $2 AND kind = $3 AND name = $4)";

const FORGET_ALL: &str = "
    INSERT INTO trial_epoch (service_provider, mvpd, epoch) VALUES ($1, $2, 1)
    ON CONFLICT (service_provider, mvpd) DO UPDATE SET epoch = trial_epoch.epoch + 1";

const FORGET_ALL_ONCE: &str = "
    INSERT INTO trial_epoch (service_provider, mvpd, epoch, reset_at) VALUES ($1, $2, 1, $3)
    ON CONFLICT (service_provider, mvpd)
        DO UPDATE SET epoch = trial_epoch.epoch + 1, reset_at = excluded.reset_at
        WHERE trial_epoch.reset_at < excluded.reset_at";

const SWEEP_FORGOTTEN: &str = "
    DELETE FROM trial WHERE id IN (
        SELECT trial.id FROM trial JOIN trial_epoch
            ON trial.service_provider = trial_epoch.service_provider
            AND trial.mvpd = trial_epoch.mvpd AND trial.epoch < trial_epoch.epoch
        LIMIT $1)";

const SWEEP_OVER: &str = "
    DELETE FROM trial WHERE id IN (SELECT id FROM trial WHERE not_after <= $2 LIMIT $1)";

/// What a name is.
const DEVICE: &str = "device";
const IDENTITY: &str = "identity";

/// `query` with `pass` bound as `$1` and `$2`.
macro_rules! bind_pass {
    ($query:expr, $pass:expr) => {
        sqlx::query($query).bind($pass.service_provider.as_str()).bind($pass.mvpd.as_str())
    };
}

#[async_trait]
impl TrialStore for SqlTrials {
    async fn find(&self, holder: &TrialHolder) -> Result<FoundTrials, StoreError> {
        let rows = bind_pass!(FIND, holder.pass)
            .bind(holder.device.as_bytes())
            .bind(holder.identity.as_ref().map(|identity| identity.as_str().as_bytes()))
            .fetch_all(self.0.readers())
            .await
            .map_err(store_error)?;
        let mut found = FoundTrials::default();
        for row in &rows {
            let (kind, trial) = named(row)?;
            if kind == DEVICE {
                found.by_device = Some(trial);
            } else {
                found.by_identity = Some(trial);
            }
        }
        Ok(found)
    }

    async fn start(&self, holder: &TrialHolder, trial: &Trial) -> Result<bool, StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        bind_pass!(START, holder.pass)
            .bind(trial.id.as_str())
            .bind(trial.revision)
            .bind(trial.started_at.as_millis())
            .bind(trial.not_after.as_millis())
            .bind(to_json(&trial.used)?)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        for (kind, name) in names(holder) {
            if !lead(&mut transaction, &holder.pass, (kind, name), trial).await? {
                return Ok(false);
            }
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn carry_on(&self, holder: &TrialHolder, trial: &Trial) -> Result<bool, StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        let carried = bind_pass!(CARRY_ON, holder.pass)
            .bind(trial.id.as_str())
            .bind(trial.revision)
            .bind(to_json(&trial.used)?)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        if carried.rows_affected() == 0 {
            return Ok(false);
        }
        for (kind, name) in names(holder) {
            lead(&mut transaction, &holder.pass, (kind, name), trial).await?;
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn devices(
        &self,
        pass: &Pass,
        after: Option<&DeviceId>,
    ) -> Result<Vec<DeviceId>, StoreError> {
        let query = bind_pass!(DEVICES, pass)
            .bind(after.map_or([].as_slice(), DeviceId::as_bytes))
            .bind(i64::try_from(DEVICES_AT_ONCE).unwrap_or(i64::MAX));
        let rows = query.fetch_all(self.0.readers()).await.map_err(store_error)?;
        rows.iter().map(device).collect()
    }

    async fn forget_device(&self, pass: &Pass, device: &DeviceId) -> Result<(), StoreError> {
        self.forget(pass, DEVICE, device.as_bytes()).await
    }

    async fn forget_identity(
        &self,
        pass: &Pass,
        identity: &IdentityHash,
    ) -> Result<(), StoreError> {
        self.forget(pass, IDENTITY, identity.as_str().as_bytes()).await
    }

    async fn forget_all(&self, pass: &Pass) -> Result<(), StoreError> {
        let raised = bind_pass!(FORGET_ALL, pass).execute(self.0.writer()).await;
        raised.map(drop).map_err(store_error)
    }

    async fn forget_all_once(&self, pass: &Pass, due: Timestamp) -> Result<(), StoreError> {
        let raised = bind_pass!(FORGET_ALL_ONCE, pass).bind(due.as_millis());
        raised.execute(self.0.writer()).await.map(drop).map_err(store_error)
    }

    async fn sweep(&self, over_at: Option<Timestamp>) -> Result<u64, StoreError> {
        let forgotten = sqlx::query(SWEEP_FORGOTTEN).bind(SWEPT_MAX).execute(self.0.writer()).await;
        let forgotten = forgotten.map_err(store_error)?.rows_affected();
        let Some(over_at) = over_at else { return Ok(forgotten) };
        let over = sqlx::query(SWEEP_OVER)
            .bind(SWEPT_MAX)
            .bind(over_at.as_millis())
            .execute(self.0.writer())
            .await;
        Ok(forgotten + over.map_err(store_error)?.rows_affected())
    }
}

impl SqlTrials {
    async fn forget(&self, pass: &Pass, kind: &str, name: &[u8]) -> Result<(), StoreError> {
        let query = bind_pass!(FORGET, pass).bind(kind).bind(name);
        query.execute(self.0.writer()).await.map(drop).map_err(store_error)
    }
}

/// The holder's names.
fn names(holder: &TrialHolder) -> impl Iterator<Item = (&'static str, &[u8])> {
    let identity = holder.identity.as_ref().map(|it| (IDENTITY, it.as_str().as_bytes()));
    [(DEVICE, holder.device.as_bytes())].into_iter().chain(identity)
}

/// Lets a name lead to `trial`; false when it leads to one that counts.
async fn lead(
    connection: &mut AnyConnection,
    pass: &Pass,
    (kind, name): (&str, &[u8]),
    trial: &Trial,
) -> Result<bool, StoreError> {
    let query = bind_pass!(NAME, pass).bind(kind).bind(name).bind(trial.id.as_str());
    let named = query.execute(connection).await.map_err(store_error)?;
    Ok(named.rows_affected() > 0)
}

fn device(row: &AnyRow) -> Result<DeviceId, StoreError> {
    let record = Record::new("name of a trial", row);
    let name: Vec<u8> = record.get("name")?;
    DeviceId::new(&name).ok_or_else(|| record.corrupt())
}

/// A trial and the kind of the name that led to it.
fn named(row: &AnyRow) -> Result<(String, Trial), StoreError> {
    let record = Record::new("trial", row);
    let trial = Trial {
        id: record.get("id")?,
        revision: record.get("revision")?,
        started_at: record.instant("started_at")?,
        not_after: record.instant("not_after")?,
        used: record.json("used")?,
    };
    Ok((record.get("kind")?, trial))
}
