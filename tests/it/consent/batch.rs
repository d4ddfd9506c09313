//! Are many questions answered as each alone would be, with one entry in the audit log?

use std::collections::BTreeSet;
use std::path::Path;

use polku_gateway::audit::{Event, Tree, leaf_hash};
use polku_gateway::store::Store;
use polku_gateway::store::sqlite::SqliteStore;
use polku_proto::v1::verify_consent_result::Result as Answer;
use polku_proto::v1::{
    BatchVerifyConsentsRequest, BatchVerifyConsentsResponse, Decision, ProhibitionTerms, VerifyConsentError,
    VerifyConsentRequest, decision::Verdict,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, TE, WorldSettings, terms};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::changes::{Ask, prohibit, record, withdraw};
use crate::stage::{Stage, TOLD, assert_refused, fields_of, log_of, purpose_of};

async fn batch(
    client: &Client,
    requests: Vec<VerifyConsentRequest>,
) -> Result<BatchVerifyConsentsResponse, Status> {
    let request = BatchVerifyConsentsRequest { requests };
    Ok(client.clone().consent.batch_verify_consents(request).await?.into_inner())
}

fn to<'a>(youth: &'a str, to: &'a str) -> Ask<'a> {
    Ask { youth, from: OHJAAMO, to, purpose: purpose_of(to), categories: &TOLD }
}

fn answers(response: &BatchVerifyConsentsResponse) -> Vec<Answer> {
    response.results.iter().map(|item| item.result.clone().expect("an item without answer")).collect()
}

/// What a single question is answered, in the words of a batch.
async fn alone(client: &Client, request: VerifyConsentRequest) -> Answer {
    match client.clone().consent.verify_consent(request).await {
        Ok(answer) => Answer::Decision(answer.into_inner().decision.unwrap()),
        Err(status) => {
            let info = status.get_details_error_info().unwrap();
            let named =
                status.get_details_bad_request().and_then(|named| named.field_violations.into_iter().next());
            let (field, expected) = match named {
                Some(violation) => (violation.field, violation.description),
                None => (String::new(), status.message().split_once(": ").unwrap().1.trim().to_owned()),
            };
            Answer::Error(VerifyConsentError { reason: info.reason, field, expected })
        }
    }
}

