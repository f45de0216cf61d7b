//! Stream limiting: heartbeats and starts at several sizes, weight, recovery, and the home-grown peer.
//!
//! Everything runs in one go on one machine. Each measurement of heartbeats follows one of
//! `/health/live` of the same server; usher and its peer take turns. Processor time per request is
//! measured too: what else the machine does disturbs it less than anything else.

mod house;
mod scale;
mod starter;

use super::wrk::{Cost, Load};
use super::{Options, median};
use crate::repo::Repo;
use crate::tools;
use anyhow::{Context as _, Result};
use house::{Durability, Server};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How often everything is measured.
const ROUNDS: usize = 5;

/// The smallest number of live streams that is measured, and the first.
const FEWEST: usize = 10_000;

/// Most paths the load generator knows; spread over all streams.
const PATHS_MAX: usize = 300_000;

pub(super) fn run(repo: &Repo, binary: &Path, options: &Options) -> Result<()> {
    tools::program("wrk", "wrk")?;
    let peer = house::build_peer(repo)?;
    let scratch = repo.metadata.target_directory.join("bench-streams");
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch).context("removing the data of the last bench")?;
    }
    std::fs::create_dir_all(&scratch).context("making room for the data of this bench")?;
    let bench = Bench { repo, options, scratch, peer };
    let (usher, paths) = bench.sizes(binary)?;
    let usher = bench.crash(binary, usher, &paths)?;
    for durability in [Durability::Always, Durability::EverySecond] {
        bench.against_peer(&usher, durability)?;
    }
    usher.kill();
    scale::run(repo, &bench.scratch.join("scale"), options.streams)
}

struct Bench<'b> {
    repo: &'b Repo,
    options: &'b Options,
    scratch: PathBuf,
    peer: PathBuf,
}

