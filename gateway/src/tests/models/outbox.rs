//! Deliveries: does each come to the state that the table of delivery states names, with at most one effect, whatever the
//! agency does and wherever the gateway is stopped?

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use polku_adapters::Redelivery;
use polku_proto::v1::{Consent, DataCategory, DeliveryState as S};
use polku_proto::{MessageId, ReferralName};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::super::agency::Mood;
use super::super::steps::{attempt, forward, lease};
use super::super::table::{told, valid};
use super::super::world::{KELA, TE, caller, consent_request};
use super::{RUNTIME, Stage, Stages, config};
use crate::outbox::has_ended;
use crate::record::wire_time;
use crate::store::{DeliveryItem, DeliveryRow};

const TOLD: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];

/// How many referrals somebody has at most: each is looked at after every step.
const MOST: usize = 8;

#[derive(Debug, Clone)]
enum Step {
    /// A referral is sent on the ground of the consent.
    Refer,
    /// The consent is taken back. Nothing permits anything from then on.
    Withdraw,
    Become(Mood),
    /// Everything that is due is worked on.
    Work,
    /// The same, but that it ends after so many steps of the first one, as by a kill.
    Stop(usize),
    Wait(SignedDuration),
}

/// What the model remembers: what may be asked for.
#[derive(Debug, Clone, Default)]
struct Model {
    referrals: usize,
    withdrawn: bool,
}

impl ReferenceStateMachine for Model {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        const MOODS: &[Mood] = &[Mood::Fine, Mood::Silent, Mood::Deaf, Mood::Refusing, Mood::Down];
        let some = prop_oneof![
            6 => Just(Step::Work),
            3 => (1..40_usize).prop_map(Step::Stop),
            5 => proptest::sample::select(MOODS).prop_map(Step::Become),
            6 => prop_oneof![
                8 => 1..150_i64,
                1 => Just(7 * 3_600_i64),
            ].prop_map(|seconds| Step::Wait(SignedDuration::from_secs(seconds))),
        ];
        if model.withdrawn {
            return some.boxed();
        }
        if model.referrals == MOST {
            return prop_oneof![20 => some, 1 => Just(Step::Withdraw)].boxed();
        }
        prop_oneof![20 => some, 6 => Just(Step::Refer), 1 => Just(Step::Withdraw)].boxed()
    }

    fn preconditions(model: &Model, step: &Step) -> bool {
        match step {
            Step::Refer => !model.withdrawn && model.referrals < MOST,
            Step::Withdraw => !model.withdrawn,
            Step::Become(_) | Step::Work | Step::Stop(_) | Step::Wait(_) => true,
        }
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        match step {
            Step::Refer => model.referrals += 1,
            Step::Withdraw => model.withdrawn = true,
            Step::Become(_) | Step::Work | Step::Stop(_) | Step::Wait(_) => {}
        }
        model
    }
}

/// All that decides what becomes of a delivery.
struct Matter {
    agency: Redelivery,
    mood: Mood,
    /// Whether the agency has the message.
    has: bool,
    permitted: bool,
    expired: bool,
    /// Whether what was sent has taken effect by now, or never does.
    settled: bool,
}

impl Matter {
    /// What comes of one attempt: the table of delivery states.
    fn after(&self, state: S) -> S {
        if state != S::Sending {
            return self.sent();
        }
        match self.agency {
            Redelivery::Neither => S::InDoubt,
            // Sending once more asks as well whether it is there.
            Redelivery::Deduplicates if self.permitted && !self.expired => match self.mood {
                Mood::Fine => S::Delivered,
                Mood::Refusing => S::InDoubt,
                Mood::Silent | Mood::Deaf | Mood::Down | Mood::Endless => S::Sending,
            },
            // Asked no sooner: it may still be at work.
            Redelivery::Deduplicates if !self.settled => S::Sending,
            Redelivery::Deduplicates | Redelivery::AnswersStatus if self.mood == Mood::Down => {
                if self.expired { S::InDoubt } else { S::Sending }
            }
            Redelivery::Deduplicates | Redelivery::AnswersStatus if self.has => S::Delivered,
            Redelivery::Deduplicates | Redelivery::AnswersStatus => self.sent(),
        }
    }

