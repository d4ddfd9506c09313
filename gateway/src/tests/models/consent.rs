//! Consents and prohibitions: is permitted what was said and not taken back, from then on and until then, and nothing else?

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polku_adapters::Redelivery;
use polku_proto::YouthName;
use polku_proto::v1::{
    Consent, DataCategory, LiftProhibitionRequest, Prohibition, ProhibitionTerms, Purpose,
    RecordProhibitionRequest, RevokeConsentRequest, VerifyConsentRequest, WithdrawConsentRequest,
};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::super::table::{id, told, valid};
use super::super::world::{KELA, TE, caller, consent_request};
use super::{RUNTIME, Stage, Stages, config};
use crate::caller::{Actor, Caller};
use crate::record::wire_time;

/// What is spoken of: sets of these are the bits of a number.
const CATEGORIES: [DataCategory; 4] = [
    DataCategory::IdentityContact,
    DataCategory::ServiceNeeds,
    DataCategory::EducationWork,
    DataCategory::Housing,
];

fn of(set: u8) -> Vec<DataCategory> {
    CATEGORIES.into_iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, one)| one).collect()
}

#[derive(Debug, Clone)]
enum Step {
    /// Begins after so many minutes, and lasts so many.
    Record {
        told: u8,
        begins: i64,
        lasts: i64,
    },
    Withdraw(Index),
    Revoke(Index),
    Prohibit(u8),
    Lift(Index),
    Wait(i64),
    /// What is in memory is brought back from the store.
    Rebuild,
}

#[derive(Debug, Clone)]
struct Said {
    set: u8,
    from: i64,
    until: i64,
    taken_back: bool,
}

/// What somebody has said, and how many minutes ago it all began.
#[derive(Debug, Clone, Default)]
struct Model {
    now: i64,
    consents: Vec<Said>,
    prohibitions: Vec<Said>,
}

impl Model {
    fn counts(&self, said: &Said) -> bool {
        !said.taken_back && said.from <= self.now && self.now < said.until
    }

    fn permitted(&self) -> Vec<DataCategory> {
        let union = |all: &[Said]| {
            all.iter().filter(|said| self.counts(said)).fold(0, |union, said| union | said.set)
        };
        of(union(&self.consents) & !union(&self.prohibitions))
    }
}

impl ReferenceStateMachine for Model {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(_: &Model) -> BoxedStrategy<Step> {
        let set = 1..16_u8;
        prop_oneof![
            8 => (set.clone(), prop_oneof![3 => Just(0), 1 => 1..90_i64], 1..240_i64)
                .prop_map(|(told, begins, lasts)| Step::Record { told, begins, lasts }),
            4 => any::<Index>().prop_map(Step::Withdraw),
            2 => any::<Index>().prop_map(Step::Revoke),
            4 => set.prop_map(Step::Prohibit),
            4 => any::<Index>().prop_map(Step::Lift),
            8 => (0..60_i64).prop_map(Step::Wait),
            1 => Just(Step::Rebuild),
        ]
        .boxed()
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        let now = model.now;
        match step {
            Step::Record { told, begins, lasts } => {
                let from = now + begins;
                model.consents.push(Said { set: *told, from, until: from + lasts, taken_back: false });
            }
            // What has ended by itself is not taken back any more.
            Step::Withdraw(place) | Step::Revoke(place) => {
                if let Some(said) = at(&mut model.consents, place)
                    && now < said.until
                {
                    said.taken_back = true;
                }
            }
            Step::Prohibit(set) => {
                let (from, until) = (now, i64::MAX);
                model.prohibitions.push(Said { set: *set, from, until, taken_back: false });
            }
            Step::Lift(place) => {
                if let Some(said) = at(&mut model.prohibitions, place) {
                    said.taken_back = true;
                }
            }
            Step::Wait(minutes) => model.now += minutes,
            Step::Rebuild => {}
        }
        model
    }
}

fn at<'a>(all: &'a mut [Said], place: &Index) -> Option<&'a mut Said> {
    if all.is_empty() { None } else { Some(&mut all[place.index(all.len())]) }
}

/// Somebody at a gateway.
struct Person {
    stage: Arc<Stage>,
    youth: String,
    began: Timestamp,
    /// With what each is taken back, whether or not it counts.
    consents: Vec<Consent>,
    prohibitions: Vec<Prohibition>,
}

impl Person {
    fn oneself(&self) -> Caller {
        let name: YouthName = self.youth.parse().unwrap();
        Caller { agency: KELA.parse().unwrap(), actor: Actor::Subject(name.youth) }
    }

