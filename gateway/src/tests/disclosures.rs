//! Has the register of social services exactly one notice of each disclosure of its data (law 703/2023)?

use polku_adapters::{InboundChange, Redelivery};
use polku_proto::v1::ConsentState as S;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    DataCategory as C, DeliveryState, DisclosureNotice, LegalClaim, LegalGround, Obligation, Origin, Purpose,
    ReferralContent, basis,
};
use uuid::Uuid;

use super::agency::Mood;
use super::world::{ADULT, CHILD, KELA, KUNTA, SOSIAALI, TE, World, change, content, request};
use crate::journey::Action;
use crate::store::DeliveryItem;

const BASIC: [C; 3] = [C::IdentityContact, C::ServiceNeeds, C::ReferralStatus];

fn sets(notice: &DisclosureNotice) -> Vec<C> {
    notice.data_sets().collect()
}

fn origin() -> Option<Origin> {
    Some(Origin { service_task: "1".into(), documents: vec!["asiakirja-7".into()] })
}

/// The ids of the messages that the agency was told in, without the notices.
fn told(world: &World) -> Vec<String> {
    let taken = world.te.taken().into_iter();
    taken
        .filter(|delivery| !matches!(delivery.item, Some(Item::Disclosure(_))))
        .map(|d| d.message_id)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_of_its_data_is_told_once_with_all_that_the_register_needs() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let consent = world.consent(&youth, SOSIAALI, "te/nuoret", &BASIC).await;
    let mut wanted = request("te/nuoret", &youth);
    wanted.origin = origin();
    let sent = world.send(SOSIAALI, wanted).await.unwrap();
    assert!(sent.decision.unwrap().obligations().any(|other| other == Obligation::DisclosureNotice));
    let name = sent.referral.unwrap().name;
    let before = world.gateway.now();
    world.deliver();
    let rows = world.settled(&name).await;
    assert_eq!(rows.len(), 2);
    let [notice] = &world.sosiaali.disclosures()[..] else { panic!("not one notice") };
    assert_eq!(notice.identity_code, ADULT);
    assert_eq!(sets(notice), [C::IdentityContact, C::ServiceNeeds]);
    assert_eq!((notice.told_to.as_str(), notice.purpose()), ("te/nuoret", Purpose::EmploymentServices));
    assert_eq!(notice.disclosed_message, told(&world)[0]);
    assert_eq!(notice.origin, origin());
    let time = polku_proto::time::from_wire(notice.disclose_time.as_ref().unwrap()).unwrap();
    assert!(before <= time && time <= world.gateway.now());
    let [ground] = &notice.bases[..] else { panic!("{:?}", notice.bases.len()) };
    assert_eq!((ground.kind(), ground.rule.as_str()), (basis::Kind::Consent, "consent"));
    assert_eq!((&ground.consent, ground.consent_version), (&consent.name, 1));
    let [told_on] = &notice.consents[..] else { panic!("{} consents", notice.consents.len()) };
    assert_eq!((&told_on.name, told_on.state(), told_on.etag.as_str()), (&consent.name, S::Given, ""));
    assert_eq!(told_on.terms, consent.terms);
    assert_eq!(told_on.evidence.as_ref().unwrap().reference, "");
    assert_eq!(notice.arrival(), Arrival::Known);
    let delivery = world.sosiaali.taken().remove(0);
    assert_eq!((delivery.referral.as_str(), delivery.sender.as_str()), (name.as_str(), SOSIAALI));
    assert_eq!(delivery.professional, "");
    // The withdrawal of the consent tells nobody anything new, and what was told stays told.
    world.withdraw(SOSIAALI, &consent).await;
    world.settled(&name).await;
    assert_eq!(world.sosiaali.disclosures().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_made_as_well_when_the_arrival_is_found_out() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, TE, &BASIC).await;
    world.te.become_(Mood::Silent);
    world.deliver();
    let name = world.refer(SOSIAALI, TE, &youth).await;
    world.settled(&name).await;
    assert_eq!(world.sosiaali.disclosures().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_neither_loses_nor_doubles_a_notice() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, TE, &BASIC).await;
    let name = world.refer(SOSIAALI, TE, &youth).await;
    // Once while the employment services have it and have not said so, once while social services have the notice.
    world.te.become_(Mood::Endless);
    world.sosiaali.become_(Mood::Endless);
    world.deliver();
    while world.te.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut world = world.killed().await;
    assert_eq!(world.deliveries(&name).await.len(), 1);
    world.deliver();
    while world.sosiaali.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut world = world.killed().await;
    world.deliver();
    let rows = world.settled(&name).await;
    assert_eq!((rows.len(), told(&world).len(), world.sosiaali.disclosures().len()), (2, 1, 1));
    assert!(rows.iter().all(|row| row.state == DeliveryState::Delivered));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_attempt_without_a_word_has_told_is_in_the_notice() {
    let mut world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let first = world.consent(&youth, SOSIAALI, TE, &BASIC).await;
    let second = world.consent(&youth, SOSIAALI, TE, &[C::IdentityContact, C::Housing]).await;
    world.te.become_(Mood::Silent);
    let name = world.refer(SOSIAALI, TE, &youth).await;
    world.deliver();
    while world.te.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    world.withdraw(SOSIAALI, &second).await;
    world.te.become_(Mood::Fine);
    world.settled(&name).await;
    let [notice] = &world.sosiaali.disclosures()[..] else { panic!("not one notice") };
    assert_eq!(sets(notice), [C::IdentityContact, C::ServiceNeeds, C::Housing]);
    let mut consents: Vec<_> = notice.bases.iter().map(|ground| ground.consent.clone()).collect();
    consents.sort();
    let mut expected = vec![first.name, second.name];
    expected.sort();
    assert_eq!(consents, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_not_to_have_arrived_is_not_in_the_notice() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, TE, &BASIC).await;
    let second = world.consent(&youth, SOSIAALI, TE, &[C::IdentityContact, C::Housing]).await;
    world.te.become_(Mood::Deaf);
    let name = world.refer(SOSIAALI, TE, &youth).await;
    world.deliver();
    while world.deliveries(&name).await[0].attempts == 0 {
        tokio::task::yield_now().await;
    }
    world.withdraw(SOSIAALI, &second).await;
    world.te.become_(Mood::Fine);
    world.settled(&name).await;
    let [notice] = &world.sosiaali.disclosures()[..] else { panic!("not one notice") };
    assert_eq!(sets(notice), [C::IdentityContact, C::ServiceNeeds]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_told_is_no_disclosure() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, TE, &BASIC).await;
    world.te.become_(Mood::Refusing);
    world.deliver();
    let refused = world.refer(SOSIAALI, TE, &youth).await;
    let rows = world.settled(&refused).await;
    assert_eq!(rows[0].state, DeliveryState::Rejected);
    assert!(world.sosiaali.disclosures().is_empty());
    // Nor are data of others its business, whoever sends them.
    world.te.become_(Mood::Fine);
    world.consent(&youth, TE, SOSIAALI, &BASIC).await;
    let others = world.refer(TE, SOSIAALI, &youth).await;
    world.settled(&others).await;
    assert!(world.sosiaali.disclosures().is_empty());
    // Nor does a discloser get one whose system takes none.
    world.consent(&youth, KUNTA, TE, &BASIC).await;
    let without = world.send(KUNTA, request(TE, &youth)).await.unwrap();
    assert!(without.decision.unwrap().obligations().any(|other| other == Obligation::DisclosureNotice));
    let rows = world.settled(&without.referral.unwrap().name).await;
    assert_eq!(rows.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_stays_to_be_noted_when_the_permission_is_gone() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let consent = world.consent(&youth, SOSIAALI, TE, &BASIC).await;
    world.sosiaali.become_(Mood::Deaf);
    world.deliver();
    let name = world.refer(SOSIAALI, TE, &youth).await;
    while world.deliveries(&name).await.len() < 2 {
        tokio::task::yield_now().await;
    }
    world.withdraw(SOSIAALI, &consent).await;
    world.sosiaali.become_(Mood::Fine);
    world.settled(&name).await;
    let [notice] = &world.sosiaali.disclosures()[..] else { panic!("not one notice") };
    assert_eq!(sets(notice), [C::IdentityContact, C::ServiceNeeds]);
    let [ground] = &notice.bases[..] else { panic!("{:?}", notice.bases.len()) };
    assert_eq!((&ground.consent, ground.consent_version), (&consent.name, 1));
    // The consent is told of as it was then.
    let [told_on] = &notice.consents[..] else { panic!("{} consents", notice.consents.len()) };
    assert_eq!((told_on.state(), told_on.events.len()), (S::Given, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_told_as_that() {
    let mut world = World::open(Redelivery::Neither).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, TE, &BASIC).await;
    world.te.become_(Mood::Silent);
    world.deliver();
    let name = world.refer(SOSIAALI, TE, &youth).await;
    let rows = world.settled(&name).await;
    assert_eq!(rows[0].state, DeliveryState::InDoubt);
    let [notice] = &world.sosiaali.disclosures()[..] else { panic!("not one notice") };
    assert_eq!(
        (notice.arrival(), sets(notice)),
        (Arrival::InDoubt, vec![C::IdentityContact, C::ServiceNeeds])
    );
    assert_eq!(notice.disclosed_message, rows[0].message.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_law_is_the_ground_no_consent_goes_along() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let child = world.identify_by(SOSIAALI, CHILD).await;
    let mut wanted = request(KUNTA, &child);
    wanted.purpose = Purpose::SocialServices.into();
    wanted.claim = Some(LegalClaim {
        ground: LegalGround::ChildWelfareNotice.into(),
        statement: "huoli lapsesta".into(),
        consent_asked: ConsentAsked::NotReached.into(),
    });
    let name = world.send(SOSIAALI, wanted).await.unwrap().referral.unwrap().name;
    world.deliver();
    world.settled(&name).await;
    let [notice] = &world.sosiaali.disclosures()[..] else { panic!("not one notice") };
    assert!(notice.bases.iter().all(|ground| ground.kind() == basis::Kind::Statute));
    assert_eq!(notice.consents, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_is_refused_is_an_end_that_everybody_can_see() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, TE, &BASIC).await;
    world.sosiaali.become_(Mood::Refusing);
    world.deliver();
    let name = world.refer(SOSIAALI, TE, &youth).await;
    while world.deliveries(&name).await.len() < 2 {
        tokio::task::yield_now().await;
    }
    let rows = world.settled(&name).await;
    let states: Vec<_> = rows.iter().map(|row| row.state).collect();
    assert_eq!(states, [DeliveryState::Delivered, DeliveryState::Rejected]);
    // What happens to the notice is nothing that happens to the referral.
    let read = world.get(SOSIAALI, &name).await;
    assert_eq!(read.delivery_state(), DeliveryState::Delivered);
    // It does not hold up what comes after it.
    world.sosiaali.become_(Mood::Fine);
    world.says(&world.te, change(&name, InboundChange::Accept { note: String::new() })).await;
    let rows = world.settled(&name).await;
    assert_eq!(rows.last().unwrap().state, DeliveryState::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_here_is_told_when_it_can_be_read() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, KELA, &BASIC).await;
    let wanted = request(KELA, &youth);
    let name = world.send(SOSIAALI, wanted.clone()).await.unwrap().referral.unwrap().name;
    let rows = world.deliveries(&name).await;
    let [row] = &rows[..] else { panic!("{} deliveries", rows.len()) };
    assert!(matches!(row.item, DeliveryItem::DisclosureNotice { index: 0, .. }));
    world.deliver();
    world.settled(&name).await;
    // Neither a repetition of the call nor reading is another disclosure.
    world.send(SOSIAALI, wanted.clone()).await.unwrap();
    world.get(KELA, &name).await;
    world.settled(&name).await;
    let [notice] = &world.sosiaali.disclosures()[..] else { panic!("not one notice") };
    assert_eq!(sets(notice), [C::IdentityContact, C::ServiceNeeds]);
    assert_eq!((&notice.disclosed_message, notice.told_to.as_str()), (&wanted.request_id, KELA));

    let question = "Millainen asuminen?".to_owned();
    world.step(KELA, &name, Action::RequestInformation { question }).await;
    let more = ReferralContent { service_needs: vec!["Asumisneuvonta".into()], ..content() };
    let answer = Action::ProvideInformation { answer: Box::new(more), origin: origin() };
    let told_in: Uuid = world.step(SOSIAALI, &name, answer).await;
    world.settled(&name).await;
    let notices = world.sosiaali.disclosures();
    assert_eq!(notices.len(), 2);
    assert_eq!(
        (notices[1].disclosed_message.clone(), notices[1].origin.clone()),
        (told_in.to_string(), origin())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_the_word_on_the_state_are_disclosures_too() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    world.deliver();
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, TE, &BASIC).await;
    let name = world.refer(SOSIAALI, TE, &youth).await;
    world.settled(&name).await;
    let question = "Mitä palveluja?".to_owned();
    world.says(&world.te, change(&name, InboundChange::RequestInformation { question })).await;
    let more = ReferralContent { service_needs: vec!["Työkokeilu".into()], ..ReferralContent::default() };
    let answer = InboundChange::ProvideInformation { answer: Box::new(more), origin: origin() };
    world.says(&world.sosiaali, change(&name, answer)).await;
    world.settled(&name).await;
    let notices = world.sosiaali.disclosures();
    assert_eq!(notices.len(), 2);
    assert_eq!((sets(&notices[1]), notices[1].origin.clone()), (vec![C::ServiceNeeds], origin()));
    assert_eq!(Some(&notices[1].disclosed_message), told(&world).last());

    // The other way round the word on the state is what social services tell.
    world.consent(&youth, TE, SOSIAALI, &BASIC).await;
    let name = world.refer(TE, SOSIAALI, &youth).await;
    world.settled(&name).await;
    let note = "Aika varattu.".to_owned();
    world.says(&world.sosiaali, change(&name, InboundChange::Accept { note })).await;
    world.settled(&name).await;
    let notices = world.sosiaali.disclosures();
    assert_eq!(notices.len(), 3);
    assert_eq!((sets(&notices[2]), notices[2].told_to.as_str()), (vec![C::ReferralStatus], "te/keskusta"));
    // Without a word nothing is told.
    world.says(&world.sosiaali, change(&name, InboundChange::Start { note: String::new() })).await;
    world.settled(&name).await;
    assert_eq!(world.sosiaali.disclosures().len(), 3);
    let last = world.te.taken().pop().unwrap();
    assert_eq!(last.professional, "virkailija-7");
}
