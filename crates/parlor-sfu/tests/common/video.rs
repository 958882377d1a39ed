//! Pictures that look like VP8 from outside: descriptor, frame header, and then a word that says whose they are.

/// One encoding.
pub struct Encoder {
    pub rid: Option<&'static str>,
    pub height: u16,
    pub bps: u64,
    pub seq: u64,
    pub wants_key: bool,
    pub keys: u32,
    picture: u16,
    base: u8,
}

const PACKET_BYTES: u64 = 1_100;
pub const FRAMES_PER_SECOND: u64 = 25;

impl Encoder {
    pub fn new(rid: Option<&'static str>, height: u16, bps: u64) -> Self {
        // Each begins elsewhere, as browsers do.
        let start = u64::from(height) * 77;
        Self {
            rid,
            height,
            bps,
            seq: start,
            wants_key: true,
            keys: 0,
            picture: start as u16 & 0x7fff,
            base: 9,
        }
    }

    /// The packets of the next picture.
    pub fn frame(&mut self) -> Vec<(u64, Vec<u8>, bool)> {
        let is_key = std::mem::take(&mut self.wants_key);
        self.keys += u32::from(is_key);
        self.picture = (self.picture + 1) & 0x7fff;
        self.base = self.base.wrapping_add(1);
        let bytes = self.bps / 8 / FRAMES_PER_SECOND;
        let count = bytes.div_ceil(PACKET_BYTES).max(1);
        let size = (bytes / count) as usize;
        (0..count)
            .map(|index| {
                let starts = if index == 0 { 0x10 } else { 0 };
                let [high, low] = self.picture.to_be_bytes();
                let mut payload = vec![0x80 | starts, 0xe0, 0x80 | high, low, self.base, 0x20];
                let [height_low, height_high] = self.height.to_le_bytes();
                let tag = u8::from(!is_key);
                payload.extend([tag, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, height_low, height_high]);
                payload.extend(self.height.to_be_bytes());
                payload.resize(size.max(payload.len()), 0xaa);
                let seq = self.seq;
                self.seq += 1;
                (seq, payload, index + 1 == count)
            })
            .collect()
    }
}

/// What a packet of [`Encoder`] says of itself: height, whether it is of a key frame, and its picture id. Zeros if it is none.
pub fn look(payload: &[u8]) -> (u16, bool, u16) {
    if payload.len() < 18 {
        return (0, false, 0);
    }
    let height = u16::from_be_bytes([payload[16], payload[17]]);
    (height, payload[6] == 0, u16::from_be_bytes([payload[2] & 0x7f, payload[3]]))
}