/// Without what differs from call to call.
fn nameless(answer: Answer) -> Answer {
    match answer {
        Answer::Decision(decision) => Answer::Decision(Decision { id: String::new(), ..decision }),
        Answer::Error(error) => Answer::Error(error),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_question_has_the_answer_that_it_would_have_alone() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let (one, banned) = (
        ohjaamo.clone().identify(PEOPLE[0]).await.unwrap(),
        ohjaamo.clone().identify(PEOPLE[1]).await.unwrap(),
    );
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let mut revision = 0;
    for youth in [&one, &banned] {
        let mut agreed = terms(OHJAAMO, TE, purpose_of(TE), &TOLD);
        agreed.valid_until = Some(crate::stage::wire(stage.now() + jiff::SignedDuration::from_hours(1)));
        revision = record(&ohjaamo, youth, agreed).await.unwrap().revision;
    }
    prohibit(&ohjaamo, &banned, ProhibitionTerms::default()).await.unwrap();
    let different = [
        to(&one, TE).request(0),
        to(&one, TE).request(revision),
        to(&one, TE).request(u64::MAX),
        to(&one, KELA).request(0),
        to(&banned, TE).request(0),
        to(&nobody, TE).request(0),
        to(&one, "tuntematon").request(0),
        Ask { from: TE, to: KELA, ..to(&one, TE) }.request(0),
        to("youths/kanaria", TE).request(0),
        VerifyConsentRequest { discloser: "Iso".into(), recipient: "/".into(), ..to(&one, TE).request(0) },
        VerifyConsentRequest { categories: Vec::new(), ..to(&one, TE).request(0) },
        VerifyConsentRequest { purpose: 0, ..to(&one, TE).request(0) },
        VerifyConsentRequest { youth: format!("youths/{}", "g".repeat(36)), ..to(&one, TE).request(0) },
        VerifyConsentRequest { youth: format!("youths/{}", "-".repeat(36)), ..to(&one, TE).request(0) },
    ];
    let requests: Vec<_> = different.iter().cycle().take(100).cloned().collect();
    let before = stage.next_leaf().await;
    let response = batch(&ohjaamo, requests.clone()).await.unwrap();
    let receipt = response.receipt.clone().unwrap();
    assert_eq!(receipt.sequence, before, "one leaf, and no other");
    assert_eq!(stage.next_leaf().await, before + 2, "the batch and this question");
    let answered = answers(&response);
    assert_eq!(answered.len(), requests.len());
    let mut reasons = BTreeSet::new();
    for (request, answer) in requests.into_iter().zip(&answered).take(2 * different.len()) {
        let expected = nameless(alone(&ohjaamo, request).await);
        assert!(nameless(answer.clone()) == expected, "{answer:?} instead of {expected:?}");
        if let Answer::Error(error) = answer {
            reasons.insert(error.reason.clone());
        }
    }
    let expected = ["ACTOR_NOT_ALLOWED", "CONSENT_STALE", "INVALID_FIELDS", "UNKNOWN_AGENCY"];
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(
        nameless(answered[4].clone()),
        nameless(answered[5].clone()),
        "prohibited and unknown look alike"
    );
    let given =
        |answer: &Answer| matches!(answer, Answer::Decision(one) if one.verdict() == Verdict::Permitted);
    assert!(given(&answered[0]) && given(&answered[1]) && !given(&answered[3]));

    // The ids can be told from the receipt.
    let mut ids = BTreeSet::new();
    for (number, answer) in (0_u16..).zip(&answered) {
        let Answer::Decision(decision) = answer else { continue };
        let named = [&receipt.leaf_hash[..], &number.to_be_bytes()].concat();
        let digest = ring::digest::digest(&ring::digest::SHA256, &named);
        assert_eq!(decision.id, uuid::Uuid::from_slice(&digest.as_ref()[..16]).unwrap().to_string());
        ids.insert(decision.id.clone());
    }
    assert_eq!(ids.len(), answered.iter().filter(|answer| matches!(answer, Answer::Decision(_))).count());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn young_people_ask_about_themselves_only() {
    let stage = Stage::open().await;
    let (mine, other) = (stage.youth(PEOPLE[0]).await, stage.youth(PEOPLE[1]).await);
    let asked = vec![to(&mine, TE).request(0), to(&other, TE).request(0)];
    let answered = answers(&batch(&stage.subject(&mine), asked).await.unwrap());
    assert!(matches!(&answered[0], Answer::Decision(decision) if decision.verdict() == Verdict::Permitted));
    assert!(matches!(&answered[1], Answer::Error(error) if error.reason == "NOT_FOUND"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_questions_are_answered_at_one_revision() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let changing = tokio::spawn({
        let (ohjaamo, youth) = (ohjaamo.clone(), youth.clone());
        async move {
            for _ in 0..30 {
                let agreed = terms(OHJAAMO, TE, purpose_of(TE), &TOLD);
                let given = record(&ohjaamo, &youth, agreed).await.unwrap().consent.unwrap();
                withdraw(&ohjaamo, &given, "").await.unwrap();
            }
        }
    });
    let mut seen = BTreeSet::new();
    while !changing.is_finished() {
        let response = batch(&ohjaamo, vec![to(&youth, TE).request(0); 50]).await.unwrap();
        let told: BTreeSet<_> = answers(&response)
            .into_iter()
            .map(|answer| match answer {
                Answer::Decision(decision) => (decision.revision, decision.verdict),
                Answer::Error(error) => panic!("{error:?}"),
            })
            .collect();
        assert_eq!(told.len(), 1, "{told:?}");
        seen.extend(told);
    }
    changing.await.unwrap();
    assert!(seen.len() > 1, "nothing has changed in between");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_has_its_limits_and_counts_question_by_question() {
    let stage = Stage::with(&WorldSettings::default(), |text| {
        let open = "requests_per_second = 5000\nburst = 10000";
        assert!(text.contains(open));
        text.replace(open, "requests_per_second = 1\nburst = 90")
    })
    .await;
    let ohjaamo = stage.ohjaamo();
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let many = |count| vec![to(&nobody, TE).request(0); count];
    let status = assert_refused(batch(&ohjaamo, many(0)).await, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(fields_of(&status), ["requests"]);
    let status = assert_refused(batch(&ohjaamo, many(101)).await, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(fields_of(&status), ["requests"]);
    let status = assert_refused(batch(&ohjaamo, many(100)).await, Code::InvalidArgument, "BATCH_TOO_LARGE");
    assert_eq!(fields_of(&status), ["requests"]);
    assert_eq!(batch(&ohjaamo, many(80)).await.unwrap().results.len(), 80);
    assert_refused(batch(&ohjaamo, many(80)).await, Code::ResourceExhausted, "QUOTA_EXCEEDED");
    assert_eq!(batch(&ohjaamo, many(2)).await.unwrap().results.len(), 2);
    assert_eq!(batch(&stage.te(), many(80)).await.unwrap().results.len(), 80, "each has its own quota");
    stage.close().await;
}

/// The leaf's commitment is recomputed from the items in the store, and the person's batches are found.
#[tokio::test(flavor = "multi_thread")]
async fn the_leaf_commits_to_every_item() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let (one, other) = (stage.youth(PEOPLE[0]).await, stage.youth(PEOPLE[1]).await);
    let requests =
        vec![to(&one, TE).request(0), to(&other, TE).request(0), to(&one, "tuntematon").request(0)];
    let receipt = batch(&ohjaamo, requests).await.unwrap().receipt.unwrap();
    let single =
        ohjaamo.clone().consent.verify_consent(to(&other, TE).request(0)).await.unwrap().into_inner();
    let single = single.receipt.unwrap().sequence;
    let (folder, data) = stage.stop().await;
    let leaves = leaves(&data).await;
    let (sequence, leaf) = leaves.iter().find(|(sequence, _)| *sequence == receipt.sequence).unwrap();
    assert_eq!((leaf.event, leaf.subject), (Event::VerifyConsent, [0; 32]));
    assert_eq!(&leaf.hash(*sequence)[..], &receipt.leaf_hash);
    let store = SqliteStore::open(&data.join("polku.db")).unwrap();
    let items = store.batch_items(receipt.sequence).await.unwrap();
    assert_eq!(items.len(), 3);
    let mut tree = Tree::new();
    items.iter().for_each(|item| tree.push(leaf_hash(&item.bytes)));
    assert_eq!(leaf.commitment, tree.root());

    let alone = &leaves.iter().find(|(sequence, _)| *sequence == single).unwrap().1;
    let second = &items[1];
    assert_eq!(second.subject, alone.subject, "the person has the same name in batches and in leaves");
    assert_eq!(store.batches_about(&alone.subject).await.unwrap(), [receipt.sequence]);
    assert_eq!(second.bytes[..4], [1, alone.verdict as u8, 0, 1]);
    assert_eq!(second.bytes[4..6], alone.purpose.to_be_bytes());
    assert_eq!(second.bytes[6..8], [0, 0]);
    assert_eq!(second.bytes[8..12], alone.categories.to_be_bytes());
    assert_eq!(second.bytes[12..16], alone.withheld.to_be_bytes());
    assert_eq!(second.bytes[24..56], alone.subject);
    assert_eq!(second.bytes[56..88], alone.policy);
    assert_eq!(second.bytes.len(), 152);
    assert_eq!(second.bytes[88..], items[0].bytes[88..], "the same parties have the same names");
    assert!(
        items[2].bytes[4..152].iter().all(|byte| *byte == 0) && items[2].bytes.ends_with(b"UNKNOWN_AGENCY")
    );
    drop(folder);
}

/// Every leaf of a log whose gateway has stopped, with its place.
async fn leaves(data: &Path) -> Vec<(u64, polku_gateway::audit::Leaf)> {
    let log = log_of(&data.join("audit.log")).await;
    let mut leaves = Vec::new();
    log.read(0, |sequence, leaf| leaves.push((sequence, leaf))).unwrap();
    leaves
}
