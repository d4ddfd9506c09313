//! What is somebody who was erased to those who ask, and what is in the way of an erasure?

use polku_gateway::control::{Answer, Question};
use polku_proto::v1::{
    EndLegalStatusRequest, LinkIdentityRequest, ListDisclosuresRequest, ListReferralsRequest,
    VerifyConsentRequest,
};
use polku_tests::world::{Client, OHJAAMO, PEOPLE, TE, WorldSettings, professional, request_id};
use tonic::Status;

use super::{asked, erase, known};
use crate::stage::{BASIC, Stage, assert_same_refusal, protect, purpose_of};

const OFFICER: &str = "data_protection_officer";

/// On which ohjaamo has a data protection officer.
async fn stage() -> Stage {
    let roles = r#"roles = ["guidance_worker", "peer"]"#;
    let more = roles.replace(']', &format!(r#", "{OFFICER}"]"#));
    Stage::with(&WorldSettings::default(), |text| {
        assert!(text.contains(roles));
        text.replace(roles, &more)
    })
    .await
}

fn nobody() -> String {
    format!("youths/{}", uuid::Uuid::now_v7())
}

async fn disclosures(client: &Client, youth: &str) -> Status {
    let request = ListDisclosuresRequest { parent: youth.into(), ..ListDisclosuresRequest::default() };
    client.clone().journey.list_disclosures(request).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_was_erased_is_nobody_under_any_id() {
    let stage = stage().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = known(&ohjaamo, PEOPLE[0]).await;
    // A second id of theirs: known by it before, and linked.
    let former = known(&ohjaamo, PEOPLE[2]).await;
    let request = LinkIdentityRequest {
        request_id: request_id(),
        youth: former.clone(),
        identity_code: PEOPLE[0].into(),
        temporary_id: String::new(),
    };
    ohjaamo.journey.link_identity(request).await.unwrap();
    assert_eq!(ohjaamo.identify(PEOPLE[2]).await.unwrap(), youth);

    let Answer::Done(said) = erase(&stage.world, PEOPLE[2]).await else { panic!("not erased") };
    assert!(said.iter().any(|line| line.ends_with(": te")), "{said:?}");
    let officer =
        stage.caller(&stage.world.identities.ohjaamo, &professional("tietosuoja-1", "keskusta", OFFICER));
    for id in [&youth, &former] {
        let stranger = nobody();
        assert_same_refusal(
            &disclosures(&stage.subject(id), id).await,
            &disclosures(&stage.subject(&stranger), &stranger).await,
        );
        assert_same_refusal(&disclosures(&officer, id).await, &disclosures(&officer, &stranger).await);
        let asked = |youth: &str| VerifyConsentRequest {
            youth: youth.into(),
            discloser: OHJAAMO.into(),
            recipient: TE.into(),
            purpose: purpose_of(TE) as i32,
            categories: BASIC.iter().map(|category| *category as i32).collect(),
            ..VerifyConsentRequest::default()
        };
        let mut decisions = Vec::new();
        for youth in [id, &stranger] {
            let answer = ohjaamo.consent.verify_consent(asked(youth)).await.unwrap().into_inner();
            let mut decision = answer.decision.unwrap();
            (decision.revision, decision.id, decision.evaluated_at) = (0, String::new(), None);
            decisions.push(decision);
        }
        assert_eq!(decisions[0], decisions[1]);
        let listed =
            |youth: &str| ListReferralsRequest { parent: youth.into(), ..ListReferralsRequest::default() };
        let mut lists = Vec::new();
        for youth in [id, &stranger] {
            lists.push(
                ohjaamo
                    .referral
                    .list_referrals(listed(youth))
                    .await
                    .map(|answer| answer.into_inner().referrals),
            );
        }
        match (&lists[0], &lists[1]) {
            (Ok(one), Ok(other)) => assert_eq!(one, other),
            (Err(one), Err(other)) => assert_same_refusal(one, other),
            _ => panic!("{lists:?}"),
        }
    }
    // Once is enough, and whoever comes again is somebody new.
    assert_eq!(erase(&stage.world, &youth).await, Answer::Refused(vec!["nobody is known by this".into()]));
    let again = ohjaamo.identify(PEOPLE[0]).await.unwrap();
    assert!(again != youth && again != former);
    let stage = stage.restart().await;
    assert_eq!(stage.ohjaamo().identify(PEOPLE[0]).await.unwrap(), again);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_law_still_asks_for_is_said_and_nothing_is_erased() {
    let stage = stage().await;
    let youth = known(&stage.ohjaamo(), PEOPLE[4]).await;
    stage.te().identify(PEOPLE[4]).await.unwrap();
    let recorded = protect(&stage.te(), &youth).await;
    let Answer::Refused(why) = erase(&stage.world, &youth).await else { panic!("erased all the same") };
    assert_eq!(why.len(), 1, "{why:?}");
    assert!(why[0].contains("law 661/2009"), "{why:?}");
    assert_eq!(stage.ohjaamo().identify(PEOPLE[4]).await.unwrap(), youth);

    let status = recorded.status.unwrap();
    let request = EndLegalStatusRequest { request_id: request_id(), name: status.name, etag: status.etag };
    stage.te().status.end_legal_status(request).await.unwrap();
    assert!(matches!(erase(&stage.world, &youth).await, Answer::Done(_)));
    let unknown = Question::Erase { controller: "ruoka".parse().unwrap(), person: nobody() };
    let said = asked(&stage.world, unknown).await;
    assert_eq!(said, Answer::Refused(vec!["no agency of the configuration is called so".into()]));
    stage.close().await;
}
