//! Asking a REST decision point: answers, failures, budgets, access tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Map, json};
use tokio::net::TcpSocket;
use usher_entitle::{
    AuthorizationAsk, DenyReason, MvpdAuthorization as _, MvpdFailure, MvpdOutcome,
};

use crate::peer::{Peer, Reply, json as reply};
use crate::world::{World, provider};

async fn outcomes(world: &World, ask: &AuthorizationAsk) -> Vec<MvpdOutcome> {
    world.gateway.decide(ask).await.into_iter().map(|decision| decision.outcome).collect()
}

fn permit(ttl: Option<u64>) -> MvpdOutcome {
    MvpdOutcome::Permit { ttl: ttl.map(Duration::from_secs), attributes: Map::new() }
}

fn denied(reason: DenyReason) -> MvpdOutcome {
    MvpdOutcome::Deny { reason, details: None }
}

#[tokio::test]
async fn several_resources_are_asked_side_by_side_and_answered_in_order() {
    let peer = Peer::answering(|request| {
        use base64::Engine as _;
        let mrss = base64::engine::general_purpose::STANDARD.decode(&request.query["mrss"]);
        let mrss = String::from_utf8(mrss.unwrap()).unwrap();
        let decision = if mrss.contains("<title>two</title>") { "Deny" } else { "Permit" };
        reply(&json!({"decision": decision, "ttl": 60}))
    })
    .await;
    let world = World::with(&peer);

    let answers = outcomes(&world, &world.ask(&["one", "two", "three", "\u{0}"])).await;

    assert_eq!(answers[..3], [permit(Some(60)), denied(DenyReason::NotEntitled), permit(Some(60))]);
    assert!(matches!(&answers[3], MvpdOutcome::Deny { details: Some(_), .. }));
    let asked = peer.asked_for("/decide");
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| request.query["IPAddress"] == "198.51.100.23"));
    assert!(asked.iter().all(|request| request.query["uuID"] == "u-1"));
}

#[tokio::test]
async fn a_provider_that_does_not_answer_properly_gives_no_answer() {
    let peer = Peer::answering(|_| Reply::HangsUp).await;
    let world = World::with(&peer);
    let ask = world.ask(&["one"]);
    for (answer, failure) in [
        ((|| Reply::HangsUp) as fn() -> Reply, MvpdFailure::BadAnswer),
        (|| Reply::Plain(500, String::new()), MvpdFailure::BadAnswer),
        (|| Reply::Elsewhere("/decide".into()), MvpdFailure::BadAnswer),
        (|| Reply::Endless(257 * 1024), MvpdFailure::BadAnswer),
        (|| Reply::Plain(200, "yes".into()), MvpdFailure::BadAnswer),
        (|| Reply::Silence, MvpdFailure::BudgetExceeded),
        (|| Reply::Hangs, MvpdFailure::BudgetExceeded),
    ] {
        peer.now_answers(move |_| answer());
        let decisions = world.gateway.decide(&ask).await;
        assert_eq!(decisions[0].outcome, MvpdOutcome::Failed(failure));
        assert_eq!(failure == MvpdFailure::BudgetExceeded, decisions[0].latency >= ask.budget);
    }
    // A connection that breaks before there is an answer is tried once more.
    assert_eq!(peer.asked_for("/decide").len(), 8);
}

#[tokio::test]
async fn a_connection_that_is_not_made_in_time_says_so() {
    // A listener whose queue is full: further connections are neither taken nor refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(100), tokio::net::TcpStream::connect(address))
            .await
    {
        waiting.push(stream);
    }
    let peer = Peer::answering(|_| Reply::HangsUp).await;
    let mut mvpd = provider(&peer);
    mvpd["authz"]["url"] = json!(format!("http://{address}/decide"));
    let world = World::of(&mvpd);

    let answers = outcomes(&world, &world.ask(&["one"])).await;

    assert_eq!(answers, [MvpdOutcome::Failed(MvpdFailure::ConnectionTimeout)]);
}

#[tokio::test]
async fn a_provider_gets_only_so_many_questions_at_once_and_waiting_costs_budget() {
    let peer = Peer::answering(|_| Reply::Silence).await;
    let world = World::with(&peer);

    let decisions = world.gateway.decide(&world.ask(&["1", "2", "3", "4"])).await;

    let failed = MvpdOutcome::Failed(MvpdFailure::BudgetExceeded);
    assert!(decisions.iter().all(|decision| decision.outcome == failed));
    let asked = decisions.iter().filter(|decision| decision.latency > Duration::ZERO).count();
    assert_eq!((asked, peer.asked_for("/decide").len()), (2, 2));
}

