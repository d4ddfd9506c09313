//! Three months on: who is asked whether the young person is still there, and what is known without asking?

use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::retention_answer::Result as Retained;
use polku_proto::v1::task::State;
use polku_proto::v1::{
    AcceptReferralRequest, CompleteReferralRequest, Consent, DataCategory, FailReferralRequest, JourneyEntry,
    JourneySource, Outcome, ProhibitionTerms, Purpose, RetentionAnswer,
};
use polku_tests::world::{Client, KELA, OHJAAMO, eventually, request_id};
use tonic::Code;

use super::super::{add, add_entry, encounter, entry, journey, opening};
use super::{WHO, comes_up, days, done, nothing_comes_up, pause, resolve, tasks};
use crate::consent::changes::prohibit;
use crate::stage::{BASIC, PATIENCE, Stage, assert_refused, withdrawal};

/// A referral to Kela that was taken up at noon, and the consent that it rests on.
async fn taken_up(stage: &Stage) -> (String, String, Consent) {
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(WHO).await.unwrap();
    let consent =
        ohjaamo.record_consent(&youth, OHJAAMO, KELA, Purpose::Rehabilitation, &BASIC).await.unwrap();
    let referral = stage.refer(&youth, KELA).await;
    let request = AcceptReferralRequest {
        request_id: request_id(),
        name: referral.clone(),
        ..AcceptReferralRequest::default()
    };
    stage.kela().referral.accept_referral(request).await.unwrap();
    (youth, referral, consent)
}

/// Who has written what about whether the young person is still there, as this caller sees it.
async fn retained(client: &Client, youth: &str, purpose: Purpose) -> Vec<(String, String, Retained)> {
    let seen = journey(client, youth, purpose).await.unwrap();
    let answer = |entry: JourneyEntry| match entry.matter {
        Some(Matter::Retention(answer)) => Some((entry.agency, entry.professional, answer.result())),
        _ => None,
    };
    seen.entries.into_iter().filter_map(answer).collect()
}

/// The same, as soon as there is anything.
async fn first_retained(client: &Client, youth: &str) -> Vec<(String, String, Retained)> {
    let said = eventually(PATIENCE, || async {
        let said = retained(client, youth, Purpose::Unspecified).await;
        (!said.is_empty()).then_some(said)
    });
    said.await.expect("nothing is written down")
}

async fn complete(client: &Client, referral: &str) {
    let (request_id, name, etag) = (request_id(), referral.to_owned(), String::new());
    let (outcome, note) = (Outcome::GotService.into(), String::new());
    let request = CompleteReferralRequest { request_id, name, etag, outcome, note };
    client.clone().referral.complete_referral(request).await.unwrap();
}

