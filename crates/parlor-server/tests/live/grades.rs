//! How well a path to the hub works reaches the others (AU-6).

use serde_json::{Value, json};

use crate::star::{Guest, TALKS, all_until};
use crate::support::{Client, Server, config};

fn grades_of(guest: &Guest, name: &str) -> Vec<String> {
    let of = |frame: &Value| {
        let participant = &frame["data"]["participant"];
        let grade = participant["grade"].as_str().filter(|_| participant["id"] == name);
        grade.map(str::to_owned)
    };
    guest.told.iter().filter_map(of).collect()
}

fn is_last(guest: &Guest, name: &str, grade: &str) -> bool {
    grades_of(guest, name).last().is_some_and(|last| last == grade)
}

#[tokio::test]
async fn au_6_the_others_are_told_how_well_a_path_works_and_when_it_is_gone_and_back() {
    let server = Server::start(config()).await;
    let ann = Guest::join(&server, "ann", 0, TALKS).await;
    let bob = Guest::join(&server, "bob", 1, TALKS).await;
    let mut guests = [ann, bob];
    all_until(&mut guests, "both to be known as good", |guest| {
        is_last(guest, "ann", "good") && is_last(guest, "bob", "good")
    })
    .await;
    // Ann's end closes its connection, and stays in the room.
    guests[0].participant.rtc.close().unwrap();
    let is_gone = |guest: &Guest| guest.participant.name == "ann" || is_last(guest, "ann", "lost");
    all_until(&mut guests, "ann's path to be gone", is_gone).await;
    let joined = server.user("cat").await.join_star().await;
    assert_eq!(joined["data"]["participants"][0]["grade"], "lost");
    // With another connection it is back.
    guests[0].begin_anew().await;
    all_until(&mut guests, "it to be back", |guest| is_last(guest, "ann", "good")).await;
    // Not as good at times where the machine is busy, but never gone.
    assert!(!grades_of(&guests[1], "bob").contains(&"lost".to_owned()));
    assert_eq!(server.metric("parlor_hub_unreachable_total").await, 0);
}

impl Client {
    async fn join_star(mut self) -> Value {
        self.send("user-joined-room", json!({"roomId": "star"})).await;
        self.expect("room-joined").await
    }
}
