//! Files of sound and pictures: read and written packet by packet, played in real time, recorded.

pub(crate) mod ivf;
pub(crate) mod opus;
pub(crate) mod play;
pub(crate) mod record;
