//! What `--help` says. A reader who knows nothing of this repository should be able to work with it after reading it.

/// `cargo xtask --help`.
pub(crate) const ALL: &str = "\
cargo xtask: what is done with this repository besides writing it

  cargo xtask lint           everything that can be checked without running parlor
  cargo xtask test           all tests: Rust, the page's in node, real browsers
  cargo xtask ci             lint and test, ending in one line of counts (.ci/run)
  cargo xtask e2e            only the tests in real browsers (--full: the long ones too)
  cargo xtask wasm           make the page's WebAssembly core again
  cargo xtask messages       make the page's message types again
  cargo xtask requirements   make the map from requirements to tests again
  cargo xtask bench          measure, and write the figures down
  cargo xtask fuzz           throw more nonsense at the hub than the tests do
  cargo xtask screenshots    take pictures of the page in its states
  cargo xtask notices        collect the licences that go with the binary
  cargo xtask replay         tell the core again what a saved report of the debug view has

cargo xtask COMMAND --help says more. To run parlor itself: cargo run --release";

/// `cargo xtask NAME --help`.
pub(crate) fn of(name: &str) -> Option<&'static str> {
    Some(match name {
        "lint" => LINT,
        "test" => TEST,
        "ci" => CI,
        "e2e" => E2E,
        "wasm" => WASM,
        "messages" => MESSAGES,
        "requirements" => REQUIREMENTS,
        "bench" => BENCH,
        "screenshots" => SCREENSHOTS,
        "fuzz" => FUZZ,
        "notices" => NOTICES,
        "replay" => REPLAY,
        _ => return None,
    })
}

const LINT: &str = "\
cargo xtask lint [CHECK …]

All checks, or those that are named:
  fmt           cargo fmt
  clippy        cargo clippy, all targets, warnings are errors
  docs          cargo doc, warnings are errors
  arrows        the crates depend on each other as ARCHITECTURE.md draws it, and cores on no runtime
  types         tsc --checkJs over the page, its SDK and the browsers' tests (npm ci in web/ and e2e/ when needed)
  protocol      docs/protocol.md says what parlor-proto says: every type, field, word, error code, limit
  requirements  docs/requirements.md is up to date, and nothing that is done lacks a test
  texts         no machine's paths or hosts, nothing left to do, a header in every source file

Each check prints what is wrong and what to do; all run even if one fails. Exit code 1 if any failed.";

const TEST: &str = "\
cargo xtask test

Installs what a clean machine with Rust, Node and a C compiler lacks (Debian: chromium, firefox-esr, nftables,
iproute2 and fonts by apt-get, as root or by sudo; npm packages by npm ci), or says exactly what is missing. Then:
  1. cargo test --workspace
  2. the page's tests in node (web/)
  3. real browsers in a network namespace of their own (e2e/), those that fit the time budget
Ends with the counts over all of them. Exit code 1 if any failed.";

const CI: &str = "\
cargo xtask ci

lint, then test. The last line is `N passed, N failed`, where each check of lint counts as one; exit code 1 if any
failed. This is all that .ci/run does.";

const E2E: &str = "\
cargo xtask e2e [--full] [FILTER …] [-- OPTION …]

Builds parlor with its page inside and runs e2e/run.mjs with PARLOR_BIN set to it. FILTER and what follows `--` are
handed on to it.
  --full   the long tests too, which do not fit the budget of cargo xtask test; some measure, so parlor is built as
           people run it (release)";

const WASM: &str = "\
cargo xtask wasm [parlor_connect] [parlor_mix]

Builds the page's modules, or those named, for wasm32-unknown-unknown (rustup target add wasm32-unknown-unknown), shrinks
them with wasm-opt (npm package binaryen), and writes into web/sdk/
  parlor_connect.wasm   crates/parlor-wasm, with the profile `wasm`: small
  parlor_mix.wasm       crates/parlor-mix-wasm, with the profile `wasm-fast`
