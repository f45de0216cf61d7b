use std::time::Duration;

use futures_executor::block_on;
use usher_clients::{
    BearerError, Credentials, RegisterError, Registration, StatementError, TokenAsk, TokenError,
};
use usher_core::{Clock as _, Secret};
use usher_registry::Scope;

use crate::support::{TTL, World, ask};

#[test]
fn a_statement_becomes_credentials_become_a_token_becomes_a_caller() {
    block_on(async {
        let world = World::new();
        let registered = world.registered("tv").await;
        let issued = world.clients.issue_token(ask(&registered)).await.unwrap();
        assert_eq!(issued.expires_in, TTL);
        let token = issued.access_token.expose();
        let caller = world.clients.authenticate(Some(token)).await.unwrap();
        assert_eq!(caller.client, registered.client_id);
        assert_eq!(caller.application.name, "Acme TV");
        assert!(caller.has_scope(Scope::Api) && caller.has_scope(Scope::Analytics));
        assert!(!caller.has_scope(Scope::Decisions));
        assert!(caller.may_use(&"REF30".into()));
        assert!(!caller.may_use(&"KIDS1".into()));
    });
}

#[test]
fn a_secret_is_kept_as_a_digest_only() {
    block_on(async {
        use usher_clients::ClientStore as _;
        let world = World::new();
        let registered = world.registered("tv").await;
        let kept = world.store.find(&registered.client_id).await.unwrap().unwrap();
        let secret = registered.client_secret.expose();
        assert_eq!(kept.secret_digest, usher_jose::sha256(secret.as_bytes()));
        assert!(!format!("{registered:?}").contains(secret.as_str()));
    });
}

#[test]
fn a_token_seen_before_costs_no_lookup() {
    block_on(async {
        let world = World::new();
        let token = world.token().await;
        world.clients.authenticate(Some(&token)).await.unwrap();
        let before = world.store.lookups();
        for _ in 0..10 {
            world.clients.authenticate(Some(&token)).await.unwrap();
        }
        assert_eq!(world.store.lookups(), before);
    });
}

#[test]
fn revoking_a_client_stops_its_tokens_and_credentials_at_once() {
    block_on(async {
        let world = World::new();
        let registered = world.registered("tv").await;
        let issued = world.clients.issue_token(ask(&registered)).await.unwrap();
        let token = issued.access_token.expose();
        world.clients.authenticate(Some(token)).await.unwrap();

        assert_eq!(world.clients.revoke(&registered.client_id).await, Ok(true));

        let refused = world.clients.authenticate(Some(token)).await.err();
        assert_eq!(refused, Some(BearerError::Client));
        let refused = world.clients.issue_token(ask(&registered)).await.err();
        assert_eq!(refused, Some(TokenError::InvalidClient));
    });
}

#[test]
fn a_client_that_another_process_revoked_is_found_out_soon() {
    block_on(async {
        use usher_clients::ClientStore as _;
        let world = World::new();
        let token = world.token().await;
        let client = world.clients.authenticate(Some(&token)).await.unwrap().client;

        assert_eq!(world.store.revoke(&client, world.clock.now()).await, Ok(true));

        world.clock.advance(Duration::from_mins(1));
        let refused = world.clients.authenticate(Some(&token)).await.err();
        assert_eq!(refused, Some(BearerError::Client));
    });
}

#[test]
fn an_application_that_is_switched_off_takes_everything_with_it() {
    block_on(async {
        for status in ["revoked", "disabled"] {
            let world = World::new();
            let registered = world.registered("tv").await;
            let token = world.token().await;
            world.clients.authenticate(Some(&token)).await.unwrap();

            world.set_status("tv", status);

            let refused = world.clients.authenticate(Some(&token)).await.err();
            assert_eq!(refused, Some(BearerError::Application));
            let refused = world.clients.issue_token(ask(&registered)).await.err();
            assert_eq!(refused, Some(TokenError::InvalidClient));
            let ask = Registration {
                software_statement: world.clients.mint_statement(&"tv".into()).unwrap(),
                // The statement is judged before the redirect URI.
                redirect_uris: vec!["https://evil.test/".into()],
            };
            let refused = world.clients.register(ask).await.err();
            assert_eq!(refused, Some(RegisterError::Statement(StatementError::Unapproved)));

            world.set_status("tv", "active");
            world.clients.authenticate(Some(&token)).await.unwrap();
        }
    });
}

#[test]
fn an_expired_token_is_told_from_a_wrong_one() {
    block_on(async {
        let world = World::new();
        let token = world.token().await;
        world.clock.advance(TTL);
        let statement = world.clients.mint_statement(&"tv".into()).unwrap();
        for (token, expected) in [
            (Some(token.as_str()), BearerError::Expired),
            (Some("not a token"), BearerError::Invalid),
            (Some(statement.as_str()), BearerError::Invalid),
            (None, BearerError::Missing),
        ] {
            assert_eq!(world.clients.authenticate(token).await.err(), Some(expected));
        }
    });
}

#[test]
fn an_application_without_the_grant_gets_no_token() {
    block_on(async {
        let world = World::new();
        let registered = world.registered("no-grant").await;
        let refused = world.clients.issue_token(ask(&registered)).await.err();
        assert_eq!(refused, Some(TokenError::UnauthorizedClient));
    });
}

#[test]
fn an_unknown_client_and_a_wrong_secret_are_the_same_to_the_outside() {
    block_on(async {
        let world = World::new();
        let registered = world.registered("tv").await;
        let wrong = Credentials {
            client_id: registered.client_id,
            client_secret: Secret::new("guess".into()),
        };
        let unknown = Credentials::new("nobody".into(), "guess".into());
        let endless = Credentials::new("x".repeat(100_000), "guess".into());
        for credentials in [wrong, unknown, endless] {
            let refused =
                world.clients.issue_token(TokenAsk { credentials, scope: None }).await.err();
            assert_eq!(refused, Some(TokenError::InvalidClient));
        }
    });
}

#[test]
fn a_token_can_be_asked_for_fewer_scopes_but_not_for_others() {
    block_on(async {
        let world = World::new();
        let registered = world.registered("tv").await;
        let asking = |scope: &str| TokenAsk { scope: Some(scope.into()), ..ask(&registered) };
        let issued = world.clients.issue_token(asking("analytics:client")).await.unwrap();
        assert_eq!(issued.scopes, [Scope::Analytics]);
        let token = issued.access_token.expose();
        let caller = world.clients.authenticate(Some(token)).await.unwrap();
        assert_eq!(caller.with_scope(Scope::Api).err(), Some(BearerError::Scope(Scope::Api)));
        let refused = world.clients.issue_token(asking("analytics:client idp:owner")).await.err();
        assert_eq!(refused, Some(TokenError::InvalidScope));
    });
}

#[test]
fn redirect_uris_are_kept_when_they_are_the_applications_own() {
    block_on(async {
        let world = World::new();
        let register = |uris: &[&str]| {
            let ask = Registration {
                software_statement: world.clients.mint_statement(&"tv".into()).unwrap(),
                redirect_uris: uris.iter().map(|uri| (*uri).into()).collect(),
            };
            world.clients.register(ask)
        };
        let uris = ["https://watch.acme.example/", "adbe.acme://back"];
        assert_eq!(register(&uris).await.unwrap().redirect_uris, uris);
        assert_eq!(register(&[]).await.unwrap().redirect_uris, ["adbe.acme://"]);
        let refused = register(&["https://watch.acme.example/", "https://evil.test/"]).await.err();
        assert_eq!(refused, Some(RegisterError::RedirectUri));
    });
}
