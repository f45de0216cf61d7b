//! `usher events`.

use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand, value_parser};
use jiff::civil::Date;
use usher_core::Clock as _;
use usher_server::clock::SystemClock;
use usher_server::demo::Past;
use usher_server::events::generate_into;

use super::progress::Bar;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Load reporting events from an NDJSON file into a data directory; nothing when a line is bad. The
    /// server that owns the directory must not be running.
    Import {
        /// The file: one event per line.
        file: PathBuf,
        /// The data directory.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Write the events of a data directory as NDJSON, in the order of time. The server that owns the
    /// directory must not be running.
    Export(Export),
    /// Fill a data directory with made-up activity of an audience of any size, to see what it would take
    /// to keep and to report. The server that owns the directory must not be running.
    Generate(Generate),
}

#[derive(Debug, Args)]
pub(super) struct Generate {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// How many days before today.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = value_parser!(u32).range(1..=3_653))]
    days: u32,
    /// How many households; each makes about 27 events a day.
    #[arg(long, value_name = "N", default_value_t = 300)]
    households: u64,
    /// Which activity.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The file to write; standard output when absent.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The first day, in report time.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// The last day, in report time.
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
}

pub(super) fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::Import { file, data } => {
            let mut bar = Bar::new("loading");
            let added = super::on_runtime(usher_server::events::import_into(
                &data,
                &file,
                &mut |done, total| bar.show(done, total),
            ))?;
            bar.clear();
            super::say(&format!("{added} new events from {}\n", file.display()))?;
        }
        Action::Export(options) => export(&options)?,
        Action::Generate(options) => {
            let Generate { data, days, households, seed } = options;
            let until = SystemClock.now();
            let past = Past { days, seed, until, households: Some(households) };
            let mut bar = Bar::new("making up");
            let mut progress = |done, total| bar.show(done, total);
            let added = super::on_runtime(generate_into(&data, past, &mut progress))?;
            bar.clear();
            super::say(&format!("{added} new events in {}\n", data.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn export(options: &Export) -> Result<()> {
    let days = (options.from, options.until);
    let mut bar = Bar::new("writing");
    let mut progress = |done, total| bar.show(done, total);
    let Some(path) = &options.to else {
        let mut out = BufWriter::new(io::stdout().lock());
        let written = usher_server::events::export(&options.data, days, &mut out, &mut progress);
        return match written.and_then(|_| Ok(out.flush()?)) {
            // Who closes the pipe has seen enough.
            Err(error) if is_closed_pipe(&error) => Ok(()),
            finished => finished,
        };
    };
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    let written = usher_server::events::export(&options.data, days, &mut out, &mut progress)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    bar.clear();
    super::say(&format!("{written} events to {}\n", path.display()))
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io_error = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
