//! Who may watch: decisions against what signatures allow, reads beside signatures, many profiles.
//!
//! Decisions are compared with a server that does nothing but sign (`signed_noop`), by rate and by processor
//! time: once it answers the smallest request with a signature alone, and once it is sent the request for a decision
//! and answers as many bytes. And with the sum of a no-op request at full load and one signature: the least
//! that an answer with a signed token can cost. What else the machine does disturbs processor time less than rates.

use super::demo::Demo;
use super::process::{Process, free_port};
use super::wrk::{Cost, Load, Measured};
use super::{Options, built, median};
use crate::repo::Repo;
use crate::tools;
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How often everything is measured.
const ROUNDS: usize = 5;

/// The smaller number of profiles that reads are measured with; more than are kept in memory.
const FEWER_PROFILES: usize = 200_000;

/// Profiles that are weighed: of the provider that speaks SAML, then of the one that speaks OpenID Connect.
const WEIGHED_PROFILES: usize = 20_000;
const SAML_MODEL: &str = "bench-device-saml";
const OAUTH_MODEL: &str = "bench-device";

/// Milliseconds between requests of one connection, on average, where the pace is given.
const PAUSE_MS: u32 = 20;

/// Makes the record store say what it does.
const SQL_LOGGED: [&str; 1] = ["log.filter=error,sqlx::query=debug"];

/// The forms of media tokens: name, setting, and the signature in each.
const FORMS: [(&str, &str, &str); 2] = [
    ("XML", "entitlement.media_token_format=xml", "RS256"),
    ("JWS", "entitlement.media_token_format=jws", "ES256"),
];

/// The server that does nothing but sign.
const SIGNED_NOOP: [&str; 4] = ["--package", "usher-http", "--example", "signed_noop"];

pub(super) fn run(repo: &Repo, binary: &Path, options: &Options) -> Result<()> {
    tools::program("wrk", "wrk")?;
    let scratch = &repo.metadata.target_directory;
    // Everything is built before the first stream starts: none of them outlives a build.
    let signing = built(repo, &SIGNED_NOOP, "examples/signed_noop")?;
    let signatures = signature_costs(repo)?;
    println!("a signature costs {signatures:?} us");
    let [documented, _] = FORMS;
    let mut demo = Demo::start(binary, scratch, &[documented.1])?;
    let mut bench = Bench {
        load: Load {
            home: repo.root.join("bench"),
            base: demo.base(),
            seconds: options.seconds,
            connections: options.connections,
            environment: demo.prepare(repo)?,
        },
    };
    println!("{} s per measurement, {ROUNDS} rounds", options.seconds);
    bench.reads(&demo)?;
    for (name, setting, algorithm) in FORMS {
        let signature = signatures.get(algorithm).copied().context("a signature's cost")?;
        demo.interrupted(&[setting], |_| Ok(()))?;
        let answer = bench.recorded_decision(&demo)?;
        let least = SignedNoop::start(&signing, algorithm, None, &bench.load)?;
        let same = SignedNoop::start(&signing, algorithm, Some(&answer), &bench.load)?;
        bench.authorize(&demo, (&least, &same), name, signature)?;
    }
    demo.interrupted(&[documented.1], |_| Ok(()))?;
    bench.beside_signatures()?;
    bench.many_profiles(&mut demo, options.profiles)?;
    bench.statements(&mut demo)
}

/// Decisions and what limits them, one after the other.
struct Round {
    /// `/health/live`.
    live: Cost,
    /// The smallest request, answered with a signature.
    least: Cost,
    /// A request and an answer as large as those of a decision, and a signature.
    same: Cost,
    decision: Cost,
}

struct Bench {
    load: Load,
}

impl Bench {
    fn cost(&self, demo: &Demo, profile: &str) -> Result<Cost> {
        self.load.cost(profile, 200, || demo.cpu_us())
    }

    /// `profile` after `/health/live`, several times over.
    fn beside_live(&self, demo: &Demo, profile: &str) -> Result<Vec<(Cost, Cost)>> {
        (0..ROUNDS).map(|_| Ok((self.cost(demo, "live")?, self.cost(demo, profile)?))).collect()
    }

    fn reads(&self, demo: &Demo) -> Result<()> {
        let costs = self.beside_live(demo, "profile")?;
        let middle = |of: fn(&(Cost, Cost)) -> f64| median(costs.iter().map(of).collect());
        println!(
            "profile reads: {:.0} per s, {:.0} % of live; p99 {:.0} us; {:.1} us of processor time, \
             live {:.1}",
            middle(|(_, it)| it.load.per_second),
            middle(|(live, it)| 100.0 * it.load.per_second / live.load.per_second),
            middle(|(_, it)| it.load.p99_us),
            middle(|(_, it)| it.cpu_us),
            middle(|(live, _)| live.cpu_us),
        );
        Ok(())
    }

