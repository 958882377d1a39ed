//! A release binary carries the page: it is built again when a file comes to `web/` or goes. A debug binary reads the
//! files from disk, and is not.

fn main() {
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let watched = if is_release {
        ["../../web/index.html", "../../web/sdk", "../../web/studio"].as_slice()
    } else {
        ["build.rs"].as_slice()
    };
    for path in watched {
        println!("cargo::rerun-if-changed={path}");
    }
}
