//! Hashing of addresses, which clients choose: keyed, so that nobody outside can make ones that collide. The order of these maps
//! must never show.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, DefaultHasher, Hasher};

/// A map whose keys come from clients.
pub(crate) type KeyedMap<K, V> = HashMap<K, V, KeyedState>;

/// Begins each hash with 128 secret bits.
#[derive(Clone)]
pub(crate) struct KeyedState([u64; 2]);

impl KeyedState {
    pub(crate) const fn new(key: [u64; 2]) -> Self {
        Self(key)
    }
}

impl BuildHasher for KeyedState {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        for word in self.0 {
            hasher.write_u64(word);
        }
        hasher
    }
}

impl fmt::Debug for KeyedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedState(secret)")
    }
}
