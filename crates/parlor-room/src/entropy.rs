//! Ids and tokens that the server makes, drawn from the shell's seed: unguessable outside, the same again in a test.

use parlor_proto::{ChatId, Instance, RoomId, UserId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::hash::KeyedState;
use crate::log::SessionId;
use crate::token::TOKEN_SECRET_BYTES_MIN;

/// 32 letters, so that each byte gives one without a bias; none that a person could take for another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
/// 60 bits: enough that two of a server's ids never meet.
const ID_LETTERS: usize = 12;
/// 160 bits: enough that nobody guesses one.
const TOKEN_LETTERS: usize = 32;

/// The source of ids and tokens.
pub(crate) struct Entropy(ChaCha20Rng);

impl Entropy {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// The secret of a server that was given none. From a stream of its own: ids do not depend on whether it is drawn.
    pub(crate) fn token_secret(seed: [u8; 32]) -> [u8; TOKEN_SECRET_BYTES_MIN] {
        let mut rng = ChaCha20Rng::from_seed(seed);
        rng.set_stream(1);
        let mut secret = [0; TOKEN_SECRET_BYTES_MIN];
        rng.fill_bytes(&mut secret);
        secret
    }

    pub(crate) fn hash_key(&mut self) -> KeyedState {
        KeyedState::new([self.0.next_u64(), self.0.next_u64()])
    }

    pub(crate) fn user_id(&mut self) -> UserId {
        self.id("u-", UserId::parse)
    }

    pub(crate) fn instance(&mut self) -> Instance {
        self.id("i-", Instance::parse)
    }

    pub(crate) fn room_id(&mut self) -> RoomId {
        self.id("r-", RoomId::parse)
    }

    pub(crate) fn chat_id(&mut self) -> ChatId {
        self.id("c-", ChatId::parse)
    }

    pub(crate) fn session_id(&mut self) -> SessionId {
        SessionId::new(format!("s-{}", self.letters(ID_LETTERS)))
    }

    pub(crate) fn resume_token(&mut self) -> Box<str> {
        self.letters(TOKEN_LETTERS).into()
    }

    /// A random UUID (RFC 9562, section 5.4).
    pub(crate) fn uuid(&mut self) -> String {
        let random = (u128::from(self.0.next_u64()) << 64) | u128::from(self.0.next_u64());
        let uuid = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{uuid:032x}");
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| hex.get(range).unwrap_or_default());
        parts.join("-")
    }

    fn id<T, E>(&mut self, prefix: &str, parse: impl Fn(&str) -> Result<T, E>) -> T {
        loop {
            // Prefix and letters are all of the alphabet of ids, so the first try succeeds.
            if let Ok(id) = parse(&format!("{prefix}{}", self.letters(ID_LETTERS))) {
                return id;
            }
        }
    }

    fn letters(&mut self, count: usize) -> String {
        let mut bytes = [0_u8; TOKEN_LETTERS];
        self.0.fill_bytes(&mut bytes);
        bytes
            .iter()
            .take(count)
            .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
            .map(|letter| char::from(*letter))
            .collect()
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy(secret)")
    }
}
