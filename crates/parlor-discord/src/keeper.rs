//! Keeps the room's roster as it is wanted: tells parlor of each change, again until it knows, and once in a while although
//! nothing has changed, since a server that was started anew knows of no room.

use std::time::Duration;

use tokio::sync::watch;

use crate::admin::{Admin, AdminError, Outcome};
use crate::channel::Roster;

/// The first pause after a request that failed; each further one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest one.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug)]
pub(crate) struct Keeper {
    admin: Admin,
    refresh: Duration,
    wanted: watch::Receiver<Option<Roster>>,
}

impl Keeper {
    pub(crate) fn new(admin: Admin, refresh: Duration, wanted: watch::Receiver<Option<Roster>>) -> Self {
        Self { admin, refresh, wanted }
    }

    /// Keeps it for ever. Returns what parlor refuses before it has ever taken a roster: settings are wrong then.
    pub(crate) async fn keep(&mut self) -> AdminError {
        let mut told: Option<Roster> = None;
        let mut pause = PAUSE;
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            let mut wait = self.refresh;
            if let Some(roster) = wanted {
                match self.tell(roster.clone()).await {
                    Ok(outcome) => {
                        pause = PAUSE;
                        if outcome == Outcome::Made {
                            tracing::info!(room = self.admin.room, "the room is made, with its roster");
                        }
                        if told.as_ref() != Some(&roster) {
                            let (members, waiting) = (roster.members.len(), roster.waiting.len());
                            tracing::info!(room = self.admin.room, members, waiting, "parlor has the roster");
                        }
                        told = Some(roster);
                    }
                    Err(error @ AdminError::Refused { .. }) if told.is_none() => return error,
                    Err(error) => {
                        tracing::warn!(%error, again_in_s = pause.as_secs(), "parlor does not have the roster");
                        wait = pause;
                        pause = pause.saturating_mul(2).min(PAUSE_MAX);
                    }
                }
            }
            // Its other end lives as long as this.
            drop(tokio::time::timeout(wait, self.wanted.changed()).await);
        }
    }

    /// Says it once more, for the last time.
    pub(crate) async fn last(&mut self) {
        let Some(roster) = self.wanted.borrow_and_update().clone() else { return };
        if let Err(error) = self.tell(roster).await {
            tracing::warn!(%error, "parlor does not have the last roster");
        }
    }

    async fn tell(&self, roster: Roster) -> Result<Outcome, AdminError> {
        let admin = self.admin.clone();
        tokio::task::spawn_blocking(move || admin.set_roster(&roster))
            .await
            .unwrap_or_else(|error| Err(AdminError::Unreachable(error.to_string())))
    }
}
