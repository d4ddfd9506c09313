//! Who else reads beside an official of the unit that consents name, and what does the matrix let each of them see?

use polku_policy::{ActorRole, Channel, Engine, Question, Viewer};
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{
    AcceptReferralRequest, Actor, DataCategory, GetJourneyRequest, Purpose, RepresentativeActor,
    RetentionAnswer, actor, retention_answer,
};
use polku_proto::{CategorySet, Disclose as _, Party};
use polku_tests::world::{Client, full_content, referral_to, request_id};
use tonic::{Code, Status};

use super::super::add;
use super::{Case, TOLD_OF_MEETING, Town, UNITS, WRITTEN, id};
use crate::matrix::situations::{PAIRS, asked, now, personal, situations};

/// The pairs between which there are referrals.
pub(super) const WITH_REFERRALS: [usize; 2] = [0, 4];
const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

/// Professionals who read: in which unit, in which role.
const PROFESSIONALS: [(&str, &str); 2] = [(UNITS[1], "official"), (UNITS[1], "coordinator")];

fn purpose(pair: usize) -> Purpose {
    if PAIRS[pair].1 == "te" { Purpose::EmploymentServices } else { Purpose::WorkshopCoaching }
}

fn whole(agency: &str) -> Party {
    Party::whole(agency.parse().unwrap())
}

fn unit(agency: &str, unit: &str) -> Party {
    format!("{agency}/{unit}").parse().unwrap()
}

/// Hands the young person over, where that is permitted: the name of the referral that was taken up.
pub(super) async fn refer(town: &Town, case: Case, youth: &str) -> Option<String> {
    let (from, to) = PAIRS[case.pair];
    let mut request = referral_to(&id(to), youth, purpose(case.pair), full_content());
    request.wait_for_delivery = true;
    let sent = town.agency(from).referral.send_referral(request).await.ok()?.into_inner();
    let name = sent.referral?.name;
    let accept = AcceptReferralRequest { request_id: request_id(), name: name.clone(), ..Default::default() };
    town.agency(to).referral.accept_referral(accept).await.unwrap();
    Some(name)
}

/// The recipient writes down what became of it.
pub(super) async fn tell_retention(town: &Town, case: Case, youth: &str, referral: String) {
    let result = retention_answer::Result::Attached.into();
    let answer = Matter::Retention(RetentionAnswer { referral, result });
    add(&town.agency(PAIRS[case.pair].1), youth, answer).await.unwrap();
}

/// What is shown of the entries of an agency.
async fn entries(
    client: &Client,
    youth: &str,
    agency: &str,
    purpose: Purpose,
) -> Result<CategorySet, Status> {
    let request = GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: purpose.into(),
        // No agency's system is asked for this.
        categories: vec![DataCategory::ReferralStatus.into()],
        ..GetJourneyRequest::default()
    };
    let journey = client.clone().journey.get_journey(request).await?.into_inner();
    let mut shown = CategorySet::EMPTY;
    for entry in journey.entries.iter().filter(|entry| entry.agency == id(agency)) {
        shown.extend(entry.categories());
    }
    Ok(shown.difference(CategorySet::ENVELOPE))
}

/// Of what is written here, what a reader sees who may be told this.
fn written(told: CategorySet) -> CategorySet {
    let meeting = told.contains(DataCategory::ServiceAttendance);
    let inside = if meeting { TOLD_OF_MEETING } else { CategorySet::EMPTY };
    WRITTEN.union(inside).intersection(told)
}

/// Reads everybody of a pair as everybody else does, and says what is not as the matrix has it, and how much was shown.
pub(super) async fn compare(
    town: &Town,
    engine: &Engine,
    pair: usize,
    youths: &[String],
) -> (Vec<String>, usize) {
    let (from, to) = PAIRS[pair];
    let named = if (Case { pair, situation: 0 }).names_unit() { unit(to, UNITS[0]) } else { whole(to) };
    let (mut wrong, mut shown) = (Vec::new(), 0);
    let mut check = |who: &str, says: &str, seen: CategorySet, expected: CategorySet| {
        shown += usize::from(!seen.is_empty());
        if seen != expected {
            wrong.push(format!("{from}, and {to}: {who}, {says}: {seen} for {expected}"));
        }
    };
    for (situation, youth) in situations().iter().zip(youths) {
        let told = |categories, channel: Channel, viewer, purpose, actor| {
            let question =
                |youth| Question { actor, ..Question::new(youth, channel, viewer, purpose, now()) };
            asked(engine, situation, (from, &named), categories, question)
        };
        for (place, role) in PROFESSIONALS {
            let at = unit(to, place);
            let actor = ActorRole::Professional { at: at.clone(), role: role.into() };
            let channel = Channel { from: whole(from), to: at };
            let all = personal().difference(STATUS);
            let expected = written(told(all, channel, Viewer::Addressee, Purpose::Guidance, actor));
            let reader = town.professional(to, (place, role));
            let seen = entries(&reader, youth, from, Purpose::Guidance).await.unwrap();
            check(&format!("the {role} of {place}"), situation.says, seen, expected);
        }

        let channel = Channel { from: whole(from), to: whole(from) };
        let all = personal().difference(STATUS);
        let expected = written(told(all, channel, Viewer::Subject, Purpose::Guidance, ActorRole::Guardian));
        // Of an adult nobody is a guardian, and is refused.
        let seen = entries(&guardian(town, youth), youth, from, Purpose::Guidance).await;
        check("a guardian", situation.says, seen.unwrap_or(CategorySet::EMPTY), expected);

        if WITH_REFERRALS.contains(&pair) {
            let own = unit(from, UNITS[0]);
            let actor = ActorRole::Professional { at: own.clone(), role: "official".into() };
            let channel = Channel { from: own, to: whole(to) };
            let told = told(STATUS, channel, Viewer::Author, purpose(pair), actor);
            // Where nothing was sent there is nothing to be told of: the young person sees all there is.
            let all = entries(&town.young_person(youth), youth, to, purpose(pair)).await.unwrap();
            let seen = entries(&town.agency(from), youth, to, purpose(pair)).await.unwrap();
            let expected = told.intersection(all);
            check("the sender of a referral", situation.says, seen.intersection(STATUS), expected);
        }
    }
    let peer = town.professional(to, (UNITS[0], "peer"));
    let refused = entries(&peer, &youths[0], from, Purpose::Guidance).await.unwrap_err();
    assert!([Code::PermissionDenied, Code::NotFound].contains(&refused.code()), "{refused:?}");
    (wrong, shown)
}

fn guardian(town: &Town, youth: &str) -> Client {
    let guardian = RepresentativeActor {
        youth: youth.into(),
        capacity: Capacity::Guardian as i32,
        id: "huoltaja-1".into(),
    };
    let who = Actor { who: Some(actor::Who::Representative(guardian)) };
    town.young_person(youth).acting(&who)
}
