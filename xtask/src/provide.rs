//! What a machine with Rust, Node and a C compiler may lack for the tests, and how it comes: Debian's packages.

use anyhow::{Result, bail};

use crate::process;

/// A program and where it comes from.
struct Need {
    /// Names it goes by.
    programs: &'static [&'static str],
    /// Debian's package; `None`: only a person can install it.
    package: Option<&'static str>,
    why: &'static str,
}

const NODE: Need = Need { programs: &["node"], package: None, why: "the page's tests: Node 20 or newer" };
const NPM: Need = Need { programs: &["npm"], package: None, why: "the page's tests: comes with Node" };
const CC: Need = Need { programs: &["cc", "gcc", "clang"], package: None, why: "TLS: a C compiler" };
const BROWSERS: &[Need] = &[
    NODE,
    NPM,
    Need { programs: &["chromium"], package: Some("chromium"), why: "real browsers" },
    Need { programs: &["firefox-esr"], package: Some("firefox-esr"), why: "real browsers" },
    Need { programs: &["ip"], package: Some("iproute2"), why: "network namespaces for the browsers' tests" },
    Need { programs: &["nft"], package: Some("nftables"), why: "cutting and losing packets in these" },
    Need { programs: &["fc-list"], package: Some("fontconfig"), why: "finding fonts" },
    Need { programs: &["unshare"], package: Some("util-linux"), why: "network namespaces" },
];

/// Text in a browser without fonts has no size, and tests that look for it fail strangely.
const FONTS: &str = "fonts-dejavu-core";

/// Everything that `cargo xtask test` needs.
pub(crate) fn everything() -> Result<()> {
    provide(&[CC, COTURN])?;
    browsers()
}

/// Clients of TURN that are not parlor's.
const COTURN: Need = Need {
    programs: &["turnutils_uclient"],
    package: Some("coturn"),
    why: "the TURN server is tested with coturn's clients",
};

/// What the tests in real browsers need.
pub(crate) fn browsers() -> Result<()> {
    provide(BROWSERS)?;
    let has_fonts = process::output("fc-list", &[]).is_ok_and(|fonts| !fonts.trim().is_empty());
    if has_fonts { Ok(()) } else { install(&[FONTS]) }
}

/// What the benchmarks need besides parlor.
pub(crate) fn benchmarks() -> Result<()> {
    provide(&[
        NODE,
        NPM,
        Need { programs: &["taskset"], package: Some("util-linux"), why: "a CPU for each side" },
        Need { programs: &["ip"], package: Some("iproute2"), why: "a network namespace" },
    ])
}

/// The TURN server that parlor's is compared with.
pub(crate) fn coturn() -> Result<()> {
    provide(&[COTURN])
}

/// The forwarding server that parlor's hub is compared with.
pub(crate) fn janus() -> Result<()> {
    provide(&[Need { programs: &["janus"], package: Some("janus"), why: "a hub to compare with" }])
}

fn provide(needs: &[Need]) -> Result<()> {
    let missing = |need: &&Need| need.programs.iter().all(|program| process::find(program).is_none());
    let missing: Vec<&Need> = needs.iter().filter(missing).collect();
    let by_hand: Vec<String> = missing
        .iter()
        .filter(|need| need.package.is_none())
        .map(|need| format!("  {} ({})", need.programs.join(" or "), need.why))
        .collect();
    if !by_hand.is_empty() {
        bail!("not installed, and not installed by this command:\n{}", by_hand.join("\n"));
    }
    let packages: Vec<&str> = missing.iter().filter_map(|need| need.package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    for need in &missing {
        println!("missing: {} ({})", need.programs.join(" or "), need.why);
    }
    install(&packages)
}

fn install(packages: &[&str]) -> Result<()> {
    let Some(apt) = process::find("apt-get") else {
        bail!("not installed, and there is no apt-get to install it: {}", packages.join(" "));
    };
    let is_root = process::output("id", &["-u"]).is_ok_and(|id| id.trim() == "0");
    let may_sudo = || process::output("sudo", &["-n", "true"]).is_ok();
    let prefix: &[&str] = if is_root {
        &[]
    } else if may_sudo() {
        &["sudo", "-n"]
    } else {
        bail!("not installed, and installing needs root. Run: sudo apt-get install {}", packages.join(" "));
    };
    let apt = apt.to_string_lossy();
    let as_root = |args: &[&str]| {
        let words: Vec<&str> = [prefix, &["env", "DEBIAN_FRONTEND=noninteractive", &*apt], args].concat();
        match words.split_first() {
            Some((program, args)) => process::run(process::command(program, args)),
            None => Ok(()),
        }
    };
    as_root(&["update", "-qq"])?;
    let install: Vec<&str> = [&["install", "-y", "-qq", "--no-install-recommends"], packages].concat();
    as_root(&install)
}