and beside each a .json: a hash over everything it was made from, the compiler's version, sizes.
All are committed, so that the server builds without that target. A test fails when a hash is not that of the
sources: run this after each change of these crates or of what they use.";

const MESSAGES: &str = "\
cargo xtask messages

Writes web/sdk/messages.d.ts, the TypeScript declarations of every message, from parlor-proto. A test fails when the
committed file is another.";

const REQUIREMENTS: &str = "\
cargo xtask requirements

Writes the last column of docs/requirements.md: the tests that name a requirement, in Rust by the function's name
(cm_03_collision_…) or by `// RR-7` in its first line, in JavaScript by the title (`RR-7 a full room refuses`).";

const BENCH: &str = "\
cargo xtask bench [NAME …] [-- OPTION …]

Measures, in a network namespace, with the server on one CPU and the load on the other, and appends one JSON line per
figure to docs/benchmarks.jsonl; ends with a table. Without a name: all but `build`.
  relay    offers and candidates between pairs, 1,000 sockets: CPU per relay, latency; beside PeerServer (npm
           `peer` 1.0.2) and a bare epoll loop in the same run
  list     the room list, 10,000 watchers of differences, 1,000 rooms, 100 changes a second; beside bare writes
  join     from user-joined-room to room-joined, 1,000 a second
  leave    from a closed socket to the others being told; 10,000 joins and leaves, and what is left afterwards
  memory   resident bytes for each open socket; beside PeerServer
  peerjs   the broker for PeerJS: CPU per relay, latency, bytes per peer, 300 MiB to absent ids; beside PeerServer
  forward  the hub, through real sockets: CPU per packet delivered, memory; beside Janus (Debian's `janus`) in the same run
  turn     relaying, 20 of coturn's clients: CPU per datagram, losses; beside coturn's server (Debian's `coturn`)
  size     bytes of the binary, of the page's first load, of the WebAssembly core
  build    cargo build --release from nothing, in a directory of its own (minutes)
OPTION goes to the load generator: --tiny runs everything small (what the tests do), --no-write leaves the file as it
is.";

const SCREENSHOTS: &str = "\
cargo xtask screenshots [FOLDER]

Takes pictures of the page with Chromium: without FOLDER those that the documents show (a room of eight, the lobby, tiles,
the debug view) into docs/images/; with FOLDER the page in all its states (empty, lobby, calls, errors; light, dark,
narrow), to be looked at.";

const NOTICES: &str = "\
cargo xtask notices

Writes notices.txt into cargo's output directory (target/): every package that is linked into the binary, and the texts
that their licences want to go with it. For whoever hands the binary on to others.";

const REPLAY: &str = "\
cargo xtask replay FILE [--as-test NAME]

Tells the native core what a page's core was told, as a report of the debug view has it (docs/debugging.md), prints what
happened when, and compares the states. The last line is `same states: N`, or says what differs first.
  --as-test NAME   also writes crates/parlor-wasm/tests/reports/NAME.json, without the addresses that are in the
                   report, which a test replays from then on
Exit code 1 if a state differs, or if the file is no report that can be replayed.";

const FUZZ: &str = "\
cargo xtask fuzz [TARGET …] [--seconds N] [--seed S]

Plays seeded games in which others talk in a room of the hub while nonsense comes to it, as `cargo test` does for three seeds of each:
  datagrams   STUN, DTLS, RTP and RTCP, made up and made of real ones, from known addresses and from others
  media       rightly encrypted packets and data frames with nonsense inside
  offers      descriptions made of real ones, candidates, wishes, comings and goings
  --seconds N   for so long each (60)
  --seed S      the first seed (1)
The last line of each says how many inputs there were. If something is found, it is said with its seed; keys are drawn from the system, so
one seed makes the same choices, not the same bytes, and what it found may need some runs to be seen again. Exit code 1 if
anything was found.";
