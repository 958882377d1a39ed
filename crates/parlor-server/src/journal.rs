//! How what happened looks in the log (VC-7). What is worth a line is decided by the registry.

use std::any::Any;

use parlor_proto::{ClientFrame, FrameError, RoomId, UserId};
use parlor_room::{
    ConnId, EndReason, Event, MoveCause, PeerEvent, PeerFrame, PeerGone, RoomEvent, SuspectCause,
};
use parlor_sfu::Event as HubEvent;

/// Writes the line of an event.
pub(crate) fn write(event: &Event) {
    match event {
        Event::SessionStarted { session, participant } => {
            tracing::info!(%session, %participant, "session started");
        }
        Event::SessionResumed { session, participant, replayed } => {
            tracing::info!(%session, %participant, replayed, "session resumed");
        }
        Event::SessionSuspect { session, participant, cause } => {
            tracing::info!(%session, %participant, cause = cause_text(*cause), "session suspect");
        }
        Event::SessionHeard { session, participant } => {
            tracing::info!(%session, %participant, "session heard again");
        }
        Event::ClientGone { session, participant, reason } => {
            tracing::info!(%session, %participant, %reason, "client gone");
        }
        Event::Freed { session, participant, freed } => {
            let parlor_room::Freed { rooms, frames, bytes } = *freed;
            tracing::info!(%session, %participant, rooms, frames, bytes, "freed");
        }
        Event::Peer { room, participant, event } => match event {
            PeerEvent::Opened => tracing::info!(%room, %participant, "peer opened"),
            PeerEvent::TakenOver => tracing::info!(%room, %participant, "peer goes on at another socket"),
            PeerEvent::Gone(gone) => {
                tracing::info!(%room, %participant, cause = gone_text(*gone), "peer gone")
            }
        },
        Event::Room { room, entry } => {
            let number = entry.number;
            match &entry.event {
                RoomEvent::Made { name, by } => {
                    let by = by.as_ref().map_or("the operator", UserId::as_str);
                    tracing::info!(%room, number, name = name.as_str(), by, "room made");
                }
                RoomEvent::Joined { session, participant, role, present } => {
                    tracing::info!(%room, number, %session, %participant, %role, present, "joined");
                }
                RoomEvent::Removed { session, participant, reason, by, tracks, remain } => {
                    let remain: Vec<&str> = remain.iter().map(parlor_proto::UserId::as_str).collect();
                    let (by, remain) = (by.as_ref().map(parlor_proto::UserId::as_str), remain.join(" "));
                    tracing::info!(%room, number, %session, %participant, %reason, by, tracks, remain, "removed");
                }
                RoomEvent::HostChanged { from, to } => {
                    tracing::info!(%room, number, %from, %to, "host changed");
                }
                RoomEvent::RoleChanged { participant, role } => {
                    tracing::info!(%room, number, %participant, %role, "role changed");
                }
                RoomEvent::RecordingChanged { participant, is_recording: true } => {
                    tracing::info!(%room, number, %participant, "recording began");
                }
                RoomEvent::RecordingChanged { participant, is_recording: false } => {
                    tracing::info!(%room, number, %participant, "recording ended");
                }
                RoomEvent::Updated { by } => tracing::info!(%room, number, %by, "room updated"),
                RoomEvent::RosterChanged { members, waiting } => {
                    let members: Vec<&str> = members.iter().map(UserId::as_str).collect();
                    tracing::info!(%room, number, members = members.join(" "), waiting, "roster changed");
                }
                RoomEvent::RosterGone => tracing::info!(%room, number, "open to everybody again"),
                RoomEvent::MoveBegan { to, change, cause, present } => {
                    let cause = move_text(*cause);
                    tracing::info!(%room, number, mode = %to, change, cause, present, "room moves");
                }
                RoomEvent::Moved { to, change, took_ms, missing } => {
                    tracing::info!(%room, number, mode = %to, change, took_ms, missing, "room moved");
                }
                RoomEvent::Ended { reason } => {
                    tracing::info!(%room, number, reason = end_text(reason), "room ended");
                }
            }
        }
    }
}

