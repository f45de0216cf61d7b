//! What usher adds to a question by XACML, by itself and in SAML in SOAP, what a bare socket takes for the same,
//! and what a provider that hangs costs another.
//!
//! `cargo run --release -p usher-mvpd --example provider_cost`

mod gateway;
mod pdp;

use std::error::Error;
use std::future::ready;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use gateway::{Signature, World};
use usher_entitle::AuthorizationAsk;
use usher_mvpd::Gateway;

type Failure = Box<dyn Error + Send + Sync>;

/// The one of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The protocols asked by.
const PLAIN: &str = "xacml_plain";
const SOAP: &str = "xacml_soap";

/// Questions asked before anything is measured, and those that are.
const WARM_UP: usize = 200;
const QUESTIONS: usize = 2_000;

/// Viewers who ask one after another, how often each, and how often it is all repeated.
const ASKING: usize = 4;
const EACH: usize = 400;
const ROUNDS: usize = 9;

/// Viewers who wait for the provider that hangs: far more than it has room for.
const WAITING: usize = 200;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    // Where requests are served: on a thread of the runtime.
    tokio::spawn(measure()).await?
}

async fn measure() -> Result<(), Failure> {
    let world = World::open()?;
    println(&format!("{:>6} us for an RSA signature", world.signature()?.as_micros()));
    bare(&world).await?;
    for (protocol, signature, name) in [
        (PLAIN, Signature::Rsa, "XACML by itself"),
        (SOAP, Signature::Ec, "in SAML in SOAP, signed with an elliptic curve"),
        (SOAP, Signature::Rsa, "in SAML in SOAP, signed with RSA"),
    ] {
        println(&format!("one question after another, {name}"));
        let gateway = Arc::new(world.gateway(signature)?);
        added(&world, &gateway, protocol).await?;
        together(&world, &gateway, protocol).await?;
    }
    let gateway = Arc::new(world.gateway(Signature::Rsa)?);
    beside(&world, &gateway).await
}

/// How long a socket takes that does nothing but pass the question on and read the answer: the network's part, with
/// the provider's thread being woken, and no part of usher.
async fn bare(world: &World) -> Result<(), Failure> {
    let (provider, mut times) = world.answering()?;
    let mut socket = pdp::Socket::to(provider)?;
    let mut exchange = || ready(socket.exchange());
    timed(&mut times, WARM_UP, &mut exchange).await?;
    let (_, mut beyond) = timed(&mut times, QUESTIONS, &mut exchange).await?;
    report("beyond the provider's own time, a bare socket", &mut beyond);
    Ok(())
}

/// How long a question takes, and how much of that is ours.
async fn added(world: &World, gateway: &Gateway, protocol: &str) -> Result<(), Failure> {
    let (provider, mut times) = world.answering()?;
    let ask = world.ask("Prompt", &provider, protocol)?;
    let mut question = || gateway::permitted(gateway, &ask);
    timed(&mut times, WARM_UP, &mut question).await?;
    let used = World::processor_time()?;
    let (mut totals, mut ours) = timed(&mut times, QUESTIONS, &mut question).await?;
    report("from question to answer", &mut totals);
    report("beyond the provider's own time", &mut ours);
    let each = World::processor_time()?.saturating_sub(used) / u32::try_from(QUESTIONS)?;
    println(&format!("{:>6} us of processor time, the provider's not counted", each.as_micros()));
    Ok(())
}

/// Asks so many times, one after another: how long each took, and how much of that was not the provider's own.
async fn timed<A: Future<Output = Result<(), Failure>>>(
    times: &mut Receiver<Duration>,
    questions: usize,
    question: &mut impl FnMut() -> A,
) -> Result<(Vec<Duration>, Vec<Duration>), Failure> {
    let (mut totals, mut beyond) = (Vec::new(), Vec::new());
    for _ in 0..questions {
        let start = stopwatch();
        question().await?;
        let total = start.elapsed();
        totals.push(total);
        beyond.push(total.saturating_sub(times.recv()?));
    }
    Ok((totals, beyond))
}

/// How much of the time of a question is ours when several viewers ask at once, as they do in the evening:
/// threads that are awake need not be woken.
async fn together(world: &World, gateway: &Arc<Gateway>, protocol: &str) -> Result<(), Failure> {
    let (provider, _times) = world.answering()?;
    let ask = world.ask("Prompt", &provider, protocol)?;
    crowd(gateway, &ask).await?;
    let before = World::processor_time()?;
    let questions = crowd(gateway, &ask).await?.len();
    let each = World::processor_time()?.saturating_sub(before) / u32::try_from(questions)?;
    println(&format!("{:>6} us of processor time when {ASKING} ask at once", each.as_micros()));
    Ok(())
}

/// How long questions take alone, and beside a provider that never answers.
async fn beside(world: &World, gateway: &Arc<Gateway>) -> Result<(), Failure> {
    let (prompt, _times) = world.answering()?;
    let ask = world.ask("Prompt", &prompt, SOAP)?;
    let dead = world.ask("Dead", &World::silent()?, SOAP)?;
    let mut ratios = Vec::new();
    println(&format!("{ASKING} viewers ask; {WAITING} others wait for a provider that hangs"));
    for _ in 0..ROUNDS {
        let mut alone = crowd(gateway, &ask).await?;
        let waiting: Vec<_> =
            (0..WAITING).map(|_| tokio::spawn(wait(Arc::clone(gateway), dead.clone()))).collect();
        let mut together = crowd(gateway, &ask).await?;
        for waiting in waiting {
            waiting.abort();
        }
        ratios.push(percentile(&mut together, 99) * 100 / percentile(&mut alone, 99).max(1));
        report("alone", &mut alone);
        report("beside", &mut together);
    }
    ratios.sort_unstable();
    println(&format!("p99 beside, in percent of p99 alone: {ratios:?}"));
    Ok(())
}

/// The times of many questions, a few of them at once.
async fn crowd(gateway: &Arc<Gateway>, ask: &AuthorizationAsk) -> Result<Vec<Duration>, Failure> {
    let asking: Vec<_> = (0..ASKING)
        .map(|_| {
            let (gateway, ask) = (Arc::clone(gateway), ask.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                for _ in 0..EACH {
                    times.push(asked(&gateway, &ask).await?);
                }
                Ok::<_, Failure>(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for viewer in asking {
        times.extend(viewer.await??);
    }
    Ok(times)
}

/// One question, which must be permitted.
async fn asked(gateway: &Gateway, ask: &AuthorizationAsk) -> Result<Duration, Failure> {
    let start = stopwatch();
    gateway::permitted(gateway, ask).await?;
    Ok(start.elapsed())
}

/// Asks again and again, and never hears anything.
async fn wait(gateway: Arc<Gateway>, ask: AuthorizationAsk) {
    loop {
        if gateway::permitted(&gateway, &ask).await.is_ok() {
            return;
        }
    }
}

fn report(name: &str, times: &mut [Duration]) {
    let (median, p99) = (percentile(times, 50), percentile(times, 99));
    println(&format!("{median:>6} us median  {p99:>6} us p99  {name}"));
}

fn percentile(times: &mut [Duration], part: usize) -> u128 {
    times.sort_unstable();
    times.get(times.len() * part / 100).map_or(0, Duration::as_micros)
}

#[expect(clippy::print_stdout, reason = "printing is what the example is for")]
fn println(text: &str) {
    println!("{text}");
}

#[expect(clippy::disallowed_methods, reason = "the example measures real time")]
fn stopwatch() -> Instant {
    Instant::now()
}
