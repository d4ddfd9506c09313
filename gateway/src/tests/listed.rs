//! Does the log hold what a list of disclosures needs, and what a list has left out?

use polku_adapters::Redelivery;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    DataCategory, GetReferralRequest, LegalClaim, LegalGround, ListDisclosuresRequest, Purpose,
};
use polku_proto::{Valid, YouthName};
use serde_json::Value;

use super::world::{ADULT, CHILD, KELA, SOSIAALI, TE, World, caller, request};
use crate::audit::{Event, Leaf};
use crate::caller::{Actor, Caller};

fn subject(youth: &str) -> Caller {
    let youth: YouthName = youth.parse().unwrap();
    Caller { agency: KELA.parse().unwrap(), actor: Actor::Subject(youth.youth) }
}

async fn read(world: &World, agency: &str, name: &str) {
    let request = Valid::check(GetReferralRequest { name: name.to_owned() }).unwrap();
    drop(world.gateway.get_referral(&caller(agency), request).await.unwrap());
}

async fn list(world: &World, youth: &str) {
    let request = ListDisclosuresRequest { parent: youth.to_owned(), ..ListDisclosuresRequest::default() };
    let request = Valid::check(request).unwrap();
    drop(world.gateway.list_disclosures(&subject(youth), request).await.unwrap());
}

/// The leaves of readings, and their details as they are found through them.
async fn readings(world: &World, youth: &str) -> Vec<(u64, Leaf, Value)> {
    let youth: YouthName = youth.parse().unwrap();
    let person = world.gateway.person(youth.youth).await.unwrap();
    let mut leaves = Vec::new();
    world.gateway.audit.read(0, |sequence, leaf| leaves.push((sequence, leaf))).unwrap();
    let mut found = Vec::new();
    for (sequence, leaf) in leaves.into_iter().filter(|(_, leaf)| leaf.event == Event::Read) {
        let kept = leaf.refers_to.unwrap_or(sequence);
        let details = world.gateway.details(&person, kept).await.unwrap().expect("a reading without details");
        found.push((sequence, leaf, details));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_details_of_like_readings_are_kept_once() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, TE, KELA, &[DataCategory::IdentityContact, DataCategory::ServiceNeeds]).await;
    let name = world.refer(TE, KELA, &youth).await;
    for agency in [KELA, KELA, TE, KELA] {
        read(&world, agency, &name).await;
    }
    let world = world.killed().await;
    read(&world, KELA, &name).await;
    read(&world, KELA, &name).await;

    let all = readings(&world, &youth).await;
    let [first, second, own, third, after, last] = &all[..] else { panic!("{} readings", all.len()) };
    for (own_details, again) in [(first, second), (first, third), (after, last)] {
        assert_eq!(again.1.refers_to, Some(own_details.0));
        assert_eq!((again.1.commitment, &again.2), (own_details.1.commitment, &own_details.2));
    }
    for one in [first, own, after] {
        assert_eq!(one.1.refers_to, None);
        assert_eq!(one.2["name"], name);
    }
    assert_ne!(first.1.commitment, after.1.commitment, "salted anew");
    assert_eq!(first.2, after.2);
    assert_eq!(first.2["by"]["professional"]["id"], "kela-virkailija");
    assert_eq!(first.2["bases"][0]["rule"], "consent");
    assert_ne!(own.2, first.2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_list_left_out_stands_in_its_leaf() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let child = world.identify(CHILD).await;
    let mut notice = request(SOSIAALI, &child);
    notice.purpose = Purpose::SocialServices as i32;
    notice.claim = Some(LegalClaim {
        ground: LegalGround::ChildWelfareNotice as i32,
        statement: "huoli lapsesta".into(),
        consent_asked: ConsentAsked::NotReached as i32,
    });
    let name = world.send(TE, notice).await.unwrap().referral.unwrap().name;
    read(&world, TE, &name).await;
    list(&world, &child).await;
    let adult = world.identify(ADULT).await;
    list(&world, &adult).await;

    let mut sent = None;
    let audit = &world.gateway.audit;
    audit
        .read(0, |place, leaf| sent = sent.or((leaf.event == Event::SendReferral).then_some(place)))
        .unwrap();
    let all = {
        let mut all = Vec::new();
        let of_child = world.gateway.subject_pseudonym(child.parse::<YouthName>().unwrap().youth);
        audit.read(0, |place, leaf| all.push((place, leaf))).unwrap();
        all.retain(|(_, leaf)| leaf.event == Event::Read && leaf.subject == of_child);
        all
    };
    let [(seen, _), (listed, _)] = &all[..] else { panic!("{} readings", all.len()) };
    let person = world.gateway.person(child.parse::<YouthName>().unwrap().youth).await.unwrap();
    let details = world.gateway.details(&person, *listed).await.unwrap().unwrap();
    assert_eq!(details["delayed"], serde_json::json!([seen, sent.unwrap()]), "the newest first");

    let person = world.gateway.person(adult.parse::<YouthName>().unwrap().youth).await.unwrap();
    let last = world.gateway.audit.len() - 1;
    let details = world.gateway.details(&person, last).await.unwrap().unwrap();
    assert_eq!(details["delayed"], serde_json::json!([]));
}
