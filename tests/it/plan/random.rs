//! Does a plan stay one plan to everybody through a history that nobody has thought of, over real calls?
//!
//! Four agencies and the young person change it from old and new readings, call again when an answer is lost, come, go,
//! and lose or get permissions, while everybody watches and the parties' own systems listen. Every text says whose
//! section it is in and which category it has, so that whoever comes to see it can be asked whether they may.

mod cast;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use polku_proto::v1::{
    ActionState, ListTasksRequest, MergePlanRequest, Plan, PlanEvent, PlanPart, WatchPlansRequest,
    conflict_resolution::Choice, task::Matter,
};
use polku_tests::simulators::Ledger;
use polku_tests::world::{Client, PEOPLE, TE, eventually, request_id};
use tonic::Code;
use tonic_types::StatusExt as _;

use self::cast::{CATEGORIES, Cast, Numbers, PARTIES, markers, text};
use super::systems::{assert_counted, heard, office_plan, takes};
use super::table::*;
use crate::stage::{PATIENCE, Stage};

/// How many things happen in one history, and for how long at most.
const OPERATIONS: usize = 60;
const LONGEST: Duration = Duration::from_secs(10);
/// Plays one history again: the seed that a run has printed.
const SEED: &str = "POLKU_HISTORY_SEED";

/// What somebody has seen of the plan in a watch.
#[derive(Debug, Default)]
struct Watched {
    last: Mutex<Option<Plan>>,
    texts: Mutex<BTreeSet<String>>,
    tokens: Mutex<Vec<String>>,
}

/// Follows a plan for as long as the gateway lives.
async fn follow(client: &Client, plan: &str) -> Arc<Watched> {
    let watched = Arc::new(Watched::default());
    let request = WatchPlansRequest { name: plan.to_owned(), resume_token: String::new() };
    let mut stream = client.clone().plan.watch_plans(request).await.unwrap().into_inner();
    let book = Arc::clone(&watched);
    tokio::spawn(async move {
        while let Ok(Some(event)) = stream.message().await {
            book.texts.lock().unwrap().extend(markers(&said(&event)));
            let PlanEvent { resume_token, plan, time: _ } = event;
            book.tokens.lock().unwrap().push(resume_token);
            *book.last.lock().unwrap() = plan;
        }
    });
    watched
}

/// A plan on its way through a history.
struct History {
    cast: Cast,
    numbers: Numbers,
    count: u64,
    readings: [Option<Plan>; 5],
    /// Everything that somebody was answered or shown, by party.
    shown: [BTreeSet<String>; 5],
    acknowledged: BTreeSet<String>,
    clashes: usize,
    stale: usize,
}

impl History {
    async fn step(&mut self, stage: &Stage) {
        match self.numbers.below(12) {
            0..=6 => self.change(stage).await,
            7 => self.cast.change_mind(stage, &mut self.numbers).await,
            8 => self.cast.come_or_go(stage).await,
            9 => {
                self.count += 1;
                let mut part = office_plan(&text(TE, 9, self.count));
                part.needs[0].text = text(TE, 11, self.count);
                part.actions[0].text = text(TE, 5, self.count);
                part.worker_view.clear();
                part.revision = self.count;
                takes(stage, self.cast.identity_code, part).await;
            }
            _ => self.decide(stage).await,
        }
    }

    /// What this party has read; or it reads now.
    async fn reading(&mut self, stage: &Stage, party: usize) -> Option<Plan> {
        if self.readings[party].is_none() || self.numbers.below(3) == 0 {
            let seen = read(&self.cast.client(stage, party), &self.cast.plan).await;
            self.readings[party] = seen.ok();
            let seen = self.readings[party].iter().flat_map(|seen| markers(&said(seen)));
            self.shown[party].extend(seen.collect::<Vec<_>>());
        }
        self.readings[party].clone()
    }

    async fn change(&mut self, stage: &Stage) {
        let party = self.numbers.pick(PARTIES.len());
        let Some(seen) = self.reading(stage, party).await else { return };
        let own = PARTIES[party] == "youth" || self.numbers.below(2) == 0;
        let mut part = section(&seen, if own { PARTIES[party] } else { "youth" });
        self.count += 1;
        let wanted = self.edit(party, &mut part);
        let request = MergePlanRequest {
            request_id: request_id(),
            name: self.cast.plan.clone(),
            etag: seen.etag.clone(),
            sections: vec![part],
            validate_only: false,
            found_in: None,
        };
        let mut client = self.cast.client(stage, party);
        let answer = client.plan.merge_plan(request.clone()).await;
        let merged = match answer {
            Ok(merged) => merged.into_inner(),
            Err(status) => {
                let details = status.get_error_details();
                let reason = details.error_info().map_or("", |info| info.reason.as_str());
                let known = [
                    (Code::Aborted, "ETAG_MISMATCH"),
                    (Code::NotFound, "NOT_FOUND"),
                    (Code::PermissionDenied, "CATEGORY_NOT_PERMITTED"),
                ];
                assert!(known.contains(&(status.code(), reason)), "{:?} {reason}", status.code());
                self.stale += usize::from(status.code() == Code::Aborted);
                self.readings[party] = None;
                return;
            }
        };
        self.shown[party].extend(markers(&said(&merged)));
        self.clashes += merged.conflicts.len();
        if merged.conflicts.is_empty() {
            self.acknowledged.insert(wanted);
        }
        if self.numbers.below(4) == 0 {
            // The answer is lost, and comes again.
            let again = client.plan.merge_plan(request).await.unwrap().into_inner();
            assert_eq!((&again.receipt, &again.conflicts), (&merged.receipt, &merged.conflicts));
        }
        match self.numbers.below(3) {
            0 => {}
            _ => self.readings[party] = merged.plan,
        }
    }

