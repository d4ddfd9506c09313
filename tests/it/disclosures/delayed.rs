//! Is it told later where the law lets the controller wait?

use jiff::SignedDuration;
use polku_gateway::audit::Event;
use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    AcceptReferralRequest, DataCategory, Disclosure, EscortedHandover, GetJourneyRequest, JourneyEntry,
    JourneySource, LegalClaim, LegalGround, ListReferralsRequest, ListReferralsResponse, Purpose,
    RetentionAnswer, SendReferralRequest, retention_answer,
};
use polku_tests::world::{
    Client, KELA, PEOPLE, WorldSettings, eventually, full_content, referral_to, request_id,
};
use tonic::Code;

use super::{officer_of_te, stage_with, told};
use crate::law::on_ground;
use crate::stage::{PATIENCE, Stage, assert_refused, get, log_of};
use crate::window::{add, opening};

/// A child, kela as social services, and telling of child-welfare notices waits for as many days.
async fn stage_waiting(days: u32) -> (Stage, String) {
    let stage = stage_with(&format!("[disclosure_delay_days]\nchild_welfare_notice = {days}\n")).await;
    let child = stage.te().identify(PEOPLE[10]).await.unwrap();
    (stage, child)
}

fn notice(child: &str, purpose: Purpose) -> SendReferralRequest {
    let claim = LegalClaim {
        ground: LegalGround::ChildWelfareNotice as i32,
        statement: "kanaria-lausunto".into(),
        consent_asked: ConsentAsked::No as i32,
    };
    SendReferralRequest { claim: Some(claim), ..referral_to(KELA, child, purpose, full_content()) }
}

fn on_the_ground(list: &[Disclosure]) -> usize {
    list.iter().filter(|one| one.ground() == LegalGround::ChildWelfareNotice).count()
}

/// With kela as social services, and so many days before child-welfare notices are told.
fn kela_is_social(text: &str, days: u32) -> String {
    let usual = "id = \"kela\"\nsector = \"benefits\"\n";
    assert!(text.contains(usual));
    let text = text.replace(usual, "id = \"kela\"\nsector = \"social\"\n");
    format!("{text}\n[disclosure_delay_days]\nchild_welfare_notice = {days}\n")
}

