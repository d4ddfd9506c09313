//! A party follows what happens to its referrals: in order, without gap, without repetition.

use std::sync::Arc;
use std::time::Duration;

use polku_policy::Authorised;
use polku_proto::v1::{ReferralEvent, WatchReferralsRequest};
use polku_proto::{ReferralName, Valid};
use tokio::sync::mpsc;

use super::refer::mismatch;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::record::wire_time;
use crate::store::EventRow;

/// How many events wait for a slow reader before the gateway stops reading for it.
const BUFFER: usize = 16;
/// How many events are read from the store at once.
const BATCH: u32 = 64;
/// How long to wait for news before looking anyway: other gateways on the same store tell nothing here.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A watch that has begun. Events are authorised when they are sent, not when they happened.
#[derive(Debug)]
pub(crate) struct Watch {
    gateway: Arc<Gateway>,
    caller: Caller,
    position: u64,
}

impl Gateway {
    /// Begins a watch behind the event of the token, or behind the newest event.
    pub(crate) async fn watch_referrals(
        self: &Arc<Self>,
        caller: Caller,
        request: Valid<WatchReferralsRequest>,
    ) -> Result<Watch, Error> {
        let Actor::Professional { .. } = caller.actor else {
            return Err(Error::ActorNotAllowed { expected: "a professional's system watches referrals" });
        };
        let position = match request.get().resume_token.as_str() {
            "" => self.store.last_event().await?,
            token => {
                let plain = self.keys.open_token(&binding(&caller), token).map_err(|_| WRONG_TOKEN)?;
                u64::from_be_bytes(plain.try_into().map_err(|_| WRONG_TOKEN)?)
            }
        };
        Ok(Watch { gateway: Arc::clone(self), caller, position })
    }
}

const WRONG_TOKEN: Error = Error::Field {
    field: "resume_token",
    reason: "RESUME_TOKEN_INVALID",
    expected: "the token of an event that this caller was sent",
};

fn binding(caller: &Caller) -> String {
    format!("watch/{}", caller.agency)
}

impl Watch {
    /// Starts sending. The receiver's end is the watcher's: when it is dropped, the watch ends.
    pub(crate) fn start(mut self) -> mpsc::Receiver<Result<Authorised<ReferralEvent>, Error>> {
        let (sender, receiver) = mpsc::channel(BUFFER);
        tokio::spawn(async move {
            let mut happened = self.gateway.happened.subscribe();
            loop {
                match self.send_news(&sender).await {
                    Ok(Sent::All) => {}
                    Ok(Sent::WatcherGone) => return,
                    Err(error) => {
                        // The watcher resumes behind the last event that it got.
                        drop(sender.send(Err(error)).await);
                        return;
                    }
                }
                tokio::select! {
                    changed = happened.changed() => if changed.is_err() { return },
                    () = sender.closed() => return,
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
            }
        });
        receiver
    }

    async fn send_news(
        &mut self,
        sender: &mpsc::Sender<Result<Authorised<ReferralEvent>, Error>>,
    ) -> Result<Sent, Error> {
        loop {
            let newest = self.gateway.store.last_event().await?;
            let rows = self.gateway.store.events_after(self.position, &self.caller.agency, BATCH).await?;
            if rows.is_empty() {
                // Others' events need not be looked at again.
                self.position = self.position.max(newest);
                return Ok(Sent::All);
            }
            for row in rows {
                // A place first, then the permit: a permit does not wait for a slow reader.
                let Ok(place) = sender.reserve().await else { return Ok(Sent::WatcherGone) };
                let position = row.position;
                if let Some(event) = self.event(row).await? {
                    place.send(Ok(event));
                }
                self.position = position;
            }
        }
    }

    /// The event as the watcher may see it now; nothing if the referral is not the watcher's to see.
    async fn event(&self, row: EventRow) -> Result<Option<Authorised<ReferralEvent>>, Error> {
        let gateway = &self.gateway;
        let now = gateway.now();
        let Some(referral) = gateway.store.referral(row.event.referral).await? else { return Ok(None) };
        let person = gateway.person(referral.youth).await?;
        let name = ReferralName { youth: referral.youth, referral: referral.id };
        let record = gateway.referral_of(&person, name).await?;
        let view = match gateway.view(&self.caller, &person, &record, now) {
            Ok(view) => view,
            Err(Error::NotFound | Error::NotPermitted(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        gateway.note_reading(&self.caller, person.id, &name.to_string(), &view).await?;
        let shell = ReferralEvent {
            resume_token: gateway.keys.seal_token(&binding(&self.caller), &row.position.to_be_bytes())?,
            kind: row.event.kind,
            referral: None,
            time: Some(wire_time(row.event.time)?),
        };
        Ok(Some(gateway.shell(&self.caller, shell)?.gather(view).map_err(mismatch)?))
    }
}

enum Sent {
    All,
    WatcherGone,
}