/// Writes the line of what happened to a participant's transport at the hub.
pub(crate) fn hub(room: Option<&RoomId>, participant: &UserId, event: &HubEvent) {
    let room = room.map(RoomId::as_str);
    match event {
        HubEvent::Made => tracing::debug!(room, %participant, "transport made"),
        HubEvent::Connected => tracing::info!(room, %participant, "transport connected"),
        HubEvent::PathLost => tracing::info!(room, %participant, "transport lost its path"),
        HubEvent::PathBack => tracing::info!(room, %participant, "transport has a path again"),
        HubEvent::StepFailed { step, message } => {
            tracing::error!(room, %participant, ?step, message, "freeing media failed, the rest goes on");
        }
        HubEvent::Panicked { message } => {
            tracing::error!(room, %participant, message, "a transport panicked and ends");
        }
        HubEvent::Gone { reason, freed } => {
            let parlor_sfu::Freed { consumers, producers, slots } = *freed;
            tracing::info!(room, %participant, ?reason, consumers, producers, slots, "media freed");
        }
    }
}

/// Writes, at debug level, which type of frame came in.
pub(crate) fn frame_in(conn: ConnId, parsed: &Result<ClientFrame, Box<FrameError>>) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    match parsed {
        Ok(frame) => tracing::debug!(conn = conn.0, r#type = frame.message.type_name(), "frame in"),
        Err(error) => {
            let kind = error.refusal.kind.as_deref();
            tracing::debug!(conn = conn.0, r#type = kind, refused = %error.refusal.message, "frame in");
        }
    }
}

/// The same of a peer's.
pub(crate) fn peer_frame_in(conn: ConnId, parsed: Option<&PeerFrame>) {
    if tracing::enabled!(tracing::Level::DEBUG) {
        tracing::debug!(conn = conn.0, r#type = parsed.map(PeerFrame::type_name), "frame in");
    }
}

/// Writes, at debug level, which type of frame goes out.
pub(crate) fn frame_out(conn: ConnId, text: &str) {
    if tracing::enabled!(tracing::Level::DEBUG) {
        tracing::debug!(conn = conn.0, r#type = type_of(text), "frame out");
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)")
}

/// The type of a frame of the server, which always comes first in it.
fn type_of(text: &str) -> &str {
    text.strip_prefix("{\"type\":\"").and_then(|rest| rest.split('"').next()).unwrap_or("?")
}

fn cause_text(cause: SuspectCause) -> String {
    match cause {
        SuspectCause::Silent => "silent".to_owned(),
        SuspectCause::Lost => "connection lost".to_owned(),
        SuspectCause::Closed(code) => format!("closed by the client with {code}"),
        SuspectCause::Refused(code) => format!("closed by the server with {code}"),
    }
}

const fn gone_text(gone: PeerGone) -> &'static str {
    match gone {
        PeerGone::Left => "gave its id back",
        PeerGone::Closed => "closed its socket",
        PeerGone::Lost => "connection lost",
        PeerGone::Silent => "silent",
        PeerGone::Refused => "closed by the server",
        PeerGone::TakenOver => "its id goes on elsewhere",
        PeerGone::Unlisted => "taken off the roster",
        PeerGone::PutOut => "put out by an operator",
        PeerGone::RoomEnded => "the room ended",
    }
}

const fn move_text(cause: MoveCause) -> &'static str {
    match cause {
        MoveCause::Settings => "its settings",
        MoveCause::Video => "too many for a mesh with video",
        MoveCause::Audio => "too many for a mesh with sound",
        MoveCause::Few => "few enough for a mesh",
    }
}

fn end_text(reason: &EndReason) -> String {
    match reason {
        EndReason::Empty => "empty for too long".to_owned(),
        EndReason::Operator => "ended by the operator".to_owned(),
        EndReason::By(host) => format!("ended by {host}"),
        EndReason::ServerStopping => "the server stops".to_owned(),
    }
}