    /// Decisions that are remembered, with media tokens of the form `name`.
    fn authorize(
        &self,
        demo: &Demo,
        (least, same): (&SignedNoop, &SignedNoop),
        name: &str,
        signature_us: f64,
    ) -> Result<()> {
        let round = |_| {
            Ok(Round {
                live: self.cost(demo, "live")?,
                least: least.cost("live")?,
                same: same.cost("authorize")?,
                decision: self.cost(demo, "authorize")?,
            })
        };
        let rounds = (0..ROUNDS).map(round).collect::<Result<Vec<_>>>()?;
        let middle = |of: &dyn Fn(&Round) -> f64| median(rounds.iter().map(of).collect());
        println!("\nauthorize, remembered, {name} token");
        println!("{:<26} {:>9} {:>8} {:>8} {:>8}", "", "per s", "rate", "cpu us", "cpu");
        let limit = |what, of: fn(&Round) -> Cost| (what, of);
        for (what, limit) in [
            limit("least no-op, signed", |it| it.least),
            limit("no-op of this size, signed", |it| it.same),
        ] {
            println!(
                "{what:<26} {:>9.0} {:>7.0}% {:>8.1} {:>7.0}%",
                middle(&|it| limit(it).load.per_second),
                middle(&|it| 100.0 * it.decision.load.per_second / limit(it).load.per_second),
                middle(&|it| limit(it).cpu_us),
                middle(&|it| 100.0 * limit(it).cpu_us / it.decision.cpu_us),
            );
        }
        let (sum, cost) =
            (middle(&|it| it.live.cpu_us) + signature_us, middle(&|it| it.decision.cpu_us));
        println!(
            "{:<26} {:>9} {:>8} {sum:>8.1} {:>7.0}%",
            "live and a signature",
            "",
            "",
            100.0 * sum / cost
        );
        println!(
            "{:<26} {:>9.0} {:>8} {cost:>8.1}; p50 {:.0} us, p99 {:.0} us",
            "a decision",
            middle(&|it| it.decision.load.per_second),
            "",
            middle(&|it| it.decision.load.p50_us),
            middle(&|it| it.decision.load.p99_us),
        );
        Ok(())
    }

    /// The file with the answer to one decision.
    fn recorded_decision(&self, demo: &Demo) -> Result<PathBuf> {
        let known = |name: &str| self.load.environment.get(name).context("what prepare.py knows");
        let (token, device) = (known("BENCH_TOKEN")?, known("BENCH_DEVICE")?);
        let head = format!(
            "POST /api/v2/REF30/decisions/authorize/Cablevision HTTP/1.1\r\nAuthorization: {token}\r\n\
             AP-Device-Identifier: {device}\r\nContent-Type: application/json\r\n"
        );
        let answer = demo.answer_to(&head, r#"{"resources":["acme-sports"]}"#)?;
        ensure!(answer.contains("serializedToken"), "a decision was answered: {answer}");
        let file = demo.data.join("bench-decision");
        std::fs::write(&file, answer).context("keeping the answer to a decision")?;
        Ok(file)
    }

    /// What heartbeats and profile reads at a given pace feel of RSA signatures: beside authorizations,
    /// and beside as many requests without a signature.
    fn beside_signatures(&self) -> Result<()> {
        println!(
            "\n{:<26} {:>9} {:>12} {:>12} {:>8}",
            "p99 us", "per s", "beside live", "beside RSA", "moved"
        );
        for (name, status) in [("heartbeat", 202), ("profile", 200)] {
            let mut rounds = Vec::new();
            for _ in 0..ROUNDS {
                rounds.push((
                    self.paced(name, status, "live")?,
                    self.paced(name, status, "authorize")?,
                ));
            }
            let middle =
                |of: fn(&(Measured, Measured)) -> f64| median(rounds.iter().map(of).collect());
            println!(
                "{name:<26} {:>9.0} {:>12.0} {:>12.0} {:>7.0}%",
                middle(|(_, it)| it.per_second),
                middle(|(live, _)| live.p99_us),
                middle(|(_, it)| it.p99_us),
                middle(|(live, it)| 100.0 * (it.p99_us / live.p99_us - 1.0)),
            );
        }
        Ok(())
    }

    /// `profile` at a given pace while others make `neighbour`'s requests at the same pace.
    fn paced(&self, profile: &str, status: u16, neighbour: &str) -> Result<Measured> {
        let mut load = Load { connections: 8, ..self.load.clone() };
        load.environment.insert("BENCH_PAUSE_MS".to_owned(), PAUSE_MS.to_string());
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| load.measure(neighbour, 200));
            let measured = load.measure(profile, status);
            beside.join().map_err(|_| anyhow::anyhow!("the neighbour panicked"))??;
            measured
        })
    }

    /// What profiles weigh, and whether their number matters to whoever reads one for the first time.
    fn many_profiles(&mut self, demo: &mut Demo, most: usize) -> Result<()> {
        let home = self.load.home.clone();
        let weights = demo.interrupted(&[], |data| {
            let saml = filled(&home, data, WEIGHED_PROFILES, SAML_MODEL)?;
            Ok((saml, filled(&home, data, 2 * WEIGHED_PROFILES, OAUTH_MODEL)?))
        })?;
        let (saml, oauth) = weights;
        println!("\na profile takes {saml:.0} bytes on disk (SAML), {oauth:.0} (OpenID Connect)");
        println!(
            "\n{:<26} {:>9} {:>9} {:>8} {:>8}",
            "first reads", "profiles", "per s", "p50 us", "p99 us"
        );
        for count in [FEWER_PROFILES, most.max(FEWER_PROFILES)] {
            let mut rounds = Vec::new();
            for _ in 0..ROUNDS {
                demo.interrupted(&[], |data| filled(&home, data, count, SAML_MODEL))?;
                let devices = demo.data.join("bench-devices").display().to_string();
                self.load.environment.insert("BENCH_DEVICES".to_owned(), devices);
                rounds.push(self.load.measure("profiles", 200)?);
            }
            let middle = |of: fn(&Measured) -> f64| median(rounds.iter().map(of).collect());
            println!(
                "{:<26} {count:>9} {:>9.0} {:>8.0} {:>8.0}",
                "",
                middle(|it| it.per_second),
                middle(|it| it.p50_us),
                middle(|it| it.p99_us),
            );
        }
        Ok(())
    }

    /// Counts SQL statements during reads of known and of unknown profiles.
    fn statements(&self, demo: &mut Demo) -> Result<()> {
        demo.interrupted(&SQL_LOGGED, |_| Ok(()))?;
        let load = Load { seconds: 1, ..self.load.clone() };
        println!("\n{:<26} {:>9} {:>12}", "SQL", "requests", "statements");
        // The first request of each kind may look things up.
        for (name, profile, warmed) in [
            ("first profile reads", "profiles", false),
            ("profile reads", "profile", true),
            ("authorize, remembered", "authorize", true),
        ] {
            if warmed {
                load.measure(profile, 200)?;
            }
            let before = statements(demo)?;
            let requests = load.measure(profile, 200)?.requests;
            println!("{name:<26} {requests:>9.0} {:>12}", statements(demo)? - before);
        }
        Ok(())
    }
}

