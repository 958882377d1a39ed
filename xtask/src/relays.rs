//! `cargo xtask bench turn`: what relaying costs, beside coturn's own server in the same run. coturn's client drives both, through
//! channels, to coturn's peer and back; it always ends with 0, so what it prints is read.

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::process;

const SECRET: &str = "north-of-nowhere";
const CLIENTS: u64 = 20;
/// Of each client.
const DATAGRAMS: u64 = 4_000;
const BYTES: u64 = 1_200;
/// Of each client, between two datagrams.
const EVERY_MS: u64 = 2;
/// The servers take turns, so that what else the machine does meets both.
const ROUNDS: usize = 3;
/// What the kernel counts CPU time in.
const TICK_MICROSECONDS: u64 = 10_000;
/// The servers have this CPU, clients and peer the other one.
const SERVER_CPU: &str = "0";
const CLIENT_CPU: &str = "1";

/// A program that ends with us.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What one server has done in all rounds.
#[derive(Default)]
struct Spent {
    cpu_microseconds: u64,
    sent: u64,
    received: u64,
}

/// The figures of both servers.
pub(crate) fn measure(parlor: &Path) -> Result<Vec<Value>> {
    let [parlor_port, coturn_port, peer_port, http_port] =
        [free_port()?, free_port()?, free_port()?, free_port()?].map(|port| port.to_string());
    let parlor = parlor.to_string_lossy();
    let servers = [
        (
            "parlor",
            parlor_port.clone(),
            start(
                SERVER_CPU,
                &parlor,
                &format!(
                    "--listen 127.0.0.1:{http_port} --media-threads 0 --log-level warn --turn-allow-loopback \
                     --turn-listen 127.0.0.1:{parlor_port}"
                ),
            )?,
        ),
        (
            "coturn",
            coturn_port.clone(),
            start(
                SERVER_CPU,
                "turnserver",
                // Without the ports above, which it would take from a neighbour.
                &format!(
                    "-n --no-rfc5780 --use-auth-secret --static-auth-secret={SECRET} --realm=parlor -L 127.0.0.1 -E 127.0.0.1 \
                     -p {coturn_port} --allow-loopback-peers --no-tls --no-dtls --no-cli --log-file /dev/null -m 1"
                ),
            )?,
        ),
    ];
    let _peer = start(CLIENT_CPU, "turnutils_peer", &format!("-L 127.0.0.1 -p {peer_port}"))?;
    for (name, port, _) in &servers {
        answers(port).with_context(|| format!("{name} does not answer"))?;
    }
    let mut spent = [Spent::default(), Spent::default()];
    for _ in 0..ROUNDS {
        for ((_, port, server), spent) in servers.iter().zip(&mut spent) {
            let before = cpu_microseconds(server.0.id())?;
            let (sent, received) = drive(port, &peer_port)?;
            spent.cpu_microseconds += cpu_microseconds(server.0.id())?.saturating_sub(before);
            spent.sent += sent;
            spent.received += received;
        }
    }
    let [ours, coturns] = spent;
    let coturn_cost = coturns.cost()?;
    let what = format!("{CLIENTS} clients × {DATAGRAMS} × {BYTES} B × {ROUNDS}");
    let figure = |name: &str, value: f64, unit: &str| json!({ "bench": "turn", "figure": format!("{name}, {what}"), "value": round(value), "unit": unit });
    let with_goal = |mut figure: Value, goal: f64| {
        if let Some(fields) = figure.as_object_mut() {
            fields.insert("goal".to_owned(), json!(round(goal)));
        }
        figure
    };
    Ok(vec![
        with_goal(figure("parlor: CPU a relayed datagram", ours.cost()?, "µs"), coturn_cost),
        with_goal(figure("parlor: lost", ours.lost_percent(), "%"), 0.0),
        figure("coturn: CPU a relayed datagram", coturn_cost, "µs"),
        figure("coturn: lost", coturns.lost_percent(), "%"),
    ])
}

impl Spent {
    /// Microseconds for each datagram that was taken in and passed on, either way.
    fn cost(&self) -> Result<f64> {
        if self.received == 0 {
            bail!("nothing was relayed");
        }
        Ok(self.cpu_microseconds as f64 / (self.sent + self.received) as f64)
    }

    fn lost_percent(&self) -> f64 {
        self.sent.saturating_sub(self.received) as f64 * 100.0 / self.sent.max(1) as f64
    }
}

fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn start(cpu: &str, program: &str, args: &str) -> Result<Running> {
    let mut command = Command::new("taskset");
    command
        .args(["--cpu-list", cpu, program])
        .args(args.split_whitespace())
        .env("PARLOR_TURN_SECRET", SECRET);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Running(command.spawn().with_context(|| format!("can't start {program}"))?))
}

/// Waits until a server answers a binding request.
fn answers(port: &str) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let args = ["2", "turnutils_stunclient", "-p", port, "127.0.0.1"];
        if Command::new("timeout").args(args).output()?.stdout.windows(9).any(|word| word == b"reflexive") {
            return Ok(());
        }
    }
    bail!("nobody answered at port {port}")
}

/// Sends through a server to the peer and back; how many went out and came back.
fn drive(port: &str, peer_port: &str) -> Result<(u64, u64)> {
    let words = format!(
        "--cpu-list {CLIENT_CPU} timeout 300 turnutils_uclient -W {SECRET} -u bench -e 127.0.0.1 -r {peer_port} -p {port} \
         -n {DATAGRAMS} -m {CLIENTS} -l {BYTES} -z {EVERY_MS} -c 127.0.0.1"
    );
    let words: Vec<&str> = words.split_whitespace().collect();
    let printed = process::output("taskset", &words)?;
    counts(&printed).with_context(|| format!("turnutils_uclient says nothing of what it sent:\n{printed}"))
}

/// The totals are what it prints last.
fn counts(printed: &str) -> Option<(u64, u64)> {
    let last = |name: &str| {
        let (_, rest) = printed.rsplit_once(name)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    Some((last("tot_send_msgs=")?, last("tot_recv_msgs=")?))
}

/// What a process has used so far, user and system.
fn cpu_microseconds(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{path}: has the server ended?"))?;
    ticks(&text).map(|ticks| ticks * TICK_MICROSECONDS).with_context(|| format!("{path} is not as expected"))
}

/// Of the fields behind the name in brackets the 12th and 13th (proc_pid_stat(5): 14 and 15 of all).
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn free_port() -> Result<u16> {
    Ok(UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::{counts, ticks};

    #[test]
    fn the_totals_of_coturns_client_are_read() {
        let printed = "0: : start_mclient: msz=2, tot_send_msgs=30, tot_recv_msgs=12, tot_send_bytes ~ 3000\n\
                       6: : start_mclient: tot_send_msgs=60, tot_recv_msgs=59\n6: : Total lost packets 1 (1.6%)\n";
        assert_eq!(counts(printed), Some((60, 59)));
        assert_eq!(counts("0: : ERROR: Cannot complete Allocation"), None);
    }

    #[test]
    fn cpu_time_is_that_of_user_and_system() {
        let stat = "7 (a) name) S 1 7 7 0 -1 4194304 1 2 3 4 120 30 0 0 20 0 1 0 5";
        assert_eq!(ticks(stat), Some(150));
    }
}
