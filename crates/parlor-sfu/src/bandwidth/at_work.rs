//! Controllers of `goog_cc`, each on the thread that uses it: they can't go from one to another, and a hub can, since whoever lets a
//! participant go does that on a thread of its own. A hub is driven by one thread, so that is no loss; one that
//! is driven by another from some moment on begins its estimates anew.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use goog_cc::GoogCcNetworkController;

thread_local! {
    static AT_WORK: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

struct Entry {
    /// Gone with the handle.
    handle: Weak<()>,
    controller: Box<GoogCcNetworkController>,
}

/// The handle of one.
#[derive(Debug, Default)]
pub(super) struct AtWork {
    handle: Arc<()>,
    place: usize,
}

impl AtWork {
    /// Uses the controller, which is made where there is none yet on this thread. Those without a handle are freed then.
    pub(super) fn with<T>(
        &mut self,
        make: impl FnOnce() -> GoogCcNetworkController,
        run: impl FnOnce(&mut GoogCcNetworkController) -> T,
    ) -> T {
        AT_WORK.with_borrow_mut(|all| {
            let own = Arc::as_ptr(&self.handle);
            let is_own = |entry: &Entry| std::ptr::eq(entry.handle.as_ptr(), own);
            if !all.get(self.place).is_some_and(is_own)
                && let Some(place) = all.iter().position(is_own)
            {
                self.place = place;
            }
            if let Some(entry) = all.get_mut(self.place)
                && is_own(entry)
            {
                return run(&mut entry.controller);
            }
            all.retain(|entry| entry.handle.strong_count() > 0);
            self.place = all.len();
            let mut entry = Entry { handle: Arc::downgrade(&self.handle), controller: Box::new(make()) };
            let result = run(&mut entry.controller);
            all.push(entry);
            result
        })
    }

    /// How many there are on this thread.
    #[cfg(test)]
    pub(super) fn count() -> usize {
        AT_WORK.with_borrow(Vec::len)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "what is tested is about threads")]

    use super::*;
    use crate::bandwidth::controller::make;

    fn address(handle: &mut AtWork) -> usize {
        handle.with(|| make(1_000_000), |controller| std::ptr::from_mut(controller) as usize)
    }

    #[test]
    fn vc_05_each_handle_has_its_own_controller_and_those_without_one_are_freed() {
        let mut handles: Vec<AtWork> = (0..10).map(|_| AtWork::default()).collect();
        let mut addresses: Vec<usize> = handles.iter_mut().map(address).collect();
        addresses.dedup();
        assert_eq!((addresses.len(), AtWork::count()), (10, 10));
        // Some go, on another thread.
        let gone: Vec<AtWork> = handles.drain(2..8).collect();
        std::thread::spawn(move || drop(gone)).join().unwrap();
        addresses.drain(2..8);
        let mut new = AtWork::default();
        assert_eq!(handles.iter_mut().map(address).collect::<Vec<_>>(), addresses, "the others keep theirs");
        address(&mut new);
        assert_eq!(AtWork::count(), 5);
        assert_eq!(handles.iter_mut().map(address).collect::<Vec<_>>(), addresses);
        // On another thread one begins anew.
        let there = std::thread::spawn(move || {
            address(&mut new);
            AtWork::count()
        });
        assert_eq!(there.join().unwrap(), 1);
    }
}
