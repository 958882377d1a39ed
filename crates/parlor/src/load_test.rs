//! `parlor load-test`: a crowd in a room of a server, and a table of how that went. What the crowd does is in `parlor-load`; here is
//! how it is asked for, and what is printed while and after.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use parlor_load::{
    Address, Camera, Crowd, CrowdError, Plan, PlanError, Progress, Report, Slots, Stage, limits,
};
use parlor_proto::RoomId;

use crate::{FAILED, USAGE, complain, files, signals};

pub(crate) const EXAMPLES: &str = "\
Examples:
  parlor load-test --url http://127.0.0.1:8080 --publishers 1 --subscribers 50 --video
      One camera of 1.7 Mbit/s, and fifty who watch it, for 10 seconds.
  parlor load-test --url https://parlor.example.org --publishers 100 --speaking 3 --subscribers 100 --audio
      A hundred with a microphone, of whom three speak, and a hundred who listen.
  parlor load-test --url wss://127.0.0.1:8443 --insecure --publishers 4 --subscribers 40 --video --simulcast --max-loss 1
      In a script: exit code 1 if somebody misses more than 1 % of the packets.

The table has a line for those who publish and for those who subscribe, by sound and pictures: who is here, tracks
that flow, packets and bit rate of all together, loss, and times as p50 / p99. Setup is from the first packet of TCP to
ICE and DTLS connected, first media from there to the first packet; latency is from sending to receiving, through the hub.

Everything counts from when all are there and every track has begun. A track that does not flow counts as lost.
Each participant needs two open files (ulimit -Hn). Run it on another machine than the server, or on other cores.

Ctrl-C ends the counting: everybody leaves, and the table tells of what was counted until then.

Exit codes: 0 done, 1 failed or too much was lost, 2 asked wrongly.";

/// What is asked of the crowd.
#[derive(Clone, Debug, Args)]
pub(crate) struct LoadTest {
    /// The server: http://, https://, ws:// or wss://, host and port
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,

    /// Take whatever certificate the server shows
    #[arg(long)]
    insecure: bool,

    /// The room's id; it is made, as a star around the hub and not listed, if it is missing [default: load-test- and a random number,
    /// which nobody else is in]
    #[arg(long, value_name = "ID")]
    room: Option<String>,

    /// So many rooms, each with its own publishers and subscribers; their ids end in -1, -2, ...
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    rooms: usize,

    /// The room's password
    #[arg(long, value_name = "TEXT", env = "PARLOR_LOAD_PASSWORD", hide_env_values = true)]
    password: Option<String>,

    /// How many publish
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    publishers: usize,

    /// How many only hear and see
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    subscribers: usize,

    /// Publishers have a microphone: a packet of Opus size each 20 ms. So it is if neither sound nor pictures are asked for
    #[arg(long)]
    audio: bool,

    /// Publishers have a camera: 25 pictures a second, shaped like VP8
    #[arg(long)]
    video: bool,

    /// Bits a second of a camera, all of its layers together
    #[arg(long, value_name = "BITS", default_value_t = 1_700_000, value_parser = clap::value_parser!(u64).range(10_000..=100_000_000))]
    bitrate: u64,

    /// Cameras send three layers, q, h and f; this implies --video
    #[arg(long)]
    simulcast: bool,

    /// How many of the publishers speak; the others send what Opus sends in silence [default: all]
    #[arg(long, value_name = "COUNT")]
    speaking: Option<usize>,

    /// How many a subscriber can hear at once
    #[arg(long, value_name = "COUNT", default_value_t = limits::AUDIO_SLOTS_DEFAULT)]
    audio_slots: usize,

    /// How many a subscriber can see at once
    #[arg(long, value_name = "COUNT", default_value_t = limits::VIDEO_SLOTS_DEFAULT)]
    video_slots: usize,

    /// How many come in a second, as in 20 or 20/s
    #[arg(long, value_name = "COUNT/s", default_value = "20/s", value_parser = ramp)]
    ramp: u32,

    /// How long is counted, once all are there, as in 10s or 2m
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    duration: Duration,

    /// Fail if a group misses more than so many percent of its packets
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    max_loss: Option<f64>,

    /// Print one JSON object instead of the table, and nothing while it runs
    #[arg(long)]
    json: bool,
}

fn ramp(text: &str) -> Result<u32, String> {
    let count = text.strip_suffix("/s").unwrap_or(text).trim();
    match count.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("give a number above 0, as in 20 or 20/s".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration >= Duration::from_millis(100) => Ok(duration),
        Ok(_) => Err("that is too short to count anything".to_owned()),
        Err(error) => Err(format!("give it as in 10s or 2m: {error}")),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').trim().parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("give a number from 0 to 100".to_owned()),
    }
}

