//! Where a room belongs, on a mesh or around the hub: judged by its settings and by who is in it (RR-12). How it gets there is in
//! `moves.rs`.

use parlor_proto::{Kind, Mix, Mode, Participant, Source, Topology};

use crate::config::Config;
use crate::log::MoveCause;

/// The mode that settings hold a room in; none if that depends on who is there. One host who mixes for all others has
/// to reach them.
pub(crate) fn fixed(topology: Topology, mix: Mix) -> Option<Mode> {
    match (topology, mix) {
        (Topology::Mesh, _) | (_, Mix::Host) => Some(Mode::Mesh),
        (Topology::Sfu, Mix::Direct) => Some(Mode::Sfu),
        (Topology::Auto, Mix::Direct) => None,
    }
}

/// Those in a room, as far as they count for its mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Crowd {
    pub(crate) present: usize,
    /// A camera or screen is on.
    has_video: bool,
    /// Somebody publishes audio, be it muted.
    has_audio: bool,
}

impl Crowd {
    pub(crate) fn of<'a>(participants: impl Iterator<Item = &'a Participant>) -> Self {
        participants.fold(Self::default(), |crowd, participant| Self {
            present: crowd.present.saturating_add(1),
            has_video: crowd.has_video
                || participant
                    .tracks
                    .iter()
                    .any(|track| track.enabled && matches!(track.source, Source::Camera | Source::Screen)),
            has_audio: crowd.has_audio || participant.tracks.iter().any(|track| track.kind == Kind::Audio),
        })
    }

    /// Why they are too many for a mesh, if they are.
    pub(crate) fn outgrows_mesh(self, config: &Config) -> Option<MoveCause> {
        if self.has_video && self.present > usize::from(config.mesh_with_video_max) {
            Some(MoveCause::Video)
        } else if self.has_audio && self.present > usize::from(config.mesh_with_audio_max) {
            Some(MoveCause::Audio)
        } else {
            None
        }
    }

    /// Whether they are few enough to come back to a mesh. Never while they outgrow it, whatever the settings.
    pub(crate) fn fits_mesh(self, config: &Config) -> bool {
        let max = if self.has_video { config.back_with_video_max } else { config.back_without_video_max };
        self.present <= usize::from(max) && self.outgrows_mesh(config).is_none()
    }
}
