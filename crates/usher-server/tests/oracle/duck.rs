//! One `DuckDB` process that answers SQL as long as a test runs.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// Rows of texts.
pub(super) type Rows = Vec<Vec<String>>;

/// The other side of `tests/python/oracle.py`.
pub(super) struct Duck {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Duck {
    /// Starts a process in `directory`, which relative file names in SQL are about.
    pub(super) fn start(directory: &Path) -> Self {
        let python = std::env::var_os("USHER_TEST_PYTHON")
            .expect("USHER_TEST_PYTHON is not set: run the tests with `cargo xtask test`");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/python/oracle.py");
        let mut child = Command::new(python)
            .arg(script)
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, orders, answers }
    }

    /// Reads event files into tables; tells how many different events there are.
    pub(super) fn load(&mut self, files: &[&Path]) -> u64 {
        self.order(&json!({ "load": files }));
        self.end()[0][0].parse().unwrap()
    }

    /// Begins a query; its rows are what [`Self::end`] returns next.
    pub(super) fn begin(&mut self, sql: &str) {
        self.order(&json!({ "sql": sql }));
    }

    /// The rows of what was begun.
    pub(super) fn end(&mut self) -> Rows {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("DuckDB says {answer}"))
    }

    /// Runs a query.
    pub(super) fn ask(&mut self, sql: &str) -> Rows {
        self.begin(sql);
        self.end()
    }

    fn order(&mut self, order: &Value) {
        writeln!(self.orders, "{order}").unwrap();
    }
}

impl Drop for Duck {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
