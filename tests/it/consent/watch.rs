//! Is who has to ask again told so: at once, once, in order, and nothing more than that?
//!
//! Stages with open watches are not closed: an open watch is given its time when a gateway ends, and nobody needs to
//! wait for that.

use std::collections::BTreeMap;
use std::time::Duration;

use polku_proto::v1::legal_status_terms::Status as Situation;
use polku_proto::v1::{
    AddressProtection, ConsentNotice, EndLegalStatusRequest, LegalStatusChange, LegalStatusTerms,
    LiftProhibitionRequest, Prohibition, ProhibitionTerms, RecordLegalStatusRequest, WatchConsentsRequest,
    WatchReferralsRequest, decision::Verdict,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PAJA, PEOPLE, TE, request_id, terms};
use prost::Message;
use tonic::{Code, Status, Streaming};

use super::changes::{Ask, give, prohibit, record, refuse, renew, request, revoke, withdraw};
use crate::plan::table;
use crate::stage::{BASIC, PATIENCE, Stage, TOLD, assert_refused, fields_of, purpose_of};

async fn watch(client: &Client, token: &str) -> Result<Streaming<ConsentNotice>, Status> {
    let request = WatchConsentsRequest { resume_token: token.into() };
    Ok(client.clone().consent.watch_consents(request).await?.into_inner())
}

async fn next(stream: &mut Streaming<ConsentNotice>) -> ConsentNotice {
    let notice = tokio::time::timeout(PATIENCE, stream.message()).await.expect("no notice");
    notice.unwrap().expect("the watch has ended")
}

async fn take(stream: &mut Streaming<ConsentNotice>, count: usize) -> Vec<ConsentNotice> {
    let mut notices = Vec::new();
    for _ in 0..count {
        notices.push(next(stream).await);
    }
    notices
}

async fn assert_quiet(stream: &mut Streaming<ConsentNotice>) {
    let more = tokio::time::timeout(Duration::from_millis(300), stream.message()).await;
    assert!(more.is_err(), "a notice too many");
}

fn revisions(notices: &[ConsentNotice]) -> Vec<u64> {
    notices.iter().map(|notice| notice.revision).collect()
}

async fn lift(client: &Client, prohibition: &Prohibition) -> u64 {
    let (request_id, name, etag) = (request_id(), prohibition.name.clone(), prohibition.etag.clone());
    let request = LiftProhibitionRequest { request_id, name, etag };
    client.clone().consent.lift_prohibition(request).await.unwrap().into_inner().revision
}

async fn protect_address(stage: &Stage, youth: &str) -> LegalStatusChange {
    let status = Some(Situation::AddressProtection(AddressProtection {}));
    let request = RecordLegalStatusRequest {
        request_id: request_id(),
        youth: youth.into(),
        terms: Some(LegalStatusTerms { status }),
    };
    stage.ohjaamo().status.record_legal_status(request).await.unwrap().into_inner()
}

