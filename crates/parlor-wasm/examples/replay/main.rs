//! `cargo xtask replay FILE`: tells the native core what a page's core was told, as a saved report has it, prints the story
//! and compares the states. What a report is stands in `docs/debugging.md`; reading one is in `report.rs`, telling it
//! again in `replay.rs`, the words in `story.rs`.
//!
//! Exit codes: 0 the same states; 1 another one, or a report that can't show them; 2 no report, or no such option.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod fixture;
mod replay;
mod report;
mod story;

use std::path::Path;
use std::process::ExitCode;

use replay::Verdict;
use report::Report;

const USAGE: &str = "replay FILE [--as-test NAME]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (file, test) = match words.as_slice() {
        [file] => (*file, None),
        [file, "--as-test", name] | ["--as-test", name, file] => (*file, Some(*name)),
        _ => {
            eprintln!("usage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    match carry_out(Path::new(file), test) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::from(2)
        }
    }
}

/// True when the states are the same.
fn carry_out(file: &Path, test: Option<&str>) -> Result<bool, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let report = Report::read(&text)?;
    let replayed = replay::replay(&report);
    for line in story::lines(&report, &replayed) {
        println!("{line}");
    }
    println!("{}", replayed.verdict);
    if let Some(name) = test {
        let path = fixture::write(&report, name)?;
        println!("written: {}", path.display());
    }
    Ok(matches!(replayed.verdict, Verdict::Same { .. }))
}