#[tokio::test]
async fn mvpd_14_an_expired_access_token_is_refreshed_once_with_the_same_refresh_token() {
    let refreshes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&refreshes);
    let peer = Peer::answering(move |request| match request.path.as_str() {
        "/token" if request.form["refresh_token"] == "refresh-0" => {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            reply(&json!({
                "access_token": format!("access-{number}"), "token_type": "Bearer", "expires_in": 600,
            }))
        }
        _ => reply(&json!({"decision": "Permit"})),
    })
    .await;
    let world = World::with(&peer);
    let mut ask = world.ask(&["one", "two", "three"]);
    ask.credentials = Some(world.credentials(31));
    let bearers = || {
        let asked = peer.asked_for("/decide");
        let last = asked[asked.len() - 3..].iter();
        last.map(|request| request.headers["authorization"].clone()).collect::<Vec<_>>()
    };

    assert_eq!(outcomes(&world, &ask).await, vec![permit(None); 3]);
    assert_eq!(bearers(), ["Bearer access-0"; 3]);

    world.clock.advance(Duration::from_secs(1));
    assert_eq!(outcomes(&world, &ask).await, vec![permit(None); 3]);
    assert_eq!(bearers(), ["Bearer access-1"; 3]);
    assert_eq!(refreshes.load(Ordering::SeqCst), 1);

    world.clock.advance(Duration::from_secs(570));
    assert_eq!(outcomes(&world, &ask).await, vec![permit(None); 3]);
    assert_eq!(bearers(), ["Bearer access-2"; 3]);
    assert_eq!(refreshes.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn mvpd_15_a_refused_refresh_token_means_that_the_session_is_over() {
    let peer = Peer::answering(|_| Reply::Plain(400, r#"{"error":"invalid_grant"}"#.into())).await;
    let world = World::with(&peer);
    let mut ask = world.ask(&["one"]);
    ask.credentials = Some(world.credentials(0));
    assert_eq!(outcomes(&world, &ask).await, [denied(DenyReason::SessionInvalidated)]);

    peer.now_answers(|_| Reply::Plain(401, r#"{"error":"invalid_client"}"#.into()));
    let failed = [MvpdOutcome::Failed(MvpdFailure::BadAnswer)];
    assert_eq!(outcomes(&world, &ask).await, failed);
    assert!(peer.asked_for("/decide").is_empty());
}

#[tokio::test]
async fn a_rotated_refresh_token_is_used_from_then_on() {
    let peer = Peer::answering(|request| match request.path.as_str() {
        "/token" => {
            let used = request.form["refresh_token"].clone();
            reply(&json!({
                "access_token": used, "token_type": "Bearer", "expires_in": 60,
                "refresh_token": format!("{used}+"),
            }))
        }
        _ => reply(&json!({"decision": "Permit"})),
    })
    .await;
    let world = World::with(&peer);
    let mut ask = world.ask(&["one"]);
    ask.credentials = Some(world.credentials(0));
    for _ in 0..3 {
        assert_eq!(outcomes(&world, &ask).await, [permit(None)]);
        world.clock.advance(Duration::from_mins(1));
    }
    let used: Vec<_> =
        peer.asked_for("/token").iter().map(|it| it.form["refresh_token"].clone()).collect();
    assert_eq!(used, ["refresh-0", "refresh-0+", "refresh-0++"]);
}

#[tokio::test]
async fn the_access_token_that_came_with_a_rotated_refresh_token_is_used_up() {
    let peer = Peer::answering(|request| match request.path.as_str() {
        "/token" => reply(&json!({
            "access_token": "access-1", "token_type": "Bearer", "expires_in": 60,
            "refresh_token": "refresh-1",
        })),
        _ => reply(&json!({"decision": "Permit"})),
    })
    .await;
    let world = World::with(&peer);
    let mut ask = world.ask(&["one"]);
    ask.credentials = Some(world.credentials(0));
    for _ in 0..2 {
        let [decision] = world.gateway.decide(&ask).await.try_into().unwrap();
        assert_eq!(decision.outcome, permit(None));
        ask.credentials = decision.credentials.or(ask.credentials);
    }

    let used: Vec<_> =
        peer.asked_for("/token").iter().map(|it| it.form["refresh_token"].clone()).collect();
    assert_eq!(used, ["refresh-0"]);
    let bearers: Vec<_> =
        peer.asked_for("/decide").iter().map(|it| it.headers["authorization"].clone()).collect();
    assert_eq!(bearers, ["Bearer access-1"; 2]);
}
