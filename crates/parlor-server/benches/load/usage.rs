//! What a process has used so far, from /proc (Linux: proc_pid_stat(5), proc_pid_status(5)).

use std::time::Duration;

/// Clock ticks a second that the kernel shows to user space (`USER_HZ`), 100 on every Linux of today.
const TICKS_PER_SECOND: u64 = 100;

/// CPU time.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

impl Cpu {
    /// What the process has used up to now, all of its threads.
    pub(crate) fn of(process: u32) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the server runs");
        // The program's name is in brackets and may hold anything; utime and stime are fields 14 and 15.
        let after_name = &stat[stat.rfind(')').expect("a name in brackets") + 2..];
        let ticks = |field: usize| -> Duration {
            let text = after_name.split(' ').nth(field - 3).expect("all fields");
            Duration::from_millis(text.parse::<u64>().expect("a number") * 1000 / TICKS_PER_SECOND)
        };
        Self { user: ticks(14), system: ticks(15) }
    }

    /// What was used since.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
        }
    }

    pub(crate) fn total(self) -> Duration {
        self.user + self.system
    }
}

/// Resident memory of a process, in bytes.
pub(crate) fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the server runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("resident memory");
    let kilobytes: u64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    kilobytes * 1024
}
