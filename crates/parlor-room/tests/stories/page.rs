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
    pub heard: Vec<String>,
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
                self.rosters.insert(text(&room["id"]), entry);
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