async fn end_protection(stage: &Stage, change: LegalStatusChange) -> u64 {
    let status = change.status.unwrap();
    let request = EndLegalStatusRequest { request_id: request_id(), name: status.name, etag: status.etag };
    stage.ohjaamo().status.end_legal_status(request).await.unwrap().into_inner().revision
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_told_to_the_parties_and_looks_the_same() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let mut parties = [watch(&ohjaamo, "").await.unwrap(), watch(&stage.kela(), "").await.unwrap()];
    let mut other = watch(&stage.te(), "").await.unwrap();
    let agreed = || terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
    let mut expected = Vec::new();

    let refused = request(&ohjaamo, &youth, agreed()).await.unwrap();
    let asked = refused.consent.clone().unwrap();
    expected.push(refused.revision);
    expected.push(refuse(&ohjaamo, &asked, &asked.etag).await.unwrap().revision);
    let asked = request(&ohjaamo, &youth, agreed()).await.unwrap();
    expected.push(asked.revision);
    let asked = asked.consent.unwrap();
    let given = give(&stage.subject(&youth), &asked, &asked.etag).await.unwrap();
    expected.push(given.revision);
    let given = given.consent.unwrap();
    let banned = prohibit(&stage.subject(&youth), &youth, ProhibitionTerms::default()).await.unwrap();
    expected.push(banned.revision);
    expected.push(lift(&stage.subject(&youth), &banned.prohibition.unwrap()).await);
    // It names another agency and data that nobody asked for: it is told all the same, and to the same ones.
    let narrow = ProhibitionTerms { recipients: vec![TE.into()], ..ProhibitionTerms::default() };
    expected.push(prohibit(&ohjaamo, &youth, narrow).await.unwrap().revision);
    let protected = protect_address(&stage, &youth).await;
    expected.push(protected.revision);
    expected.push(end_protection(&stage, protected).await);
    let until = given.terms.as_ref().unwrap().valid_until.unwrap();
    let renewed = renew(&ohjaamo, &given, &given.etag, until).await.unwrap();
    expected.push(renewed.revision);
    expected.push(withdraw(&stage.subject(&youth), &renewed.consent.unwrap(), "").await.unwrap().revision);
    let second = record(&ohjaamo, &youth, agreed()).await.unwrap();
    expected.push(second.revision);
    let second = second.consent.unwrap();
    expected.push(revoke(&ohjaamo, &second, &second.etag).await.unwrap().revision);

    // The recipient hears of nothing before something was given: twice asked, once refused.
    for (stream, expected) in parties.iter_mut().zip([&expected[..], &expected[3..]]) {
        let notices = take(stream, expected.len()).await;
        assert_eq!(revisions(&notices), expected, "every change, once, in order");
        // A whole second takes fewer bytes than others do.
        let size_of = |notice: &ConsentNotice| ConsentNotice { time: None, ..notice.clone() }.encoded_len();
        let size = size_of(&notices[0]);
        for notice in notices {
            assert_eq!(notice.youth, youth);
            assert!(notice.time.is_some() && size_of(&notice).abs_diff(size) <= 1, "{notice:?}");
        }
    }
    // Nobody is named by a consent any more. Who has to do with the person hears of what holds against the law as well.
    let banned = prohibit(&ohjaamo, &youth, ProhibitionTerms::default()).await.unwrap().revision;
    let protected = protect_address(&stage, &youth).await.revision;
    assert_eq!(revisions(&take(&mut parties[0], 2).await), [banned, protected]);
    for stream in parties.iter_mut().chain([&mut other]) {
        assert_quiet(stream).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn told_are_the_parties_of_all_consents_of_that_person() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let (one, other) = (
        ohjaamo.clone().identify(PEOPLE[0]).await.unwrap(),
        ohjaamo.clone().identify(PEOPLE[1]).await.unwrap(),
    );
    let (mut kela, mut te) = (watch(&stage.kela(), "").await.unwrap(), watch(&stage.te(), "").await.unwrap());
    let to_kela = record(&ohjaamo, &one, terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC)).await.unwrap();
    let to_te = record(&ohjaamo, &one, terms(OHJAAMO, TE, purpose_of(TE), &BASIC)).await.unwrap();
    let others = record(&ohjaamo, &other, terms(OHJAAMO, TE, purpose_of(TE), &BASIC)).await.unwrap();
    let ended = withdraw(&ohjaamo, &to_kela.consent.unwrap(), "").await.unwrap();
    let banned = prohibit(&ohjaamo, &one, ProhibitionTerms::default()).await.unwrap();
    let expected = [to_kela.revision, to_te.revision, ended.revision];
    assert_eq!(revisions(&take(&mut kela, 3).await), expected, "up to the end of its own consent");
    let expected = [to_te.revision, others.revision, ended.revision, banned.revision];
    let notices = take(&mut te, 4).await;
    assert_eq!(revisions(&notices), expected, "from the beginning of its own consent");
    assert_eq!((notices[0].youth == one, notices[1].youth == other), (true, true));
    for stream in [&mut kela, &mut te] {
        assert_quiet(stream).await;
    }
}