async fn fail(client: &Client, referral: &str, outcome: Outcome) {
    let (request_id, name, etag) = (request_id(), referral.to_owned(), String::new());
    let (outcome, note) = (outcome.into(), "kanaria-ei tavoitettu".into());
    let request = FailReferralRequest { request_id, name, etag, outcome, note };
    client.clone().referral.fail_referral(request).await.unwrap();
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen".
#[tokio::test(flavor = "multi_thread")]
async fn three_months_on_the_recipient_says_whether_the_young_person_is_still_there() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let (youth, referral, _) = taken_up(&stage).await;
    // From 2 March on; the clock stands at noon, and 2 June begins at midnight.
    stage.advance(days(91));
    nothing_comes_up(&[&ohjaamo, &kela]).await;
    stage.advance(days(1));
    let task = comes_up(&kela, Kind::Retention, &referral, "").await;
    assert_eq!(tasks(&ohjaamo, true).await, []);
    let nothing = resolve(&kela, done(&task, Retained::Unspecified)).await;
    assert_refused(nothing, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(retained(&kela, &youth, Purpose::Unspecified).await, []);
    let request = done(&task, Retained::Attached);
    let first = resolve(&kela, request.clone()).await.unwrap();
    assert_eq!(resolve(&kela, request).await.unwrap(), first);
    let said = [(KELA.to_owned(), "kelan-virkailija".to_owned(), Retained::Attached)];
    assert_eq!(retained(&kela, &youth, Purpose::Unspecified).await, said);
    assert_eq!(retained(&ohjaamo, &youth, Purpose::Rehabilitation).await, said);
    stage.advance(days(92));
    nothing_comes_up(&[&ohjaamo, &kela]).await;
    stage.close().await;
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen"; 4.4: unknown without permission, never dropped.
#[tokio::test(flavor = "multi_thread")]
async fn without_permission_nobody_is_asked_and_it_is_unknown() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let (youth, _, consent) = taken_up(&stage).await;
    ohjaamo.clone().consent.withdraw_consent(withdrawal(&consent.name)).await.unwrap();
    stage.advance(days(92));
    let subject = stage.subject(&youth);
    nothing_comes_up(&[&ohjaamo, &kela]).await;
    assert_eq!(
        retained(&subject, &youth, Purpose::Unspecified).await,
        [],
        "the month of the answer has begun"
    );
    // 2 July is the last day on which an answer counts.
    stage.advance(days(30));
    nothing_comes_up(&[&ohjaamo, &kela]).await;
    assert_eq!(retained(&subject, &youth, Purpose::Unspecified).await, [], "the last day has begun");
    stage.advance(days(1));
    let unknown = [(KELA.to_owned(), String::new(), Retained::Unknown)];
    assert_eq!(first_retained(&subject, &youth).await, unknown);
    pause().await;
    assert_eq!(retained(&subject, &youth, Purpose::Unspecified).await, unknown);
    assert_eq!(retained(&kela, &youth, Purpose::Unspecified).await, unknown);
    for client in [&ohjaamo, &kela] {
        assert_eq!(tasks(client, true).await, []);
    }
    stage.close().await;
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen": who agrees to it within the month is asked about.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_asked_when_the_young_person_permits_it_in_time() {
    let stage = Stage::at_noon().await;
    let kela = stage.kela();
    let (youth, referral, consent) = taken_up(&stage).await;
    let mut ohjaamo = stage.ohjaamo();
    ohjaamo.consent.withdraw_consent(withdrawal(&consent.name)).await.unwrap();
    stage.advance(days(92));
    nothing_comes_up(&[&kela]).await;
    ohjaamo.record_consent(&youth, OHJAAMO, KELA, Purpose::Rehabilitation, &BASIC).await.unwrap();
    stage.advance(days(14));
    comes_up(&kela, Kind::Retention, &referral, "").await;
    stage.close().await;
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen": what has ended before is not asked about.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_about_what_has_ended_before() {
    let uninterested = Some(Outcome::NoLongerInterested);
    for (failed, is_late) in
        [(uninterested, false), (None, false), (uninterested, true), (Some(Outcome::CouldNotContact), false)]
    {
        let stage = Stage::at_noon().await;
        let kela = stage.kela();
        let (youth, referral, _) = taken_up(&stage).await;
        // After the month of the answer what became of the young person is another matter.
        stage.advance(days(if is_late { 124 } else { 40 }));
        if is_late {
            comes_up(&kela, Kind::Retention, &referral, "").await;
        }
        if let Some(outcome) = failed {
            fail(&kela, &referral, outcome).await;
        } else {
            complete(&kela, &referral).await;
        }
        let result = match failed {
            Some(Outcome::NoLongerInterested) => Some(Retained::DroppedOut),
            Some(_) => None,
            None => Some(Retained::EndedAsPlanned),
        };
        let said = result.map(|result| (KELA.to_owned(), "kelan-virkailija".to_owned(), result));
        let said: Vec<_> = said.filter(|_| !is_late).into_iter().collect();
        let subject = stage.subject(&youth);
        assert_eq!(retained(&subject, &youth, Purpose::Unspecified).await, said);
        assert_eq!(tasks(&kela, false).await, []);
        stage.advance(days(92));
        nothing_comes_up(&[&kela, &stage.ohjaamo()]).await;
        assert_eq!(retained(&subject, &youth, Purpose::Unspecified).await, said);
        stage.close().await;
    }
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen"; 4.4: unknown without permission, never dropped.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_may_not_be_told_is_unknown() {
    for failed in [Some(Outcome::NoLongerInterested), None] {
        let stage = Stage::at_noon().await;
        let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
        let (youth, referral, _) = taken_up(&stage).await;
        stage.advance(days(40));
        let subject = stage.subject(&youth);
        prohibit(&subject, &youth, prohibition_of_status()).await.unwrap();
        match failed {
            Some(outcome) => fail(&kela, &referral, outcome).await,
            None => complete(&kela, &referral).await,
        }
        stage.advance(days(82));
        nothing_comes_up(&[&ohjaamo, &kela]).await;
        assert_eq!(retained(&subject, &youth, Purpose::Unspecified).await, []);
        stage.advance(days(1));
        let unknown = [(KELA.to_owned(), String::new(), Retained::Unknown)];
        assert_eq!(first_retained(&subject, &youth).await, unknown);
        stage.close().await;
    }
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen": the gateway takes nobody's word back.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_has_answered_stands() {
    let stage = Stage::at_noon().await;
    let kela = stage.kela();
    let (youth, referral, _) = taken_up(&stage).await;
    stage.advance(days(93));
    let task = comes_up(&kela, Kind::Retention, &referral, "").await;
    resolve(&kela, done(&task, Retained::Attached)).await.unwrap();
    let said = [(KELA.to_owned(), "kelan-virkailija".to_owned(), Retained::Attached)];
    stage.advance(days(7));
    complete(&kela, &referral).await;
    let subject = stage.subject(&youth);
    assert_eq!(retained(&subject, &youth, Purpose::Unspecified).await, said);
    stage.close().await;

    // Neither does it when nobody may be asked.
    let stage = Stage::at_noon().await;
    let kela = stage.kela();
    let (youth, referral, _) = taken_up(&stage).await;
    let subject = stage.subject(&youth);
    prohibit(&subject, &youth, prohibition_of_status()).await.unwrap();
    stage.advance(days(93));
    nothing_comes_up(&[&kela]).await;
    add(&kela, &youth, opening(JourneySource::Other)).await.unwrap();
    let stays = RetentionAnswer { referral, result: Retained::Attached.into() };
    add(&kela, &youth, Matter::Retention(stays)).await.unwrap();
    for _ in 0..2 {
        stage.advance(days(20));
        // Or else it would be a task that nobody has met them.
        add(&kela, &youth, encounter()).await.unwrap();
    }
    nothing_comes_up(&[&kela]).await;
    assert_eq!(retained(&subject, &youth, Purpose::Unspecified).await, said);
    stage.close().await;
}

fn prohibition_of_status() -> ProhibitionTerms {
    ProhibitionTerms {
        disclosers: vec![KELA.into()],
        recipients: vec![OHJAAMO.into()],
        categories: vec![DataCategory::ReferralStatus.into()],
        ..ProhibitionTerms::default()
    }
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen": what somebody has written down is not asked for.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_not_asked() {
    for early in [Retained::Attached, Retained::DroppedOut] {
        let stage = Stage::at_noon().await;
        let kela = stage.kela();
        let (youth, referral, _) = taken_up(&stage).await;
        add(&kela, &youth, opening(JourneySource::Other)).await.unwrap();
        let says = |result: Retained| {
            Matter::Retention(RetentionAnswer { referral: referral.clone(), result: result.into() })
        };
        for (passed, said) in [(29, Some(early)), (29, None), (29, None)] {
            stage.advance(days(passed));
            if let Some(said) = said {
                add(&kela, &youth, says(said)).await.unwrap();
            }
            // Or else it would be a task that nobody has met them.
            add(&kela, &youth, encounter()).await.unwrap();
        }
        stage.advance(days(5));
        if early == Retained::DroppedOut {
            nothing_comes_up(&[&kela]).await;
        } else {
            // Still there after one month says nothing of the third.
            comes_up(&kela, Kind::Retention, &referral, "").await;
            add(&kela, &youth, says(Retained::EndedAsPlanned)).await.unwrap();
            assert_eq!(tasks(&kela, true).await[0].state(), State::Obsolete);
        }
        stage.close().await;
    }
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen": who was written off by mistake is asked about.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_is_asked_again() {
    let stage = Stage::at_noon().await;
    let kela = stage.kela();
    let (youth, referral, _) = taken_up(&stage).await;
    add(&kela, &youth, opening(JourneySource::Other)).await.unwrap();
    let says = |result: Retained| {
        Matter::Retention(RetentionAnswer { referral: referral.clone(), result: result.into() })
    };
    let mistaken = add(&kela, &youth, says(Retained::DroppedOut)).await.unwrap().entry.unwrap();
    for _ in 0..3 {
        stage.advance(days(29));
        // Or else it would be a task that nobody has met them.
        add(&kela, &youth, encounter()).await.unwrap();
    }
    let right = JourneyEntry { replaces: mistaken.name, ..entry(says(Retained::Attached)) };
    add_entry(&kela, &youth, right).await.unwrap();
    stage.advance(days(5));
    comes_up(&kela, Kind::Retention, &referral, "").await;
    stage.close().await;
}
