//! What does every message to an agency need before it can be worded?

use jiff::Timestamp;
use polku_proto::identity::has_hetu;
use polku_proto::time::OutOfRange;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{Delivery, DisclosureNotice, PlanPart, ReferralHandover, ReferralNotice};
use polku_proto::{AgencyId, MessageId, ReferralName};

use super::plan::has_sound_ids;

/// A part of a payload that cannot be expressed in the agency's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unwritable(pub(super) &'static str);

impl From<Unwritable> for super::answer::Failure {
    fn from(Unwritable(what): Unwritable) -> Self {
        crate::AdapterErrorKind::Unwritable { what }.into()
    }
}

/// A delivery whose frame has been read.
pub(super) struct Envelope {
    pub(super) message: MessageId,
    pub(super) sender: AgencyId,
    /// The own id of the professional whose word this is.
    pub(super) professional: Option<String>,
    pub(super) content: Content,
}

/// What a delivery is about.
pub(super) enum Content {
    Handover(ReferralName, ReferralHandover),
    Notice(ReferralName, ReferralNotice),
    PlanPart(Box<PlanPart>),
    /// Without a referral, where a section of a joint plan was told.
    Disclosure(Option<ReferralName>, DisclosureNotice),
}

impl Envelope {
    /// Reads the frame of a delivery.
    pub(super) fn open(delivery: Delivery) -> Result<Self, Unwritable> {
        // The recipient is whoever this adapter speaks to, or the sender when the news goes the other way.
        let Delivery { message_id, referral, sender, recipient: _, item, professional } = delivery;
        let about = || referral.parse().map_err(|_| Unwritable("referral"));
        Ok(Self {
            message: message_id.parse().map_err(|_| Unwritable("message_id"))?,
            sender: sender.parse().map_err(|_| Unwritable("sender"))?,
            professional: professional_id(professional),
            content: match item.ok_or(Unwritable("item"))? {
                Item::Handover(handover) => Content::Handover(about()?, handover),
                Item::Notice(notice) => Content::Notice(about()?, notice),
                Item::PlanPart(part) if !has_sound_ids(&part) => return Err(Unwritable("plan ids")),
                Item::PlanPart(part) => Content::PlanPart(Box::new(part)),
                Item::Disclosure(notice) if referral.is_empty() => Content::Disclosure(None, notice),
                Item::Disclosure(notice) => Content::Disclosure(Some(about()?), notice),
            },
        })
    }
}

/// Reads an instant that must be there.
pub(super) fn instant(
    read: Option<Result<Timestamp, OutOfRange>>,
    what: &'static str,
) -> Result<Timestamp, Unwritable> {
    optional_instant(read, what)?.ok_or(Unwritable(what))
}

/// Reads an instant that may be there.
pub(super) fn optional_instant(
    read: Option<Result<Timestamp, OutOfRange>>,
    what: &'static str,
) -> Result<Option<Timestamp>, Unwritable> {
    read.transpose().map_err(|_| Unwritable(what))
}

/// Writes an instant that may be there: RFC 3339 in UTC.
pub(super) fn written_instant(
    read: Option<Result<Timestamp, OutOfRange>>,
    what: &'static str,
) -> Result<Option<String>, Unwritable> {
    Ok(optional_instant(read, what)?.map(|instant| instant.to_string()))
}

/// Gives a text only if there is one: an empty field of the contract is an absent one.
pub(super) fn present(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Gives the id of a professional. Whoever gives professionals their identity code as an id is not repeated.
pub(super) fn professional_id(id: String) -> Option<String> {
    present(id).filter(|id| !has_hetu(id))
}

/// Gives the party of a delivery that is not this agency: the one for whom the gateway acts. News to the sender of a
/// referral are the recipient's word.
pub(super) fn other_party(delivery: &Delivery, own: &AgencyId) -> Result<AgencyId, Unwritable> {
    let Delivery { sender, recipient, .. } = delivery;
    match sender == own.as_str() {
        true => recipient.parse().map_err(|_| Unwritable("recipient")),
        false => sender.parse().map_err(|_| Unwritable("sender")),
    }
}

/// Gives the word on the state that is news to this agency: to the referral's sender the recipient's, and the other
/// way round.
pub(super) fn news(
    own: &AgencyId,
    sender: &AgencyId,
    status_note: String,
    sender_note: String,
) -> Option<String> {
    present(if own == sender { status_note } else { sender_note })
}
