//! `parlor-discord`: who is in a voice channel of Discord may be in a room of parlor (GP-7). An example of the admin API.
//!
//! `gateway` follows Discord's events (through twilight, which owns the protocol: heartbeats, resume, reconnect), `channel` makes
//! of them who is there and who has a place, `keeper` tells parlor (through `admin`) until it knows. Settings are in `settings`.

#![allow(clippy::disallowed_methods, reason = "a program: it owns a thread for requests that block")]

mod admin;
mod channel;
mod gateway;
mod keeper;
#[allow(rustdoc::bare_urls, reason = "what stands there is what --help prints")]
mod settings;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::channel::Channel;
use crate::gateway::Trouble;
use crate::keeper::Keeper;
use crate::settings::{LogFormat, Settings, Understood};

/// It failed.
const FAILED: u8 = 1;
/// It was asked wrongly; clap uses the same code.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let understood = match Settings::parse().understood() {
        Ok(understood) => understood,
        Err(error) => return complain(USAGE, &error),
    };
    if let Err(error) = start_log(&understood) {
        return complain(USAGE, &*error);
    }
    // Several crates here speak TLS; they are to agree by what. Only a second call fails.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(FAILED, &error),
    };
    let ended = runtime.block_on(follow(understood));
    // A request that blocks is not waited for.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(FAILED, &error),
    }
}

/// Until a signal comes, or something that does not pass by itself.
async fn follow(understood: Understood) -> Result<(), Trouble> {
    let Understood { discord, room, refresh, .. } = understood;
    let (roster, wanted) = watch::channel(None);
    let mut keeper = Keeper::new(room, refresh, wanted);
    let channel = Channel::new(discord.guild, discord.channel, discord.places);
    let mut terminate = signal(SignalKind::terminate()).map_err(Trouble::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Trouble::Signals)?;
    let ended = tokio::select! {
        trouble = gateway::follow(&discord, channel, &roster) => Err(trouble),
        refusal = keeper.keep() => Err(Trouble::Refused(refusal)),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    if matches!(ended, Err(Trouble::Deleted)) {
        keeper.last().await;
    }
    ended?;
    tracing::info!("stopped; the room keeps its roster as it is");
    Ok(())
}

fn start_log(understood: &Understood) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let filter = tracing_subscriber::EnvFilter::try_new(&understood.log_level)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match understood.log_format {
        LogFormat::Human => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    }
}

/// Says on stderr what went wrong, with what led to it.
fn complain(code: u8, error: &dyn std::error::Error) -> ExitCode {
    let mut text = format!("parlor-discord: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    // With stderr gone there is nobody left to tell.
    drop(writeln!(std::io::stderr(), "{text}"));
    ExitCode::from(code)
}