async fn notify(client: &Client, child: &str) -> bool {
    client.clone().referral.send_referral(notice(child, Purpose::SocialServices)).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_notice_is_told_as_late_as_a_sent_one() {
    for days in [30, 0] {
        let (stage, child) = stage_waiting(days).await;
        // Kela is no social service here: the notice is refused, which is told as late as if it had been sent.
        assert!(!notify(&stage.te(), &child).await);
        let (subject, guardian) = (stage.subject(&child), stage.guardian(&child));
        let told_now = usize::from(days == 0);
        for client in [&subject, &guardian] {
            let seen = told(client, &child).await;
            assert_eq!(on_the_ground(&seen), told_now, "{days} days");
            assert!(seen.iter().any(|one| one.kind() == Kind::Identified));
        }
        // The agency knows what it has done.
        assert_eq!(on_the_ground(&told(&officer_of_te(&stage), &child).await), 1);
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_follows_from_a_notice_waits_with_it() {
    let stage = Stage::with(&WorldSettings::default(), |text| kela_is_social(&text, 30)).await;
    let child = stage.te().identify(PEOPLE[10]).await.unwrap();
    let sent = stage.te().referral.send_referral(notice(&child, Purpose::SocialServices)).await.unwrap();
    let name = sent.into_inner().referral.unwrap().name;
    get(&stage.kela(), &name).await.unwrap();
    get(&stage.te(), &name).await.unwrap();
    // Nor is the referral itself there for the young person's side, wherever it is looked for.
    for client in [stage.subject(&child), stage.guardian(&child)] {
        assert_refused(get(&client, &name).await, Code::NotFound, "NOT_FOUND");
        let list = ListReferralsRequest { parent: child.clone(), ..ListReferralsRequest::default() };
        let list = client.clone().referral.list_referrals(list).await.unwrap().into_inner();
        assert_eq!(list, ListReferralsResponse::default());
        let journey = GetJourneyRequest { youth: child.clone(), ..GetJourneyRequest::default() };
        let journey = client.clone().journey.get_journey(journey).await;
        assert_refused(journey, Code::NotFound, "NOT_FOUND");
    }
    let seen = told(&stage.subject(&child), &child).await;
    assert_eq!(seen.iter().map(Disclosure::kind).collect::<Vec<_>>(), [Kind::Identified]);
    let (_folder, data) = stage.stop().await;
    let log = log_of(&data.join("audit.log")).await;
    let mut readings = 0;
    log.read(0, |_, leaf| readings += u32::from(leaf.event == Event::Read)).unwrap();
    assert_eq!(readings, 3, "two of the referral, one of the list");
}

/// A referral that waits does not hide one before it that does not.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_hides_nothing_else() {
    let stage = Stage::with(&WorldSettings::default(), |text| kela_is_social(&text, 30)).await;
    let te = stage.te();
    let child = te.clone().identify(PEOPLE[10]).await.unwrap();
    let early = on_ground(&child, Purpose::SocialServices, LegalGround::SocialCareInability);
    let early = te.clone().referral.send_referral(early).await.unwrap().into_inner().referral.unwrap().name;
    assert!(notify(&te, &child).await);
    let journey = GetJourneyRequest { youth: child.clone(), ..GetJourneyRequest::default() };
    let seen = stage.subject(&child).journey.get_journey(journey).await.unwrap().into_inner();
    assert_eq!(seen.referrals.iter().map(|referral| &referral.name).collect::<Vec<_>>(), [&early]);
    stage.close().await;
}

/// Who met when the child was handed over on a notice, and whether they are still there, is told as late as the notice.
#[tokio::test(flavor = "multi_thread")]
async fn entries_about_a_notice_wait_with_it() {
    let stage = Stage::at_noon_with(|text| kela_is_social(&text, 200)).await;
    let (te, kela) = (stage.te(), stage.kela());
    let child = te.clone().identify(PEOPLE[10]).await.unwrap();
    let mut request = notice(&child, Purpose::SocialServices);
    request.wait_for_delivery = true;
    let sent = te.clone().referral.send_referral(request).await.unwrap();
    let name = sent.into_inner().referral.unwrap().name;
    let accept = AcceptReferralRequest { request_id: request_id(), name: name.clone(), ..Default::default() };
    get(&kela, &name).await.unwrap();
    kela.clone().referral.accept_referral(accept).await.unwrap();
    for client in [&te, &kela] {
        add(client, &child, opening(JourneySource::Other)).await.unwrap();
    }
    let met = EscortedHandover { referral: name.clone(), young_person: true, sender: true, recipient: true };
    add(&te, &child, Matter::Handover(met.clone())).await.unwrap();
    let result = retention_answer::Result::Attached.into();
    let there = RetentionAnswer { referral: name.clone(), result };
    add(&kela, &child, Matter::Retention(there)).await.unwrap();
    let about_it = |entries: &[JourneyEntry]| {
        let matters = entries.iter().filter_map(|entry| entry.matter.as_ref());
        matters.filter(|matter| matches!(matter, Matter::Handover(_) | Matter::Retention(_))).count()
    };
    let subject = stage.subject(&child);
    let look = async |client: &Client| {
        let request = GetJourneyRequest { youth: child.clone(), ..GetJourneyRequest::default() };
        client.clone().journey.get_journey(request).await.unwrap().into_inner()
    };
    // Whoever wrote it down sees it.
    assert_eq!((about_it(&look(&te).await.entries), about_it(&look(&kela).await.entries)), (1, 1));
    let seen = look(&subject).await;
    assert_eq!((seen.entries.len(), about_it(&seen.entries)), (2, 0), "what both agencies have taken up");
    // Nor can the child say anything of a referral that is not there for them.
    let said = add(&subject, &child, Matter::Handover(met)).await;
    assert_refused(said, Code::NotFound, "NOT_FOUND");
    // Three months on the recipient is asked.
    stage.advance(SignedDuration::from_hours(24 * 92));
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let recorded = async |client: &Client| {
        let all = told(client, &child).await;
        let grounds = all.iter().filter(|one| one.kind() == Kind::Recorded).map(Disclosure::ground);
        let on = |ground| move |one: &LegalGround| *one == ground;
        let grounds: Vec<LegalGround> = grounds.collect();
        [LegalGround::Unspecified, LegalGround::ChildWelfareNotice]
            .map(|ground| grounds.iter().copied().filter(on(ground)).count())
    };
    // What both agencies have taken up, and that nobody has met the child since.
    assert_eq!(recorded(&subject).await, [3, 0]);
    stage.advance(SignedDuration::from_hours(24 * 108));
    // With what the gateway has answered itself in the end, because nothing permits telling the sender; it has looked once
    // before.
    let all = eventually(PATIENCE, || async { (about_it(&look(&subject).await.entries) == 3).then_some(()) });
    all.await.expect("what has waited is not told");
    assert_eq!(recorded(&subject).await, [3, 4]);
    stage.close().await;
}

/// That something was held back from somebody else tells that it is there: what waits is not among it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_look_tells_nothing_of_a_notice_that_waits() {
    for days in [30, 0] {
        let stage = Stage::with(&WorldSettings::default(), |text| kela_is_social(&text, days)).await;
        let (te, ohjaamo) = (stage.te(), stage.ohjaamo());
        let child = te.clone().identify(PEOPLE[10]).await.unwrap();
        assert_eq!(ohjaamo.clone().identify(PEOPLE[10]).await.unwrap(), child);
        let sent = te.clone().referral.send_referral(notice(&child, Purpose::SocialServices)).await.unwrap();
        let referral = sent.into_inner().referral.unwrap().name;
        for client in [&te, &ohjaamo] {
            add(client, &child, opening(JourneySource::Other)).await.unwrap();
        }
        let met = EscortedHandover { referral, young_person: true, sender: true, recipient: true };
        add(&te, &child, Matter::Handover(met)).await.unwrap();
        crate::window::journey(&ohjaamo, &child, Purpose::Guidance).await.unwrap();
        let seen = told(&stage.guardian(&child), &child).await;
        let refused: Vec<_> = seen.iter().filter(|one| one.kind() == Kind::Refused).collect();
        let [refused] = refused[..] else { panic!("{refused:?}") };
        let withheld: Vec<DataCategory> = refused.withheld().collect();
        assert!(withheld.contains(&DataCategory::ServiceAttendance));
        assert_eq!(withheld.contains(&DataCategory::ReferralStatus), days == 0, "{days} days");
        stage.close().await;
    }
}
