//! Does every code on the wire mean what the agency's page says?
//!
//! An adapter that reads its own words back would agree with itself whatever they are: each simulator has those of the page.

use polku_adapters::Matter;
use polku_policy::Viewer;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::meeting_record::{self, Seat};
use polku_proto::v1::referral_notice::Kind;
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, DeliveryState, GoalState, LegalClaim, LegalGround, MeetingRecord,
    MeetingState, Outcome, PlanItem, PlanLink, PlanPart, PlanStanding, PlanState, Purpose, ReferralContent,
    ReferralHandover, ReferralNotice, ReferralState, RejectionReason, plan_item, plan_link,
};
use polku_tests::simulators::codes::Coded;

use super::bench::Bench;
use super::payloads::{HETU, Parcel, content, ended, handover, news, plan_part};
use super::placed::fields;

/// The numbers that the contract has for the values with a code.
fn numbers(coded: Coded) -> Vec<i32> {
    match coded {
        // Nobody is referred for statistics.
        Coded::Purpose => every(|purpose: Purpose| purpose != Purpose::Statistics),
        Coded::Ground => every(|_: LegalGround| true),
        Coded::ConsentAsked => every(|_: ConsentAsked| true),
        Coded::Notice => every(|_: Kind| true),
        Coded::State => every(|_: ReferralState| true),
        // What is still under way is no news.
        Coded::Delivery => every(|state: DeliveryState| {
            !matches!(state, DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Retrying)
        }),
        Coded::Reason => every(|_: RejectionReason| true),
        Coded::Outcome => every(|_: Outcome| true),
        Coded::Plan => every(|_: PlanState| true),
        Coded::Goal => every(|_: GoalState| true),
        Coded::Achievement => every(|_: Achievement| true),
        Coded::Action => every(|_: ActionState| true),
        Coded::Meeting => every(|_: MeetingState| true),
        // The frame of a message is none of a person's data.
        Coded::Category => every(|category: DataCategory| category != DataCategory::Envelope),
        Coded::Record => every(|_: meeting_record::Kind| true),
        Coded::Seat => every(|_: Seat| true),
        Coded::Item => every(|_: plan_item::Kind| true),
        Coded::Link => every(|_: plan_link::Kind| true),
    }
}

/// The numbers of an enumeration, but for that of nothing.
fn every<T: TryFrom<i32>>(has_code: impl Fn(T) -> bool) -> Vec<i32> {
    (1..100).filter(|number| T::try_from(*number).is_ok_and(&has_code)).collect()
}

/// A message that tells this, to one end of a referral.
fn item(coded: Coded, number: i32) -> (Viewer, Item) {
    let claim = |ground: i32, consent_asked: i32| {
        let Item::Handover(handover) = handover() else { panic!("no handover") };
        let claim = LegalClaim { ground, statement: "Syy.".into(), consent_asked };
        Item::Handover(ReferralHandover { claim: Some(claim), ..handover })
    };
    let asked = i32::from(ConsentAsked::No);
    let ground = i32::from(LegalGround::OutreachNotice);
    let (no_reason, no_outcome) = (RejectionReason::Unspecified, Outcome::Unspecified);
    let enumerated = "a number of the contract";
    let item = match coded {
        Coded::Purpose => {
            let Item::Handover(handover) = handover() else { panic!("no handover") };
            Item::Handover(ReferralHandover { purpose: number, ..handover })
        }
        Coded::Ground => claim(number, asked),
        Coded::ConsentAsked => claim(ground, number),
        Coded::Notice => {
            let state = match Kind::try_from(number).expect(enumerated) {
                Kind::ConsentWithdrawn => ReferralState::ConsentWithdrawn,
                Kind::Unspecified | Kind::StateChanged | Kind::InformationProvided => {
                    ReferralState::Requested
                }
            };
            let answer = (number == i32::from(Kind::InformationProvided)).then(content);
            let Item::Notice(notice) = news(state, no_reason, no_outcome) else { panic!("no notice") };
            Item::Notice(ReferralNotice { kind: number, answer, status_note: String::new(), ..notice })
        }
        Coded::State => match ReferralState::try_from(number).expect(enumerated) {
            state @ ReferralState::Rejected => news(state, RejectionReason::Other, no_outcome),
            state @ (ReferralState::Completed | ReferralState::Failed) => {
                news(state, no_reason, Outcome::Unknown)
            }
            state @ (ReferralState::Unspecified
            | ReferralState::Requested
            | ReferralState::InfoRequested
            | ReferralState::Accepted
            | ReferralState::InProgress
            | ReferralState::OnHold
            | ReferralState::CancelRequested
            | ReferralState::Cancelled
            | ReferralState::Expired
            | ReferralState::ConsentWithdrawn
            | ReferralState::EnteredInError) => news(state, no_reason, no_outcome),
        },
        Coded::Delivery => ended(number.try_into().expect(enumerated)),
        Coded::Reason => news(ReferralState::Rejected, number.try_into().expect(enumerated), no_outcome),
        Coded::Outcome => news(ReferralState::Completed, no_reason, number.try_into().expect(enumerated)),
        Coded::Plan
        | Coded::Goal
        | Coded::Achievement
        | Coded::Action
        | Coded::Meeting
        | Coded::Category
        | Coded::Record
        | Coded::Seat
        | Coded::Item
        | Coded::Link => Item::PlanPart(plan(coded, number)),
    };
    let to_sender = matches!(coded, Coded::State | Coded::Delivery | Coded::Reason | Coded::Outcome);
    (if to_sender { Viewer::Author } else { Viewer::Addressee }, item)
}

