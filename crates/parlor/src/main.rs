//! The binary: reads flags, environment and file, starts the log, and runs the server until a signal ends it; or puts load on one.
//!
//! What the server does is in `parlor-server`; here is only how a person and a service manager deal with it. Exit
//! codes: 0 when it did what was asked, 1 when it failed, 2 when it was asked wrongly.

mod cli;
mod files;
#[allow(
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags,
    reason = "what stands there is what --help prints"
)]
mod join;
#[allow(rustdoc::bare_urls, reason = "what stands there is what --help prints")]
mod load_test;
mod logging;
mod serve;
#[allow(rustdoc::bare_urls, reason = "what stands there is what --help prints")]
mod settings;
mod signals;
#[allow(rustdoc::bare_urls, reason = "what stands there is what --help prints")]
mod token;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::settings::Settings;

/// It failed.
const FAILED: u8 = 1;
/// It was asked wrongly; clap uses the same code.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let settings = match cli.command {
        Some(Command::Join(asked)) => return join::run(asked),
        Some(Command::Token(asked)) => return token::run(asked),
        Some(Command::LoadTest(asked)) => return load_test::run(&asked),
        Some(Command::Serve(settings)) => *settings,
        None => cli.settings,
    };
    let (config, log) = match settings.with_file().and_then(Settings::into_config) {
        Ok(understood) => understood,
        Err(error) => return complain(USAGE, &error),
    };
    let filter = match logging::filter(&log) {
        Ok(filter) => filter,
        Err(error) => return complain(USAGE, &error),
    };
    if let Err(error) = config.check() {
        return complain(USAGE, &error);
    }
    match logging::start(&log, filter).and_then(|()| serve::run(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(FAILED, &*error),
    }
}

/// Says on stderr what went wrong, with everything that led to it.
fn complain(code: u8, error: &dyn std::error::Error) -> ExitCode {
    use std::io::Write;
    let mut text = format!("parlor: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        // Some errors have said already what their source says.
        if !text.contains(&cause.to_string()) {
            text = format!("{text}: {cause}");
        }
        source = cause.source();
    }
    // With stderr gone there is nobody left to tell.
    drop(writeln!(std::io::stderr(), "{text}"));
    ExitCode::from(code)
}
