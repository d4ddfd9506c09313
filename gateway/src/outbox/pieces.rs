//! What of a referral is told piece by piece, and by what is a piece known again?
//!
//! Of the content and of an answer each category is a piece, and so is each word on the state. Whoever was told a piece, by
//! the own system or by a reading, has been told it: a wider permission shows them others beside it. A piece that says
//! something else is another one.

use jiff::Timestamp;
use polku_policy::{Authorised, Decision, Obligation, Viewer};
use polku_proto::v1::{DataCategory, Referral, ReferralContent};
use polku_proto::{AgencyId, CategorySet, Disclose as _};
use prost::Message as _;

use super::message::IDENTITY;
use super::reading::{Lock, Reading, Shown};
use super::told::Mark;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::record::ReferralRecord;
use crate::store::{About, DeliveryItem};

const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);
const NOTES: CategorySet = CategorySet::of(&[DataCategory::GuidanceNotes]);

/// One piece of what a referral tells.
pub(crate) struct Piece {
    /// What it is: one category.
    pub(super) category: CategorySet,
    pub(super) mark: Mark,
}

impl Gateway {
    /// What this item says to the viewer, if all of it is permitted.
    pub(crate) fn pieces(&self, record: &ReferralRecord, item: DeliveryItem, viewer: Viewer) -> Vec<Piece> {
        let row = &record.row;
        let reader = if viewer == Viewer::Author { &row.sender } else { &row.recipient };
        let piece = |(category, said): (CategorySet, Vec<u8>)| Piece {
            category,
            mark: self.told_mark(&said, reader),
        };
        said(&record.message, item, viewer).into_iter().map(piece).collect()
    }

    /// Keyed: it tells nothing about what was told.
    pub(crate) fn told_mark(&self, told: &[u8], reader: &AgencyId) -> Mark {
        self.keys.pseudonym(b"told", &[reader.as_str().as_bytes(), &[0], told].concat())
    }

    /// What whoever reads the referral here is told of the other party's, as this decision lets them.
    pub(crate) fn told_in_referral(
        &self,
        caller: &Caller,
        record: &ReferralRecord,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<Vec<Shown>, Error> {
        let viewer = self.viewer(caller, &record.row)?;
        if viewer == Viewer::Subject || !decision.obligations().contains(&Obligation::DisclosureNotice) {
            return Ok(Vec::new());
        }
        let question = record.question(viewer, caller.role(), now);
        let answers =
            (0..).zip(&record.message.information).map(|(index, _)| DeliveryItem::Information(index));
        let mut told = Vec::new();
        for item in [DeliveryItem::Handover, DeliveryItem::StateChange].into_iter().chain(answers) {
            for Piece { category, mark } in self.pieces(record, item, viewer) {
                let about = About::Referral(record.row.id);
                let shown = self.owed_notice(about, category, &question, decision, now)?;
                told.extend(shown.map(|shown| shown.marked(mark).stemming_from(record, item)));
            }
        }
        Ok(told)
    }

    /// Writes down that a referral was read, with what that has told.
    pub(crate) async fn note_referral(
        &self,
        caller: &Caller,
        record: &ReferralRecord,
        view: &Authorised<Referral>,
    ) -> Result<(), Error> {
        let told = self.told_in_referral(caller, record, view.decision(), self.now())?;
        let name = record.name().to_string();
        let reading = Reading { caller, youth: record.row.youth, name: &name, lock: Lock::Free };
        self.note_telling(&reading, view, told).await
    }
}

/// What an item says to the viewer of what is the other one's, by category.
fn said(message: &Referral, item: DeliveryItem, viewer: Viewer) -> Vec<(CategorySet, Vec<u8>)> {
    let exchange = |index: u32| message.information.get(usize::try_from(index).unwrap_or(usize::MAX));
    match (viewer, item) {
        (Viewer::Addressee, DeliveryItem::Handover) => {
            // With the content goes the identity code, which the gateway adds.
            let content = message.content.iter().flat_map(|content| by_category(content, IDENTITY));
            let statement = message.claim.iter().filter_map(|claim| word(NOTES, "claim", &claim.statement));
            content.chain(statement).collect()
        }
        (Viewer::Addressee, DeliveryItem::Information(index)) => {
            let answer = exchange(index).and_then(|exchange| exchange.answer.as_ref());
            answer.map(|answer| by_category(answer, CategorySet::EMPTY)).unwrap_or_default()
        }
        (Viewer::Addressee, DeliveryItem::StateChange) => {
            word(NOTES, "note", &message.sender_note).into_iter().collect()
        }
        (Viewer::Author, DeliveryItem::StateChange) => {
            let number = |number: i32| if number == 0 { String::new() } else { number.to_string() };
            let words = [
                word(STATUS, "rejection", &number(message.rejection_reason)),
                word(STATUS, "outcome", &number(message.outcome)),
                word(STATUS, "note", &message.status_note),
            ];
            words.into_iter().flatten().collect()
        }
        // A question is the word on the state when it is asked.
        (Viewer::Author, DeliveryItem::Information(index)) => exchange(index)
            .and_then(|exchange| word(STATUS, "note", &exchange.question))
            .into_iter()
            .collect(),
        (Viewer::Subject, _)
        | (Viewer::Author, DeliveryItem::Handover)
        | (
            _,
            DeliveryItem::ConsentWithdrawn
            | DeliveryItem::DisclosureNotice { .. }
            | DeliveryItem::PlanPart
            | DeliveryItem::PlanEnded,
        ) => Vec::new(),
    }
}

fn by_category(content: &ReferralContent, always: CategorySet) -> Vec<(CategorySet, Vec<u8>)> {
    let said = |category: DataCategory| {
        let category = CategorySet::of(&[category]);
        let mut piece = ReferralContent { identity_code: String::new(), ..content.clone() };
        piece.restrict(category);
        (category, [b"content\0".as_slice(), &category.bits().to_be_bytes(), &piece.encode_to_vec()].concat())
    };
    content.categories().union(always).iter().map(said).collect()
}

fn word(category: CategorySet, kind: &str, text: &str) -> Option<(CategorySet, Vec<u8>)> {
    (!text.is_empty()).then(|| (category, [kind.as_bytes(), &[0], text.as_bytes()].concat()))
}
