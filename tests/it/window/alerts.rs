//! Who is asked to look at a disclosure afterwards, at a guardian's consent that has ended, and at a protected address?

use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{
    Consent, ConsentEvidence, ConsentTerms, DataCategory, FollowUp, FollowUpResolution, LegalClaim,
    LegalGround, ListTasksRequest, Purpose, RecordConsentRequest, ResolveTaskRequest, ResolveTaskResponse,
    SendReferralRequest, Task, WithdrawConsentRequest,
};
use polku_tests::world::{
    Client, KELA, OHJAAMO, PEOPLE, TE, WorldSettings, evidence, full_content, nobody_born, professional,
    referral_to, request_id, terms,
};
use tonic::{Code, Status};

use crate::stage::{BASIC, Stage, assert_refused, get, protect, wire};

/// Ten years old in 2026.
const CHILD: &str = PEOPLE[10];
const ADULT: &str = PEOPLE[16];
const PLACE: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::AddressContact];

async fn tasks(client: &Client, show_resolved: bool) -> Vec<Task> {
    let request =
        ListTasksRequest { parent: "youths/-".into(), show_resolved, ..ListTasksRequest::default() };
    client.clone().task.list_tasks(request).await.unwrap().into_inner().tasks
}

/// What the open tasks of an agency ask for.
async fn asked(client: &Client) -> Vec<FollowUp> {
    let follow_up = |task: Task| match task.matter {
        Some(Matter::FollowUp(follow_up)) => follow_up,
        other => panic!("{other:?}"),
    };
    tasks(client, false).await.into_iter().map(follow_up).collect()
}

async fn resolve(client: &Client, task: &Task) -> Result<ResolveTaskResponse, Status> {
    let request = ResolveTaskRequest {
        request_id: request_id(),
        name: task.name.clone(),
        resolution: Some(Resolution::FollowUp(FollowUpResolution::default())),
    };
    Ok(client.clone().task.resolve_task(request).await?.into_inner())
}

fn about(kind: Kind, referral: &str) -> FollowUp {
    FollowUp { kind: kind.into(), referral: referral.into(), ..FollowUp::default() }
}

/// The gateway has looked at what is due at least once more.
async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
}

/// A stage on which kela is another kind of agency, and employment services have a second unit.
async fn stage_with_kela(entry: &'static str) -> Stage {
    Stage::with(&WorldSettings::default(), move |text| {
        let usual = "id = \"kela\"\nsector = \"benefits\"\nstanding = \"authority\"\n";
        assert!(text.contains(usual));
        let unit = "units = [\"nuorten-palvelut\"]";
        assert!(text.contains(unit));
        text.replace(usual, &format!("id = \"kela\"\n{entry}"))
            .replace(unit, "units = [\"nuorten-palvelut\", \"muualla\"]")
    })
    .await
}

