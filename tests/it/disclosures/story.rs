//! One young person's story, entry by entry; and a list that grows while it is read.

use std::collections::BTreeSet;

use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::disclosure_actor::Kind as Who;
use polku_proto::v1::{
    BatchVerifyConsentsRequest, ConsentState, DataCategory, DeliveryState, Disclosure, DisclosureActor,
    GetNextStepRequest, JourneySource, Purpose, VerifyConsentRequest, WithdrawConsentRequest, basis,
    decision::Verdict,
};
use polku_tests::simulators::Fault;
use polku_tests::world::{KELA, OHJAAMO, PEOPLE, TE, WorldSettings, full_content, referral_to, request_id};
use tonic::Code;

use super::{kinds, list, page, sequence, stage_of, stage_with, told};
use crate::plan::table;
use crate::stage::{
    BASIC, PATIENCE, Stage, TOLD, assert_refused, assert_same_refusal, brief_content, get, log_of, purpose_of,
};
use crate::window::{add, journey, opening};

fn actor(disclosure: &Disclosure) -> &DisclosureActor {
    disclosure.actor.as_ref().unwrap()
}

/// The entries of a kind, oldest first.
fn of(list: &[Disclosure], kind: Kind) -> Vec<&Disclosure> {
    list.iter().filter(|one| one.kind() == kind).collect()
}

