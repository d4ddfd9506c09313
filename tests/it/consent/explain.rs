//! Who learns why a disclosure is permitted or not, and who does not?

use polku_gateway::audit::Event;
use polku_proto::v1::{
    CategoryExplanation, DataCategory as Data, DisclosureExplanation, ExplainDisclosureRequest,
    ProhibitionTerms, decision::Verdict,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, TE, WorldSettings, professional};
use tonic::{Code, Status};

use super::changes::{Ask, prohibit};
use crate::stage::{Stage, assert_refused, assert_same_refusal, fields_of, log_of, protect, purpose_of};

const ASKED: [Data; 2] = [Data::ServiceNeeds, Data::Housing];

fn to_te(youth: &str) -> Ask<'_> {
    Ask { youth, from: OHJAAMO, to: TE, purpose: purpose_of(TE), categories: &ASKED }
}

async fn explain(client: &Client, ask: &Ask<'_>) -> Result<DisclosureExplanation, Status> {
    explain_in(client, ask, "en").await
}

async fn explain_in(client: &Client, ask: &Ask<'_>, language: &str) -> Result<DisclosureExplanation, Status> {
    let request = ExplainDisclosureRequest { question: Some(ask.request(0)), language: language.into() };
    Ok(client.clone().consent.explain_disclosure(request).await?.into_inner())
}

