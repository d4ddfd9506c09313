//! What stands in a journey, by agency and category?

use polku_proto::v1::journey_entry::Matter;
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

/// An entry that there is.
pub(super) struct Written {
    pub(super) name: String,
    category: CategorySet,
    /// The referral that it is about; empty: about none.
    referral: String,
}

impl Written {
    /// Those of one agency, by a journey in which all of them stand.
    pub(super) fn of(journey: &Journey, agency: &str) -> Vec<Self> {
        let own = journey.entries.iter().filter(|entry| entry.agency == id(agency));
        own.map(|entry| Self {
            name: entry.name.clone(),
            category: CategorySet::named(entry.category),
            referral: match &entry.matter {
                Some(Matter::Handover(handover)) => handover.referral.clone(),
                Some(Matter::Retention(answer)) => answer.referral.clone(),
                _ => String::new(),
            },
        })
        .collect()
    }

    /// Whether it is for somebody who may be told this: what became of a referral, for its parties, who see it.
    pub(super) fn is_for(&self, journey: &Journey, told: CategorySet) -> bool {
        let is_theirs = journey.referrals.iter().any(|referral| referral.name == self.referral);
        self.category.is_subset(told) && (self.referral.is_empty() || is_theirs)
    }
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

/// An agency cannot be asked for a purpose that its protocol has no word for: nothing is compared then.
pub(super) fn skip_silent(
    journey: &Journey,
    (from, reader): (&str, &str),
    purpose: Purpose,
    (seen, expected): (&mut Seen, &Seen),
) {
    let is_silent = journey.unreachable.contains(&id(from));
    assert!(!is_silent || purpose == Purpose::Statistics, "{from} has not answered {reader}");
    if is_silent {
        seen.facts = expected.facts;
    }
}
