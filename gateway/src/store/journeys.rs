//! What is kept of a young person's journey?

use jiff::Timestamp;
use polku_proto::{AgencyId, ConsentId, EntryId, ReferralId, YouthId};

/// One entry of a journey. Never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Opaque id.
    pub id: EntryId,
    /// Whose journey.
    pub youth: YouthId,
    /// Who wrote it down.
    pub agency: AgencyId,
    /// Which of the contract's matters it is about: the number of the field.
    pub kind: i32,
    /// When it was written down.
    pub created: Timestamp,
    /// The contract's `JourneyEntry`, sealed.
    pub sealed: Vec<u8>,
}

/// Something that an agency is to look after when a day has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUpRow {
    /// About whom.
    pub youth: YouthId,
    /// What.
    pub matter: FollowUp,
    /// Who.
    pub agency: AgencyId,
    /// From when on.
    pub due: Timestamp,
}

/// What is to be looked after. There is one of each for a person and an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FollowUp {
    /// Nobody has met the young person for long.
    NotMet,
    /// Is the young person still with the service that this referral has led to?
    Retention(ReferralId),
    /// Has the recipient confirmed that this referral is cancelled?
    Cancellation(ReferralId),
    /// May the agency that looks into it that nobody has answered this referral still be told of it?
    Unanswered(ReferralId),
    /// Does the young person, now of age, still want what a guardian has consented to?
    Renewal(ConsentId),
}

/// A change of what is to be looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowUpWrite {
    /// From now on, or at another time than before.
    Set(FollowUpRow),
    /// Not any more.
    Drop {
        /// About whom.
        youth: YouthId,
        /// What.
        matter: FollowUp,
        /// Who.
        agency: AgencyId,
    },
}
