//! How far a long task is, for whoever waits at a terminal.

use std::io::{IsTerminal as _, Write as _};

/// Signs of a full bar.
const WIDTH: u64 = 30;

/// A line on standard error that is drawn over and over; nothing where nobody looks.
#[derive(Debug)]
pub(super) struct Bar {
    what: &'static str,
    shown: Option<u64>,
    is_seen: bool,
}

impl Bar {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, shown: None, is_seen: std::io::stderr().is_terminal() }
    }

    /// Shows that `done` of `total` is done.
    pub(super) fn show(&mut self, done: u64, total: u64) {
        let percent = done.saturating_mul(100) / total.max(1);
        if self.is_seen && self.shown != Some(percent) {
            self.shown = Some(percent);
            draw(&line(self.what, percent));
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if self.shown.take().is_some() {
            let blank = line(self.what, 100).chars().count();
            draw(&" ".repeat(blank));
            draw("");
        }
    }
}

fn draw(line: &str) {
    let mut out = std::io::stderr().lock();
    // A terminal that is gone needs no bar.
    let _ = write!(out, "\r{line}");
    let _ = out.flush();
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

fn line(what: &str, percent: u64) -> String {
    let full = usize::try_from(percent.min(100) * WIDTH / 100).unwrap_or(0);
    let empty = usize::try_from(WIDTH).unwrap_or(0) - full;
    format!("{what} [{}{}] {percent:>3} %", "#".repeat(full), ".".repeat(empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_from_the_left() {
        assert_eq!(line("x", 0), format!("x [{}]   0 %", ".".repeat(30)));
        assert_eq!(line("x", 50), format!("x [{}{}]  50 %", "#".repeat(15), ".".repeat(15)));
        assert_eq!(line("x", 100), format!("x [{}] 100 %", "#".repeat(30)));
    }
}
