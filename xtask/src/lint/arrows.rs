//! The crates depend on each other as the table in ARCHITECTURE.md says, and the cores on nothing that does I/O,
//! reads a clock or draws entropy.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::none_wrong;
use crate::{place, process};

/// Crates that are doors to the world. A core that reaches one of them, however indirectly, is no core any more.
const DOORS: &[&str] = &[
    "async-io",
    "async-std",
    "getrandom",
    "hyper",
    "mio",
    "polling",
    "rand",
    "reqwest",
    "rustix",
    "smol",
    "socket2",
    "tokio",
    "tracing",
];

/// What ARCHITECTURE.md says of one crate.
struct Drawn {
    is_core: bool,
    /// Packages behind which a core may have a door: it is a core around them.
    around: BTreeSet<String>,
    may_use: BTreeSet<String>,
}

/// What cargo says of the workspace.
pub(crate) struct Workspace {
    /// Package ids of the members, by name.
    members: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
    /// Resolved dependencies that end up in what is built: normal ones and those of build scripts.
    built: BTreeMap<String, BTreeSet<String>>,
    /// Declared dependencies of the members, with `true` for those of tests only.
    declared: BTreeMap<String, BTreeSet<(String, bool)>>,
}

/// The check.
pub(crate) fn check() -> Result<()> {
    let drawn = drawn(&place::read("ARCHITECTURE.md")?)?;
    none_wrong(&faults(&drawn, &Workspace::read()?))
}

fn faults(drawn: &BTreeMap<String, Drawn>, workspace: &Workspace) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in drawn.keys().filter(|name| !workspace.members.contains_key(*name)) {
        wrong.push(format!("{name}: ARCHITECTURE.md has it, the workspace does not"));
    }
    for (name, id) in &workspace.members {
        let Some(Drawn { is_core, around, may_use }) = drawn.get(name) else {
            wrong.push(format!("{name}: the table of crates in ARCHITECTURE.md does not have it"));
            continue;
        };
        for (used, tests_only) in workspace.declared.get(name).into_iter().flatten() {
            // A test may stand above what it tests, but nothing may lean back on its own user.
            let leans_back = reaches(drawn, used, name);
            if workspace.members.contains_key(used) && !may_use.contains(used) && (!tests_only || leans_back)
            {
                wrong.push(format!(
                    "{name} depends on {used}: ARCHITECTURE.md draws no such arrow (a new one needs a page in \
                     docs/decisions/ first)"
                ));
            }
        }
        if *is_core {
            for door in DOORS {
                if let Some(path) = workspace.path(id, door, around) {
                    wrong.push(format!("{name} is a core, and reaches {door}: {}", path.join(" → ")));
                }
            }
        }
    }
    wrong
}

/// Whether `to` is somewhere below `from` as drawn.
fn reaches(drawn: &BTreeMap<String, Drawn>, from: &str, to: &str) -> bool {
    from == to
        || drawn
            .get(from)
            .is_some_and(|drawn_from| drawn_from.may_use.iter().any(|next| reaches(drawn, next, to)))
}

/// Reads the rows `| `crate` | kind | `crate`, `crate` | … |`. A kind may be ``core around `package` ``.
fn drawn(text: &str) -> Result<BTreeMap<String, Drawn>> {
    let code =
        |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut drawn = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, uses, ..] = cells.as_slice() else { continue };
        let Some(name) = code(name).pop_first() else { continue };
        let is_core = kind.contains("core") || *kind == "words";
        drawn.insert(name, Drawn { is_core, around: code(kind), may_use: code(uses) });
    }
    if drawn.is_empty() {
        bail!("ARCHITECTURE.md has no table `| crate | kind | may use | …`");
    }
    if let Some(name) = drawn.keys().find(|name| {
        drawn.get(*name).is_some_and(|crate_| crate_.may_use.iter().any(|next| reaches(&drawn, next, name)))
    }) {
        bail!("ARCHITECTURE.md draws a circle through {name}");
    }
    Ok(drawn)
}

impl Workspace {
    pub(crate) fn read() -> Result<Self> {
        let text = process::collect(process::cargo(&["metadata", "--format-version", "1", "--locked"]))?;
        Self::parse(&serde_json::from_str(&text)?).context("what cargo metadata printed is not as expected")
    }

    fn parse(metadata: &Value) -> Option<Self> {
        let strings = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|item| Some(item.as_str()?.to_owned())).collect()
        };
        let member_ids: BTreeSet<String> = strings(metadata.get("workspace_members")?)?.into_iter().collect();
        let mut workspace = Self {
            members: BTreeMap::new(),
            names: BTreeMap::new(),
            built: BTreeMap::new(),
            declared: BTreeMap::new(),
        };
        for package in metadata.get("packages")?.as_array()? {
            let id = package.get("id")?.as_str()?.to_owned();
            let name = package.get("name")?.as_str()?.to_owned();
            workspace.names.insert(id.clone(), name.clone());
            if member_ids.contains(&id) {
                let mut declared = BTreeSet::new();
                for dependency in package.get("dependencies")?.as_array()? {
                    let tests_only = dependency.get("kind")?.as_str() == Some("dev");
                    declared.insert((dependency.get("name")?.as_str()?.to_owned(), tests_only));
                }
                workspace.declared.insert(name.clone(), declared);
                workspace.members.insert(name, id);
            }
        }
        for node in metadata.get("resolve")?.get("nodes")?.as_array()? {
            let mut built = BTreeSet::new();
            for dependency in node.get("deps")?.as_array()? {
                let kinds = dependency.get("dep_kinds")?.as_array()?;
                if kinds.iter().any(|kind| kind.get("kind").and_then(Value::as_str) != Some("dev")) {
                    built.insert(dependency.get("pkg")?.as_str()?.to_owned());
                }
            }
            workspace.built.insert(node.get("id")?.as_str()?.to_owned(), built);
        }
        Some(workspace)
    }

    /// The names on the way from a package to one with this name, if there is a way that leads through none of `around`.
    fn path(&self, from: &str, to: &str, around: &BTreeSet<String>) -> Option<Vec<String>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut open = vec![from];
        while let Some(id) = open.pop() {
            if self.names.get(id).is_some_and(|name| name == to) {
                let way = std::iter::successors(Some(id), |id| came_from.get(id).copied());
                let mut names: Vec<String> = way.filter_map(|id| self.names.get(id).cloned()).collect();
                names.reverse();
                return Some(names);
            }
            for next in self.built.get(id).into_iter().flatten() {
                let is_inside = self.names.get(next).is_some_and(|name| around.contains(name));
                if !is_inside && next != from && !came_from.contains_key(next.as_str()) {
                    came_from.insert(next, id);
                    open.push(next);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
