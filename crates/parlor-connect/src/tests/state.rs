//! CM-8, CM-10: the state that the application is told.

use super::story::{Story, id};
use crate::{ConnectionState, IceState, PeerState, Status};

#[test]
fn cm_08_a_stranger_is_disconnected() {
    let story = Story::new();
    let state = story.manager.connection_state(&id("zoe").into());
    let expected = PeerState {
        status: Status::Disconnected,
        retry_count: 0,
        retry_timeout: None,
        is_polite: true,
        making_offer: false,
        ignore_offer: false,
    };
    assert_eq!(state, expected);
    assert_eq!(story.manager.connections(), []);
}

#[test]
fn cm_08_connected_is_ice_and_the_connection_both() {
    let mut story = Story::among(&["zoe"]);
    let _ = story.offer("zoe", 1, 1, "zoe-1");
    let _ = story.remote_set("zoe", 1);
    let _ = story.local_set("zoe", 1, "mo-1");
    for (ice, connection) in [
        (IceState::New, ConnectionState::New),
        (IceState::Checking, ConnectionState::Connecting),
        (IceState::Connected, ConnectionState::Connecting),
        (IceState::Checking, ConnectionState::Connected),
    ] {
        assert_eq!(story.state("zoe", 1, ice, connection), [""; 0], "{ice:?} {connection:?}");
    }
    let connected = story.state("zoe", 1, IceState::Completed, ConnectionState::Connected);
    assert_eq!(connected, ["state zoe connected"]);
    assert_eq!(story.works("zoe", 1), [""; 0], "what did not change is not told");
}

#[test]
fn cm_08_a_closed_state_that_the_page_caused_is_no_failure() {
    let mut story = Story::connected_with("ada");
    assert_eq!(story.state("ada", 1, IceState::Closed, ConnectionState::Closed), [""; 0]);
}

#[test]
fn cm_10_the_info_lists_everyone_in_order_of_ids_as_they_were_told() {
    let mut story = Story::among(&["zoe", "ada", "bea"]);
    let _ = story.connect("ada", 1);
    let listed: Vec<(String, Status)> =
        story.manager.connections().iter().map(|c| (c.remote_peer_id.to_string(), c.state.status)).collect();
    let expected = [("ada", Status::Connected), ("bea", Status::Connecting), ("zoe", Status::Waiting)];
    assert_eq!(listed, expected.map(|(name, status)| (name.to_owned(), status)));
    for remote in story.manager.connections() {
        assert_eq!(story.manager.connection_state(&remote.remote_peer_id), remote.state);
    }
}

#[test]
fn cm_08_the_whole_life_of_a_connection_told_in_order() {
    let mut story = Story::new();
    let mut lines = story.joined("r", &["ada"]);
    lines.extend(story.local_set("ada", 1, "mo-1"));
    lines.extend(story.offer("ada", 1, 1, "ada-x"));
    lines.extend(story.answer("ada", 1, 1, "ada-1"));
    lines.extend(story.remote_set("ada", 1));
    lines.extend(story.works("ada", 1));
    lines.extend(story.dtls_fails("ada", 1));
    lines.extend(story.until(4_000));
    lines.extend(story.left("r", "ada", parlor_proto::LeaveReason::Left, &[]));
    assert_eq!(
        super::story::states(&lines),
        [
            "ada connecting making-offer",
            "ada connecting",
            "ada connecting ignoring",
            "ada connecting",
            "ada connected",
            "ada failed 4000",
            "ada connecting retry-1 making-offer",
            "ada disconnected retry-1",
        ]
    );
}
