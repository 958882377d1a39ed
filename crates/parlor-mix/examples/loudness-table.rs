//! Prints what the loudness meter reads of the test signals of EBU Tech 3341, as a Markdown table. Where one signal has twenty
//! variants, a line has the one that is furthest off.
//!
//! `cargo run --release -p parlor-mix --example loudness-table [SAMPLE RATE IN HZ …]`

// A program for the terminal.
#![allow(clippy::print_stdout, clippy::indexing_slicing, clippy::expect_used)]

use std::collections::BTreeMap;

#[path = "../tests/tech_3341/mod.rs"]
mod tech_3341;

use tech_3341::{Row, SampleRate};

fn main() {
    let wanted: Vec<u32> =
        std::env::args().skip(1).map(|hz| hz.parse().expect("a sample rate in Hz")).collect();
    let rates = if wanted.is_empty() { vec![48_000, 44_100] } else { wanted };
    let tables: Vec<Vec<Row>> = rates
        .iter()
        .map(|hz| furthest_off(tech_3341::rows(SampleRate::new(*hz).expect("8,000 to 192,000 Hz"))))
        .collect();
    let heads: Vec<String> = rates.iter().map(|hz| format!("at {} kHz", f64::from(*hz) / 1_000.0)).collect();
    println!("| signal | what | reading | expected | {} |", heads.join(" | "));
    println!("|---|---|---|---|{}", "---|".repeat(rates.len()));
    for (line, row) in tables[0].iter().enumerate() {
        let (below, above) = row.tolerance;
        let tolerance = if below == above { format!("±{below}") } else { format!("+{above}/−{below}") };
        let measured: Vec<String> = tables.iter().map(|rows| verdict(&rows[line])).collect();
        println!(
            "| {} | {} | {} | {} {tolerance} | {} |",
            row.signal,
            row.fed,
            row.read,
            number(row.expected, 1),
            measured.join(" | ")
        );
    }
}

fn verdict(row: &Row) -> String {
    // Variants of one signal may expect different values: what counts is how far off.
    let off = row.measured - row.expected;
    format!(
        "{} ({}){}",
        number(row.measured, 3),
        number(off, 3),
        if row.is_right() { "" } else { " **wrong**" }
    )
}

fn number(value: f64, places: usize) -> String {
    format!("{value:.places$}").replace('-', "−")
}

/// Of the variants of one signal and reading the one furthest off.
fn furthest_off(rows: Vec<Row>) -> Vec<Row> {
    let mut places: BTreeMap<(String, &'static str), usize> = BTreeMap::new();
    let mut kept: Vec<Row> = Vec::new();
    for mut row in rows {
        let (signal, variant) =
            row.signal.split_once(", ").map_or((row.signal.as_str(), false), |(s, _)| (s, true));
        let key = (signal.to_owned(), row.read);
        if variant {
            row.signal = format!("{}, worst of 20", key.0);
        }
        match places.get(&key) {
            Some(place) if off(&row) > off(&kept[*place]) => kept[*place] = row,
            Some(_) => {}
            None => {
                places.insert(key, kept.len());
                kept.push(row);
            }
        }
    }
    kept
}

fn off(row: &Row) -> f64 {
    (row.measured - row.expected).abs()
}