/// A server that does nothing but sign.
struct SignedNoop {
    process: Process,
    load: Load,
}

impl SignedNoop {
    /// Answers like the one in `example`, if there is one.
    fn start(binary: &Path, algorithm: &str, example: Option<&Path>, load: &Load) -> Result<Self> {
        let port = free_port()?;
        let mut command = Command::new(binary);
        command.args([&port.to_string(), algorithm]).args(example);
        let mut process = Process::start(&mut command)?;
        process.wait_for_ok(port, "/health/live")?;
        let load = Load { base: format!("http://127.0.0.1:{port}"), ..load.clone() };
        Ok(Self { process, load })
    }

    fn cost(&self, profile: &str) -> Result<Cost> {
        self.load.cost(profile, 200, || self.process.cpu_us())
    }
}

fn statements(demo: &Demo) -> Result<usize> {
    Ok(demo.log()?.lines().filter(|line| line.contains("sqlx::query")).count())
}

/// Puts copies of the profile of the device `model` into the stopped server's data until there are `count`;
/// how many bytes each of them takes.
fn filled(home: &Path, data: &Path, count: usize, model: &str) -> Result<f64> {
    let python = tools::program("python3", "python3")?;
    let output = Command::new(python)
        .arg(home.join("profiles.py"))
        .arg(data)
        .arg(count.to_string())
        .arg(model)
        .stderr(Stdio::inherit())
        .output()
        .context("bench/profiles.py could not be started")?;
    ensure!(output.status.success(), "bench/profiles.py failed");
    String::from_utf8_lossy(&output.stdout).trim().parse().context("output of profiles.py")
}

/// Microseconds of each kind of signature on this machine, now.
fn signature_costs(repo: &Repo) -> Result<BTreeMap<String, f64>> {
    let output = Command::new("cargo")
        .args(["run", "--release", "--locked", "--quiet", "--package", "usher-jose"])
        .args(["--example", "signature_cost"])
        .current_dir(&repo.root)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo run could not be started")?;
    ensure!(output.status.success(), "the example signature_cost failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let costs = text.lines().filter_map(|line| {
        let (name, cost) = line.split_once(' ')?;
        Some((name.to_owned(), cost.parse().ok()?))
    });
    Ok(costs.collect())
}
