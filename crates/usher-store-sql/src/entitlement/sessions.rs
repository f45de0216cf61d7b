//! Authentication sessions and sign-outs under way.

use async_trait::async_trait;
use sqlx::any::AnyRow;
use usher_core::{MvpdId, StoreError, Timestamp};
use usher_entitle::{
    AuthenticationSession, Code, Login, Parameters, PendingLogout, Profile, RedirectUrl, Sealed,
    SessionStore, Stage, StateDigest,
};

use super::{holder, profiles};
use crate::Database;
use crate::row::{Record, store_error, to_json};

/// [`SessionStore`] on a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlSessions(Database);

impl SqlSessions {
    /// The sessions in `database`.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

/// Everything of a session; its code names it in errors.
macro_rules! columns {
    () => {
        "code AS id, service_provider, client, device, session_id, origin, subjects, mvpd, \
         domain_name, redirect_url, login_state, login_pending, completed, not_before, not_after"
    };
}

const CREATE: &str = "
    INSERT INTO authentication_session (service_provider, client, device, code, session_id, origin,
        subjects, mvpd, domain_name, redirect_url, completed, not_before, not_after)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12)
    ON CONFLICT (service_provider, client, device) DO UPDATE SET
        code = excluded.code, session_id = excluded.session_id, origin = excluded.origin,
        subjects = excluded.subjects,
        mvpd = excluded.mvpd, domain_name = excluded.domain_name,
        redirect_url = excluded.redirect_url, login_state = NULL, login_pending = NULL,
        completed = 0, not_before = excluded.not_before, not_after = excluded.not_after";

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM authentication_session WHERE code = $1 AND not_after >= $2"
);

const RESUME: &str = concat!(
    "UPDATE authentication_session
     SET mvpd = COALESCE($3, mvpd), domain_name = COALESCE($4, domain_name),
         redirect_url = COALESCE($5, redirect_url), login_state = NULL, login_pending = NULL
     WHERE code = $1 AND not_after >= $2 AND completed = 0
     RETURNING ",
    columns!()
);

const BEGIN_LOGIN: &str = "
    UPDATE authentication_session SET login_state = $3, login_pending = $4
    WHERE code = $1 AND not_after >= $2 AND completed = 0
        AND mvpd IS NOT NULL AND domain_name IS NOT NULL AND redirect_url IS NOT NULL";

const IN_LOGIN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM authentication_session WHERE login_state = $1 AND not_after >= $2"
);

const ABANDON_LOGIN: &str = "
    UPDATE authentication_session SET login_state = NULL, login_pending = NULL
    WHERE login_state = $1";

const COMPLETE_LOGIN: &str = "
    UPDATE authentication_session SET login_state = NULL, login_pending = NULL, completed = 1
    WHERE login_state = $1 AND not_after >= $2";

const BEGIN_LOGOUT: &str = "
    INSERT INTO pending_logout (state, location, redirect_url, opened, not_after)
    VALUES ($1, $2, $3, 0, $4)";

const OPEN_LOGOUT: &str = "
    UPDATE pending_logout SET opened = 1 WHERE state = $1 AND not_after >= $2 AND opened = 0
    RETURNING location, redirect_url, not_after";

const CLOSE_LOGOUT: &str = "
    DELETE FROM pending_logout WHERE state = $1 AND not_after >= $2
    RETURNING location, redirect_url, not_after";

#[async_trait]
impl SessionStore for SqlSessions {
    async fn create(&self, session: &AuthenticationSession) -> Result<(), StoreError> {
        let parameters = session.stage.parameters();
        sqlx::query(CREATE)
            .bind(session.holder.service_provider.as_str())
            .bind(session.holder.client.as_str())
            .bind(session.holder.device.as_bytes())
            .bind(session.code.as_str())
            .bind(session.session_id.as_str())
            .bind(to_json(&session.origin)?)
            .bind(to_json(&session.subjects)?)
            .bind(parameters.mvpd.as_ref().map(MvpdId::as_str))
            .bind(parameters.domain_name.as_deref())
            .bind(parameters.redirect_url.as_ref().map(RedirectUrl::as_str))
            .bind(session.not_before.as_millis())
            .bind(session.not_after.as_millis())
            .execute(self.0.writer())
            .await
            .map(drop)
            .map_err(store_error)
    }

    async fn find(
        &self,
        code: &Code,
        now: Timestamp,
    ) -> Result<Option<AuthenticationSession>, StoreError> {
        let found = sqlx::query(FIND)
            .bind(code.as_str())
            .bind(now.as_millis())
            .fetch_optional(self.0.readers())
            .await;
        found.map_err(store_error)?.as_ref().map(session).transpose()
    }

    async fn resume(
        &self,
        code: &Code,
        given: &Parameters,
        now: Timestamp,
    ) -> Result<Option<AuthenticationSession>, StoreError> {
        let resumed = sqlx::query(RESUME)
            .bind(code.as_str())
            .bind(now.as_millis())
            .bind(given.mvpd.as_ref().map(MvpdId::as_str))
            .bind(given.domain_name.as_deref())
            .bind(given.redirect_url.as_ref().map(RedirectUrl::as_str))
            .fetch_optional(self.0.writer())
            .await;
        resumed.map_err(store_error)?.as_ref().map(session).transpose()
    }