    async fn take(&mut self, step: Step) {
        let Person { stage, .. } = self;
        let stage = Arc::clone(stage);
        let (world, gateway) = (&stage.world, &stage.world.gateway);
        let kela = caller(KELA);
        let request_id = id();
        match step {
            Step::Record { told: set, begins, lasts } => {
                let from = gateway.now() + SignedDuration::from_mins(begins);
                let mut request = consent_request(&self.youth, (KELA, TE), &of(set), from);
                let until = from + SignedDuration::from_mins(lasts);
                request.terms.as_mut().unwrap().valid_until = Some(wire_time(until).unwrap());
                let change = gateway.record_consent(&kela, valid(request)).await;
                self.consents.extend(told(world, &kela, change).consent);
            }
            Step::Withdraw(place) if !self.consents.is_empty() => {
                let name = self.consents[place.index(self.consents.len())].name.clone();
                let request =
                    WithdrawConsentRequest { request_id, name, ..WithdrawConsentRequest::default() };
                // Refused, when there is nothing to take back.
                let _ = gateway.withdraw_consent(&self.oneself(), valid(request)).await;
            }
            Step::Revoke(place) if !self.consents.is_empty() => {
                let Consent { name, etag, .. } = self.consents[place.index(self.consents.len())].clone();
                let reason = "ei enää tarpeen".to_owned();
                let request = RevokeConsentRequest { request_id, name, etag, reason };
                let _ = gateway.revoke_consent(&kela, valid(request)).await;
            }
            Step::Prohibit(set) => {
                let terms = ProhibitionTerms {
                    categories: of(set).into_iter().map(|one| one as i32).collect(),
                    ..ProhibitionTerms::default()
                };
                let youth = self.youth.clone();
                let request = RecordProhibitionRequest { request_id, youth, terms: Some(terms) };
                let change = gateway.record_prohibition(&self.oneself(), valid(request)).await;
                self.prohibitions.extend(told(world, &self.oneself(), change).prohibition);
            }
            Step::Lift(place) if !self.prohibitions.is_empty() => {
                let Prohibition { name, etag, .. } =
                    self.prohibitions[place.index(self.prohibitions.len())].clone();
                let request = LiftProhibitionRequest { request_id, name, etag };
                let _ = gateway.lift_prohibition(&self.oneself(), valid(request)).await;
            }
            Step::Wait(minutes) => stage.clock.advance(SignedDuration::from_mins(minutes)),
            Step::Rebuild => gateway.rebuild_index().await.unwrap(),
            Step::Withdraw(_) | Step::Revoke(_) | Step::Lift(_) => {}
        }
    }

    async fn permitted(&self) -> Vec<DataCategory> {
        let request = VerifyConsentRequest {
            youth: self.youth.clone(),
            discloser: KELA.to_owned(),
            recipient: TE.to_owned(),
            purpose: Purpose::EmploymentServices as i32,
            categories: CATEGORIES.into_iter().map(|one| one as i32).collect(),
            ..VerifyConsentRequest::default()
        };
        let answer = self.stage.world.gateway.verify_consent(&caller(KELA), valid(request)).await.unwrap();
        let permitted = answer.decision.unwrap();
        let all: Vec<DataCategory> = permitted.permitted().collect();
        CATEGORIES.into_iter().filter(|one| all.contains(one)).collect()
    }
}

static STAGES: Stages = Stages::new(Redelivery::Neither);

struct Consents;

impl StateMachineTest for Consents {
    type SystemUnderTest = Person;
    type Reference = Model;

    fn init_test(_: &Model) -> Person {
        let (stage, code) = STAGES.next();
        let youth = RUNTIME.block_on(stage.world.identify_by(KELA, &code));
        let began = stage.world.gateway.now();
        Person { stage, youth, began, consents: Vec::new(), prohibitions: Vec::new() }
    }

    fn apply(mut person: Person, _: &Model, step: Step) -> Person {
        RUNTIME.block_on(person.take(step));
        person
    }

    fn check_invariants(person: &Person, model: &Model) {
        let minutes = person.stage.world.gateway.now().duration_since(person.began).as_mins();
        assert_eq!(minutes, model.now, "somebody else has moved the clock");
        assert_eq!(RUNTIME.block_on(person.permitted()), model.permitted());
    }
}

prop_state_machine! {
    #![proptest_config(config(1))]

    #[test]
    fn what_was_said_and_not_taken_back_is_permitted(sequential 1..=60 => Consents);
}