/// domain.md 2.3, P21: a second person looks.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_disclosed_against_a_prohibition_is_looked_at_by_somebody_else() {
    let stage = stage_with_kela("sector = \"social\"\nstanding = \"authority\"\n").await;
    let (te, kela, ohjaamo) = (stage.te(), stage.kela(), stage.ohjaamo());
    let youth = te.clone().identify(CHILD).await.unwrap();
    let claim = LegalClaim {
        ground: LegalGround::ChildWelfareNotice.into(),
        statement: "kanaria-lausunto".into(),
        consent_asked: ConsentAsked::NotReached.into(),
    };
    let notice = SendReferralRequest {
        claim: Some(claim),
        ..referral_to(KELA, &youth, Purpose::SocialServices, full_content())
    };
    let tried = SendReferralRequest { validate_only: true, request_id: request_id(), ..notice.clone() };
    te.clone().referral.send_referral(tried).await.unwrap();
    assert_eq!(asked(&te).await, [], "nothing was disclosed");
    let sent = te.clone().referral.send_referral(notice.clone()).await.unwrap().into_inner();
    let referral = sent.referral.unwrap();
    te.clone().referral.send_referral(notice).await.unwrap();
    assert!(!referral.sender_professional.is_empty());
    let wanted = FollowUp {
        professional: referral.sender_professional.clone(),
        ..about(Kind::SecondLook, &referral.name)
    };
    assert_eq!(asked(&te).await, [wanted], "once, also when the call is repeated");
    for other in [&kela, &ohjaamo] {
        assert_eq!(tasks(other, true).await, []);
    }

    let task = tasks(&te, false).await.remove(0);
    assert_refused(resolve(&kela, &task).await, Code::NotFound, "NOT_FOUND");
    assert_refused(resolve(&te, &task).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    let unit = &referral.sender_unit;
    let identity = &stage.world.identities.te;
    let elsewhere = stage.caller(identity, &professional("virkailija-8", "muualla", "official"));
    assert_refused(resolve(&elsewhere, &task).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(tasks(&elsewhere, true).await, [], "it is the unit's that has disclosed");
    let second = stage.caller(identity, &professional("virkailija-8", unit, "official"));
    let resolved = resolve(&second, &task).await.unwrap().task.unwrap();
    assert_eq!((resolved.state(), resolved.resolved_by.as_str()), (State::Resolved, "virkailija-8"));
    get(&kela, &referral.name).await.unwrap();
    assert_eq!(tasks(&te, false).await, [], "reading it again is no further disclosure");
    stage.close().await;
}

/// What a guardian consents to: that this agency tells kela, for so many days.
async fn given(client: &Client, stage: &Stage, youth: &str, from: &str, days: i64) -> Consent {
    let until = stage.now() + SignedDuration::from_hours(24 * days);
    let terms =
        ConsentTerms { valid_until: Some(wire(until)), ..terms(from, KELA, Purpose::Rehabilitation, &BASIC) };
    let request = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.into(),
        terms: Some(terms),
        evidence: Some(ConsentEvidence { given_by: GivenBy::Guardian.into(), ..evidence() }),
        ..RecordConsentRequest::default()
    };
    client.clone().consent.record_consent(request).await.unwrap().into_inner().consent.unwrap()
}

/// domain.md 2.3, P5: "task to worker".
#[tokio::test(flavor = "multi_thread")]
async fn on_the_eighteenth_birthday_the_recorder_asks_the_young_person_anew() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    // Eighteen on 5 March; it is noon of 2 March.
    let youth = ohjaamo.clone().identify(&nobody_born((5, 3, 2008), 1)).await.unwrap();
    let child = ohjaamo.clone().identify(&nobody_born((5, 3, 2012), 2)).await.unwrap();
    te.clone().identify(&nobody_born((5, 3, 2008), 1)).await.unwrap();
    let stands = given(&ohjaamo, &stage, &youth, OHJAAMO, 300).await;
    let other = given(&te, &stage, &youth, TE, 300).await;
    // One ends before, one is withdrawn, one is somebody's who is younger.
    given(&ohjaamo, &stage, &youth, OHJAAMO, 2).await;
    let withdrawn = given(&ohjaamo, &stage, &youth, OHJAAMO, 300).await;
    let request = WithdrawConsentRequest {
        request_id: request_id(),
        name: withdrawn.name,
        etag: withdrawn.etag,
        ..WithdrawConsentRequest::default()
    };
    ohjaamo.clone().consent.withdraw_consent(request).await.unwrap();
    given(&ohjaamo, &stage, &child, OHJAAMO, 300).await;

    let birthday: Timestamp = "2026-03-04T22:00:00Z".parse().unwrap();
    stage.advance(birthday.duration_since(stage.now()) - SignedDuration::from_secs(1));
    pause().await;
    assert_eq!(tasks(&ohjaamo, true).await, []);
    stage.advance(SignedDuration::from_secs(1));
    pause().await;
    let renewal = |consent: &Consent| FollowUp {
        kind: Kind::ConsentRenewal.into(),
        consent: consent.name.clone(),
        ..FollowUp::default()
    };
    assert_eq!(asked(&ohjaamo).await, [renewal(&stands)]);
    assert_eq!(asked(&te).await, [renewal(&other)], "each recorder of its own");
    assert_eq!(tasks(&kela, true).await, []);
    pause().await;
    assert_eq!(asked(&ohjaamo).await.len(), 1, "it comes up once");

    // The word of the young person closes the one, the worker's the other.
    let own = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.clone(),
        terms: Some(ConsentTerms {
            valid_until: Some(wire(stage.now() + SignedDuration::from_hours(2400))),
            ..terms(OHJAAMO, KELA, Purpose::Rehabilitation, &BASIC)
        }),
        evidence: Some(evidence()),
        ..RecordConsentRequest::default()
    };
    ohjaamo.clone().consent.record_consent(own).await.unwrap();
    let renewed = polku_proto::v1::RenewConsentRequest {
        request_id: request_id(),
        name: stands.name.clone(),
        etag: stands.etag.clone(),
        valid_until: Some(wire(stage.now() + SignedDuration::from_hours(2400))),
        evidence: Some(evidence()),
    };
    ohjaamo.clone().consent.renew_consent(renewed).await.unwrap();
    assert_eq!(tasks(&ohjaamo, true).await[0].state(), State::Obsolete);
    let task = tasks(&te, false).await.remove(0);
    resolve(&te, &task).await.unwrap();
    assert_eq!(tasks(&te, true).await[0].state(), State::Resolved);
    stage.close().await;
}