/// Why nothing could be begun; these are mistakes of whoever asks.
#[derive(Debug, thiserror::Error)]
enum AskedWrongly {
    #[error("--url: {0}")]
    Url(#[from] parlor_load::AddressError),
    #[error("--room: {0}")]
    Room(#[from] parlor_proto::id::IdError),
    #[error("--speaking {speaking}: there are {publishers} publishers")]
    Speaking { speaking: usize, publishers: usize },
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl LoadTest {
    fn plan(&self) -> Result<Plan, AskedWrongly> {
        let has_video = self.video || self.simulcast;
        let has_audio = self.audio || !has_video;
        let speaking = self.speaking.unwrap_or(self.publishers);
        if speaking > self.publishers {
            return Err(AskedWrongly::Speaking { speaking, publishers: self.publishers });
        }
        let plan = Plan {
            address: Address::parse(&self.url)?,
            is_trusting: self.insecure,
            room: match &self.room {
                Some(room) => RoomId::parse(room)?,
                None => Plan::room_of_its_own()?,
            },
            rooms: self.rooms,
            password: self.password.clone(),
            publishers: self.publishers,
            subscribers: self.subscribers,
            audio: has_audio,
            video: has_video.then_some(Camera { bps: self.bitrate, is_simulcast: self.simulcast }),
            speaking,
            slots: Slots { audio: self.audio_slots, video: self.video_slots },
            ramp_per_second: self.ramp,
            duration: self.duration,
        };
        plan.check()?;
        Ok(plan)
    }
}

/// Does what is asked for.
pub(crate) fn run(asked: &LoadTest) -> ExitCode {
    let plan = match asked.plan() {
        Ok(plan) => plan,
        Err(error) => return complain(USAGE, &error),
    };
    files::raise_limit();
    let mut line = Line { is_quiet: asked.json, is_terminal: std::io::stderr().is_terminal() };
    let is_stopped = match signals::watched() {
        Ok(is_stopped) => is_stopped,
        Err(error) => return complain(FAILED, &error),
    };
    match Crowd::run(plan, || is_stopped.load(Ordering::Relaxed), |progress| line.show(progress)) {
        Ok(report) => {
            line.end();
            say(asked, &report)
        }
        Err(error @ CrowdError::Plan(_)) => complain(USAGE, &error),
        Err(error) => {
            line.end();
            complain(FAILED, &error)
        }
    }
}

/// Prints how it went; fails when somebody is missing, or too much.
fn say(asked: &LoadTest, report: &Report) -> ExitCode {
    let text = match asked.json {
        true => serde_json::to_string(report).unwrap_or_default() + "\n",
        false => report.table(),
    };
    // With stdout gone there is nobody left to tell.
    drop(std::io::stdout().write_all(text.as_bytes()));
    let loss = report.worst_loss_percent();
    if let Some(max) = asked.max_loss.filter(|max| loss > *max) {
        let said =
            format!("parlor: {loss:.2} % of the packets of a group are missing, more than --max-loss {max}");
        drop(writeln!(std::io::stderr(), "{said}"));
        return ExitCode::from(FAILED);
    }
    let said = if !report.is_everybody_here() {
        let missing: usize = report.failures.iter().map(|(_, count)| count).sum();
        format!("parlor: {missing} participants were not there to the end")
    } else if report.is_silent() {
        "parlor: nothing came to any subscriber: does anybody send in that room?".to_owned()
    } else {
        return ExitCode::SUCCESS;
    };
    drop(writeln!(std::io::stderr(), "{said}"));
    ExitCode::from(FAILED)
}

/// One line on stderr, over itself on a terminal, else again each time.
struct Line {
    is_quiet: bool,
    is_terminal: bool,
}

impl Line {
    fn show(&mut self, progress: &Progress) {
        if self.is_quiet {
            return;
        }
        let Progress { stage, since, connected, failed, wanted, packets, bytes, lost } = *progress;
        let seconds = since.as_secs_f64();
        let mut text = match stage {
            Stage::Arriving => format!("coming: {connected} of {wanted} are connected"),
            Stage::Waiting => format!("all are there; waiting for every track to begin, {seconds:.0} s"),
            Stage::Counting => {
                let mbps = bytes as f64 * 8.0 / seconds.max(1e-3) / 1e6;
                format!("{seconds:>4.0} s  {packets} packets, {mbps:.1} Mbit/s, {lost} lost")
            }
        };
        if failed > 0 {
            text.push_str(&format!(", {failed} failed"));
        }
        let mut stderr = std::io::stderr();
        drop(match self.is_terminal {
            true => write!(stderr, "\r\x1b[K{text}").and_then(|()| stderr.flush()),
            false => writeln!(stderr, "{text}"),
        });
    }

    fn end(&mut self) {
        if self.is_terminal && !self.is_quiet {
            drop(write!(std::io::stderr(), "\r\x1b[K"));
        }
    }
}
