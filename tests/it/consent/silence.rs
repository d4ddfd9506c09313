//! Can anybody tell by the time of an answer whether somebody is known here, or has to do with others?
//!
//! What must look the same is asked in turn, in another order each time, so that whatever else the machine does meets all
//! alike. `benches/silence.rs` measures it more closely, and of more calls.

use std::time::{Duration, Instant};

use polku_proto::v1::decision::Verdict;
use polku_proto::v1::verify_consent_result::Result as Item;
use polku_proto::v1::{
    BatchVerifyConsentsRequest, DataCategory as Data, ExplainDisclosureRequest, GetJourneyRequest,
    JourneySource, ProhibitionTerms, Purpose,
};
use polku_tests::world::{Client, KELA, OHJAAMO, TE, nobody, professional};
use uuid::Uuid;

use super::changes::{Ask, prohibit, record};
use super::explain::with_officers;
use crate::stage::{Stage, TOLD, purpose_of};
use crate::window::{add, encounter, opening};

const WARM_UP: usize = 8;
/// How often each is asked.
const ROUNDS: usize = 100;
/// How far the medians may be apart, of the least one. What another way would cost is more.
const APART: f64 = 0.3;
/// A machine that is busy elsewhere can upset one comparison.
const TRIES: usize = 4;
/// About how many persons it is asked in turn: none of them shall be better remembered than another.
const PEOPLE: usize = 10;
const ASKED: [Data; 2] = [Data::ServiceNeeds, Data::Housing];

#[derive(Debug, Clone, Copy)]
enum Call {
    Verify,
    Batch,
    Explain,
}

/// Who asks, and about whom.
struct Scene {
    te: Client,
    officer: Client,
    /// Nobody has permitted anything, and te has to do with them.
    bare: Vec<String>,
    /// Others have to do with them, and may tell each other something.
    foreign: Vec<String>,
    /// They have prohibited everything, and te has to do with them.
    closed: Vec<String>,
}

impl Scene {
    async fn set(stage: &Stage) -> Scene {
        let (te, ohjaamo) = (stage.te(), stage.ohjaamo());
        let (mut bare, mut foreign, mut closed) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..PEOPLE {
            bare.push(te.clone().identify(&nobody(number)).await.unwrap());
            let youth = ohjaamo.clone().identify(&nobody(PEOPLE + number)).await.unwrap();
            let terms = polku_tests::world::terms(OHJAAMO, KELA, purpose_of(KELA), &TOLD);
            record(&ohjaamo, &youth, terms).await.unwrap();
            foreign.push(youth);
            let youth = te.clone().identify(&nobody(2 * PEOPLE + number)).await.unwrap();
            prohibit(&stage.subject(&youth), &youth, ProhibitionTerms::default()).await.unwrap();
            closed.push(youth);
        }
        let officer = professional("tietosuoja-2", "nuorten-palvelut", "data_protection_officer");
        Scene { officer: stage.caller(&stage.world.identities.te, &officer), te, bare, foreign, closed }
    }

    /// Nobody, somebody without permission, somebody of others, somebody who has prohibited everything.
    fn person(&self, whom: usize, number: usize) -> String {
        match whom {
            0 => format!("youths/{}", Uuid::now_v7()),
            1 => self.bare[number % PEOPLE].clone(),
            2 => self.foreign[number % PEOPLE].clone(),
            _ => self.closed[number % PEOPLE].clone(),
        }
    }

    /// How long it takes to be told that nothing is permitted.
    async fn ask(&self, call: Call, youth: &str) -> Duration {
        let (from, to) = if matches!(call, Call::Explain) { (TE, KELA) } else { (OHJAAMO, TE) };
        let ask = Ask { youth, from, to, purpose: Purpose::EmploymentServices, categories: &ASKED };
        let question = ask.request(0);
        let (mut te, mut officer) = (self.te.clone(), self.officer.clone());
        let begun = Instant::now();
        let decision = match call {
            Call::Verify => te.consent.verify_consent(question).await.unwrap().into_inner().decision,
            Call::Batch => {
                let request = BatchVerifyConsentsRequest { requests: vec![question] };
                let answer = te.consent.batch_verify_consents(request).await.unwrap().into_inner();
                match answer.results.into_iter().next().and_then(|result| result.result) {
                    Some(Item::Decision(decision)) => Some(decision),
                    Some(Item::Error(_)) | None => None,
                }
            }
            Call::Explain => {
                let request = ExplainDisclosureRequest { question: Some(question), language: "fi".into() };
                officer.consent.explain_disclosure(request).await.unwrap().into_inner().decision
            }
        };
        let took = begun.elapsed();
        assert_eq!(decision.unwrap().verdict(), Verdict::NotPermitted);
        took
    }
}

/// How far the medians are apart, of what takes so long about one of several groups.
async fn apart<const GROUPS: usize>(ask: impl AsyncFn(usize, usize) -> Duration) -> f64 {
    let mut took = [const { Vec::new() }; GROUPS];
    for number in 0..WARM_UP + ROUNDS {
        for turn in 0..GROUPS {
            let whom = (turn + number) % GROUPS;
            let time = ask(whom, number).await;
            if number >= WARM_UP {
                took[whom].push(time);
            }
        }
    }
    let medians = took.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    let least = medians.into_iter().fold(f64::INFINITY, f64::min);
    medians.into_iter().fold(0.0, f64::max) / least - 1.0
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_somebody_without_permission_and_somebody_of_others_take_as_long() {
    let stage = with_officers().await;
    let scene = Scene::set(&stage).await;
    for call in [Call::Verify, Call::Batch, Call::Explain] {
        let mut tried = Vec::new();
        while tried.last().is_none_or(|apart| *apart > APART) {
            assert!(tried.len() < TRIES, "{call:?}: medians are apart by {tried:?}");
            let ask = async |whom, number| scene.ask(call, &scene.person(whom, number)).await;
            tried.push(apart::<4>(ask).await);
        }
    }
    stage.close().await;
}

/// Whoever looks at a journey does not tell by the time that others have written there what is not for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_journey_with_hidden_entries_takes_as_long_as_one_without() {
    let stage = Stage::open().await;
    let (te, ohjaamo) = (stage.te(), stage.ohjaamo());
    let mut groups = [Vec::new(), Vec::new()];
    for number in 0..2 * PEOPLE {
        let youth = te.clone().identify(&nobody(number)).await.unwrap();
        add(&te, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
        if number % 2 == 1 {
            ohjaamo.clone().identify(&nobody(number)).await.unwrap();
            add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
            add(&ohjaamo, &youth, encounter()).await.unwrap();
        }
        groups[number % 2].push(youth);
    }
    let look = async |whom: usize, number: usize| {
        // What agencies are asked for is none of this: nobody is asked what became of a referral.
        let request = GetJourneyRequest {
            youth: groups[whom][number % PEOPLE].clone(),
            purpose: Purpose::Guidance.into(),
            categories: vec![Data::ReferralStatus.into()],
            ..GetJourneyRequest::default()
        };
        let mut te = te.clone();
        let begun = Instant::now();
        let seen = te.journey.get_journey(request).await.unwrap().into_inner();
        let took = begun.elapsed();
        assert_eq!(seen.entries.len(), 1, "its own, and not what is hidden");
        took
    };
    let mut tried = Vec::new();
    while tried.last().is_none_or(|apart| *apart > APART) {
        assert!(tried.len() < TRIES, "medians are apart by {tried:?}");
        tried.push(apart::<2>(look).await);
    }
    stage.close().await;
}
