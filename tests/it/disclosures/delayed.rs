//! Is it told later where the law lets the controller wait?

use polku_gateway::audit::{AuditLog, Event};
use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    Disclosure, GetJourneyRequest, LegalClaim, LegalGround, ListReferralsRequest, ListReferralsResponse,
    Purpose, SendReferralRequest,
};
use polku_tests::world::{Client, KELA, PEOPLE, full_content, referral_to};
use tonic::Code;

use super::{officer_of_te, stage_with, told};
use crate::stage::{Stage, assert_refused, get};

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
    let stage = Stage::with(&polku_tests::world::WorldSettings::default(), |text| {
        let usual = "id = \"kela\"\nsector = \"benefits\"\n";
        assert!(text.contains(usual));
        let text = text.replace(usual, "id = \"kela\"\nsector = \"social\"\n");
        format!("{text}\n[disclosure_delay_days]\nchild_welfare_notice = 30\n")
    })
    .await;
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
    let (log, _) = AuditLog::open(&data.join("audit.log")).unwrap();
    let mut readings = 0;
    log.read(0, |_, leaf| readings += u32::from(leaf.event == Event::Read)).unwrap();
    assert_eq!(readings, 3, "two of the referral, one of the list");
}
