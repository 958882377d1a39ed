//! Remote candidates that wait for their description (CM-4).
//!
//! A candidate belongs to the description with its `usernameFragment`, without one to the newest that arrived. It is
//! added once that description is set; what belongs to an ignored or superseded offer is dropped in silence when
//! another description is set.

use std::collections::VecDeque;

use parlor_proto::IceCandidateInit;

/// More than any browser gathers for one description; beyond it the oldest go.
const WAITING_MAX: usize = 256;

type Ufrag = Option<String>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Candidates {
    /// Of the newest description that arrived, set or not.
    newest: Ufrag,
    /// Of the description that is set.
    current: Option<Ufrag>,
    /// Of the last ignored offer.
    ignored: Option<Ufrag>,
    waiting: VecDeque<(Ufrag, Option<IceCandidateInit>)>,
}

impl Candidates {
    /// A description arrived; candidates without a fragment are its from now on, and so are those that came before any.
    pub(crate) fn description_arrived(&mut self, ufrag: Ufrag) {
        for (of, _) in self.waiting.iter_mut().filter(|(of, _)| of.is_none()) {
            of.clone_from(&ufrag);
        }
        self.newest = ufrag;
    }

    /// The newest description is an offer that is ignored.
    pub(crate) fn newest_ignored(&mut self) {
        self.ignored = Some(self.newest.clone());
    }

    /// A description was set: which candidates can be added now.
    pub(crate) fn description_set(&mut self, ufrag: Ufrag) -> Vec<Option<IceCandidateInit>> {
        let ignored = self.ignored.take();
        let mut ready = Vec::new();
        self.waiting.retain_mut(|(of, candidate)| {
            if *of == ufrag {
                ready.push(candidate.take());
                return false;
            }
            Some(&*of) != ignored.as_ref()
        });
        self.current = Some(ufrag);
        ready
    }

    /// A candidate arrived: the candidate, if it can be added now.
    pub(crate) fn arrived(
        &mut self,
        candidate: Option<IceCandidateInit>,
    ) -> Option<Option<IceCandidateInit>> {
        let named = candidate.as_ref().and_then(|c| c.username_fragment.clone());
        let of = named.or_else(|| self.newest.clone());
        if self.current.as_ref() == Some(&of) {
            return Some(candidate);
        }
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back((of, candidate));
        None
    }
}
