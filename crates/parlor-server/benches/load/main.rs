//! The load generator behind `cargo xtask bench`: one measurement a file, everything that they share beside them.
//!
//! With `--bench` it measures servers that run in processes of their own, on CPU 0, and prints one JSON line for each
//! figure. Without it, as `cargo test` starts it, every measurement runs once and tiny against a server in this process,
//! so that none can rot; what it would print then is no measurement and is not printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement that can't go on stops with a sentence; it reads the clock and owns threads and processes"
)]

mod bare;
mod figures;
mod forward;
mod janus;
mod join;
mod leave;
mod list;
mod memory;
mod peerjs;
mod relay;
mod servers;
mod size;
mod swarm;
mod usage;
mod websocket;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::figures::Figures;
use crate::servers::Programs;

/// How large everything is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// As docs/measurements.md says.
    Full,
    /// Just enough to go through every step.
    Tiny,
}

impl Scale {
    /// One figure or the other.
    pub(crate) fn pick<T>(self, full: T, tiny: T) -> T {
        match self {
            Self::Full => full,
            Self::Tiny => tiny,
        }
    }
}

type Measurement = fn(&Programs, Scale, &mut Figures);

const ALL: &[(&str, Measurement)] = &[
    ("relay", relay::measure),
    ("list", list::measure),
    ("join", join::measure),
    ("leave", leave::measure),
    ("memory", memory::measure),
    ("peerjs", peerjs::measure),
    ("size", size::measure),
    ("forward", forward::measure),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("--bare") => {
            bare::serve(&words[1..]);
            ExitCode::SUCCESS
        }
        _ if words.iter().any(|word| word == "--bench") => bench(&words),
        _ => test(),
    }
}

fn bench(words: &[String]) -> ExitCode {
    let mut scale = Scale::Full;
    let (mut parlor, mut peer_server, mut janus) = (None, None, None);
    let mut wanted: Vec<&str> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bench" => {}
            "--tiny" => scale = Scale::Tiny,
            "--parlor" => parlor = words.next().map(PathBuf::from),
            "--peer-server" => peer_server = words.next().map(PathBuf::from),
            "--janus" => janus = words.next().map(PathBuf::from),
            name if ALL.iter().any(|(known, _)| *known == name) => wanted.push(name),
            other => {
                eprintln!("there is no {other:?}; this is started by cargo xtask bench");
                return ExitCode::from(2);
            }
        }
    }
    let Some(parlor) = parlor else {
        eprintln!("--parlor PROGRAM is missing; this is started by cargo xtask bench");
        return ExitCode::from(2);
    };
    let programs = Programs::Processes { parlor, peer_server, janus };
    for (name, measure) in ALL {
        if wanted.is_empty() || wanted.contains(name) {
            eprintln!("{name} …");
            let mut figures = Figures::new(name);
            measure(&programs, scale, &mut figures);
            for line in figures.lines() {
                println!("{line}");
            }
        }
    }
    ExitCode::SUCCESS
}

/// Every measurement as a test.
fn test() -> ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let tests = ALL
        .iter()
        .map(|(name, measure)| {
            libtest_mimic::Trial::test(format!("bench_{name}_runs"), || {
                let mut figures = Figures::new(name);
                measure(&Programs::InThisProcess, Scale::Tiny, &mut figures);
                if figures.lines().is_empty() {
                    return Err("no figure came out".into());
                }
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(&arguments, tests).exit_code()
}
