//! Is every acknowledged change of a plan there after the kills, told once and in order, and do watches go on?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use polku_proto::v1::{
    DataCategory, ListPlanRevisionsRequest, MergePlanRequest, PlanPart, WatchPlansRequest,
};
use polku_tests::simulators::Ledger;
use polku_tests::world::{
    Client, GatewayProcess, OHJAAMO, PAJA, PATIENCE, TE, World, eventually, professional, request_id,
};
use tonic::Code;

use super::PAUSE;
use crate::plan::systems::heard;
use crate::plan::table::{PURPOSE, add, create, edit, goal, read, section};

const SHARED: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceAttendance, DataCategory::JointPlan];

/// Two plans that two agencies change, each in a place of its own, while the gateway is killed.
pub(super) struct Plans {
    names: Vec<String>,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    /// By plan and owner of the section.
    written: BTreeMap<(String, &'static str), Written>,
    /// Of the employment services' watch.
    token: String,
    tokens: BTreeSet<String>,
    /// How many revisions the employment services saw when the watch began.
    before: usize,
}

/// What one agency has written in one section: numbers, each greater than the one before.
#[derive(Default)]
struct Written {
    tried: u64,
    acknowledged: Vec<u64>,
    /// Nobody knows whether it has come in: it is called again, as it was.
    pending: Option<MergePlanRequest>,
}

/// The employment services, over gRPC.
pub(super) fn office(world: &World, gateway: &GatewayProcess) -> Client {
    let official = professional("virkailija-7", "nuorten-palvelut", "official");
    world.client(gateway.bound.grpc, &world.identities.te).unwrap().acting(&official)
}

fn text(number: u64) -> String {
    format!("kanaria-sana-{number}.")
}

fn number(part: &PlanPart) -> Option<u64> {
    let text = part.goals.first()?.text.strip_prefix("kanaria-sana-")?;
    text.strip_suffix('.')?.parse().ok()
}

impl Plans {
    /// Begins the plans, and a watch.
    pub(super) async fn lay(ohjaamo: &Client, te: &Client, youths: &[String]) -> Plans {
        let mut recorder = ohjaamo.clone();
        let mut names = Vec::new();
        for youth in youths {
            for (from, to) in [(OHJAAMO, TE), (TE, OHJAAMO), (OHJAAMO, PAJA)] {
                recorder.record_consent(youth, from, to, PURPOSE, &SHARED).await.unwrap();
            }
            let plan = create(ohjaamo, youth).await.unwrap().plan.unwrap().name;
            for party in [TE, PAJA] {
                add(ohjaamo, &plan, party).await.unwrap();
            }
            names.push(plan);
        }
        let request = WatchPlansRequest::default();
        let mut stream = te.clone().plan.watch_plans(request).await.unwrap().into_inner();
        edit(te, &names[0], TE, |part| part.next_review = "2027-01-01".to_owned()).await.unwrap();
        let first = tokio::time::timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap();
        let mut book = Book { token: first.resume_token, ..Book::default() };
        for plan in &names {
            book.before += revisions(te, plan).await.len();
        }
        Plans { names, book: Arc::new(Mutex::new(book)) }
    }

    /// Everybody is at work until it is over.
    pub(super) fn work(
        &self,
        over: &Arc<AtomicBool>,
        ohjaamo: &Client,
        te: &Client,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let shared = || (Arc::clone(over), Arc::clone(&self.book));
        let (over, book) = shared();
        let mut all = vec![tokio::spawn(follow(over, te.clone(), book))];
        for plan in &self.names {
            for (client, owner) in [(ohjaamo, "youth"), (te, TE)] {
                let (over, book) = shared();
                all.push(tokio::spawn(write(over, client.clone(), plan.clone(), owner, book)));
            }
        }
        all
    }

    /// Whether many changes have been acknowledged, and some to everybody at work.
    pub(super) fn are_under_way(&self) -> bool {
        let book = self.book.lock().unwrap();
        let counts: Vec<usize> = book.written.values().map(|written| written.acknowledged.len()).collect();
        counts.iter().sum::<usize>() > 10
            && counts.iter().filter(|count| **count > 0).count() == 2 * self.names.len()
    }

    /// Looks at everything, in the last life of the gateway.
    pub(super) async fn check(&self, world: &World, ohjaamo: &Client, te: &Client) -> usize {
        let mut acknowledged = 0;
        let mut seen_by_te = 0;
        for plan in &self.names {
            seen_by_te += revisions(te, plan).await.len();
            let history = revisions(ohjaamo, plan).await;
            for owner in ["youth", TE] {
                let mut kept: Vec<u64> = history
                    .iter()
                    .flatten()
                    .filter(|(of, _)| of == owner)
                    .map(|(_, number)| *number)
                    .collect();
                kept.reverse();
                assert!(
                    kept.windows(2).all(|two| two[0] < two[1]),
                    "{owner}: a revision twice or out of order"
                );
                let place = (plan.clone(), owner);
                let book = self.book.lock().unwrap().written.remove(&place).unwrap_or_default();
                let kept: BTreeSet<u64> = kept.into_iter().collect();
                let lost: Vec<_> = book.acknowledged.iter().filter(|it| !kept.contains(it)).collect();
                assert!(lost.is_empty(), "{owner}: acknowledged, and in no revision: {lost:?}");
                let now = number(&section(&read(ohjaamo, plan).await.unwrap(), owner));
                assert_eq!(
                    now,
                    kept.last().copied(),
                    "{owner}: another state than that of the last revision"
                );
                acknowledged += book.acknowledged.len();
            }
            for (ledger, agency) in [(world.te.ledger(), TE), (world.walmu.ledger(), PAJA)] {
                let now = number(&section(&read(ohjaamo, plan).await.unwrap(), "youth")).unwrap();
                assert_told(ledger, plan, &text(now), agency).await;
            }
        }
        self.assert_watched(te, seen_by_te).await;
        acknowledged
    }

