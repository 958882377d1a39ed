//! `cargo xtask bench`: measures parlor and, where there is a counterpart, what else does the same work; adds the
//! figures to docs/benchmarks.jsonl and prints a table. How each is measured lives in
//! `crates/parlor-server/benches/load/`; here is only what has to be there before and what happens to the figures.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::process::Line;
use crate::{e2e, place, process, provide, relays};

const PAGE: &str = "docs/benchmarks.jsonl";
/// What the load generator measures.
const MEASURED: &[&str] = &["relay", "list", "join", "leave", "memory", "peerjs", "size", "forward"];
/// What is measured from here.
const OTHERS: &[&str] = &["build", "turn"];
/// The signalling server that everybody knows, as a counterpart.
const PEER_SERVER: &str = "peer@1.0.2";

/// A network with an interface besides loopback, which Janus never offers for media.
const NETWORK: &str = "ip link set lo up && ip link add load0 type veth peer name load1 && \
                       ip addr add 198.18.0.1/24 dev load0 && ip link set load0 up && ip link set load1 up";

/// Measures what is named, or all but `build`. True if every figure came.
pub(crate) fn bench(names: &[&str], rest: &[String]) -> Result<bool> {
    let is_other = |name: &&str| OTHERS.contains(name);
    if let Some(unknown) = names.iter().find(|name| !is_other(name) && !MEASURED.contains(name)) {
        bail!("there is no bench {unknown:?}; there are {}, {}", MEASURED.join(", "), OTHERS.join(", "));
    }
    provide::benchmarks()?;
    let mut figures = Vec::new();
    let mut measured: Vec<&str> = names.iter().copied().filter(|name| !is_other(name)).collect();
    if names.contains(&"build") {
        figures.push(build_from_nothing()?);
    }
    if names.is_empty() {
        measured = MEASURED.to_vec();
    }
    if !measured.is_empty() {
        figures.extend(load(&measured, rest)?);
    }
    if names.is_empty() || names.contains(&"turn") {
        provide::coturn()?;
        figures.extend(relays::measure(&e2e::build()?)?);
    }
    let stamped = stamp(figures)?;
    if !rest.iter().any(|option| option == "--no-write") {
        append(&stamped)?;
    }
    table(&stamped);
    Ok(!stamped.is_empty())
}

/// Runs the load generator on one CPU, in a network of its own; it starts each server on the other CPU.
fn load(names: &[&str], rest: &[String]) -> Result<Vec<Value>> {
    let parlor = e2e::build()?;
    let generator = generator()?;
    let peer_server = peer_server()?;
    // In a user namespace of its own anybody may make a network.
    let is_root = process::output("id", &["-u"])?.trim() == "0";
    let unshare: &[&str] = if is_root { &["--net"] } else { &["--net", "--map-root-user"] };
    let mut command = process::command("unshare", unshare);
    command.args(["sh", "-c", &format!("{NETWORK} && exec taskset --cpu-list 1 \"$0\" \"$@\"")]);
    command.arg(generator).arg("--bench").arg("--parlor").arg(parlor).arg("--peer-server").arg(peer_server);
    if names.contains(&"forward") {
        provide::janus()?;
        command.args(["--janus", "janus"]);
    }
    command.args(rest.iter().filter(|option| *option != "--no-write")).args(names);
    let mut lines = Vec::new();
    let ended_well = process::tee(command, |line| {
        // The figures are shown in a table at the end.
        let is_figure = line.starts_with('{');
        lines.push(line.to_owned());
        if is_figure { Line::Keep } else { Line::Pass }
    })?;
    if !ended_well {
        bail!("the load generator failed");
    }
    let figures = lines.iter().filter(|line| line.starts_with('{'));
    figures.map(|line| serde_json::from_str(line).with_context(|| format!("no figure: {line}"))).collect()
}

/// Builds the load generator and says where it is.
fn generator() -> Result<PathBuf> {
    let args = [
        "bench",
        "--locked",
        "-p",
        "parlor-server",
        "--bench",
        "load",
        "--no-run",
        "--message-format",
        "json",
    ];
    let messages = process::collect(process::cargo(&args))?;
    let executable = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_it = message.get("target")?.get("name")?.as_str()? == "load";
        is_it.then(|| message.get("executable")?.as_str().map(PathBuf::from))?
    });
    executable.context("cargo named no executable for the bench `load`")
}

/// Installs PeerServer below the build output and says where its program is.
fn peer_server() -> Result<PathBuf> {
    let folder = place::target().join("peer-server");
    let program = folder.join("node_modules/peer/dist/bin/peerjs.js");
    if !program.is_file() {
        std::fs::create_dir_all(&folder)?;
        let mut command =
            process::command("npm", &["install", "--no-save", "--no-fund", "--no-audit", PEER_SERVER]);
        command.arg("--prefix").arg(&folder);
        process::run(command)?;
    }
    Ok(program)
}

/// `cargo build --release` into an empty directory, its dependencies already downloaded.
fn build_from_nothing() -> Result<Value> {
    let folder = place::target().join("from-nothing");
    remove(&folder)?;
    process::run(process::cargo(&["fetch", "--locked"]))?;
    let mut command = process::cargo(&["build", "--release", "--locked", "-p", "parlor"]);
    command.env("CARGO_TARGET_DIR", &folder);
    let start = Instant::now();
    process::run(command)?;
    let seconds = start.elapsed().as_secs_f64();
    remove(&folder)?;
    Ok(
        json!({ "bench": "build", "figure": "release, from nothing", "value": seconds, "unit": "s", "goal": 360 }),
    )
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("can't remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Adds to each figure when and of what it was taken.
fn stamp(figures: Vec<Value>) -> Result<Vec<Value>> {
    let commit = process::output("git", &["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]);
    let commit = commit.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned());
    let at = process::output("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"])?;
    let machine = machine();
    let stamp = |mut figure: Value| {
        if let Some(fields) = figure.as_object_mut() {
            fields.insert("commit".to_owned(), commit.clone().into());
            fields.insert("at".to_owned(), at.trim().into());
            fields.insert("machine".to_owned(), machine.clone().into());
        }
        figure
    };
    Ok(figures.into_iter().map(stamp).collect())
}

/// The processor's name and how many there are.
fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names =
        text.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|pair| pair.1);
    let mut names = names.peekable();
    let name = names.peek().copied().unwrap_or("unknown").to_owned();
    format!("{} × {name}", names.count())
}

fn append(figures: &[Value]) -> Result<()> {
    let path = place::root().join(PAGE);
    let mut text = std::fs::read_to_string(&path).unwrap_or_default();
    for figure in figures {
        text.push_str(&figure.to_string());
        text.push('\n');
    }
    process::write(&path, text.as_bytes())
}

fn table(figures: &[Value]) {
    println!("\n{:<8} {:<52} {:>12} {:<8} {:>10}", "bench", "figure", "value", "unit", "goal");
    for figure in figures {
        let text = |name: &str| figure.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| match figure.get(name).and_then(Value::as_f64) {
            Some(number) if number.abs() >= 1000.0 || number.fract() == 0.0 => format!("{number:.0}"),
            Some(number) => format!("{number:.2}"),
            None => String::new(),
        };
        let goal = figure.get("goal").map(|_| format!("≤ {}", number("goal"))).unwrap_or_default();
        println!(
            "{:<8} {:<52} {:>12} {:<8} {goal:>10}",
            text("bench"),
            text("figure"),
            number("value"),
            text("unit")
        );
    }
}
