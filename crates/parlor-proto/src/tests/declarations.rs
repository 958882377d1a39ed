//! The page's TypeScript declarations, made from the types of this crate. The committed file is
//! `web/sdk/messages.d.ts`; `UPDATE=1 cargo test -p parlor-proto declarations` writes it anew.

use std::collections::BTreeMap;
use std::path::Path;

use ts_rs::{Config, TS, TypeVisitor};

use crate::{ClientMessage, ErrorCode, LeaveReason, Refusal, ServerMessage};

/// What the envelope adds, and names that follow from the unions. Only what no Rust type holds is written here.
const HEAD: &str = "\
// The messages of docs/protocol.md as TypeScript declarations.
// Made from crates/parlor-proto by `UPDATE=1 cargo test -p parlor-proto declarations`: change it there, not here.
";
const FOOT: &str = "
/** A client's types, each with its data. */
export type ClientData = { [M in ClientMessage as M[\"type\"]]: M[\"data\"] };

/** The server's types, each with its data. */
export type ServerData = { [M in ServerMessage as M[\"type\"]]: M[\"data\"] };

/** One frame of a client: `id` asks for an answer, `cseq` numbers it. */
export type ClientFrame = ClientMessage & { id?: string | number, cseq?: number };

/** The answer to a request that was done. */
export type OkFrame = { type: \"ok\", re: string | number, data: Record<string, never> };

/** A refusal; `re` names the request if that had an `id`. */
export type ErrorFrame = { type: \"error\", re?: string | number, data: Refusal };

/** One frame of the server: `seq` numbers those that must not be lost. */
export type ServerFrame = (ServerMessage | OkFrame | ErrorFrame) & { seq?: number };
";

/// Gathers each named type once. Sorted by name: the order of `visit_dependencies` differs between compilations.
struct Gather {
    config: Config,
    declarations: BTreeMap<String, String>,
}

impl TypeVisitor for Gather {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_some() {
            let name = T::ident(&self.config);
            if self.declarations.contains_key(&name) {
                return;
            }
            let text = format!("{}export {}", T::docs().unwrap_or_default(), T::decl(&self.config));
            self.declarations.insert(name, lay_out(&text));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

fn declarations() -> String {
    let config = Config::default().with_large_int("number");
    let mut gather = Gather { config, declarations: BTreeMap::new() };
    gather.visit::<ClientMessage>();
    gather.visit::<ServerMessage>();
    gather.visit::<Refusal>();
    let body: String = gather.declarations.values().map(|text| format!("\n{text}")).collect();
    format!("{HEAD}{body}{FOOT}")
}

/// One line for a comment of one line, one line for each message of a union, fields indented.
fn lay_out(text: &str) -> String {
    let text = text.replace("/**\n * ", "/** ").replace("\n */\n", " */\n").replace(", };", ",\n};");
    let text = text.replace("= { \"type\"", "=\n  | { \"type\"").replace(" | { \"type\"", "\n  | { \"type\"");
    let text = text.replace("=\n \n  |", "=\n  |");
    let mut out = String::new();
    let mut in_fields = false;
    for line in text.lines().map(str::trim_end) {
        in_fields = in_fields && line != "};";
        let indent = if in_fields { "  " } else { "" };
        out.push_str(indent);
        out.push_str(line);
        out.push('\n');
        in_fields = in_fields || line.ends_with("= {");
    }
    out
}

#[test]
fn declarations_of_the_page_are_those_of_this_crate() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/sdk/messages.d.ts");
    let made = declarations();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "web/sdk/messages.d.ts is not what the types say: UPDATE=1 cargo test -p parlor-proto declarations"
    );
}

#[test]
fn declarations_name_every_type_code_and_reason() {
    let made = declarations();
    for kind in ClientMessage::TYPES.iter().chain(ServerMessage::TYPES) {
        assert!(made.contains(&format!("\"type\": \"{kind}\"")), "{kind} is declared");
    }
    for code in ErrorCode::ALL {
        assert!(made.contains(&format!("\"{code}\"", code = code.as_str())), "{code:?} is declared");
    }
    assert!(made.contains(&format!("\"{}\"", LeaveReason::ServerStopping)), "leave reasons are declared");
    assert!(!made.contains("bigint"), "numbers arrive as JSON numbers");
}
