//! What stands in a journey, by agency and category?

use polku_proto::v1::{DataCategory, GetJourneyRequest, Journey, Purpose};
use polku_proto::{CategorySet, Disclose as _};
use polku_tests::world::Client;
use tonic::Status;

use super::arrange::{TOLD_OF_BACKGROUND, TOLD_OF_MEETING, WRITTEN};
use super::town::id;

pub(super) const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

/// What stands of one agency in a reader's window, by category.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    pub(super) entries: CategorySet,
    pub(super) facts: CategorySet,
    pub(super) plan: CategorySet,
    /// Of the referral that the agency has sent to the reader.
    pub(super) sent: CategorySet,
    /// What it tells of the referral that the reader has sent to it.
    pub(super) status: CategorySet,
}

/// Of the entries that everybody has written, what somebody sees who may be told this.
pub(super) fn written(told: CategorySet) -> CategorySet {
    let meeting = told.contains(DataCategory::ServiceAttendance);
    let meeting = if meeting { TOLD_OF_MEETING } else { CategorySet::EMPTY };
    let background = told.contains(DataCategory::EducationWork);
    let background = if background { TOLD_OF_BACKGROUND } else { CategorySet::EMPTY };
    WRITTEN.union(meeting).union(background).intersection(told)
}

/// Reads the journey without asking anybody: what became of a referral no agency's system is asked for.
pub(super) async fn glance(client: &Client, youth: &str, purpose: Purpose) -> Result<Journey, Status> {
    let request = GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: purpose.into(),
        categories: vec![DataCategory::ReferralStatus.into()],
        ..GetJourneyRequest::default()
    };
    Ok(client.clone().journey.get_journey(request).await?.into_inner())
}

/// What a journey shows of an agency, to this other one.
pub(super) fn seen(journey: &Journey, from: &str, reader: Option<&str>) -> Seen {
    let (from, reader) = (id(from), reader.map(id));
    let mut seen = Seen::default();
    for entry in journey.entries.iter().filter(|entry| entry.agency == from) {
        seen.entries.extend(entry.categories());
    }
    for held in journey.facts.iter().filter(|held| held.agency == from) {
        seen.facts.extend(held.categories());
    }
    for part in
        journey.plans.iter().flat_map(|plan| &plan.sections).filter_map(|section| section.part.as_ref())
    {
        if part.owner == from {
            seen.plan.extend(part.categories());
        }
    }
    for referral in &journey.referrals {
        let reader = reader.as_deref();
        if referral.sender == from && reader == Some(&referral.recipient) {
            seen.sent.extend(referral.categories().difference(STATUS));
        } else if referral.recipient == from && reader == Some(&referral.sender) {
            seen.status.extend(referral.categories().intersection(STATUS));
        }
    }
    for set in [&mut seen.entries, &mut seen.facts, &mut seen.plan, &mut seen.sent] {
        *set = set.difference(CategorySet::ENVELOPE);
    }
    seen
}
