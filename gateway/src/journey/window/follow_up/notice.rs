//! A discloser's system has not got a notice of a disclosure, or may not have: who sees to it that its register holds it?
//!
//! The discloser, by a task in the commit in which that becomes known. The notice is made of what stands in the log, so
//! it can be sent again however late that is; whether the register holds the disclosure without it, a person finds out.

use jiff::Timestamp;
use polku_adapters::Redelivery;
use polku_proto::v1;
use polku_proto::v1::DeliveryState;
use polku_proto::v1::follow_up::Kind;
use polku_proto::{MessageId, ReferralName};

use super::about;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::outbox::NO_DEADLINE;
use crate::person::Person;
use crate::store::{About, DeliveryRow, DeliveryWrite, TaskWrite};

impl Gateway {
    /// The task of the discloser whose system has not got this notice.
    pub(crate) fn undelivered_notice(
        &self,
        person: &Person,
        row: &DeliveryRow,
        now: Timestamp,
    ) -> Result<TaskWrite, Error> {
        let referral = match row.about {
            About::Referral(referral) => ReferralName { youth: row.youth, referral }.to_string(),
            About::Plan { .. } | About::Journey => String::new(),
        };
        let notice = row.message.to_string();
        let follow_up = v1::FollowUp { notice, ..about(Kind::NoticeNotDelivered, referral) };
        self.new_task(person, row.agency.clone(), follow_up, now)
    }

    /// The same notice into the queue once more, as the same message: an agency that recognises it does not hold it twice,
    /// and one of which it is not known whether it has it is asked first, where it can be.
    pub(super) async fn notice_again(
        &self,
        follow_up: &v1::FollowUp,
        now: Timestamp,
    ) -> Result<DeliveryWrite, Error> {
        const UNKNOWN: Error = Error::Inconsistent("a task about a notice that is none");
        let message: MessageId = follow_up.notice.parse().map_err(|_| UNKNOWN)?;
        let row = self.store.delivery(message).await?.ok_or(UNKNOWN)?;
        let can_tell =
            self.adapter(&row.agency).is_some_and(|adapter| adapter.redelivery() != Redelivery::Neither);
        let is_asked_first = row.state == DeliveryState::InDoubt && can_tell;
        let state = if is_asked_first { DeliveryState::Sending } else { DeliveryState::Queued };
        let expected_fence = row.fence;
        let row = DeliveryRow { state, due: now, deadline: NO_DEADLINE, leased_until: None, ..row };
        Ok(DeliveryWrite { row, expected_fence })
    }
}
