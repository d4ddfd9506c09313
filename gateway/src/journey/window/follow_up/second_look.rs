//! Who looks whether it was right to disclose without the young person's permission?
//!
//! Where a law is stronger than a prohibition, a professional's word opens what the young person has closed (domain.md,
//! P21). A second person looks at that afterwards: of the agency that has disclosed, in the unit that has, and never the
//! professional who did. There is one task for each message that tells something, in the commit in which it becomes known
//! that it has arrived, or may have, or can be read here. Grounds in law are stated for referrals, and for nothing else.

use jiff::Timestamp;
use polku_policy::Viewer;
use polku_proto::v1;
use polku_proto::v1::follow_up::Kind;

use super::about;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::outbox::Told;
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::TaskWrite;

impl Gateway {
    /// The task of whoever has told the viewer this of a referral; nothing where nobody need look at it.
    pub(crate) fn second_look(
        &self,
        person: &Person,
        record: &ReferralRecord,
        (viewer, told): (Viewer, &Told),
        now: Timestamp,
    ) -> Result<Option<TaskWrite>, Error> {
        let message = &record.message;
        let (discloser, professional) = match viewer {
            Viewer::Addressee => (&record.row.sender, &message.sender_professional),
            Viewer::Author => (&record.row.recipient, &message.recipient_professional),
            Viewer::Subject => return Ok(None),
        };
        if !told.needs_second_look() {
            return Ok(None);
        }
        let professional = professional.clone();
        let follow_up = v1::FollowUp { professional, ..about(Kind::SecondLook, record.name().to_string()) };
        self.new_task(person, discloser.clone(), follow_up, now).map(Some)
    }
}
