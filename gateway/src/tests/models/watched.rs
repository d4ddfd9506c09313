//! Whoever watches a plan: are they told of every change that shows to them, once and in order, whenever they come back,
//! and of nothing else?
//!
//! What a change shows to somebody is what they read before it and after it. Each thing happens at a second of its own, so
//! an event says of which it tells. Who has lost their connection comes back with the token of any event that they have had:
//! the answers after it may have been lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use polku_adapters::Redelivery;
use polku_proto::YouthName;
use polku_proto::v1::{
    Consent, DataCategory, GetPlanRequest, Plan, PlanPart, Purpose, RemovePlanPartyRequest, WatchPlansRequest,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::table::{BASE, add, begin, goal, id, merge, read, valid};
use super::super::world::{KELA, SOSIAALI, TE, Told, World, caller, listen};
use super::super::{number, seeded};
use super::{RUNTIME, Stage, Stages};
use crate::answer::answer;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::journey::Plans;

/// Who watches; the first has the responsible worker, and the young person is the last.
const WATCHERS: [&str; 4] = [KELA, TE, SOSIAALI, "youth"];

/// Who may not be a party for a while.
const GUEST: usize = 1;

/// What may be told as long as the young person says so, beside what may be told all the time.
const FICKLE: [(&str, &str, DataCategory); 5] = [
    (KELA, TE, DataCategory::ServiceNeeds),
    (KELA, TE, DataCategory::Housing),
    (TE, KELA, DataCategory::ServiceNeeds),
    (KELA, SOSIAALI, DataCategory::ServiceNeeds),
    (TE, SOSIAALI, DataCategory::Housing),
];

const CATEGORIES: [DataCategory; 3] =
    [DataCategory::JointPlan, DataCategory::ServiceNeeds, DataCategory::Housing];

/// One thing that happens.
type Step = (u8, u8, [u8; 2]);

/// One watcher.
struct Watcher {
    caller: Caller,
    /// Of what they are told, while their connection holds.
    stream: Option<Told<Plans>>,
    /// The second and the token of each event that they have had.
    had: Vec<(i64, String)>,
    /// The seconds at which something has shown to them while they were away.
    missed: Vec<i64>,
    /// When they last came to see more or less by a permission or as a party.
    turned: i64,
    /// What they read last; nothing where there is no such plan to them.
    view: Option<Plan>,
}

/// How much of what has happened: a history in which nothing does proves nothing.
#[derive(Debug, Default)]
struct Seen {
    events: usize,
    hidden: usize,
    returns: usize,
    repeated: usize,
}

/// A plan that is watched.
struct Watched {
    stage: Arc<Stage>,
    youth: String,
    plan: String,
    watchers: Vec<Watcher>,
    fickle: [Option<Consent>; FICKLE.len()],
    is_guest_there: bool,
    count: usize,
    seen: Seen,
}

/// A text that says whose section it is in and which category it has.
fn text(owner: &str, category: DataCategory, count: usize) -> String {
    format!("kanaria {owner} {} {count}", category as i32)
}

/// A plan without what is another in each reading.
fn bare(plan: Plan) -> Plan {
    Plan { etag: String::new(), ..plan }
}

impl Watched {
    async fn begin(stage: Arc<Stage>, code: &str) -> Watched {
        let world = &stage.world;
        let youth = world.identify_by(KELA, code).await;
        let plan = begin(world, KELA, &youth, Purpose::EmploymentServices).await;
        for (from, to) in [(KELA, TE), (TE, KELA), (KELA, SOSIAALI), (SOSIAALI, KELA), (TE, SOSIAALI)] {
            world.consent(&youth, from, to, &BASE).await;
        }
        let person: YouthName = youth.parse().unwrap();
        let mut watchers = Vec::new();
        for name in WATCHERS {
            let caller = match name {
                "youth" => Caller { agency: KELA.parse().unwrap(), actor: Actor::Subject(person.youth) },
                agency => caller(agency),
            };
            let view = None;
            let (had, missed) = (Vec::new(), Vec::new());
            watchers.push(Watcher { caller, stream: None, had, missed, turned: 0, view });
        }
        let mut watched = Watched {
            stage: Arc::clone(&stage),
            youth,
            plan,
            watchers,
            fickle: Default::default(),
            is_guest_there: true,
            count: 0,
            seen: Seen::default(),
        };
        for place in 0..WATCHERS.len() {
            watched.watchers[place].view = watched.view(place).await;
            watched.open(place, String::new()).await;
        }
        // Each has a token then.
        for party in [TE, SOSIAALI] {
            watched.happens(async |watched| add(watched.world(), KELA, &watched.plan, party).await).await;
        }
        watched.show_to_all().await;
        watched
    }

    fn world(&self) -> &World {
        &self.stage.world
    }

    fn second(&self) -> i64 {
        self.world().gateway.now().as_second()
    }

    /// The plan as the watcher reads it, if it is one to them.
    async fn view(&self, place: usize) -> Option<Plan> {
        let (world, caller) = (self.world(), &self.watchers[place].caller);
        let request = GetPlanRequest { name: self.plan.clone() };
        match world.gateway.get_plan(caller, valid(request)).await {
            Ok(plan) => Some(bare(answer(plan, caller, world.gateway.now()).unwrap().into_inner())),
            Err(Error::NotFound) => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// An agency follows all of its plans, the young person this one.
    async fn open(&mut self, place: usize, resume_token: String) {
        let caller = self.watchers[place].caller.clone();
        let is_agency = matches!(caller.actor, Actor::Professional { .. });
        let name = if is_agency { String::new() } else { self.plan.clone() };
        let request = valid(WatchPlansRequest { name, resume_token });
        let watch = self.world().gateway.watch_plans(caller, request).await.unwrap();
        self.watchers[place].stream = Some(listen(watch));
    }

    /// The next event of a watcher: of which second, and how the plan looks in it.
    async fn next(&mut self, place: usize) -> (i64, Plan) {
        let now = self.world().gateway.now();
        let Watcher { caller, stream, had, .. } = &mut self.watchers[place];
        let event = tokio::time::timeout(Duration::from_secs(30), stream.as_mut().unwrap().recv()).await;
        let event = event.unwrap_or_else(|_| panic!("{} is told of nothing", WATCHERS[place]));
        let event = answer(event.unwrap().unwrap(), caller, now).unwrap().into_inner();
        let second = event.time.unwrap().seconds;
        had.push((second, event.resume_token));
        self.seen.events += 1;
        (second, bare(event.plan.unwrap()))
    }

    /// Something happens. Whoever watches is told of it if it shows to them, and of nothing else.
    async fn happens(&mut self, what: impl AsyncFnOnce(&mut Self)) {
        self.stage.clock.advance(SignedDuration::from_secs(1));
        what(self).await;
        let second = self.second();
        for (place, name) in WATCHERS.into_iter().enumerate() {
            let view = self.view(place).await;
            self.assert_nothing_hidden(place, view.as_ref());
            if view == self.watchers[place].view {
                self.seen.hidden += 1;
                continue;
            }
            self.watchers[place].view.clone_from(&view);
            if self.watchers[place].stream.is_none() {
                self.watchers[place].missed.push(second);
                continue;
            }
            // That it is a party no more is told with the name alone.
            let name_alone = Plan { name: self.plan.clone(), ..Plan::default() };
            let expected = (second, view.unwrap_or(name_alone));
            assert!(self.next(place).await == expected, "{name} is told of something else");
        }
    }

    fn assert_nothing_hidden(&self, place: usize, view: Option<&Plan>) {
        let reader = WATCHERS[place];
        let parts =
            view.into_iter().flat_map(|view| &view.sections).filter_map(|section| section.part.as_ref());
        for text in parts.flat_map(|part| &part.goals).map(|goal| &goal.text) {
            let mut words = text.split(' ').skip(1);
            let (owner, category) = (words.next().unwrap(), words.next().unwrap());
            let from = if owner == "youth" { KELA } else { owner };
            let category: i32 = category.parse().unwrap();
            let given = FICKLE.iter().zip(&self.fickle).any(|((one, other, what), consent)| {
                consent.is_some() && (*one, *other, *what as i32) == (from, reader, category)
            });
            let is_base = category == DataCategory::JointPlan as i32;
            assert!(from == reader || reader == "youth" || given || is_base, "{reader} sees {text}");
        }
    }

    /// A change of a goal, in a section that the one who makes it may change.
    async fn change(&mut self, [who, what]: [u8; 2]) {
        let place = usize::from(who) % WATCHERS.len();
        if place == GUEST && !self.is_guest_there {
            return;
        }
        self.count += 1;
        let (name, count) = (WATCHERS[place], self.count);
        let is_elsewhere = name == "youth" || place == 0 && who & 0b100 != 0;
        let owner = if is_elsewhere { "youth" } else { name };
        let category = CATEGORIES[usize::from(what >> 4) % CATEGORIES.len()];
        let edit = |part: &mut PlanPart| {
            let which = usize::from(what >> 2 & 0b11).checked_rem(part.goals.len());
            match (what & 0b11, which) {
                (0, Some(which)) => {
                    part.goals.remove(which);
                }
                (1, Some(which)) => {
                    let goal = &mut part.goals[which];
                    goal.text = text(owner, goal.category(), count);
                }
                (2, Some(which)) => {
                    part.goals[which].set_category(category);
                    part.goals[which].text = text(owner, category, count);
                }
                _ => {
                    let mut new = goal(&format!("g{count}"), &text(owner, category, count));
                    new.set_category(category);
                    part.goals.push(new);
                }
            }
        };
        merge(self.world(), &self.watchers[place].caller, &self.plan, owner, edit).await;
    }

    /// The young person gives a permission, or takes it back.
    async fn change_mind(&mut self, draw: u8) {
        let place = usize::from(draw) % FICKLE.len();
        let (from, to, category) = FICKLE[place];
        match self.fickle[place].take() {
            Some(consent) => {
                self.world().withdraw(from, &consent).await;
            }
            None => {
                let consent = self.world().record(&self.youth, from, to, &[category]).await;
                self.fickle[place] = Some(consent);
            }
        }
        self.turns(|name| name == to);
    }

    async fn come_or_go(&mut self) {
        if self.is_guest_there {
            let etag = read(self.world(), &caller(KELA), &self.plan).await.etag;
            let (request_id, name, agency) = (id(), self.plan.clone(), WATCHERS[GUEST].to_owned());
            let request = RemovePlanPartyRequest { request_id, name, agency, etag };
            self.world().gateway.remove_plan_party(&caller(KELA), valid(request)).await.map(drop).unwrap();
        } else {
            add(self.world(), KELA, &self.plan, WATCHERS[GUEST]).await;
        }
        self.is_guest_there = !self.is_guest_there;
        // What it has written others see by its word, be it there or not.
        self.turns(|_| true);
    }

    fn turns(&mut self, whose: impl Fn(&str) -> bool) {
        let second = self.second();
        let theirs = self.watchers.iter_mut().zip(WATCHERS).filter(|(_, name)| whose(name));
        theirs.for_each(|(watcher, _)| watcher.turned = second);
    }

    async fn show_to_all(&mut self) {
        self.happens(async |watched| {
            watched.count += 1;
            let new = goal(&format!("g{}", watched.count), &text("youth", CATEGORIES[0], watched.count));
            merge(watched.world(), &caller(KELA), &watched.plan, "youth", |part| part.goals.push(new)).await;
        })
        .await;
    }

    /// Somebody who was away comes back behind an event that they have had. They are told of everything after it that shows
    /// to them now: all of it, if they have seen no more and no less since.
    async fn comes_back(&mut self, place: usize, lost: usize) {
        if self.watchers[place].stream.is_some() || (place == GUEST && !self.is_guest_there) {
            return;
        }
        // By this one it is known that nothing more comes.
        self.show_to_all().await;
        let last = self.second();
        let Watcher { had, missed, turned, view, .. } = &mut self.watchers[place];
        let behind = had.len() - 1 - lost.min(had.len() - 1);
        let token = had[behind].1.clone();
        let mut due: Vec<i64> = had.drain(behind + 1..).map(|(second, _)| second).collect();
        self.seen.repeated += due.len();
        due.append(missed);
        let (turned, view) = (*turned, view.clone().unwrap());
        self.open(place, token).await;
        let mut told = Vec::new();
        while told.last().is_none_or(|second| *second < last) {
            let (second, plan) = self.next(place).await;
            assert!(plan == view, "{} is told of something that it does not read", WATCHERS[place]);
            told.push(second);
        }
        let name = WATCHERS[place];
        assert!(told.is_sorted_by(|one, other| one < other), "{name} is told twice, or in another order");
        let gap: Vec<_> = due.iter().filter(|second| **second >= turned && !told.contains(*second)).collect();
        assert!(gap.is_empty(), "{name} is not told of {gap:?}");
        let due: BTreeSet<i64> = due.into_iter().collect();
        assert!(told.iter().all(|second| due.contains(second)), "{name} is told of what does not show to it");
        self.seen.returns += 1;
    }

    async fn step(&mut self, (kind, who, draws): Step) {
        let place = usize::from(who) % WATCHERS.len();
        match kind % 16 {
            0..=7 => self.happens(async |watched| watched.change(draws).await).await,
            8..=10 => self.happens(async |watched| watched.change_mind(draws[0]).await).await,
            11 if draws[0] > 100 => self.happens(async |watched| watched.come_or_go().await).await,
            11..=13 => self.watchers[place].stream = None,
            _ => self.comes_back(place, usize::from(draws[0]) % 4).await,
        }
    }

    /// Everybody is there at the end, and has been told of everything.
    async fn end(&mut self) {
        if !self.is_guest_there {
            self.happens(async |watched| watched.come_or_go().await).await;
        }
        for place in 0..WATCHERS.len() {
            self.comes_back(place, 1).await;
        }
        self.show_to_all().await;
    }
}

/// Tests that run beside each other have clocks of their own.
static ONE: Stages = Stages::new(Redelivery::Deduplicates);
static MANY: Stages = Stages::new(Redelivery::Deduplicates);

fn played(stages: &Stages, steps: &[Step]) -> Seen {
    let (stage, code) = stages.next();
    RUNTIME.block_on(async {
        let mut watched = Watched::begin(stage, &code).await;
        for step in steps {
            watched.step(*step).await;
        }
        watched.end().await;
        watched.seen
    })
}

/// One history for every 64 cases of the other models: each of them is a hundred calls on a whole gateway.
fn config() -> ProptestConfig {
    let cases = number("POLKU_MODEL_CASES").unwrap_or(1_000_u32).div_ceil(64);
    seeded(ProptestConfig { cases, max_shrink_iters: 100, ..ProptestConfig::default() })
}

#[test]
fn watched_histories_have_everything_in_them() {
    let mut state = 1_u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from(state >> 24).unwrap()
    };
    let steps: Vec<Step> = (0..120).map(|_| (draw(), draw(), [draw(), draw()])).collect();
    let seen = played(&ONE, &steps);
    let Seen { events, hidden, returns, repeated } = seen;
    assert!(events > 100 && hidden > 40 && returns > 8 && repeated > 4, "{seen:?}");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whoever_watches_is_told_of_all_that_shows_to_them(steps in vec(any::<Step>(), 0..60)) {
        played(&MANY, &steps);
    }
}
