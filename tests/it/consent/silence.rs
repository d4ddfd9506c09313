//! Can anybody tell by the time of an answer whether somebody is known here, or has to do with others?
//!
//! What must look the same is asked in turn, in another order each time, so that whatever else the machine does meets all
//! alike. `benches/silence.rs` measures it more closely, and of more calls.

use std::time::{Duration, Instant};

use polku_proto::v1::decision::Verdict;
use polku_proto::v1::verify_consent_result::Result as Item;
use polku_proto::v1::{BatchVerifyConsentsRequest, DataCategory as Data, ExplainDisclosureRequest, Purpose};
use polku_tests::world::{Client, KELA, OHJAAMO, TE, nobody, professional};
use uuid::Uuid;

use super::changes::{Ask, record};
use super::explain::with_officers;
use crate::stage::{Stage, TOLD, purpose_of};

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
}

impl Scene {
    async fn set(stage: &Stage) -> Scene {
        let (te, ohjaamo) = (stage.te(), stage.ohjaamo());
        let (mut bare, mut foreign) = (Vec::new(), Vec::new());
        for number in 0..PEOPLE {
            bare.push(te.clone().identify(&nobody(number)).await.unwrap());
            let youth = ohjaamo.clone().identify(&nobody(PEOPLE + number)).await.unwrap();
            let terms = polku_tests::world::terms(OHJAAMO, KELA, purpose_of(KELA), &TOLD);
            record(&ohjaamo, &youth, terms).await.unwrap();
            foreign.push(youth);
        }
        let officer = professional("tietosuoja-2", "nuorten-palvelut", "data_protection_officer");
        Scene { officer: stage.caller(&stage.world.identities.te, &officer), te, bare, foreign }
    }

    /// Nobody, somebody without permission, somebody of others.
    fn person(&self, whom: usize, number: usize) -> String {
        match whom {
            0 => format!("youths/{}", Uuid::now_v7()),
            1 => self.bare[number % PEOPLE].clone(),
            _ => self.foreign[number % PEOPLE].clone(),
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

    /// How far the medians are apart.
    async fn apart(&self, call: Call) -> f64 {
        let mut took = [const { Vec::new() }; 3];
        for number in 0..WARM_UP + ROUNDS {
            for turn in 0..took.len() {
                let whom = (turn + number) % took.len();
                let time = self.ask(call, &self.person(whom, number)).await;
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
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_somebody_without_permission_and_somebody_of_others_take_as_long() {
    let stage = with_officers().await;
    let scene = Scene::set(&stage).await;
    for call in [Call::Verify, Call::Batch, Call::Explain] {
        let mut tried = Vec::new();
        while tried.last().is_none_or(|apart| *apart > APART) {
            assert!(tried.len() < TRIES, "{call:?}: medians are apart by {tried:?}");
            tried.push(scene.apart(call).await);
        }
    }
    stage.close().await;
}
