//! A page as the property test needs it: it counts the frames that reach it, and knows what they tell it.

use std::collections::BTreeMap;

use parlor_room::ConnId;
use serde_json::Value;

/// Who is there, as what, and whether suspect.
pub type Roster = Vec<(String, String, bool)>;

/// A page, as far as it listens: of each room it knows the roster and the host.
pub struct Page {
    /// None while its network is gone.
    pub conn: Option<ConnId>,
    pub is_silent: bool,
    pub instance: u32,
    pub token: String,
    pub last_seq: u64,
    /// By room.
    pub rosters: BTreeMap<String, (Roster, String)>,
    /// How each room connects.
    pub paths: BTreeMap<String, Path>,
    pub heard: Vec<String>,
}

/// How a room connects, as a page was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    pub mode: String,
    /// Where the room moves.
    pub to: Option<String>,
    /// The highest move of which the page has heard; 0: none.
    pub change: u32,
}

impl Page {
    /// Reads one frame.
    pub fn read(&mut self, me: &str, frame: &Value) {
        let data = &frame["data"];
        if let Some(seq) = frame["seq"].as_u64() {
            assert_eq!(seq, self.last_seq + 1, "{me} gets each frame once: {frame}");
            self.last_seq = seq;
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let roster = |list: &Value| -> Roster {
            let of = |p: &Value| (text(&p["id"]), text(&p["role"]), p["suspect"].as_bool().unwrap());
            list.as_array().unwrap().iter().map(of).collect()
        };
        match frame["type"].as_str().unwrap() {
            "room-joined" => {
                let room = &data["room"];
                let entry = (roster(&data["participants"]), text(&room["hostId"]));
                let was_in = self.rosters.insert(text(&room["id"]), entry).is_some();
                let path = self.paths.entry(text(&room["id"])).or_default();
                let change = if was_in { path.change } else { 0 };
                *path = Path { mode: text(&data["topology"]), to: None, change };
            }
            "topology" => {
                let change = u32::try_from(data["change"].as_u64().unwrap()).unwrap();
                assert!(self.rosters.contains_key(&text(&data["roomId"])), "a room one is in");
                let path = self.paths.get_mut(&text(&data["roomId"])).unwrap();
                if data["phase"] == "prepare" {
                    let is_told_again = path.to.is_none() && path.change == change;
                    assert!(change > path.change || is_told_again, "{me}: moves are counted: {frame}");
                    (path.to, path.change) = (Some(text(&data["mode"])), change);
                } else {
                    assert_eq!(
                        (path.to.take(), path.change),
                        (Some(text(&data["mode"])), change),
                        "{me}: {frame}"
                    );
                    path.mode = text(&data["mode"]);
                }
            }
            "user-left-room" if data["userId"] == me => {
                self.rosters.remove(&text(&data["roomId"])).expect("one is told only of a room one was in");
            }
            "user-joined-room" | "user-left-room" => {
                let entry = self.rosters.get_mut(&text(&data["roomId"])).expect("a room one is in");
                entry.0 = roster(&data["participants"]);
            }
            "user-updated" => {
                let p = &data["participant"];
                let entry = self.rosters.get_mut(&text(&data["roomId"])).expect("a room one is in");
                let slot = entry.0.iter_mut().find(|(id, ..)| p["id"] == **id).expect("someone who is there");
                *slot = (text(&p["id"]), text(&p["role"]), p["suspect"].as_bool().unwrap());
            }
            "room-updated" => {
                let entry = self.rosters.get_mut(&text(&data["roomId"])).expect("a room one is in");
                entry.1 = text(&data["room"]["hostId"]);
            }
            "chat" => self.heard.push(text(&data["text"])),
            "message" => self.heard.push(text(&data["payload"])),
            "offer" => self.heard.push(text(&data["sdp"])),
            _ => {}
        }
    }
}
