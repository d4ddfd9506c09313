//! A party follows what happens to its referrals.

use std::sync::Arc;

use polku_policy::Authorised;
use polku_proto::v1::{ReferralEvent, WatchReferralsRequest};
use polku_proto::{ReferralName, Valid};

use super::refer::mismatch;
use super::watch::{Feed, Watch};
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::news::Topic;
use crate::record::wire_time;
use crate::store::NewEvent;

/// What happens to referrals.
#[derive(Debug)]
pub(crate) struct Referrals;

impl Gateway {
    /// Begins a watch behind the event of the token, or behind the newest event.
    pub(crate) async fn watch_referrals(
        self: &Arc<Self>,
        caller: Caller,
        request: Valid<WatchReferralsRequest>,
    ) -> Result<Watch<Referrals>, Error> {
        self.follow(caller, (), &request.get().resume_token).await
    }
}

impl Feed for Referrals {
    type Row = NewEvent;
    type Item = ReferralEvent;
    type Scope = ();

    const TOKEN: &'static str = "watch";
    const FOLLOWERS: &'static str = "a professional's system watches referrals";

    fn topic(_gateway: &Gateway, caller: &Caller, (): &()) -> Topic {
        Topic::Referrals(caller.agency.clone())
    }

    async fn newest(gateway: &Gateway) -> Result<u64, Error> {
        Ok(gateway.store.last_event().await?)
    }

    async fn after(
        gateway: &Gateway,
        caller: &Caller,
        (): &(),
        position: u64,
        limit: u32,
    ) -> Result<Vec<(u64, NewEvent)>, Error> {
        let rows = gateway.store.events_after(position, &caller.agency, limit).await?;
        Ok(rows.into_iter().map(|row| (row.position, row.event)).collect())
    }

    async fn item(
        gateway: &Gateway,
        caller: &Caller,
        event: NewEvent,
        resume_token: String,
    ) -> Result<Option<Authorised<ReferralEvent>>, Error> {
        let now = gateway.now();
        let Some(referral) = gateway.store.referral(event.referral).await? else { return Ok(None) };
        let person = gateway.person(referral.youth).await?;
        let name = ReferralName { youth: referral.youth, referral: referral.id };
        let record = gateway.referral_of(&person, name).await?;
        let view = match gateway.view(caller, &person, &record, now) {
            Ok(view) => view,
            Err(Error::NotFound | Error::NotPermitted(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        gateway.note_referral(caller, &record, &view).await?;
        let time = Some(wire_time(event.time)?);
        let shell = ReferralEvent { resume_token, kind: event.kind, referral: None, time };
        Ok(Some(gateway.shell(caller, shell)?.gather(view).map_err(mismatch)?))
    }
}