/// A law may permit something to whoever has to do with the person: what stands against that, or ends it, is told to them,
/// and of others' consents they hear nothing.
#[tokio::test(flavor = "multi_thread")]
async fn told_of_what_holds_against_the_law_is_whoever_has_to_do_with_the_person() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    // Employment services are party to a plan, and nothing else; Kela has nothing to do with the person yet.
    let told = terms(OHJAAMO, TE, table::PURPOSE, &table::SHARED);
    let shared = record(&ohjaamo, &youth, told).await.unwrap().consent.unwrap();
    let plan = table::create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    table::add(&ohjaamo, &plan, TE).await.unwrap();
    withdraw(&ohjaamo, &shared, "").await.unwrap();
    let (mut te, mut kela) = (watch(&stage.te(), "").await.unwrap(), watch(&stage.kela(), "").await.unwrap());
    let banned = prohibit(&stage.subject(&youth), &youth, ProhibitionTerms::default()).await.unwrap();
    assert_eq!(next(&mut te).await.revision, banned.revision);
    assert_quiet(&mut kela).await;

    stage.kela().identify(PEOPLE[0]).await.unwrap();
    let mut expected = vec![lift(&stage.subject(&youth), &banned.prohibition.unwrap()).await];
    let protected = protect_address(&stage, &youth).await;
    expected.push(protected.revision);
    expected.push(end_protection(&stage, protected).await);
    for stream in [&mut te, &mut kela] {
        let notices = take(stream, expected.len()).await;
        assert_eq!(revisions(&notices), expected);
        assert!(notices.iter().all(|notice| notice.youth == youth));
    }
    // A consent that names neither.
    record(&ohjaamo, &youth, terms(OHJAAMO, PAJA, purpose_of(PAJA), &BASIC)).await.unwrap();
    for stream in [&mut te, &mut kela] {
        assert_quiet(stream).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_goes_on_after_a_restart_of_the_gateway() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let mut whole = watch(&stage.kela(), "").await.unwrap();
    let mut expected = Vec::new();
    for _ in 0..3 {
        let banned = prohibit(&stage.ohjaamo(), &youth, ProhibitionTerms::default()).await.unwrap();
        expected.push(banned.revision);
        expected.push(lift(&stage.ohjaamo(), &banned.prohibition.unwrap()).await);
    }
    let seen = take(&mut whole, 6).await;
    assert_eq!(revisions(&seen), expected);
    drop(whole);
    let stage = stage.restart().await;
    for (count, notice) in seen.iter().enumerate() {
        // Whoever resumes gets all the rest and nothing twice, as often as it asks.
        for _ in 0..2 {
            let mut resumed = watch(&stage.kela(), &notice.resume_token).await.unwrap();
            assert_eq!(revisions(&take(&mut resumed, 5 - count).await), expected[count + 1..]);
        }
    }
    let mut resumed = watch(&stage.kela(), &seen[5].resume_token).await.unwrap();
    let mut fresh = watch(&stage.kela(), "").await.unwrap();
    assert_quiet(&mut resumed).await;
    // The revision of a notice can be asked for, also when it is from before the restart.
    let ask = Ask { youth: &youth, from: OHJAAMO, to: KELA, purpose: purpose_of(KELA), categories: &TOLD };
    stage.kela().consent.verify_consent(ask.request(expected[5])).await.unwrap();
    let later = prohibit(&stage.ohjaamo(), &youth, ProhibitionTerms::default()).await.unwrap().revision;
    for stream in [&mut resumed, &mut fresh] {
        assert_eq!(next(stream).await.revision, later);
        assert_quiet(stream).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_come_without_gap_or_repetition_also_to_a_slow_reader() {
    const ROUNDS: usize = 30;
    let stage = Stage::open().await;
    let mut youths = Vec::new();
    for code in &PEOPLE[..10] {
        youths.push(stage.youth(code).await);
    }
    let (mut slow, mut quick) =
        (watch(&stage.kela(), "").await.unwrap(), watch(&stage.kela(), "").await.unwrap());
    let mut changing = tokio::task::JoinSet::new();
    for youth in youths {
        let ohjaamo = stage.ohjaamo();
        changing.spawn(async move {
            let mut made = Vec::new();
            for _ in 0..ROUNDS {
                let banned = prohibit(&ohjaamo, &youth, ProhibitionTerms::default()).await.unwrap();
                made.push(banned.revision);
                made.push(lift(&ohjaamo, &banned.prohibition.unwrap()).await);
            }
            (youth, made)
        });
    }
    let count = 10 * ROUNDS * 2;
    let seen = take(&mut quick, count).await;
    let made: BTreeMap<String, Vec<u64>> = changing.join_all().await.into_iter().collect();
    let mut told = BTreeMap::<String, Vec<u64>>::new();
    for notice in &seen {
        told.entry(notice.youth.clone()).or_default().push(notice.revision);
    }
    assert_eq!(told, made, "each person's changes in their order");
    // The slow one has not read anything so far.
    let late = take(&mut slow, count).await;
    assert_eq!(revisions(&late), revisions(&seen), "both in the same order");
    for stream in [&mut slow, &mut quick] {
        assert_quiet(stream).await;
    }
    // Broken off anywhere, it goes on there.
    for place in [0, 15, 16, 17, 63, 64, 65, count / 2, count - 2] {
        let mut resumed = watch(&stage.kela(), &seen[place].resume_token).await.unwrap();
        let rest = take(&mut resumed, (count - place - 1).min(70)).await;
        let expected = &revisions(&seen)[place + 1..];
        assert_eq!(revisions(&rest), expected[..rest.len()]);
    }
}

/// Who asks on a notice is answered from after the change, whatever it was, and never told to come back.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_again_is_answered_from_after_the_change() {
    let stage = Stage::open().await;
    let youth = stage.ohjaamo().identify(PEOPLE[0]).await.unwrap();
    let mut notices = watch(&stage.kela(), "").await.unwrap();
    let ask = Ask { youth: &youth, from: OHJAAMO, to: KELA, purpose: purpose_of(KELA), categories: &TOLD };
    // Others change their consents at the same time.
    let busy = tokio::spawn({
        let (ohjaamo, other) = (stage.ohjaamo(), stage.youth(PEOPLE[1]).await);
        async move {
            loop {
                let banned = prohibit(&ohjaamo, &other, ProhibitionTerms::default()).await.unwrap();
                lift(&ohjaamo, &banned.prohibition.unwrap()).await;
            }
        }
    });
    for _ in 0..15 {
        let mut given = None;
        for expected in [Verdict::Permitted, Verdict::NotPermitted] {
            let change = async {
                match given.take() {
                    None => {
                        let agreed = terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
                        Some(record(&stage.ohjaamo(), &youth, agreed).await.unwrap().consent.unwrap())
                    }
                    Some(consent) => {
                        withdraw(&stage.subject(&youth), &consent, "").await.unwrap();
                        None
                    }
                }
            };
            let told = async {
                let mut notice = next(&mut notices).await;
                while notice.youth != youth {
                    notice = next(&mut notices).await;
                }
                let answer = stage.kela().consent.verify_consent(ask.request(notice.revision)).await.unwrap();
                let decision = answer.into_inner().decision.unwrap();
                assert!(decision.revision >= notice.revision);
                assert_eq!(decision.verdict(), expected);
            };
            (given, ()) = tokio::join!(change, told);
        }
    }
    busy.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_its_watcher_and_its_method() {
    let stage = Stage::open().await;
    let mut mine = watch(&stage.ohjaamo(), "").await.unwrap();
    let youth = stage.youth(PEOPLE[0]).await;
    let token = next(&mut mine).await.resume_token;
    let mut events = stage
        .ohjaamo()
        .referral
        .watch_referrals(WatchReferralsRequest::default())
        .await
        .unwrap()
        .into_inner();
    stage.refer(&youth, KELA).await;
    let event = tokio::time::timeout(PATIENCE, events.message()).await.unwrap().unwrap().unwrap();
    let tampered: String = token.chars().skip(1).collect();
    for (client, token) in [
        (stage.kela(), token.as_str()),
        (stage.ohjaamo(), event.resume_token.as_str()),
        (stage.ohjaamo(), tampered.as_str()),
        (stage.ohjaamo(), "kanaria"),
    ] {
        let status =
            assert_refused(watch(&client, token).await, Code::InvalidArgument, "RESUME_TOKEN_INVALID");
        assert_eq!(fields_of(&status), ["resume_token"]);
    }
    let request = WatchReferralsRequest { resume_token: token };
    let result = stage.ohjaamo().referral.watch_referrals(request).await;
    assert_refused(result, Code::InvalidArgument, "RESUME_TOKEN_INVALID");
    for client in [stage.subject(&youth), stage.guardian(&youth)] {
        assert_refused(watch(&client, "").await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    }
}