/// A stage on which ohjaamo and te have data protection officers.
pub(super) async fn with_officers() -> Stage {
    Stage::with(&WorldSettings::default(), |text| {
        let roles = [r#"roles = ["guidance_worker", "peer"]"#, r#"roles = ["official"]"#];
        assert!(roles.iter().all(|roles| text.contains(roles)));
        roles.iter().fold(text, |text, roles| {
            text.replace(roles, &roles.replace(']', r#", "data_protection_officer"]"#))
        })
    })
    .await
}

fn officer(stage: &Stage) -> Client {
    let who = professional("tietosuoja-1", "keskusta", "data_protection_officer");
    stage.caller(&stage.world.identities.ohjaamo, &who)
}

fn reasons(explanation: &CategoryExplanation) -> Vec<&str> {
    explanation.missing.iter().map(|missing| missing.reason.as_str()).collect()
}

/// domain.md 5: "ratkaistiin tietosuojaa koskevia … kysymyksiä".
#[tokio::test(flavor = "multi_thread")]
async fn the_young_persons_side_and_the_disclosers_officer_learn_why() {
    let stage = with_officers().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[10]).await.unwrap();
    // A minor whom nobody has assessed: the guardian gives it.
    let told = [Data::ServiceNeeds];
    ohjaamo.clone().record_consent(&youth, OHJAAMO, TE, purpose_of(TE), &told).await.unwrap();
    let entitled = [stage.subject(&youth), stage.guardian(&youth), officer(&stage)];
    for client in &entitled {
        let explained = explain(client, &to_te(&youth)).await.unwrap();
        let decision = explained.decision.unwrap();
        let asked = to_te(&youth).by(&ohjaamo).await.unwrap();
        assert_eq!((decision.verdict(), &decision.permitted), (Verdict::Permitted, &asked.permitted));
        assert_eq!((decision.withheld, decision.bases), (asked.withheld, asked.bases));
        assert!(!decision.id.is_empty());
        let [needs, housing] = &explained.categories[..] else { panic!("one for each category") };
        assert_eq!((needs.category(), needs.permitted), (Data::ServiceNeeds, true));
        assert!(needs.bases[0].consent.starts_with(&youth) && needs.missing.is_empty());
        assert_eq!((housing.category(), housing.permitted), (Data::Housing, false));
        assert!(housing.bases.is_empty());
        assert_eq!(reasons(housing), ["no_basis"]);
        assert!(!needs.text.is_empty() && !housing.text.is_empty() && !housing.missing[0].remedy.is_empty());
    }
    prohibit(&stage.subject(&youth), &youth, ProhibitionTerms::default()).await.unwrap();
    for client in &entitled {
        let explained = explain(client, &to_te(&youth)).await.unwrap();
        assert_eq!(explained.decision.unwrap().verdict(), Verdict::NotPermitted);
        assert!(
            explained.categories.iter().all(|one| !one.permitted && reasons(one).contains(&"prohibited"))
        );
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_in_the_language_of_the_reader_rule_by_rule() {
    let stage = with_officers().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let subject = stage.subject(&youth);
    let asked = [Data::HealthCapacity, Data::ServiceNeeds, Data::ReferralStatus];
    let ask = Ask { categories: &asked, ..to_te(&youth) };
    let mut texts = std::collections::BTreeSet::new();
    for language in ["fi", "sv", "en"] {
        let explained = explain_in(&subject, &ask, language).await.unwrap();
        let [health, needs, status] = &explained.categories[..] else { panic!("one for each category") };
        assert_eq!([health, needs, status].map(|one| one.category()), asked);
        assert_eq!([health, needs, status].map(|one| one.permitted), [false, true, true]);
        let decision = explained.decision.as_ref().unwrap();
        assert_eq!(decision.permitted, [Data::ServiceNeeds as i32, Data::ReferralStatus as i32]);
        texts.extend([health, needs, status].map(|one| one.text.clone()));
        texts.extend(health.missing.iter().map(|missing| missing.remedy.clone()));
    }
    assert!(texts.len() >= 12 && texts.iter().all(|text| !text.is_empty()), "{texts:?}");
    let plain = explain_in(&subject, &ask, "").await.unwrap().categories;
    assert_eq!(plain, explain_in(&subject, &ask, "en").await.unwrap().categories);
    prohibit(&subject, &youth, ProhibitionTerms::default()).await.unwrap();
    for one in explain(&subject, &ask).await.unwrap().categories {
        let forbids = one.missing.iter().find(|missing| missing.reason == "prohibited").unwrap();
        assert!(!forbids.rule.is_empty() && !forbids.statute.is_empty());
    }
    stage.close().await;
}

/// The protection may be against whoever speaks for the minor.
#[tokio::test(flavor = "multi_thread")]
async fn to_who_speaks_for_a_minor_a_protected_address_is_one_that_nothing_permits() {
    let stage = with_officers().await;
    for (person, told) in [(PEOPLE[10], false), (PEOPLE[0], true)] {
        let youth = stage.ohjaamo().identify(person).await.unwrap();
        protect(&stage.ohjaamo(), &youth).await;
        let ask = Ask { categories: &[Data::AddressContact], ..to_te(&youth) };
        let explained = async |client: &Client| explain(client, &ask).await.unwrap().categories;
        let (subject, other) = (stage.subject(&youth), stage.representative(&youth));
        assert_eq!(reasons(&explained(&subject).await[0]), ["no_basis", "address_protected"]);
        let expected = if told { &["no_basis", "address_protected"][..] } else { &["no_basis"] };
        assert_eq!(reasons(&explained(&other).await[0]), expected);
        if !told {
            assert_eq!(reasons(&explained(&stage.guardian(&youth)).await[0]), expected);
        }
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_does() {
    let stage = with_officers().await;
    let (youth, other) = (stage.youth(PEOPLE[0]).await, stage.youth(PEOPLE[1]).await);
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let recipients = professional("tietosuoja-2", "nuorten-palvelut", "data_protection_officer");
    let recipients = stage.caller(&stage.world.identities.te, &recipients);
    let mut refusals = Vec::new();
    for client in [stage.ohjaamo(), stage.te(), stage.kela(), recipients] {
        for target in [&youth, &nobody] {
            let result = explain(&client, &to_te(target)).await;
            refusals.push(assert_refused(result, Code::PermissionDenied, "ACTOR_NOT_ALLOWED"));
        }
    }
    refusals.iter().for_each(|refusal| assert_same_refusal(&refusals[0], refusal));
    // The officer of the discloser is no officer of others' disclosures.
    let back = Ask { from: TE, to: OHJAAMO, ..to_te(&youth) };
    assert_refused(explain(&officer(&stage), &back).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    for target in [&other, &nobody] {
        assert_refused(explain(&stage.subject(&youth), &to_te(target)).await, Code::NotFound, "NOT_FOUND");
    }
    // The guardian of somebody who is of age represents nobody.
    assert_refused(explain(&stage.guardian(&youth), &to_te(&youth)).await, Code::NotFound, "NOT_FOUND");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_an_officer_of_strangers_everybody_is_nobody() {
    let stage = with_officers().await;
    let te = stage.te();
    let youth = te.clone().identify(PEOPLE[10]).await.unwrap();
    prohibit(&stage.subject(&youth), &youth, ProhibitionTerms::default()).await.unwrap();
    let (officer, nobody) = (officer(&stage), format!("youths/{}", uuid::Uuid::now_v7()));
    let explained = async |youth: &str| {
        let mut explained = explain(&officer, &to_te(youth)).await.unwrap();
        let decision = explained.decision.as_mut().unwrap();
        (decision.id, decision.evaluated_at) = (String::new(), None);
        explained
    };
    // To have asked before changes nothing.
    to_te(&youth).by(&stage.ohjaamo()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(explained(&youth).await, explained(&nobody).await);
    }
    stage.ohjaamo().identify(PEOPLE[10]).await.unwrap();
    assert!(explained(&youth).await.categories.iter().all(|one| reasons(one).contains(&"prohibited")));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_checked_as_always() {
    let stage = with_officers().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let officer = officer(&stage);
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let unknown = explain(&officer, &to_te(&nobody)).await.unwrap();
    assert!(unknown.categories.iter().all(|one| reasons(one) == ["no_basis"]));
    let strange = Ask { to: "tuntematon", ..to_te(&youth) };
    assert_refused(explain(&officer, &strange).await, Code::InvalidArgument, "UNKNOWN_AGENCY");
    let stale =
        ExplainDisclosureRequest { question: Some(to_te(&youth).request(u64::MAX)), language: String::new() };
    assert_refused(
        officer.clone().consent.explain_disclosure(stale).await,
        Code::Unavailable,
        "CONSENT_STALE",
    );
    let silent = ExplainDisclosureRequest { question: None, language: String::new() };
    let result = officer.clone().consent.explain_disclosure(silent).await;
    let status = assert_refused(result, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(fields_of(&status), ["question"]);
    let foreign =
        ExplainDisclosureRequest { question: Some(to_te(&youth).request(0)), language: "de".into() };
    let result = officer.clone().consent.explain_disclosure(foreign).await;
    assert_eq!(fields_of(&assert_refused(result, Code::InvalidArgument, "INVALID_FIELDS")), ["language"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_explanation_has_its_leaf() {
    let stage = with_officers().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let before = stage.next_leaf().await;
    let explained = explain(&officer(&stage), &to_te(&youth)).await.unwrap();
    assert_eq!(stage.next_leaf().await, before + 2, "the explanation and this question");
    let to_kela = Ask { to: KELA, purpose: purpose_of(KELA), ..to_te(&youth) };
    explain(&stage.subject(&youth), &to_kela).await.unwrap();
    let (_folder, data) = stage.stop().await;
    let log = log_of(&data.join("audit.log")).await;
    let mut found = Vec::new();
    log.read(before, |sequence, leaf| {
        if leaf.event == Event::Read {
            found.push((sequence, leaf));
        }
    })
    .unwrap();
    let [(sequence, first), (_, second)] = &found[..] else { panic!("two explanations") };
    assert_eq!((*sequence, first.organisation.as_str()), (before, OHJAAMO));
    assert_eq!(first.subject, second.subject);
    assert_ne!((first.commitment, first.actor), ([0; 32], second.actor));
    let id = uuid::Uuid::from_slice(&first.hash(*sequence)[..16]).unwrap().to_string();
    assert_eq!(explained.decision.unwrap().id, id, "the decision is found by its leaf");
}
