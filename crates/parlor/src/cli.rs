//! The command line: what it looks like and what `--help` teaches. What each flag means is in `settings`.

use clap::{Parser, Subcommand};

use crate::join;
use crate::load_test::{self, LoadTest};
use crate::settings::Settings;
use crate::token;

const EXAMPLES: &str = "\
Examples:
  parlor
      A server for this machine: open http://127.0.0.1:8080/ in a browser.
  parlor --open --listen 0.0.0.0:8443 --tls-self-signed
      A first try on a local network: the log prints the addresses to open. Browsers warn once about the
      certificate, and give the microphone only because there is one.
  parlor --open --listen 0.0.0.0:443 --tls-cert fullchain.pem --tls-key privkey.pem --public-host parlor.example.org
      A server for everyone who knows its name.
  parlor --public-host parlor.example.org
      Behind a proxy on the same machine that speaks TLS and passes WebSockets on.

Settings come from flags, else from the environment (PARLOR_LISTEN, PARLOR_OPEN, ...), else from the file that
--config names: TOML with the names of the flags, such as
  listen = [\"0.0.0.0:8443\"]
  open = true
  tls-self-signed = true

A signal (SIGTERM or SIGINT) ends the server: everyone in a room is told, clients keep their sound and reconnect to
the next one; it takes less than 10 seconds. A second signal ends it at once.

Exit codes: 0 done, 1 failed, 2 asked wrongly.";

/// One self-hosted server for live rooms: people open a page, join a room, and hear, see and write to each other.
///
/// Without a command it serves: the page at /, signalling at /ws, health at /healthz and /readyz, figures for
/// Prometheus at /metrics.
#[derive(Debug, Parser)]
#[command(name = "parlor", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
#[command(max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve rooms until a signal comes. This is what happens without a command, too.
    #[command(after_help = EXAMPLES)]
    Serve(Box<Settings>),
    /// Join a room without a browser: listen in, play files, record.
    #[command(after_help = join::EXAMPLES)]
    Join(join::Asked),
    /// Make a token for an identity: whoever shows it takes the identity, and enters rooms on whose roster it is.
    #[command(after_help = token::EXAMPLES)]
    Token(token::Asked),
    /// Put a crowd into a room of a server that runs, and say how that went.
    #[command(after_help = load_test::EXAMPLES)]
    LoadTest(LoadTest),
}
