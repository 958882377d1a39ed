//! A small contract in both forms.

use super::{code, differences, objects_of, page};

const DECLARATIONS: &str = r#"
// Head: with a colon.

/** What a client says. */
export type ClientMessage =
  | { "type": "hello", "data": Hello }
  | { "type": "offer", "data": Offer }
  | { "type": "answer", "data": Offer };

/** Codes. */
export type ErrorCode = "bad-message" | "forbidden";

/** Hello. */
export type Hello = {
  /** Who: the id. */
  userId?: UserId,
  resume?: Resume,
};

export type Offer = {
  to: UserId,
};

export type Refusal = {
  code: ErrorCode,
  type?: string,
};

export type Resume = {
  lastSeq: number,
};

export type UserId = string;

export type ServerMessage =
  | { "type": "pong", "data": Pong };

export type Pong = {
  t?: unknown,
};

/** Derived. */
export type ClientData = { [M in ClientMessage as M["type"]]: M["data"] };
"#;
const CLOSE: &str = "match self {\n    Self::Gone => 1012,\n    Self::Replaced => 4001,\n}";
const LIMITS: &str =
    "/// Bytes.\npub const FRAME_MAX: usize = 256 * 1024;\npub const GRACE_MS: u64 = 10_000;\n";

const PAGE: &str = "\
# Protocol
## Session
| not a field | of anything |
### `hello` →
| field | type | |
|---|---|---|
| `userId?` | id | who |
| `resume?` | object | |
```json
| `example` | not a row |
```
### Type `Resume`
| `lastSeq` | number | |
### `offer` →, `answer` →
| `to` | id | |
### `pong` ←
| `t?` | any | |
### `ok` ←
### `error` ←
| `code` | code | |
| `type?` | type | |
## Errors
| `bad-message` | said |
| `forbidden` | no |
## Close codes
| code | by | meaning |
| 1012 | server | stops |
| 4001 | the server | replaced |
| 4000 | client | comes back |
## Limits
| a frame | 262,144 bytes | `FRAME_MAX` |
| the grace | 10,000 ms | `GRACE_MS` |
## The hub (later)
### `slots` ←
| `slots` | list | |
";

fn found(page_text: &str) -> Vec<String> {
    differences(&page(page_text), &code(DECLARATIONS, CLOSE, LIMITS).unwrap())
}

#[test]
fn a_page_that_says_the_same_is_right() {
    assert_eq!(found(PAGE), Vec::<String>::new());
}

#[test]
fn every_difference_is_found() {
    for (from, to, fault) in [
        ("`userId?`", "`userId`", "hello → lacks userId?"),
        ("| `to` | id | |\n", "", "answer → lacks to"),
        ("### `pong` ←\n| `t?` | any | |\n", "", "the page lacks pong ←"),
        ("### `pong` ←", "### `pang` ←", "the page has pang ←"),
        ("| `forbidden` | no |", "| `forbidding` | no |", "ErrorCode lacks forbidden"),
        ("| 1012 | server", "| 1013 | server", "close codes lacks 1012"),
        ("262,144 bytes", "262,143 bytes", "limits lacks FRAME_MAX = 262144"),
        ("`lastSeq` |", "`lastSeq` | number |\n| `more` |", "Resume has more"),
    ] {
        assert!(PAGE.contains(from), "{from}");
        let found = found(&PAGE.replace(from, to));
        assert!(found.iter().any(|line| line.contains(fault)), "{fault}: {found:?}");
    }
}

#[test]
fn a_heading_says_what_it_is_about() {
    assert_eq!(objects_of("### `offer` →, `answer` →"), ["offer →", "answer →"]);
    assert_eq!(objects_of("#### Type `Participant`"), ["Participant"]);
    assert_eq!(objects_of("### Why `attempt` counts"), Vec::<String>::new());
}