    /// Another text in a place that the party sees, or a new item. Tells the text.
    fn edit(&mut self, party: usize, part: &mut PlanPart) -> String {
        let owner = part.owner.clone();
        let prefix = if owner == "youth" && (1..4).contains(&party) {
            format!("{}:", PARTIES[party])
        } else {
            String::new()
        };
        let (number, numbers) = (self.count, &mut self.numbers);
        let category = CATEGORIES[numbers.pick(CATEGORIES.len())];
        let (goals, actions) = (part.goals.len(), part.actions.len());
        match numbers.below(6) {
            0 | 1 if goals > 0 => {
                let goal = &mut part.goals[numbers.pick(goals)];
                goal.text = text(&owner, goal.category, number);
                goal.text.clone()
            }
            2 | 3 if actions > 0 => {
                let action = &mut part.actions[numbers.pick(actions)];
                action.text = text(&owner, action.category, number);
                action.text.clone()
            }
            4 => {
                let mut new = goal(&format!("{prefix}g{number}"), &text(&owner, category, number));
                new.category = category;
                part.goals.push(new);
                text(&owner, category, number)
            }
            _ => {
                let kind = polku_proto::v1::DataCategory::try_from(category).unwrap();
                let mut new = action(&format!("{prefix}a{number}"), kind, &text(&owner, category, number));
                new.state = ActionState::Proposed as i32;
                part.actions.push(new);
                text(&owner, category, number)
            }
        }
    }

    /// Whoever answers for a section decides on what waits the longest.
    async fn decide(&mut self, stage: &Stage) {
        let party = self.numbers.pick(4);
        let client = self.cast.client(stage, party);
        let waiting = tasks(&client).await.unwrap();
        self.shown[party].extend(waiting.iter().flat_map(|task| markers(&said(task))).collect::<Vec<_>>());
        let Some(task) = waiting.iter().find(|task| matches!(task.matter, Some(Matter::Conflict(_)))) else {
            return;
        };
        let choice = if self.numbers.below(2) == 0 { Choice::Ours } else { Choice::Theirs };
        if let Err(status) = decide(&client, &task.name, choice, None).await {
            // It has changed since.
            assert!(
                matches!(status.code(), Code::FailedPrecondition | Code::NotFound),
                "{:?}",
                status.code()
            );
            let _ = decide(&client, &task.name, Choice::Theirs, None).await;
        }
    }
}

/// The texts of a section in an agency's own system: of the last that it has heard.
fn held(ledger: &Ledger, plan: &str, owner: &str) -> BTreeSet<String> {
    let last = heard(ledger, plan).into_iter().rfind(|part| part.owner == owner);
    last.filter(|last| !last.is_last).map(|last| markers(&last.texts)).unwrap_or_default()
}

/// Everybody sees the same plan, as far as they may: asked, watched and in their own systems.
async fn assert_one_plan(history: &History, stage: &Stage, watched: &[Arc<Watched>]) {
    let cast = &history.cast;
    let whole = read(&stage.subject(&cast.youth), &cast.plan).await.unwrap();
    let all = markers(&said(&Plan { links: Vec::new(), ..whole }));
    for (party, name) in PARTIES.iter().enumerate().take(4) {
        let seen = read(&cast.client(stage, party), &cast.plan).await.unwrap();
        let expected: BTreeSet<String> =
            all.iter().filter(|text| cast.tells_now(text, party)).cloned().collect();
        assert!(markers(&said(&seen)) == expected, "{name} sees something else than it may");
        let bare = |plan: &Plan| Plan { etag: String::new(), ..plan.clone() };
        let same = eventually(PATIENCE, || async {
            let last = watched[party].last.lock().unwrap().as_ref().map(bare);
            (last == Some(bare(&seen))).then_some(())
        });
        assert!(same.await.is_some(), "{name} has watched something else than there is");
        let Some(ledger) = cast.ledger(stage, party) else { continue };
        assert_counted(&heard(ledger, &cast.plan));
        for owner in PARTIES.iter().filter(|owner| *owner != name) {
            let told = markers(&said(&section(&seen, owner)));
            let same = || async { (held(ledger, &cast.plan, owner) == told).then_some(()) };
            let has = eventually(PATIENCE, same)
                .await
                .map_or_else(|| held(ledger, &cast.plan, owner), |()| told.clone());
            assert!(has == told, "the system of {name} has of {owner} {has:?}, not {told:?}");
        }
    }
}