async fn refer(client: &Client, youth: &str) -> Result<String, Status> {
    let request = referral_to(KELA, youth, Purpose::Rehabilitation, full_content());
    let sent = client.clone().referral.send_referral(request).await?.into_inner();
    Ok(sent.referral.unwrap().name)
}

/// domain.md 2.3, P8: "alert".
#[tokio::test(flavor = "multi_thread")]
async fn who_has_an_address_protected_is_alerted_of_own_referrals_with_it() {
    let stage = Stage::open().await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    let youth = ohjaamo.clone().identify(ADULT).await.unwrap();
    ohjaamo.clone().record_consent(&youth, OHJAAMO, KELA, Purpose::Rehabilitation, &PLACE).await.unwrap();
    let early = refer(&ohjaamo, &youth).await.unwrap();
    te.clone().identify(ADULT).await.unwrap();
    // To whoever has not had it protected the alert would tell that somebody has.
    protect(&te, &youth).await;
    let hidden = refer(&ohjaamo, &youth).await.unwrap();
    for client in [&ohjaamo, &te, &kela] {
        assert_eq!(tasks(client, true).await, []);
    }
    protect(&ohjaamo, &youth).await;
    let mut found = asked(&ohjaamo).await;
    let mut wanted = [about(Kind::AddressProtected, &early), about(Kind::AddressProtected, &hidden)];
    found.sort_by(|one, other| one.referral.cmp(&other.referral));
    wanted.sort_by(|one, other| one.referral.cmp(&other.referral));
    assert_eq!(found, wanted, "what had it when the protection began");
    let late = refer(&ohjaamo, &youth).await.unwrap();
    assert_eq!(asked(&ohjaamo).await.last(), Some(&about(Kind::AddressProtected, &late)));
    for client in [&te, &kela] {
        assert_eq!(tasks(client, true).await, []);
    }
    for task in tasks(&ohjaamo, false).await {
        resolve(&ohjaamo, &task).await.unwrap();
    }
    assert_eq!(tasks(&ohjaamo, false).await, []);
    stage.close().await;
}

/// domain.md 2.3, P8: "refuse if recipient needs them", and alert.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_a_protected_address_is_one_alert_until_somebody_looks() {
    let needs = "sector = \"benefits\"\nstanding = \"authority\"\nrequires = [\"address_contact\"]\n";
    let stage = stage_with_kela(needs).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify(ADULT).await.unwrap();
    ohjaamo.clone().record_consent(&youth, OHJAAMO, KELA, Purpose::Rehabilitation, &PLACE).await.unwrap();
    te.clone().identify(ADULT).await.unwrap();
    te.clone().record_consent(&youth, TE, KELA, Purpose::Rehabilitation, &PLACE).await.unwrap();
    protect(&ohjaamo, &youth).await;
    for client in [&ohjaamo, &ohjaamo, &te] {
        assert_refused(refer(client, &youth).await, Code::PermissionDenied, "NOT_PERMITTED");
    }
    assert_eq!(asked(&ohjaamo).await, [about(Kind::AddressProtected, "")]);
    assert_eq!(tasks(&te, true).await, []);
    let task = tasks(&ohjaamo, false).await.remove(0);
    resolve(&ohjaamo, &task).await.unwrap();
    assert_refused(refer(&ohjaamo, &youth).await, Code::PermissionDenied, "NOT_PERMITTED");
    assert_eq!(asked(&ohjaamo).await.len(), 1);
    stage.close().await;
}
