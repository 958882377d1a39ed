//! The log on stderr: human or JSON, one line each.

use std::error::Error;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::{Log, LogFormat};

/// A level that can't be understood.
#[derive(Debug, thiserror::Error)]
#[error("--log-level {level:?} is not understood: give error, warn, info, debug or trace")]
pub(crate) struct LevelError {
    level: String,
    #[source]
    reason: Option<tracing_subscriber::filter::ParseError>,
}

/// What is to be logged.
///
/// # Errors
/// [`LevelError`] when the level can't be understood.
pub(crate) fn filter(log: &Log) -> Result<EnvFilter, LevelError> {
    // A bare word is meant for parlor: what libraries say below info helps nobody who runs a room.
    let directives = match log.level.as_str() {
        level @ ("debug" | "trace") => {
            format!(
                "info,stun_types=off,goog_cc=off,parlor={level},parlor_client={level},parlor_server={level}"
            )
        }
        // The codec of STUN warns of each datagram that it can't read, the estimator of bandwidth of odd feedback, and anybody may send such.
        level @ ("error" | "warn" | "info" | "off") => format!("{level},stun_types=off,goog_cc=off"),
        // What is no level would be taken for a place in the code, and silence everything else.
        word if !word.contains('=') => return Err(LevelError { level: word.to_owned(), reason: None }),
        directives => directives.to_owned(),
    };
    let understood = EnvFilter::builder().parse(directives);
    understood.map_err(|reason| LevelError { level: log.level.clone(), reason: Some(reason) })
}

/// Starts the log.
///
/// # Errors
/// When there is one already.
pub(crate) fn start(log: &Log, filter: EnvFilter) -> Result<(), Box<dyn Error + Send + Sync>> {
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Human => {
            let is_terminal = std::io::stderr().is_terminal();
            lines.with_ansi(is_terminal).with_target(false).try_init()?;
        }
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).try_init()?;
        }
    }
    Ok(())
}
