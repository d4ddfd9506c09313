//! A sender waits for the agency's answer in the same call.

use std::time::Duration;

use polku_policy::Authorised;
use polku_proto::MessageId;
use polku_proto::v1::SendReferralResponse;
use tokio::time::Instant;

use super::refer::{Sent, mismatch};
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::outbox::{Lock, Reading, has_ended};

/// Another gateway on the same store may have made the delivery: then nobody tells us, and we look.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl Gateway {
    /// The answer to a sender: at once, or when the delivery has come to its end or the caller's patience has.
    pub(crate) async fn answer_sender(
        &self,
        caller: &Caller,
        sent: Sent,
        patience: Option<Duration>,
    ) -> Result<Authorised<SendReferralResponse>, Error> {
        let view = match (patience, sent.delivery) {
            (Some(patience), Some((message, name))) => {
                self.wait_for_delivery(message, patience).await?;
                let person = self.person(name.youth).await?;
                let record = self.referral_of(&person, name).await?;
                let view = self.view(caller, &person, &record, self.now())?;
                // That it was sent is written down; the recipient's word on it may have come since.
                let told = self.told_in_referral(caller, &record, view.decision(), self.now())?;
                let reading = Reading { caller, youth: person.id, name: &name.to_string(), lock: Lock::Free };
                self.note_told(&reading, &view, told).await?;
                Some(view)
            }
            _ => sent.view,
        };
        let shell = self.shell(caller, sent.envelope)?;
        match view {
            Some(view) => shell.gather(view).map_err(mismatch),
            None => Ok(shell),
        }
    }

    /// Only a waiter: the delivery goes its own way, whether or not somebody waits.
    async fn wait_for_delivery(&self, message: MessageId, patience: Duration) -> Result<(), Error> {
        let until = Instant::now() + patience;
        loop {
            let ended = self.waiters.wait_for(message);
            match self.store.delivery(message).await? {
                Some(row) if !has_ended(row.state) && Instant::now() < until => {}
                _ => return Ok(()),
            }
            let look = (Instant::now() + LOOK_AGAIN).min(until);
            // Told, or not told in time: either way the store knows.
            drop(tokio::time::timeout_at(look, ended).await);
        }
    }
}