async fn ask_in_a_batch(stage: &Stage, youth: &str) {
    let question = |categories: &[DataCategory]| VerifyConsentRequest {
        youth: youth.to_owned(),
        discloser: OHJAAMO.into(),
        recipient: TE.into(),
        purpose: purpose_of(TE) as i32,
        categories: categories.iter().map(|category| *category as i32).collect(),
        ..VerifyConsentRequest::default()
    };
    let requests = vec![question(&TOLD), question(&[DataCategory::Housing])];
    stage.te().consent.batch_verify_consents(BatchVerifyConsentsRequest { requests }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_is_told_in_order_with_its_grounds() {
    // What has failed once is not tried again while this lasts: the withdrawal would find it under way.
    let late = WorldSettings { retry_seconds: vec![3600], ..WorldSettings::default() };
    let stage = stage_of(&late, "").await;
    let youth = stage.ohjaamo().identify(PEOPLE[0]).await.unwrap();
    let consent = stage.ohjaamo().record_consent(&youth, OHJAAMO, TE, purpose_of(TE), &BASIC).await.unwrap();
    let arrived = stage.refer(&youth, TE).await;
    get(&stage.ohjaamo(), &arrived).await.unwrap();
    // There is no agreement from te to kela.
    let to_kela = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
    let refused = stage.te().referral.send_referral(to_kela).await;
    assert_refused(refused, Code::PermissionDenied, "NOT_PERMITTED");
    ask_in_a_batch(&stage, &youth).await;
    table::agree(&stage, &youth, OHJAAMO, TE, &table::SHARED).await;
    let plan = table::create(&stage.ohjaamo(), &youth).await.unwrap().plan.unwrap().name;
    table::add(&stage.ohjaamo(), &plan, TE).await.unwrap();
    table::read(&stage.te(), &plan).await.unwrap();
    // One more, which cannot be delivered before the consent is withdrawn.
    stage.world.te.faults().set(Fault::Dead);
    let mut request = referral_to(TE, &youth, purpose_of(TE), full_content());
    request.wait_for_delivery = false;
    let stopped = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner();
    let stopped = stopped.referral.unwrap().name;
    polku_tests::world::eventually(PATIENCE, || async {
        let seen = get(&stage.ohjaamo(), &stopped).await.unwrap();
        (seen.delivery_state() == DeliveryState::Retrying).then_some(())
    })
    .await
    .expect("the delivery is tried");
    let subject = stage.subject(&youth);
    let withdrawal = WithdrawConsentRequest {
        request_id: request_id(),
        name: consent.name.clone(),
        ..WithdrawConsentRequest::default()
    };
    subject.clone().consent.withdraw_consent(withdrawal).await.unwrap();

    let mut story = told(&subject, &youth).await;
    // When the plan reaches an agency's own system is for the outbox to say.
    story.retain(|one| one.kind() != Kind::Sent || !one.name.starts_with(&plan));
    assert!(story.is_sorted_by_key(sequence));
    assert!(
        story.iter().all(|one| one.time.is_some() && one.receipt.as_ref().unwrap().leaf_hash.len() == 32)
    );
    let first = [Kind::Identified, Kind::ConsentChanged, Kind::ReferralSent, Kind::Sent, Kind::Shown];
    let second = [Kind::Refused, Kind::Asked, Kind::Asked, Kind::ConsentChanged, Kind::ConsentChanged];
    // Whoever makes an agency a party has read the plan.
    let third = [Kind::PlanChanged, Kind::Shown, Kind::PlanChanged, Kind::Shown];
    assert_eq!(kinds(&story)[..14], [&first[..], &second, &third].concat());

    let [given, .., withdrawn] = &of(&story, Kind::ConsentChanged)[..] else { panic!("consents") };
    assert_eq!(actor(given).kind(), Who::Professional);
    assert_eq!((actor(given).agency.as_str(), actor(given).professional.as_str()), (OHJAAMO, "ohjaaja-1"));
    assert_eq!((&given.changes[0].name, given.changes[0].consent()), (&consent.name, ConsentState::Given));
    assert_eq!(actor(withdrawn).kind(), Who::Subject);
    assert_eq!(withdrawn.changes[0].consent(), ConsentState::Withdrawn);
    let ended: BTreeSet<&String> = withdrawn.stopped.iter().collect();
    assert_eq!(ended, BTreeSet::from([&arrived, &stopped]));

    let sent = of(&story, Kind::ReferralSent)[0];
    assert_eq!((sent.name.as_str(), sent.discloser.as_str()), (arrived.as_str(), "ohjaamo/keskusta"));
    assert_eq!((sent.recipient.as_str(), sent.purpose()), (TE, purpose_of(TE)));
    assert_eq!(actor(sent).unit, "keskusta");
    let delivered = of(&story, Kind::Sent)[0];
    for one in [sent, delivered] {
        assert!(one.permitted.contains(&(DataCategory::GuidanceNotes as i32)), "{one:?}");
        let named = one.bases.iter().any(|basis| {
            basis.kind() == basis::Kind::Consent && basis.consent == consent.name && basis.rule == "consent"
        });
        assert!(named, "without its ground: {:?}", one.bases);
    }
    assert!(sent.withheld.contains(&(DataCategory::HealthCapacity as i32)));
    assert_eq!(
        (delivered.name.as_str(), delivered.delivery_state()),
        (arrived.as_str(), DeliveryState::Delivered)
    );
    assert_eq!((actor(delivered).kind(), delivered.recipient.as_str()), (Who::Gateway, TE));
    assert!(delivered.outcome_receipt.as_ref().unwrap().sequence > sequence(delivered));
    // Each attempt that failed is there, and none that arrived.
    let tried: Vec<_> = of(&story, Kind::Sent).into_iter().filter(|one| one.name == stopped).collect();
    assert!(!tried.is_empty());
    assert!(tried.iter().all(|one| one.delivery_state() != DeliveryState::Delivered));

    let [own, _, plan_seen] = of(&story, Kind::Shown)[..3] else { panic!("three readings") };
    assert_eq!((own.name.as_str(), own.recipient.as_str()), (arrived.as_str(), "ohjaamo/keskusta"));
    assert!(own.bases.iter().any(|basis| basis.kind() == basis::Kind::OwnData));
    assert_eq!(
        (plan_seen.name.as_str(), plan_seen.recipient.as_str()),
        (plan.as_str(), "te/nuorten-palvelut")
    );
    assert!(!plan_seen.bases.is_empty());

    let refused = of(&story, Kind::Refused)[0];
    assert_eq!((refused.discloser.as_str(), refused.recipient.as_str()), ("te/nuorten-palvelut", KELA));
    assert_eq!((refused.verdict(), refused.permitted.len()), (Verdict::NotPermitted, 0));
    assert!(refused.bases.is_empty() && refused.reasons.contains(&"no_agreement".to_owned()), "{refused:?}");

    let [yes, no] = of(&story, Kind::Asked)[..] else { panic!("two questions") };
    assert_eq!(sequence(yes), sequence(no), "a batch has one leaf");
    assert_eq!((yes.discloser.as_str(), yes.recipient.as_str()), (OHJAAMO, TE));
    assert_eq!((yes.verdict(), no.verdict()), (Verdict::Permitted, Verdict::NotPermitted));
    assert_eq!(no.withheld, [DataCategory::Housing as i32]);

    // Reading it is in it the next time; and everything in it is in the log, as it is there.
    let again = list(&subject, &youth).await.unwrap();
    // What the withdrawal has to tell an agency's own system may be tried meanwhile.
    let is_own = |one: &&Disclosure| one.kind() == Kind::Shown && actor(one).kind() == Who::Subject;
    let reading = again.iter().find(is_own).expect("the first reading");
    assert_eq!(reading.name, format!("{youth}/disclosures"));
    assert_eq!(reading.bases[0].statute, "GDPR article 15");
    let (_folder, data) = stage.stop().await;
    let log = log_of(&data.join("audit.log")).await;
    let mut leaves = Vec::new();
    log.read(0, |sequence, leaf| leaves.push(leaf.hash(sequence))).unwrap();
    for receipt in again.iter().flat_map(|one| one.receipt.iter().chain(&one.outcome_receipt)) {
        let place = usize::try_from(receipt.sequence).unwrap();
        assert_eq!(leaves[place].as_slice(), receipt.leaf_hash);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn single_questions_name_both_agencies_and_an_explanation_is_a_question() {
    let stage = stage_with("").await;
    let youth = stage.youth(PEOPLE[1]).await;
    let question = VerifyConsentRequest {
        youth: youth.clone(),
        discloser: OHJAAMO.into(),
        recipient: KELA.into(),
        purpose: purpose_of(KELA) as i32,
        categories: vec![DataCategory::ServiceNeeds as i32],
        ..VerifyConsentRequest::default()
    };
    stage.kela().consent.verify_consent(question.clone()).await.unwrap();
    stage.subject(&youth).consent.verify_consent(question.clone()).await.unwrap();
    let explain = polku_proto::v1::ExplainDisclosureRequest {
        question: Some(question),
        ..polku_proto::v1::ExplainDisclosureRequest::default()
    };
    super::officer_of_ohjaamo(&stage).consent.explain_disclosure(explain).await.unwrap();
    let story = told(&stage.subject(&youth), &youth).await;
    let [by_kela, by_subject, explained] = of(&story, Kind::Asked)[..] else { panic!("three questions") };
    for one in [by_kela, by_subject] {
        assert_eq!((one.discloser.as_str(), one.recipient.as_str()), (OHJAAMO, KELA));
        assert_eq!(one.permitted, [DataCategory::ServiceNeeds as i32]);
    }
    assert_eq!((actor(by_kela).agency.as_str(), actor(by_subject).kind()), (KELA, Who::Subject));
    assert_eq!((actor(explained).agency.as_str(), explained.discloser.as_str()), (OHJAAMO, ""));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_no_gap_and_no_repetition_while_new_leaves_come() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[2]).await;
    let name = stage.refer(&youth, TE).await;
    for _ in 0..4 {
        get(&stage.ohjaamo(), &name).await.unwrap();
        ask_in_a_batch(&stage, &youth).await;
    }
    let subject = stage.subject(&youth);
    let whole = list(&subject, &youth).await.unwrap();
    let newest = sequence(&whole[0]);
    for size in [1, 2, 3, 7] {
        let (mut read, mut token) = (Vec::new(), String::new());
        loop {
            let answer = page(&subject, &youth, size, &token).await.unwrap();
            assert!(answer.disclosures.len() <= usize::try_from(size).unwrap());
            read.extend(answer.disclosures);
            // Something new between the pages: it does not come in.
            get(&stage.ohjaamo(), &name).await.unwrap();
            token = answer.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        read.retain(|one| sequence(one) <= newest);
        assert!(read == whole, "{size}: {:?} instead of {:?}", kinds(&read), kinds(&whole));
    }
    let first = page(&subject, &youth, 1, "").await.unwrap();
    let others = stage.youth(PEOPLE[3]).await;
    let wrong = page(&stage.subject(&others), &others, 1, &first.next_page_token).await;
    assert_refused(wrong, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_cut_out() {
    let stage = Stage::at_noon().await;
    let noon = stage.now();
    let youth = stage.ohjaamo().identify(PEOPLE[4]).await.unwrap();
    stage.advance(jiff::SignedDuration::from_hours(48));
    stage.ohjaamo().record_consent(&youth, OHJAAMO, TE, purpose_of(TE), &BASIC).await.unwrap();
    stage.advance(jiff::SignedDuration::from_hours(48));
    let request = referral_to(TE, &youth, purpose_of(TE), brief_content());
    drop(stage.ohjaamo().referral.send_referral(request).await);
    let day = |days: i64| Some(crate::stage::wire(noon + jiff::SignedDuration::from_hours(24 * days)));
    for (from, until, expected) in [
        (day(1), day(3), vec![Kind::ConsentChanged]),
        (None, day(1), vec![Kind::Identified]),
        (day(5), None, vec![]),
    ] {
        let request = polku_proto::v1::ListDisclosuresRequest {
            parent: youth.clone(),
            start_time: from,
            end_time: until,
            ..polku_proto::v1::ListDisclosuresRequest::default()
        };
        let answer = stage.subject(&youth).journey.list_disclosures(request).await.unwrap().into_inner();
        assert_eq!(kinds(&answer.disclosures), expected);
    }
    stage.close().await;
}

/// A look that is refused, wholly or in part, is told to the young person, and to nobody who could learn from it that there
/// is something.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_the_journey_that_is_refused_is_told() {
    let stage = stage_with("").await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify(PEOPLE[5]).await.unwrap();
    add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    let next =
        |youth: &str| GetNextStepRequest { youth: youth.to_owned(), purpose: Purpose::Guidance.into() };
    // To the employment services this is nobody, as is whom nobody knows.
    let stranger = format!("youths/{}", uuid::Uuid::now_v7());
    let asked =
        [journey(&te, &youth, Purpose::Guidance).await, journey(&te, &stranger, Purpose::Guidance).await];
    let [somebody, nobody] = asked.map(Result::unwrap_err);
    assert_same_refusal(&somebody, &nobody);
    assert!(te.clone().journey.get_next_step(next(&youth)).await.is_err());
    // Whoever states no purpose asks for nothing of others.
    assert!(journey(&te, &youth, Purpose::Unspecified).await.is_err());
    te.clone().identify(PEOPLE[5]).await.unwrap();
    add(&te, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    assert_eq!(journey(&te, &youth, Purpose::Guidance).await.unwrap().entries.len(), 1);
    journey(&ohjaamo, &youth, Purpose::Unspecified).await.unwrap();
    let story = told(&stage.subject(&youth), &youth).await;
    let refused = of(&story, Kind::Refused);
    let names: Vec<&str> = refused.iter().map(|one| one.name.as_str()).collect();
    let [entries, step] = ["entries", "nextStep"].map(|part| format!("{youth}/{part}"));
    assert_eq!(names, [entries.as_str(), &step, &entries]);
    for one in &refused {
        assert_eq!((actor(one).agency.as_str(), one.recipient.as_str()), (TE, TE));
        assert_eq!((one.verdict(), one.purpose()), (Verdict::NotPermitted, Purpose::Guidance));
        assert!(one.permitted.is_empty());
    }
    assert_eq!(refused[2].withheld, [DataCategory::ServiceAttendance as i32]);
    let officer = told(&super::officer_of_te(&stage), &youth).await;
    assert_eq!(of(&officer, Kind::Refused), Vec::<&Disclosure>::new());
    stage.close().await;
}
