//! Does an agency that has nothing to do with somebody learn that they exist, and what holds for them?
//!
//! An id is all that it needs to ask, and ids are passed on. A stranger is answered as about nobody, whatever it states.

use polku_proto::v1::legal_status_terms::Status as Terms;
use polku_proto::v1::verify_consent_result::Result as Item;
use polku_proto::v1::{
    AddressProtection, BatchVerifyConsentsRequest, DataCategory as Data, Decision, LegalGround,
    MultiSectorSupport, ProhibitionTerms, Purpose, SendReferralRequest, VerifyConsentRequest,
    decision::Verdict,
};
use polku_tests::world::{AddedAgency, Client, KELA, PEOPLE, TE, professional, request_id};
use tonic::Code;

use super::{on_ground, record, send, stage_with_kela_and};
use crate::consent::changes::prohibit;
use crate::stage::{Stage, assert_refused, assert_same_refusal};

/// Ten years old in 2026.
const CHILD: &str = PEOPLE[10];
/// Employment services of a city.
const CITY: &str = "kaupunki";
const SOCIAL: &str = "sector = \"social\"\nstanding = \"authority\"\n";
const ASKED: [Data; 4] =
    [Data::IdentityContact, Data::AddressContact, Data::HealthCapacity, Data::ReferralStatus];

/// Grounds that open something of anybody, of a child, and of who has multi-sector support.
const GROUNDS: [(LegalGround, Purpose); 3] = [
    (LegalGround::SocialCareInability, Purpose::SocialServices),
    (LegalGround::ChildWelfareNotice, Purpose::SocialServices),
    (LegalGround::Unspecified, Purpose::MultiSectorSupport),
];

fn question(youth: &str, (ground, purpose): (LegalGround, Purpose)) -> VerifyConsentRequest {
    VerifyConsentRequest {
        youth: youth.into(),
        discloser: TE.into(),
        recipient: KELA.into(),
        purpose: purpose as i32,
        categories: ASKED.map(|category| category as i32).into(),
        ground: ground as i32,
        ..VerifyConsentRequest::default()
    }
}

/// All of a decision but for what differs with its own leaf.
pub(super) fn told(decision: Option<Decision>) -> Decision {
    let decision = decision.unwrap();
    assert_eq!(decision.id.len(), 36);
    Decision { id: String::new(), evaluated_at: None, ..decision }
}

async fn verified(client: &Client, request: VerifyConsentRequest) -> Decision {
    told(client.clone().consent.verify_consent(request).await.unwrap().into_inner().decision)
}

async fn verified_in_a_batch(client: &Client, request: VerifyConsentRequest) -> Decision {
    let batch = BatchVerifyConsentsRequest { requests: vec![request] };
    let mut answer = client.clone().consent.batch_verify_consents(batch).await.unwrap().into_inner();
    match answer.results.pop().unwrap().result {
        Some(Item::Decision(decision)) => told(Some(decision)),
        other => panic!("{other:?}"),
    }
}

/// Referrals of everything on a ground: tried and real.
fn referrals(youth: &str) -> [SendReferralRequest; 2] {
    let real = on_ground(youth, Purpose::SocialServices, LegalGround::SocialCareInability);
    [SendReferralRequest { validate_only: true, request_id: request_id(), ..real.clone() }, real]
}