    async fn begin_login(
        &self,
        code: &Code,
        login: &Login,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let begun = sqlx::query(BEGIN_LOGIN)
            .bind(code.as_str())
            .bind(now.as_millis())
            .bind(login.state.as_bytes().as_slice())
            .bind(login.pending.as_bytes())
            .execute(self.0.writer())
            .await;
        Ok(begun.map_err(store_error)?.rows_affected() > 0)
    }

    async fn in_login(
        &self,
        state: &StateDigest,
        now: Timestamp,
    ) -> Result<Option<AuthenticationSession>, StoreError> {
        let found = sqlx::query(IN_LOGIN)
            .bind(state.as_bytes().as_slice())
            .bind(now.as_millis())
            .fetch_optional(self.0.readers())
            .await;
        found.map_err(store_error)?.as_ref().map(session).transpose()
    }

    async fn abandon_login(&self, state: &StateDigest) -> Result<(), StoreError> {
        sqlx::query(ABANDON_LOGIN)
            .bind(state.as_bytes().as_slice())
            .execute(self.0.writer())
            .await
            .map(drop)
            .map_err(store_error)
    }

    async fn complete_login(
        &self,
        state: &StateDigest,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        let completed = sqlx::query(COMPLETE_LOGIN)
            .bind(state.as_bytes().as_slice())
            .bind(now.as_millis())
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        if completed.rows_affected() == 0 {
            return Ok(false);
        }
        profiles::put(&mut transaction, profile).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn begin_logout(&self, logout: &PendingLogout) -> Result<(), StoreError> {
        sqlx::query(BEGIN_LOGOUT)
            .bind(logout.state.as_bytes().as_slice())
            .bind(logout.visit.as_bytes())
            .bind(logout.redirect_url.as_str())
            .bind(logout.not_after.as_millis())
            .execute(self.0.writer())
            .await
            .map(drop)
            .map_err(store_error)
    }

    async fn open_logout(
        &self,
        state: &StateDigest,
        now: Timestamp,
    ) -> Result<Option<PendingLogout>, StoreError> {
        self.take_logout(OPEN_LOGOUT, state, now).await
    }

    async fn close_logout(
        &self,
        state: &StateDigest,
        now: Timestamp,
    ) -> Result<Option<PendingLogout>, StoreError> {
        self.take_logout(CLOSE_LOGOUT, state, now).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut swept = 0;
        for statement in [
            "DELETE FROM authentication_session WHERE not_after < $1",
            "DELETE FROM pending_logout WHERE not_after < $1",
        ] {
            let done = sqlx::query(statement).bind(now.as_millis()).execute(self.0.writer()).await;
            swept += done.map_err(store_error)?.rows_affected();
        }
        Ok(swept)
    }
}

impl SqlSessions {
    async fn take_logout(
        &self,
        statement: &'static str,
        state: &StateDigest,
        now: Timestamp,
    ) -> Result<Option<PendingLogout>, StoreError> {
        let taken = sqlx::query(statement)
            .bind(state.as_bytes().as_slice())
            .bind(now.as_millis())
            .fetch_optional(self.0.writer())
            .await
            .map_err(store_error)?;
        let Some(row) = taken else { return Ok(None) };
        let record = Record::new("logout", &row);
        Ok(Some(PendingLogout {
            state: *state,
            visit: Sealed::from_bytes(record.get("location")?),
            redirect_url: RedirectUrl::from_stored(record.get("redirect_url")?),
            not_after: record.instant("not_after")?,
        }))
    }
}

fn session(row: &AnyRow) -> Result<AuthenticationSession, StoreError> {
    let record = Record::new("authentication session", row);
    let code = Code::parse(&record.get::<String>("id")?).ok_or_else(|| record.corrupt())?;
    Ok(AuthenticationSession {
        code,
        session_id: record.get("session_id")?,
        holder: holder(&record)?,
        origin: record.json("origin")?,
        subjects: record.json("subjects")?,
        stage: stage(&record)?,
        not_before: record.instant("not_before")?,
        not_after: record.instant("not_after")?,
    })
}

/// The stage that the columns describe; combinations that no method writes are corrupt.
fn stage(record: &Record<'_>) -> Result<Stage, StoreError> {
    let parameters = Parameters {
        mvpd: record.get::<Option<String>>("mvpd")?.map(MvpdId::new),
        domain_name: record.get("domain_name")?,
        redirect_url: record.get::<Option<String>>("redirect_url")?.map(RedirectUrl::from_stored),
    };
    let completed = record.get::<i64>("completed")? != 0;
    let stage = Stage::of(parameters);
    match (stage, login(record)?, completed) {
        (Stage::Ready(target), None, true) => Ok(Stage::Completed(target)),
        (Stage::Ready(target), Some(login), false) => Ok(Stage::InLogin(target, login)),
        (stage, None, false) => Ok(stage),
        (_, _, _) => Err(record.corrupt()),
    }
}

fn login(record: &Record<'_>) -> Result<Option<Login>, StoreError> {
    let state: Option<Vec<u8>> = record.get("login_state")?;
    let pending: Option<Vec<u8>> = record.get("login_pending")?;
    match (state, pending) {
        (Some(state), Some(pending)) => {
            let state: [u8; 32] = state.try_into().map_err(|_| record.corrupt())?;
            let state = StateDigest::from_bytes(state);
            Ok(Some(Login { state, pending: Sealed::from_bytes(pending) }))
        }
        (None, None) => Ok(None),
        (_, _) => Err(record.corrupt()),
    }
}
