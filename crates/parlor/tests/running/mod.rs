//! The program as it runs: what it is given, what it says, how it ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// No wait that ends well takes as long, on any machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Something has to be so that needs its turn in time. A fault shows each time; a machine that has other work does not, so the best
/// of a few tries counts.
pub(crate) fn at_best(attempt: fn()) {
    const TRIES: usize = 5;
    for _ in 1..TRIES {
        if std::panic::catch_unwind(attempt).is_ok() {
            return;
        }
    }
    attempt();
}

pub(crate) fn parlor(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    // The environment of whoever runs the tests is no setting of theirs.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PARLOR_")) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

pub(crate) fn output(args: &[&str]) -> Output {
    parlor(args).output().unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A running program with what it says.
pub(crate) struct Running {
    child: Child,
    lines: Box<dyn BufRead + Send>,
    pub(crate) seen: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = Box::new(BufReader::new(child.stderr.take().unwrap()));
        Self { child, lines, seen: String::new() }
    }

    /// The next line that contains `text`.
    pub(crate) fn line(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).unwrap();
            assert!(read > 0, "it ended without {text:?}:\n{}", self.seen);
            self.seen.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Nobody reads on: what it says from now on is lost. A program whose pipe is full would stand still.
    #[allow(dead_code, reason = "each program of tests has a copy, and not all talk so much")]
    pub(crate) fn ignore(&mut self) {
        let mut lines = std::mem::replace(&mut self.lines, Box::new(std::io::empty()));
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    }

    /// The process.
    #[allow(dead_code, reason = "each program of tests has a copy, and not all look")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// Waits for its end: how it ended, and all that it said.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < DEADLINE, "it goes on; it said\n{}", self.seen);
            std::thread::sleep(Duration::from_millis(5));
        };
        self.lines.read_to_string(&mut self.seen).unwrap();
        (status, std::mem::take(&mut self.seen))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
