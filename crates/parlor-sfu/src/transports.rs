//! All transports of a hub, each at a place that a key names. A key is never used twice.

use crate::transport::Transport;

/// Where a transport is: its place, and which of those who had that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TransportKey {
    place: u32,
    generation: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Transports {
    places: Vec<(u32, Option<Box<Transport>>)>,
    free: Vec<u32>,
}

impl Transports {
    /// Makes room for one, tells it its key, and keeps it.
    pub(crate) fn insert(&mut self, transport: Transport) -> TransportKey {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push((0, None));
            u32::try_from(self.places.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        let generation = self.places.get_mut(place as usize).map_or(0, |entry| {
            entry.1 = Some(Box::new(transport));
            entry.0
        });
        TransportKey { place, generation }
    }

    pub(crate) fn get_mut(&mut self, key: TransportKey) -> Option<&mut Transport> {
        let (generation, transport) = self.places.get_mut(key.place as usize)?;
        transport.as_deref_mut().filter(|_| *generation == key.generation)
    }

    pub(crate) fn get(&self, key: TransportKey) -> Option<&Transport> {
        let (generation, transport) = self.places.get(key.place as usize)?;
        transport.as_deref().filter(|_| *generation == key.generation)
    }

    pub(crate) fn remove(&mut self, key: TransportKey) -> Option<Box<Transport>> {
        let (generation, transport) = self.places.get_mut(key.place as usize)?;
        if *generation != key.generation {
            return None;
        }
        let transport = transport.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(key.place);
        Some(transport)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Transport> {
        self.places.iter().filter_map(|(_, transport)| transport.as_deref())
    }
}

/// A key for tests of what only compares keys.
#[cfg(test)]
pub(crate) fn test_key(place: usize) -> TransportKey {
    TransportKey { place: u32::try_from(place).unwrap(), generation: 0 }
}