/// A plan with one item of a kind at most, nothing about the person but who it is, and nothing of where it stands but what
/// is asked.
fn plan(coded: Coded, number: i32) -> PlanPart {
    let about = ReferralContent { identity_code: HETU.into(), ..ReferralContent::default() };
    let whole = PlanPart { background: Some(about), standing: None, ..plan_part(&[DataCategory::JointPlan]) };
    let item = |kind: i32| Some(PlanItem { owner: "te".into(), kind, id: "a-1".into() });
    let mut part = PlanPart { needs: Vec::new(), actions: Vec::new(), meetings: Vec::new(), ..whole.clone() };
    part.goals[0].needs.clear();
    match coded {
        Coded::Plan => {
            part.goals.clear();
            part.state = number;
        }
        Coded::Goal => part.goals[0].state = number,
        Coded::Achievement => part.goals[0].achievement = number,
        Coded::Category => part.goals[0].category = number,
        Coded::Action => {
            part.actions = whole.actions;
            part.actions[0].state = number;
        }
        Coded::Meeting => {
            part.meetings = whole.meetings;
            part.meetings[0].state = number;
        }
        Coded::Record | Coded::Seat => {
            let (kind, missing) = if coded == Coded::Seat {
                (meeting_record::Kind::FourParty.into(), vec![number])
            } else {
                (number, Vec::new())
            };
            let category = DataCategory::JointPlan.into();
            let meeting = "m-1".to_owned();
            let record = MeetingRecord { category, meeting, kind, missing, ..MeetingRecord::default() };
            part.standing = Some(PlanStanding { meetings: vec![record], ..PlanStanding::default() });
        }
        Coded::Item => part.standing = Some(PlanStanding { step: item(number), ..PlanStanding::default() }),
        Coded::Link => {
            let need = i32::from(plan_item::Kind::Need);
            let links = vec![PlanLink { kind: number, first: item(need), second: item(need) }];
            part.standing = Some(PlanStanding { links, ..PlanStanding::default() });
        }
        other @ (Coded::Purpose
        | Coded::Ground
        | Coded::ConsentAsked
        | Coded::Notice
        | Coded::State
        | Coded::Delivery
        | Coded::Reason
        | Coded::Outcome) => panic!("{other:?} stands in no plan"),
    }
    part
}

fn stands_in_plans(coded: Coded) -> bool {
    let of_referrals = [
        Coded::Purpose,
        Coded::Ground,
        Coded::ConsentAsked,
        Coded::Notice,
        Coded::State,
        Coded::Delivery,
        Coded::Reason,
        Coded::Outcome,
    ];
    !of_referrals.contains(&coded)
}

/// What stands at this place: behind a path with this end, or right behind this name or system.
fn at<'f>(fields: &'f [(String, String)], place: &str) -> Vec<&'f str> {
    let mut before = "";
    let mut found = Vec::new();
    for (path, value) in fields {
        let is_here = path == place || path.ends_with(&format!(".{place}"));
        if is_here || before == place {
            found.push(value.as_str());
        }
        before = value;
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_is_the_one_of_the_page() {
    for kind in polku_adapters::kinds() {
        let bench = Bench::open(kind, None, None);
        let mut message = 0;
        let page = bench.agency.codes();
        let mut whole = Coded::ALL.to_vec();
        whole.retain(|coded| kind.delivers.contains(&Matter::PlanPart) || !stands_in_plans(*coded));
        assert_eq!(page.iter().map(|(coded, ..)| *coded).collect::<Vec<_>>(), whole, "{}", kind.id);
        for (coded, place, codes) in page {
            let numbers = numbers(coded);
            assert_eq!(numbers.len(), codes.len(), "{}: {coded:?}", kind.id);
            for (number, code) in numbers.into_iter().zip(codes) {
                message += 1;
                let (viewer, item) = item(coded, number);
                let parcel = Parcel { what: format!("{coded:?}"), matter: Matter::StateChange, viewer, item };
                let sent = bench.deliver(parcel.delivery(kind.id, message)).await;
                assert!(sent.is_ok(), "{}: {coded:?} {number}: {sent:?}", kind.id);
                let fields = fields(&bench, message);
                let expected: Vec<&str> = [code].into_iter().filter(|code| !code.is_empty()).collect();
                assert_eq!(at(&fields, place), expected, "{}: {coded:?} {number} at {place}", kind.id);
            }
        }
        bench.agency.control().stop();
    }
}
