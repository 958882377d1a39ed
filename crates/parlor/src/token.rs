//! `parlor token`: a token for an identity, made here from the secret, or by a server that runs.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use parlor_proto::{RoomId, Time, UserId};
use parlor_server::{Grant, TOKEN_TTL_S_MAX, TokenKey};
use serde::{Deserialize, Serialize};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::settings::admin_token;
use crate::{FAILED, USAGE, complain};

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const EXAMPLES: &str = "\
Examples:
  PARLOR_TOKEN_SECRET=... parlor token ada --room den --ttl 10m
      From the secret with which the server was started; no server is asked.
  parlor token ada --room den --url http://127.0.0.1:8080 --admin-token-file admin.token
      By a server that runs, over its admin API; the only way if it made its secret itself.

The token alone is on stdout. A client says it as hello.token, a PeerJS client as its option token. It is a JSON Web
Token (HS256) with the claims sub (the user id), room and exp: with the secret every language's library makes one.

Exit codes: 0 done, 1 failed, 2 asked wrongly.";

/// What is asked for.
#[derive(Clone, Debug, Args)]
pub(crate) struct Asked {
    /// For whom: the user id
    user_id: String,

    /// In which room it counts, where there is a roster; without it in every one
    #[arg(long, value_name = "ROOM")]
    room: Option<String>,

    /// How long it is good for, at most 30 days
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    ttl: String,

    /// The server's secret; without one the server at --url makes the token
    #[arg(long, value_name = "SECRET", env = "PARLOR_TOKEN_SECRET", hide_env_values = true)]
    token_secret: Option<String>,

    /// The server
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080",
        conflicts_with = "token_secret"
    )]
    url: String,

    /// A file with the server's admin token; or say the token itself in PARLOR_ADMIN_TOKEN
    #[arg(long, value_name = "FILE", env = "PARLOR_ADMIN_TOKEN_FILE")]
    admin_token_file: Option<PathBuf>,

    /// The admin token itself, for the environment
    #[arg(long, value_name = "TOKEN", env = "PARLOR_ADMIN_TOKEN", hide = true, hide_env_values = true)]
    admin_token: Option<String>,
}

/// What was asked, understood.
struct Wish {
    user_id: UserId,
    room: Option<RoomId>,
    ttl_s: u64,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
enum TokenError {
    #[error("{0:?} is no id: {1}")]
    Id(String, parlor_proto::IdError),
    #[error("--ttl {0:?}: give a duration from 1s to 30d, such as 10m")]
    Ttl(String),
    #[error(transparent)]
    Secret(#[from] parlor_server::ShortSecret),
    #[error("hub is the forwarding server's own id")]
    Reserved,
    #[error(
        "give --token-secret, or an admin token for the server: --admin-token-file or PARLOR_ADMIN_TOKEN"
    )]
    NoSecret,
}

pub(crate) fn run(asked: Asked) -> ExitCode {
    let wish = match Wish::of(&asked) {
        Ok(wish) => wish,
        Err(error) => return complain(USAGE, &error),
    };
    let made = match asked.token_secret {
        Some(secret) => match sign(wish, &secret) {
            Ok(token) => Ok(token),
            Err(error) => return complain(USAGE, &error),
        },
        None => match admin_token(asked.admin_token_file.as_deref(), asked.admin_token) {
            Ok(Some(admin)) => fetch(&wish, &asked.url, admin.trim()),
            Ok(None) => return complain(USAGE, &TokenError::NoSecret),
            Err(error) => return complain(USAGE, &error),
        },
    };
    let said = made.and_then(|token| Ok(writeln!(std::io::stdout(), "{token}")?));
    match said {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(FAILED, &*error),
    }
}

impl Wish {
    fn of(asked: &Asked) -> Result<Self, TokenError> {
        let wrong = |text: &str| {
            let text = text.to_owned();
            move |error| TokenError::Id(text, error)
        };
        let user_id = UserId::parse(&asked.user_id).map_err(wrong(&asked.user_id))?;
        if user_id.is_hub() {
            return Err(TokenError::Reserved);
        }
        let room = asked.room.as_deref();
        let room = room.map(|room| RoomId::parse(room).map_err(wrong(room))).transpose()?;
        let ttl = humantime::parse_duration(&asked.ttl).map_err(|_| TokenError::Ttl(asked.ttl.clone()))?;
        let ttl_s = ttl.as_secs();
        if !(1..=TOKEN_TTL_S_MAX).contains(&ttl_s) {
            return Err(TokenError::Ttl(asked.ttl.clone()));
        }
        Ok(Self { user_id, room, ttl_s })
    }
}

/// Makes it here.
#[allow(clippy::disallowed_methods, reason = "a program reads the clock")]
fn sign(Wish { user_id, room, ttl_s }: Wish, secret: &str) -> Result<String, TokenError> {
    let key = TokenKey::new(secret.as_bytes())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Time::from_ms(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    let grant = Grant::new(user_id, room, ttl_s, now).ok_or(TokenError::Ttl(ttl_s.to_string()))?;
    Ok(key.issue(&grant))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewToken<'a> {
    user_id: &'a UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a RoomId>,
    ttl: u64,
}

#[derive(Deserialize)]
struct Made {
    token: String,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
}

/// Has a server make it.
fn fetch(wish: &Wish, url: &str, admin: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .tls_config(tls)
        .build();
    let body = NewToken { user_id: &wish.user_id, room: wish.room.as_ref(), ttl: wish.ttl_s };
    let mut response = config
        .new_agent()
        .post(format!("{}/api/v1/tokens", url.trim_end_matches('/')))
        .header("Authorization", format!("Bearer {admin}"))
        .send_json(&body)
        .map_err(|error| format!("no answer from the server at {url}: {error}"))?;
    let text = response.body_mut().read_to_string()?;
    if response.status() == 201 {
        return Ok(serde_json::from_str::<Made>(&text)?.token);
    }
    let why = serde_json::from_str::<Problem>(&text).map_or(text, |problem| problem.detail);
    Err(format!("{url} answers {}: {why}", response.status().as_u16()).into())
}