/// People whom ohjaamo knows: about whom nothing is said, who has prohibited everything, who lives at a protected
/// address, and whom the law gives multi-sector support.
async fn people(stage: &Stage) -> Vec<String> {
    let ohjaamo = stage.ohjaamo();
    let mut people = Vec::new();
    for code in [CHILD, PEOPLE[0], PEOPLE[1], PEOPLE[16]] {
        people.push(ohjaamo.clone().identify(code).await.unwrap());
    }
    prohibit(&stage.subject(&people[1]), &people[1], ProhibitionTerms::default()).await.unwrap();
    record(&ohjaamo, &people[2], Terms::AddressProtection(AddressProtection {})).await.unwrap();
    let who = professional("tyontekija-1", "yksikko-1", "official");
    let mut city = stage.caller(&stage.world.agencies[CITY].identity, &who);
    assert_eq!(city.identify(PEOPLE[16]).await.unwrap(), people[3]);
    record(&city, &people[3], Terms::MultiSectorSupport(MultiSectorSupport {})).await.unwrap();
    people
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ground_in_law_tells_a_stranger_nothing() {
    let city = AddedAgency::new(CITY, "walmu", "usual", "employment");
    let stage = stage_with_kela_and(vec![city], SOCIAL).await;
    let te = stage.te();
    let people = people(&stage).await;
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    for ground in GROUNDS {
        let silent = verified(&te, question(&nobody, ground)).await;
        assert_eq!((silent.verdict(), silent.valid_until), (Verdict::NotPermitted, None), "{ground:?}");
        for youth in &people {
            // Another change may have come in between: the revision is that of everybody's consents.
            assert_eq!(verified(&te, question(youth, ground)).await, silent, "{ground:?}");
            assert_eq!(verified_in_a_batch(&te, question(youth, ground)).await, silent, "{ground:?}");
        }
    }
    let mut refusals = Vec::new();
    for youth in people.iter().chain([&nobody]) {
        for request in referrals(youth) {
            let refused = send(&te, request).await;
            refusals.push(assert_refused(refused, Code::PermissionDenied, "NOT_PERMITTED"));
        }
    }
    refusals.iter().for_each(|refusal| assert_same_refusal(&refusals[0], refusal));

    // Having asked makes nobody a party; having met does, and then the law opens what it is for.
    for (code, youth) in [CHILD, PEOPLE[0], PEOPLE[1]].into_iter().zip(&people) {
        assert_eq!(te.clone().identify(code).await.unwrap(), *youth);
        let known = verified(&te, question(youth, GROUNDS[0])).await;
        assert_eq!(known.verdict(), Verdict::Permitted);
        assert_eq!(verified_in_a_batch(&te, question(youth, GROUNDS[0])).await, known);
        let [tried, real] = referrals(youth);
        assert_eq!(send(&te, tried).await.unwrap().decision.unwrap().verdict(), Verdict::Permitted);
        assert!(send(&te, real).await.unwrap().referral.is_some());
    }
    stage.close().await;
}

/// P16: the recipient's professional asks what the law would open, and has the young person as a customer or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_learns_of_nobody_who_is_no_customer() {
    let stage = Stage::open().await;
    let (te, kela) = (stage.te(), stage.kela());
    let youth = te.clone().identify(PEOPLE[16]).await.unwrap();
    record(&te, &youth, Terms::MultiSectorSupport(MultiSectorSupport {})).await.unwrap();
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let asked = |youth: &str| question(youth, GROUNDS[2]);
    assert_eq!(verified(&te, asked(&youth)).await.verdict(), Verdict::Permitted);
    let stranger = verified(&kela, asked(&youth)).await;
    assert_eq!(stranger.verdict(), Verdict::NotPermitted);
    assert_eq!(stranger, verified(&kela, asked(&nobody)).await);
    kela.clone().identify(PEOPLE[16]).await.unwrap();
    assert_eq!(verified(&kela, asked(&youth)).await.verdict(), Verdict::Permitted);

    // It is the rule about customers that has closed it: so say the recorded questions.
    let (_folder, data) = stage.stop().await;
    let recorded = std::fs::read_to_string(data.join("decisions.jsonl")).unwrap();
    let asked: Vec<serde_json::Value> =
        recorded.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_kela = asked.iter().filter(|question| question["reader"]["agency"] == KELA);
    let strangers = of_kela.filter(|question| question["care_relation"] == false);
    assert!(strangers.count() > 0, "NO_CARE_RELATION has not been the ground: {recorded}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_prohibits_nothing() {
    let stage = Stage::open().await;
    let te = stage.te();
    let youth = stage.ohjaamo().identify(PEOPLE[0]).await.unwrap();
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let mut refusals = Vec::new();
    for target in [&youth, &nobody] {
        let refused = prohibit(&te, target, ProhibitionTerms::default()).await;
        refusals.push(assert_refused(refused, Code::NotFound, "NOT_FOUND"));
    }
    assert_same_refusal(&refusals[0], &refusals[1]);
    te.clone().identify(PEOPLE[0]).await.unwrap();
    prohibit(&te, &youth, ProhibitionTerms::default()).await.unwrap();
    stage.close().await;
}