    /// Of what the agency does not have.
    fn sent(&self) -> S {
        if self.expired {
            return S::Expired;
        }
        if !self.permitted {
            return S::Stopped;
        }
        match (self.mood, self.agency) {
            (Mood::Fine, _) => S::Delivered,
            (Mood::Silent | Mood::Deaf | Mood::Endless, Redelivery::Neither) => S::InDoubt,
            (Mood::Silent | Mood::Deaf | Mood::Endless, _) => S::Sending,
            (Mood::Refusing, _) => S::Rejected,
            (Mood::Down, _) => S::Retrying,
        }
    }
}

/// Somebody with referrals.
struct Person {
    stage: Arc<Stage>,
    agency: Redelivery,
    youth: String,
    consent: Consent,
    mood: Mood,
    withdrawn: bool,
    referrals: Vec<ReferralName>,
}

impl Person {
    async fn new(stage: Arc<Stage>, code: &str, agency: Redelivery) -> Person {
        let world = &stage.world;
        let youth = world.identify_by(KELA, code).await;
        let (gateway, kela) = (&world.gateway, caller(KELA));
        let mut request = consent_request(&youth, (KELA, TE), &TOLD, gateway.now());
        let until = gateway.now() + SignedDuration::from_hours(24 * 365);
        request.terms.as_mut().unwrap().valid_until = Some(wire_time(until).unwrap());
        let change = gateway.record_consent(&kela, valid(request)).await;
        let consent = told(world, &kela, change).consent.unwrap();
        world.te.become_(Mood::Fine);
        let (mood, withdrawn, referrals) = (Mood::Fine, false, Vec::new());
        Person { stage, agency, youth, consent, mood, withdrawn, referrals }
    }

    async fn take(&mut self, step: Step) {
        let stage = Arc::clone(&self.stage);
        let world = &stage.world;
        match step {
            Step::Refer => self.referrals.push(world.refer(KELA, TE, &self.youth).await.parse().unwrap()),
            Step::Withdraw => {
                let before = self.rows().await;
                world.withdraw(KELA, &self.consent).await;
                self.withdrawn = true;
                let waits = |state| matches!(state, S::Queued | S::Retrying);
                self.expect(before, |_, state| if waits(state) { S::Stopped } else { state }).await;
            }
            Step::Become(mood) => {
                self.mood = mood;
                world.te.become_(mood);
            }
            Step::Wait(time) => stage.clock.advance(time),
            Step::Work => self.work().await,
            Step::Stop(steps) => self.stop_after(steps).await,
        }
    }

    /// The referrals' own deliveries, by message.
    async fn rows(&self) -> BTreeMap<MessageId, DeliveryRow> {
        let mut rows = BTreeMap::new();
        for name in &self.referrals {
            let about = self.stage.world.gateway.store.deliveries_about(name.referral).await.unwrap();
            let own = about.into_iter().filter(|row| row.item == DeliveryItem::Handover);
            rows.extend(own.map(|row| (row.message, row)));
        }
        rows
    }

    fn has(&self, message: MessageId) -> bool {
        self.stage.world.te.has(&message.to_string())
    }

    fn matter(&self, row: &DeliveryRow) -> Matter {
        let gateway = &self.stage.world.gateway;
        Matter {
            agency: self.agency,
            mood: self.mood,
            has: self.has(row.message),
            permitted: !self.withdrawn,
            expired: row.deadline <= gateway.now(),
            settled: row.due + gateway.delivery.settle <= gateway.now(),
        }
    }

    /// Whether a delivery may be worked on now.
    fn is_due(&self, row: &DeliveryRow) -> bool {
        let now = self.stage.world.gateway.now();
        !has_ended(row.state) && row.leased_until.unwrap_or(row.due) <= now
    }

    async fn expect(&self, before: BTreeMap<MessageId, DeliveryRow>, of: impl Fn(&DeliveryRow, S) -> S) {
        let after = self.rows().await;
        for (message, row) in before {
            assert_eq!(after[&message].state, of(&row, row.state), "from {:?}", row.state);
        }
    }

