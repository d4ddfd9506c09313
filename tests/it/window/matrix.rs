//! What a caller sees in the window equals the policy matrix, for every caller and every situation of it: entries, what the
//! agencies hold, joint plans, referrals and what became of them; for officials of the unit that the young person's word
//! names, for those of another one, for coordinators, peers, representatives and guardians. To all of them it says also who is
//! beside the young person and what comes next.
//!
//! A reader states neither a ground in law nor where data stem from: situations in which a sender does are those of the
//! same young person without it. There is one person for each situation, whom all agencies know, and everybody reads each of
//! them. Two things are done by turns, or it would take too long. Of the purposes for which a reader may be told the same
//! in a situation, two are read, others from situation to situation and from reader to reader; for those of another unit, one
//! of all. And each agency has referred each person to one other agency: over the situations, to every one that it has an
//! agreement with.

mod arrange;
mod readers;
mod seen;
mod town;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use polku_policy::Engine;
use polku_proto::CategorySet;
use polku_proto::v1::Purpose;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{add, assignment, encounter, opening};
use crate::matrix::engine::{engine, now};
use crate::matrix::situations::{Situation, situations};
use crate::matrix::{Cell, cells_of};
use arrange::Person;
use readers::Comparison;
use town::Town;

/// Before the eighteenth birthday of the young people who are 20 in the situations.
const LONG_AGO: &str = "2024-02-20T09:00:00Z";
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How many people are dealt with at once.
fn at_once() -> usize {
    2 * std::thread::available_parallelism().map_or(1, usize::from)
}

/// What the matrix lets one agency tell another one for a purpose, in one situation.
type Told = BTreeMap<(&'static str, &'static str, Purpose), CategorySet>;

/// Every situation, as it is to whoever reads: each once.
fn seen_by_readers() -> Vec<Situation> {
    let mut all: Vec<Situation> = Vec::new();
    for situation in situations().into_iter().map(Situation::unstated) {
        if !all.iter().any(|known| known.is_like(&situation)) {
            all.push(situation);
        }
    }
    all
}

/// What stands in the matrix for these situations, or would stand there.
fn told(engine: &Engine, situations: &[Situation]) -> Vec<Told> {
    let told = |cells: Vec<Cell>| {
        let cells = cells.into_iter();
        cells.map(|cell| ((cell.direction.0, cell.direction.1, cell.purpose), cell.told.all())).collect()
    };
    cells_of(engine, situations).into_iter().map(told).collect()
}

/// domain.md 5: "mihin eri viranomaisilla on pääsy", "tiedon jakaminen nuoren luvalla".
#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_sees_equals_the_policy_matrix() {
    // Before the gateway runs: nothing is to wait for it.
    let engine = engine();
    let situations = seen_by_readers();
    let told = told(&engine, &situations);
    let town = Arc::new(Town::open(LONG_AGO.parse().unwrap()).await);
    let people = (0..).zip(situations);
    let people = each(people, |(number, situation)| {
        let town = Arc::clone(&town);
        async move { Person::identified(&town, number, situation).await }
    })
    .await;
    town.clock.set(now() - DAY * 3);
    let people = each(people, |mut person| {
        let town = Arc::clone(&town);
        async move {
            person.live(&town).await;
            person
        }
    })
    .await;
    // What is read here is what the gateway holds: what the agencies' own systems hear of a plan, other tests look at.
    town.silence();
    let people = each(people, |person| {
        let town = Arc::clone(&town);
        async move {
            person.plan(&town).await;
            person
        }
    })
    .await;
    // What they have agreed to for a day is over.
    town.clock.set(now() - DAY);
    let people = each(people, |person| {
        let town = Arc::clone(&town);
        async move {
            person.arrange(&town).await;
            person
        }
    })
    .await;
    town.clock.set(now());
    town.wake();
    let (engine, told) = (Arc::new(engine), Arc::new(told));
    let compared = each(people, |person| {
        let (town, engine, told) = (Arc::clone(&town), Arc::clone(&engine), Arc::clone(&told));
        async move {
            let mut comparison = Comparison::of(&town, &engine, &person, &told[person.number]).await;
            comparison.by_everybody().await;
            (comparison.wrong, comparison.shown)
        }
    })
    .await;
    let shown: usize = compared.iter().map(|(_, shown)| shown).sum();
    let wrong: Vec<String> = compared.into_iter().flat_map(|(wrong, _)| wrong).collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(shown > 5_000, "the matrix was hardly tried: {shown}");
    Arc::into_inner(town).unwrap().close().await;
}

/// Does this for each of them, some at once.
async fn each<T, R: Send + 'static, F>(all: impl IntoIterator<Item = T>, work: impl Fn(T) -> F) -> Vec<R>
where
    F: Future<Output = R> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(at_once()));
    let mut under_way = JoinSet::new();
    for one in all {
        let (places, work) = (Arc::clone(&places), work(one));
        under_way.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            work.await
        });
    }
    under_way.join_all().await
}