impl Bench<'_> {
    /// Heartbeats with ever more live streams, then starts.
    fn sizes(&self, binary: &Path) -> Result<(Server, Vec<String>)> {
        let (server, ready_after) = house::usher(self.repo, binary, &self.scratch.join("data"))?;
        println!("ready on an empty data directory after {} ms", ready_after.as_millis());
        let empty = server.resident_bytes()?;
        println!(
            "\n{:<26} {:>9} {:>9} {:>8} {:>8} {:>8} {:>10} {:>7} {:>9} {:>10}",
            "heartbeats",
            "streams",
            "per s",
            "p50 us",
            "p99 us",
            "of live",
            "p99 x live",
            "cpu us",
            "live cpu",
            "cpu x live"
        );
        let mut paths = Vec::new();
        for size in sizes(self.options.streams) {
            paths.extend(starter::start(server.port, paths.len()..size)?);
            self.heartbeats("within a quarter hour", &server, &paths)?;
        }
        let bytes = (server.resident_bytes()? - empty) / f64_of(paths.len());
        println!(
            "the process holds {bytes:.0} bytes per stream, {:.0} of them metadata text; reports \
             included",
            starter::TEXT_BYTES
        );
        self.starts(&server)?;
        Ok((server, paths))
    }

    /// Compares heartbeats of all streams with `/health/live` and prints a row.
    fn heartbeats(&self, name: &str, server: &Server, paths: &[String]) -> Result<()> {
        let step = paths.len().div_ceil(PATHS_MAX).max(1);
        let sample: Vec<_> = paths.iter().step_by(step).cloned().collect();
        self.print_heartbeats(name, server, paths.len(), &vec![sample; ROUNDS])
    }

    /// One round for each of `rounds`, which beats these streams.
    fn print_heartbeats(
        &self,
        name: &str,
        server: &Server,
        streams: usize,
        rounds: &[Vec<String>],
    ) -> Result<()> {
        let mut costs = Vec::new();
        for paths in rounds {
            let load = self.load(server, &self.shuffled(paths)?, "none");
            let live = load.cost("live", 200, || server.cpu_us())?;
            costs.push((live, load.cost("heartbeat", 202, || server.cpu_us())?));
        }
        let middle = |of: fn(&(Cost, Cost)) -> f64| median(costs.iter().map(of).collect());
        println!(
            "{name:<26} {streams:>9} {:>9.0} {:>8.0} {:>8.0} {:>7.0}% {:>10.2} {:>7.1} {:>9.1} \
             {:>10.2}",
            middle(|(_, it)| it.load.per_second),
            middle(|(_, it)| it.load.p50_us),
            middle(|(_, it)| it.load.p99_us),
            middle(|(live, it)| 100.0 * it.load.per_second / live.load.per_second),
            middle(|(live, it)| it.load.p99_us / live.load.p99_us),
            middle(|(_, it)| it.cpu_us),
            middle(|(live, _)| live.cpu_us),
            middle(|(live, it)| it.cpu_us / live.cpu_us),
        );
        Ok(())
    }

    fn starts(&self, server: &Server) -> Result<()> {
        println!(
            "\n{:<26} {:>9} {:>9} {:>8} {:>8} {:>7}",
            "starts", "", "per s", "p50 us", "p99 us", "cpu us"
        );
        let mut rounds = Vec::new();
        for round in 0..ROUNDS {
            let load = self.load(server, Path::new(""), &format!("size{round}"));
            rounds.push(load.cost("start", 202, || server.cpu_us())?);
        }
        let middle = |of: fn(&Cost) -> f64| median(rounds.iter().map(of).collect());
        println!(
            "{:<26} {:>9} {:>9.0} {:>8.0} {:>8.0} {:>7.1}",
            "durable when answered",
            "",
            middle(|it| it.load.per_second),
            middle(|it| it.load.p50_us),
            middle(|it| it.load.p99_us),
            middle(|it| it.cpu_us),
        );
        Ok(())
    }

    /// Kills the server and starts it again on its data. Then the reports hear from each stream for the
    /// first time: what one heartbeat in fifteen costs.
    fn crash(&self, binary: &Path, server: Server, paths: &[String]) -> Result<Server> {
        server.kill();
        let data = self.scratch.join("data");
        let (server, ready_after) = house::usher(self.repo, binary, &data)?;
        println!("\nafter kill -9 ready again in {} ms, reports included", ready_after.as_millis());
        let rounds: Vec<_> =
            paths.chunks_exact(PATHS_MAX).take(ROUNDS).map(<[_]>::to_vec).collect();
        if rounds.is_empty() {
            println!("too few streams to measure first heartbeats of a quarter hour");
        } else {
            self.print_heartbeats("first of a quarter hour", &server, paths.len(), &rounds)?;
        }
        Ok(server)
    }

    /// Lets usher and the peer take turns.
    fn against_peer(&self, usher: &Server, durability: Durability) -> Result<()> {
        let data = self.scratch.join(format!("redis-{}", durability.name()));
        let peer = house::peer(&self.peer, &data, durability)?;
        println!(
            "\n{:<26} {:>9} {:>9} {:>7} {:>9} {:>9} {:>9}",
            format!("against redis, {}", durability.name()),
            "usher/s",
            "peer/s",
            "ratio",
            "usher cpu",
            "peer cpu",
            "cpu ratio"
        );
        for (profile, numbers) in [("heartbeat", 0..FEWEST), ("start", 0..0)] {
            let own = |server: &Server, name: &str| -> Result<PathBuf> {
                let offset = name.len() * 1_000_000_000;
                let paths =
                    starter::start(server.port, numbers.start + offset..numbers.end + offset)?;
                self.write_paths(&format!("{name}-{}", durability.name()), &paths)
            };
            let streams = [own(usher, "usher")?, own(&peer, "redis-peer")?];
            let mut rounds = Vec::new();
            for round in 0..ROUNDS {
                let run = format!("{}{round}", durability.name());
                let measure = |server: &Server, streams: &Path| {
                    self.load(server, streams, &run).cost(profile, 202, || server.cpu_us())
                };
                let [ours, theirs] = &streams;
                rounds.push((measure(usher, ours)?, measure(&peer, theirs)?));
            }
            let middle = |of: fn(&(Cost, Cost)) -> f64| median(rounds.iter().map(of).collect());
            println!(
                "{profile:<26} {:>9.0} {:>9.0} {:>7.2} {:>9.1} {:>9.1} {:>9.2}",
                middle(|(usher, _)| usher.load.per_second),
                middle(|(_, peer)| peer.load.per_second),
                middle(|(usher, peer)| usher.load.per_second / peer.load.per_second),
                middle(|(usher, _)| usher.cpu_us),
                middle(|(_, peer)| peer.cpu_us),
                middle(|(usher, peer)| peer.cpu_us / usher.cpu_us),
            );
        }
        peer.kill();
        Ok(())
    }

    fn load(&self, server: &Server, streams: &Path, run: &str) -> Load {
        let environment = BTreeMap::from([
            ("BENCH_STREAMS".to_owned(), streams.display().to_string()),
            ("BENCH_RUN".to_owned(), run.to_owned()),
        ]);
        Load {
            home: self.repo.root.join("bench"),
            base: server.base(),
            seconds: self.options.seconds,
            connections: self.options.connections,
            environment,
        }
    }

    /// The paths in no order, as a file.
    fn shuffled(&self, paths: &[String]) -> Result<PathBuf> {
        let mut paths = paths.to_vec();
        let mut random: usize = 1;
        for last in (1..paths.len()).rev() {
            // Numerical Recipes' generator: good enough to lose the order.
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) & 0xffff_ffff;
            paths.swap(last, random % (last + 1));
        }
        self.write_paths("sample", &paths)
    }

    fn write_paths(&self, name: &str, paths: &[String]) -> Result<PathBuf> {
        let file = self.scratch.join(format!("{name}.paths"));
        let text: String = paths.iter().flat_map(|path| [path.as_str(), "\n"]).collect();
        std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        Ok(file)
    }
}

/// Ten times as many each time, up to `most`.
fn sizes(most: usize) -> Vec<usize> {
    let tenfold = std::iter::successors(Some(FEWEST), |size| size.checked_mul(10));
    tenfold.take_while(|size| *size < most).chain([most.max(FEWEST)]).collect()
}

fn f64_of(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