    async fn work(&self) {
        let before = self.rows().await;
        let due: Vec<MessageId> =
            before.values().filter(|row| self.is_due(row)).map(|row| row.message).collect();
        let expected: BTreeMap<MessageId, S> =
            before.values().map(|row| (row.message, self.matter(row).after(row.state))).collect();
        let leased = lease(&self.stage.world.gateway).await;
        let own = leased.iter().map(|row| row.message).filter(|message| before.contains_key(message));
        let mut own: Vec<MessageId> = own.collect();
        own.sort_unstable();
        assert_eq!(own, due, "another one than what is due is taken");
        for row in leased {
            attempt(&self.stage.world.gateway, row).await;
        }
        self.expect(
            before,
            |row, state| if due.contains(&row.message) { expected[&row.message] } else { state },
        )
        .await;
    }

    /// What was begun is left as it stands; what was given to the store before is done.
    async fn stop_after(&self, steps: usize) {
        let before = self.rows().await;
        let gateway = &self.stage.world.gateway;
        let leased = lease(gateway).await;
        if let Some(first) = leased.into_iter().find(|row| before.contains_key(&row.message)) {
            let row = &before[&first.message];
            let end = self.matter(row).after(row.state);
            let _ = forward(&mut attempt(gateway, first.clone()), steps).await;
            let mark = gateway.store.reconciled().await.unwrap();
            gateway.store.set_reconciled(mark).await.unwrap();
            let after = &self.rows().await[&first.message];
            let may_be = [row.state, S::Sending, end];
            assert!(
                may_be.contains(&after.state),
                "from {:?} to {:?}, not to {end:?}",
                row.state,
                after.state
            );
            let is_new = self.has(first.message) && !self.matter(row).has;
            assert!(!is_new || after.intent.is_some(), "sent without an intent");
        }
    }

    /// What is open comes to its end when the agency is well again.
    async fn end(mut self) {
        self.take(Step::Become(Mood::Fine)).await;
        for _ in 0..60 {
            self.stage.clock.advance(SignedDuration::from_mins(10));
            self.work().await;
            if self.rows().await.values().all(|row| has_ended(row.state)) {
                break;
            }
        }
        for row in self.rows().await.values() {
            match row.state {
                S::Delivered => assert!(self.has(row.message), "what is called delivered is not there"),
                S::Stopped | S::Expired | S::Rejected => {
                    assert!(!self.has(row.message), "{:?}, and it has arrived", row.state);
                }
                S::InDoubt => {}
                S::Unspecified | S::Queued | S::Sending | S::Retrying => {
                    panic!("it does not end: {:?}", row.state);
                }
            }
        }
    }
}

/// The same for each kind of agency.
macro_rules! deliveries {
    ($name:ident, $stages:ident, $agency:expr, $test:ident) => {
        static $stages: Stages = Stages::new($agency);

        struct $name;

        impl StateMachineTest for $name {
            type SystemUnderTest = Person;
            type Reference = Model;

            fn init_test(_: &Model) -> Person {
                let (stage, code) = $stages.next();
                RUNTIME.block_on(Person::new(stage, &code, $agency))
            }

            fn apply(mut person: Person, _: &Model, step: Step) -> Person {
                RUNTIME.block_on(person.take(step));
                person
            }

            fn teardown(person: Person, _: Model) {
                RUNTIME.block_on(person.end());
            }
        }

        prop_state_machine! {
            #![proptest_config(config(3))]

            #[test]
            fn $test(sequential 1..=60 => $name);
        }
    };
}

deliveries!(
    Recognising,
    RECOGNISING,
    Redelivery::Deduplicates,
    deliveries_to_an_agency_that_recognises_a_message_are_as_in_the_table
);
deliveries!(
    Answering,
    ANSWERING,
    Redelivery::AnswersStatus,
    deliveries_to_an_agency_that_can_be_asked_are_as_in_the_table
);
deliveries!(Mute, MUTE, Redelivery::Neither, deliveries_to_an_agency_that_can_do_neither_are_as_in_the_table);
