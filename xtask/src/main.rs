//! `cargo xtask`: what is done with this repository besides writing it. One command is one file; this one reads the
//! command line and says how it ended.
//!
//! Nothing of parlor itself lives here, and no crate of parlor is a dependency, so that this builds in seconds.

// A program for the terminal: it prints, runs other programs and looks at the clock.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

mod bench;
mod ci;
mod counts;
mod e2e;
mod fuzz;
mod help;
mod lint;
mod messages;
mod notices;
mod place;
mod process;
mod provide;
mod relays;
mod replay;
mod report;
mod screenshots;
mod suite;
mod wasm;

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::{Long, Short, Value, ValueExt};

/// A command line, read.
struct Command {
    name: String,
    /// What follows the name, options excluded.
    words: Vec<String>,
    full: bool,
    write: bool,
    /// The name after `--as-test`.
    as_test: Option<String>,
    /// The numbers after `--seconds` and `--seed`.
    seconds: Option<u64>,
    seed: Option<u64>,
    /// What follows `--`, for the program that the command runs.
    rest: Vec<String>,
}

fn main() -> ExitCode {
    let command = match read_command_line() {
        Ok(Some(command)) => command,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error}\nTry: cargo xtask --help");
            return ExitCode::from(2);
        }
    };
    match carry_out(&command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo xtask {}: {error:#}", command.name);
            ExitCode::FAILURE
        }
    }
}

/// `None` when help was asked for and given.
fn read_command_line() -> Result<Option<Command>> {
    let mut parser = lexopt::Parser::from_env();
    let mut name: Option<String> = None;
    let mut command = Command {
        name: String::new(),
        words: Vec::new(),
        full: false,
        write: false,
        as_test: None,
        seconds: None,
        seed: None,
        rest: Vec::new(),
    };
    let mut help_wanted = false;
    loop {
        if let Some(mut raw) = parser.try_raw_args()
            && raw.next_if(|word| word == "--").is_some()
        {
            command.rest = raw.map(|word| word.string()).collect::<Result<_, _>>()?;
            break;
        }
        let Some(arg) = parser.next()? else { break };
        match arg {
            Short('h') | Long("help") => help_wanted = true,
            Long("full") => command.full = true,
            Long("write") => command.write = true,
            Long("seconds") => command.seconds = Some(parser.value()?.parse()?),
            Long("seed") => command.seed = Some(parser.value()?.parse()?),
            Long("as-test") => command.as_test = Some(parser.value()?.string()?),
            Value(word) if name.is_none() => name = Some(word.string()?),
            Value(word) => command.words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    match name {
        Some(name) if name != "help" => {
            if help::of(&name).is_none() {
                bail!("there is no command {name:?}");
            }
            command.name = name;
            if !help_wanted {
                return Ok(Some(command));
            }
            println!("{}", help::of(&command.name).unwrap_or(help::ALL));
        }
        _ => {
            let asked = command.words.first().and_then(|word| help::of(word));
            println!("{}", asked.unwrap_or(help::ALL));
        }
    }
    Ok(None)
}

/// True when everything was as it should be.
fn carry_out(command: &Command) -> Result<bool> {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let none_of = |what: &str| match words.first() {
        Some(word) => bail!("{what} takes no {word:?}"),
        None => Ok(()),
    };
    match command.name.as_str() {
        "lint" => Ok(lint::lint(&words)?.finish()),
        "test" => none_of("test").and_then(|()| Ok(suite::test()?.finish())),
        "ci" => none_of("ci").and_then(|()| ci::ci()),
        "e2e" => e2e::e2e(command.full, &words, &command.rest),
        "wasm" => wasm::wasm(&words).map(|()| true),
        "bench" => bench::bench(&words, &command.rest),
        "screenshots" => screenshots::screenshots(&words).map(|()| true),
        "fuzz" => fuzz::fuzz(&words, command.seconds, command.seed),
        "replay" => replay::replay(&words, command.as_test.as_deref()),
        "messages" => none_of("messages").and_then(|()| messages::messages()).map(|()| true),
        "notices" => none_of("notices").and_then(|()| notices::notices()).map(|()| true),
        "requirements" => none_of("requirements").and_then(|()| lint::requirements::write()).map(|()| true),
        other => bail!("there is no command {other:?}"),
    }
}