    /// The watch has shown every revision that shows, each once.
    async fn assert_watched(&self, te: &Client, seen: usize) {
        let follower = tokio::spawn(follow(Arc::default(), te.clone(), Arc::clone(&self.book)));
        let expected = seen - self.book.lock().unwrap().before;
        let count = || self.book.lock().unwrap().tokens.len();
        let all = eventually(PATIENCE, || async { (count() >= expected).then_some(()) }).await;
        assert!(all.is_some(), "{} events of {expected} revisions", count());
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(count(), expected, "an event too many");
        follower.abort();
    }
}

/// Follows all plans, from the last event that was seen, until it is over.
async fn follow(over: Arc<AtomicBool>, mut client: Client, book: Arc<Mutex<Book>>) {
    while !over.load(Ordering::Relaxed) {
        let resume_token = book.lock().unwrap().token.clone();
        let request = WatchPlansRequest { name: String::new(), resume_token };
        if let Ok(stream) = client.plan.watch_plans(request).await {
            let mut stream = stream.into_inner();
            while let Ok(Some(event)) = stream.message().await {
                let mut book = book.lock().unwrap();
                assert!(book.tokens.insert(event.resume_token.clone()), "an event is told twice");
                book.token = event.resume_token;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Writes one number after the other into one goal, until it is over.
async fn write(
    over: Arc<AtomicBool>,
    client: Client,
    plan: String,
    owner: &'static str,
    book: Arc<Mutex<Book>>,
) {
    let place = (plan.clone(), owner);
    while !over.load(Ordering::Relaxed) {
        let pending = book.lock().unwrap().written.entry(place.clone()).or_default().pending.clone();
        let request = match pending {
            Some(request) => request,
            None => {
                let Ok(seen) = read(&client, &plan).await else {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                };
                let mut part = section(&seen, owner);
                let mut book = book.lock().unwrap();
                let written = book.written.entry(place.clone()).or_default();
                written.tried += 1;
                part.goals = vec![goal("g1", &text(written.tried))];
                let request = MergePlanRequest {
                    request_id: request_id(),
                    name: plan.clone(),
                    etag: seen.etag,
                    sections: vec![part],
                    validate_only: false,
                    found_in: None,
                };
                written.pending = Some(request.clone());
                request
            }
        };
        match client.plan.clone().merge_plan(request).await {
            Ok(answer) => {
                assert!(answer.into_inner().conflicts.is_empty(), "it clashes with itself");
                let mut book = book.lock().unwrap();
                let written = book.written.entry(place.clone()).or_default();
                written.pending = None;
                written.acknowledged.push(written.tried);
            }
            Err(status) => {
                let refusals = [Code::InvalidArgument, Code::NotFound, Code::Aborted, Code::PermissionDenied];
                assert!(!refusals.contains(&status.code()), "refused: {:?}", status.code());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// What every revision has changed, newest first: in whose section which number was written.
async fn revisions(client: &Client, plan: &str) -> Vec<Vec<(String, u64)>> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListPlanRevisionsRequest { parent: plan.to_owned(), page_size: 100, page_token };
        let page = client.clone().plan.list_plan_revisions(request).await.unwrap().into_inner();
        all.extend(page.revisions.into_iter().map(|revision| {
            let changes = revision.changes.into_iter();
            let read =
                |change: polku_proto::v1::PlanFieldChange| Some((change.owner, number(&change.after?)?));
            changes.filter_map(read).collect()
        }));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

/// The system has heard the last word, and every word in its order. One whose fate the kill has left unknown is told
/// again, as it is then; what waited behind it may say the same: that is no word more, and its number says so.
async fn assert_told(ledger: &Ledger, plan: &str, last: &str, agency: &str) {
    let told = || heard(ledger, plan).into_iter().filter(|part| part.owner == "youth").collect::<Vec<_>>();
    let came = eventually(PATIENCE, || async {
        told().last().is_some_and(|part| part.texts.contains(last)).then_some(())
    });
    assert!(came.await.is_some(), "{agency} never hears of the last change");
    let versions: Vec<u64> = told().iter().map(|part| part.version).collect();
    assert!(versions.windows(2).all(|two| two[0] <= two[1]), "{agency}: {versions:?}");
}