/// Plays a history to its end. Tells how many clashes and how many refusals of old readings there were.
async fn play(seed: u64, identity_code: &'static str) -> (usize, usize) {
    println!("seed {seed}");
    let stage = cast::open().await;
    let cast = Cast::meet(&stage, identity_code).await;
    let mut watched = Vec::new();
    for party in 0..4 {
        watched.push(follow(&cast.client(&stage, party), &cast.plan).await);
    }
    let mut history = History {
        cast,
        numbers: Numbers(seed),
        count: 0,
        readings: Default::default(),
        shown: Default::default(),
        acknowledged: BTreeSet::new(),
        clashes: 0,
        stale: 0,
    };
    let begun = Instant::now();
    for _ in 0..OPERATIONS {
        if begun.elapsed() < LONGEST {
            history.step(&stage).await;
        }
    }
    // Everybody is there at the end. Whatever has happened last, a change or a permission, has reached them all.
    history.cast.all_there(&stage).await;
    assert_one_plan(&history, &stage, &watched).await;

    // Of what was acknowledged everything is in the history of the plan.
    let cast = &history.cast;
    let young = stage.subject(&cast.youth);
    let mut past = BTreeSet::new();
    let mut page = String::new();
    loop {
        let request = polku_proto::v1::ListPlanRevisionsRequest {
            parent: cast.plan.clone(),
            page_size: 100,
            page_token: page,
        };
        let answer = young.clone().plan.list_plan_revisions(request).await.unwrap().into_inner();
        past.extend(markers(&said(&answer)));
        page = answer.next_page_token;
        if page.is_empty() {
            break;
        }
    }
    let acknowledged: BTreeSet<_> = history.acknowledged.iter().flat_map(|text| markers(text)).collect();
    assert!(
        acknowledged.len() > 3 && acknowledged.is_subset(&past),
        "something acknowledged is in no revision"
    );
    // Nobody was ever shown, told or asked about what they may not know of.
    let mut looked_at = 0;
    for (party, name) in PARTIES.iter().enumerate().take(4) {
        let client = cast.client(&stage, party);
        let request = ListTasksRequest {
            show_resolved: true,
            parent: "youths/-".to_owned(),
            ..ListTasksRequest::default()
        };
        let mut seen = history.shown[party].clone();
        seen.extend(markers(&said(&client.clone().task.list_tasks(request).await.unwrap().into_inner())));
        seen.extend(markers(&said(&revisions(&client, &cast.plan).await.unwrap())));
        seen.extend(watched[party].texts.lock().unwrap().iter().cloned());
        if let Some(ledger) = cast.ledger(&stage, party) {
            let received = ledger.received();
            seen.extend(received.iter().flat_map(|it| markers(&String::from_utf8_lossy(&it.body))));
        }
        let hidden: Vec<_> = seen.iter().filter(|text| !cast.ever_tells(text, party)).collect();
        assert!(hidden.is_empty(), "{name} came to know of {} texts", hidden.len());
        looked_at += seen.len();
        let tokens = watched[party].tokens.lock().unwrap().clone();
        assert_eq!(
            tokens.iter().collect::<BTreeSet<_>>().len(),
            tokens.len(),
            "{name} was told something twice"
        );
    }
    assert!(looked_at > 20, "hardly anybody has seen anything");
    println!("{} acknowledged, {} clashes, {} stale", acknowledged.len(), history.clashes, history.stale);
    (history.clashes, history.stale)
}

#[tokio::test(flavor = "multi_thread")]
async fn any_history_leaves_one_plan() {
    let (mut clashes, mut stale) = (0, 0);
    for (seed, identity_code) in [(2026, PEOPLE[0]), (14, PEOPLE[1])] {
        let seen = play(seed, identity_code).await;
        clashes += seen.0;
        stale += seen.1;
    }
    assert!(clashes > 0 && stale > 0, "{clashes} clashes, {stale} old readings refused");
}

/// Another history in each run. When it fails, its seed stands in what the test has printed.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_today_leaves_one_plan() {
    #[expect(clippy::disallowed_methods, reason = "whoever plays a history again says which")]
    let given = std::env::var(SEED);
    let seed = match given {
        Ok(seed) => seed.parse().expect("a seed is a whole number"),
        Err(_) => uuid::Uuid::now_v7().as_u64_pair().1,
    };
    println!("to play it again: {SEED}={seed}");
    play(seed, PEOPLE[2]).await;
}
