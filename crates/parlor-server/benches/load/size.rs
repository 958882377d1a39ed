//! Sizes: of the binary, of what a browser loads before the page works, of the WebAssembly core.

use std::collections::BTreeSet;

use crate::Scale;
use crate::figures::Figures;
use crate::servers::{Programs, get};

/// Goals of docs/measurements.md.
const BINARY_MIB_MAX: f64 = 25.0;
const FIRST_LOAD_KIB_MAX: f64 = 300.0;
const CORE_KIB_MAX: f64 = 150.0;

/// What a page may refer to that a browser then loads.
const LOADED: [&str; 4] = [".js", ".css", ".wasm", ".svg"];

pub(crate) fn measure(programs: &Programs, _scale: Scale, figures: &mut Figures) {
    if let Programs::Processes { parlor, .. } = programs {
        let bytes = std::fs::metadata(parlor).expect("the binary is there").len();
        figures.add_with_goal("binary", bytes as f64 / 1024.0 / 1024.0, "MiB", BINARY_MIB_MAX);
    }
    let server = programs.parlor();
    let mut open = vec!["/".to_owned()];
    let mut seen: BTreeSet<String> = open.iter().cloned().collect();
    let (mut total, mut core) = (0, 0);
    while let Some(path) = open.pop() {
        let (head, packed) = get(server.address, &path, "Accept-Encoding: gzip\r\n");
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        total += packed.len();
        let (_, plain) = get(server.address, &path, "");
        if path.ends_with(".wasm") {
            core += plain.len();
            continue;
        }
        for next in references(&path, &String::from_utf8_lossy(&plain)) {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    figures.add("first load: files", seen.len() as f64, "");
    figures.add_with_goal("first load, compressed", total as f64 / 1024.0, "KiB", FIRST_LOAD_KIB_MAX);
    figures.add_with_goal("WebAssembly core, not compressed", core as f64 / 1024.0, "KiB", CORE_KIB_MAX);
}

/// The paths that a file refers to between quotes, relative to itself: imports, scripts, style sheets, the core.
fn references(path: &str, text: &str) -> Vec<String> {
    let is_page = path == "/";
    let quoted = text.lines().filter(|line| !is_comment(line)).flat_map(|line| {
        let parts: Vec<&str> = line.split(['"', '\'', '(', ')']).collect();
        parts.into_iter().map(str::to_owned).collect::<Vec<_>>()
    });
    quoted
        .filter(|part| LOADED.iter().any(|ending| part.ends_with(ending)))
        .filter(|part| !part.contains([' ', ':', '*', '$']))
        .filter(|part| is_page || part.starts_with("./") || part.starts_with("../") || part.starts_with('/'))
        .map(|part| resolve(path, &part))
        .collect()
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") || line.starts_with('*') || line.starts_with("/*") || line.starts_with("<!--")
}

/// RFC 3986, section 5.2.4, as far as it is needed here.
fn resolve(base: &str, reference: &str) -> String {
    let mut segments: Vec<&str> = if reference.starts_with('/') {
        Vec::new()
    } else {
        let mut segments: Vec<&str> = base.split('/').collect();
        segments.pop();
        segments
    };
    for segment in reference.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    segments.retain(|segment| !segment.is_empty());
    format!("/{}", segments.join("/"))
}
