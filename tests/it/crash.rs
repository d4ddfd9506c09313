//! Is anything lost or doubled when the gateway is killed in the middle of its work?
//!
//! What the killed process was sending is looked at when its lease runs out, because the agency may still be at work on
//! it; leases are short here.

mod integrity;
mod left;
mod plans;
mod points;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use polku_proto::v1::{AuditReceipt, ConsentState, ListConsentsRequest, SendReferralResponse};
use polku_proto::{ConsentName, ReferralName};
use polku_tests::checks::{self, Made};
use polku_tests::numbers::Numbers;
use polku_tests::simulators::{Fault, Ledger, Repetition};
use polku_tests::world::{
    Client, Database, GatewayProcess, OHJAAMO, PAJA, PATIENCE, PEOPLE, TE, World, WorldSettings, eventually,
    full_content, referral_to,
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use self::left::{check_consents, check_data, check_referrals, ledger};
use self::plans::{Plans, office};
use crate::stage::{Again, CATEGORIES, effects, how_often, purpose_of as purpose, withdrawal};

/// How many callers there are at the same time.
const CALLERS: usize = 4;
/// How many referrals each of them sends in one life of the gateway, if it lives so long.
const EACH: usize = 6;
/// How many referrals are acknowledged at least in a long life; callers send as many in one.
const ENOUGH: usize = 20;

/// What the gateway has acknowledged, in all its lives.
#[derive(Debug, Default)]
struct Acknowledged {
    /// Agency and name.
    referrals: Vec<(&'static str, String)>,
    /// Names of consents that were given and not taken back.
    consents: Vec<String>,
    /// Names of consents that were taken back, with the referrals that had been acknowledged on their ground.
    withdrawn: Vec<Withdrawn>,
    /// The leaves that answers named, and what was said in them to be done.
    answers: Vec<checks::Acknowledged>,
}

impl Acknowledged {
    fn note(&mut self, receipt: Option<AuditReceipt>, made: Made) {
        let AuditReceipt { sequence, leaf_hash } = receipt.expect("an answer without a receipt");
        self.answers.push(checks::Acknowledged { sequence, leaf_hash, made });
    }

    fn note_referral(&mut self, agency: &'static str, answer: SendReferralResponse) {
        let name = answer.referral.unwrap().name;
        self.note(answer.receipt, Made::Referral(name.parse::<ReferralName>().unwrap().referral));
        self.referrals.push((agency, name));
    }
}

#[derive(Debug)]
struct Withdrawn {
    agency: &'static str,
    consent: String,
    /// The referral that was sent on its ground.
    referral: String,
    /// How often it had taken effect when the withdrawal was answered.
    before: usize,
    stopped: Vec<String>,
    under_way: Vec<String>,
}

fn client(world: &World, gateway: &GatewayProcess) -> Client {
    world.guidance_worker(gateway.bound.grpc).unwrap()
}

/// How long to wait before what was refused, or not answered, is called again.
const PAUSE: Duration = Duration::from_millis(20);

/// Sends until everything is sent or it is over. What is refused, or not answered, is called again as it was.
async fn call(
    over: Arc<AtomicBool>,
    client: Client,
    agency: &'static str,
    youths: impl Iterator<Item = String>,
    book: Arc<Mutex<Acknowledged>>,
) {
    for youth in youths {
        let request = referral_to(agency, &youth, purpose(agency), full_content());
        let answer = loop {
            if over.load(Ordering::Relaxed) {
                return;
            }
            match client.referral.clone().send_referral(request.clone()).await {
                Ok(answer) => break answer.into_inner(),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        book.lock().unwrap().note_referral(agency, answer);
    }
}

/// Sends so often, whether or not it is answered, until it is over; tells how many were sent. Nobody looks after those
/// that are not answered.
async fn press(
    over: Arc<AtomicBool>,
    client: Client,
    youths: Vec<String>,
    book: Arc<Mutex<Acknowledged>>,
) -> usize {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut sent, mut calls) = (0, JoinSet::new());
    for (youth, agency) in youths.iter().cycle().zip([TE, PAJA].into_iter().cycle()) {
        beat.tick().await;
        if over.load(Ordering::Relaxed) {
            break;
        }
        let request = referral_to(agency, youth, purpose(agency), full_content());
        let (client, book) = (client.clone(), Arc::clone(&book));
        calls.spawn(async move {
            let answer = client.referral.clone().send_referral(request).await;
            if let Ok(answer) = answer {
                book.lock().unwrap().note_referral(agency, answer.into_inner());
            }
        });
        sent += 1;
    }
    while calls.join_next().await.is_some() {}
    sent
}

/// Somebody who gives a consent, is referred on its ground, and takes it back, again and again until it is over; from the
/// beginning when something is not answered. Whoever is let go in the middle would leave a call behind that still takes
/// effect.
async fn change_mind(
    over: Arc<AtomicBool>,
    client: Client,
    agency: &'static str,
    hetu: &'static str,
    ledger: Ledger,
    book: Arc<Mutex<Acknowledged>>,
) {
    while change_mind_while_answered(&over, client.clone(), agency, hetu, &ledger, &book).await.is_none()
        && !over.load(Ordering::Relaxed)
    {
        tokio::time::sleep(PAUSE).await;
    }
}

async fn change_mind_while_answered(
    over: &AtomicBool,
    mut client: Client,
    agency: &'static str,
    hetu: &'static str,
    ledger: &Ledger,
    book: &Mutex<Acknowledged>,
) -> Option<()> {
    let youth = client.identify(hetu).await.ok()?;
    // A consent may have been left whose withdrawal has not come: it is still in force.
    let mut request = ListConsentsRequest { parent: youth.clone(), ..ListConsentsRequest::default() };
    loop {
        let page = client.consent.list_consents(request.clone()).await.ok()?.into_inner();
        for consent in page.consents.into_iter().filter(|consent| consent.state() == ConsentState::Given) {
            book.lock().unwrap().consents.retain(|name| *name != consent.name);
            client.consent.withdraw_consent(withdrawal(&consent.name)).await.ok()?;
        }
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    while !over.load(Ordering::Relaxed) {
        let given =
            client.record_consent(&youth, OHJAAMO, agency, purpose(agency), &CATEGORIES).await.ok()?;
        book.lock().unwrap().consents.push(given.name.clone());
        let request = referral_to(agency, &youth, purpose(agency), full_content());
        let referral = client.referral.send_referral(request).await.ok()?.into_inner().referral?.name;
        // From here on it may be withdrawn, whether or not that is acknowledged.
        book.lock().unwrap().consents.retain(|name| *name != given.name);
        let change = client.consent.withdraw_consent(withdrawal(&given.name)).await.ok()?.into_inner();
        let before = effects(ledger, &referral);
        let mut book = book.lock().unwrap();
        let id = given.name.parse::<ConsentName>().unwrap().consent.uuid();
        book.note(change.receipt, Made::Withdrawn(id));
        book.withdrawn.push(Withdrawn {
            agency,
            consent: given.name,
            referral,
            before,
            stopped: change.stopped,
            under_way: change.under_way,
        });
    }
    Some(())
}

fn settings(database: Database, te_repetition: Repetition) -> WorldSettings {
    WorldSettings {
        database,
        te_repetition,
        retry_seconds: vec![0],
        lease_seconds: 2,
        attempt_seconds: 1,
        answer_ms: 900,
        ..WorldSettings::default()
    }
}

/// How often something is written, beside everybody else: 50 times a second.
const BEAT: Duration = Duration::from_millis(20);

/// How many kills there are; `POLKU_KILLS` says otherwise.
const KILLS: usize = 200;

/// The same with a database server, where a start takes longer.
const KILLS_WITH_SERVER: usize = 50;

/// Of so many, one where the employment services cannot tell what they have.
const DOUBTFUL: usize = 10;

/// Of so many lives, one ends before it has begun.
const CUT_SHORT: usize = 10;

/// Of so many lives, one is long: until enough has been acknowledged.
const LONG: usize = 20;

/// How long half of the starts may take at most, on a machine that does much else.
const START: Duration = Duration::from_secs(10);

/// One run.
#[derive(Clone, Copy)]
struct Run {
    database: Database,
    te_repetition: Repetition,
    cycles: usize,
    /// What plays it again.
    name: &'static str,
}

impl Run {
    fn again(self) -> Again {
        let (kills, name) = (how_often("POLKU_KILLS", KILLS), self.name);
        Again(format!("POLKU_KILLS={kills} cargo test -p polku-tests --test it -- crash::{name}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_under_load_lose_nothing_and_double_nothing() {
    let cycles = how_often("POLKU_KILLS", KILLS);
    let (database, te_repetition) = (Database::Embedded, Repetition::Asked);
    let name = "kills_under_load_lose_nothing_and_double_nothing";
    kills_lose_nothing_and_double_nothing(Run { database, te_repetition, cycles, name }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_do_no_more_harm_with_a_database_server() {
    let cycles = how_often("POLKU_KILLS", KILLS_WITH_SERVER);
    let (database, te_repetition) = (Database::Server, Repetition::Asked);
    let name = "kills_do_no_more_harm_with_a_database_server";
    kills_lose_nothing_and_double_nothing(Run { database, te_repetition, cycles, name }).await;
}

/// Nothing is sent a second time to an agency that neither recognises a message nor tells what it has.
#[tokio::test(flavor = "multi_thread")]
async fn kills_leave_in_doubt_what_nobody_can_tell() {
    let cycles = how_often("POLKU_KILLS", KILLS).div_ceil(DOUBTFUL);
    let (database, te_repetition) = (Database::Embedded, Repetition::Neither);
    let name = "kills_leave_in_doubt_what_nobody_can_tell";
    let in_doubt = kills_lose_nothing_and_double_nothing(Run { database, te_repetition, cycles, name }).await;
    // Whether a kill comes between an effect and the word of it is for chance; `points` has one there for certain.
    println!("{in_doubt} in doubt");
}

/// Answers how many referrals it has left in doubt.
async fn kills_lose_nothing_and_double_nothing(run: Run) -> usize {
    let (began, _again) = (Instant::now(), run.again());
    let Run { database, te_repetition, cycles, .. } = run;
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &settings(database, te_repetition)).unwrap();
    let log = folder.path().join("log");
    let config = world.config_file();
    let start = || GatewayProcess::start(&config, &log);

    let gateway = start().await.unwrap();
    let mut setting_up = client(&world, &gateway);
    let mut youths = Vec::new();
    for hetu in &PEOPLE[..6] {
        let youth = setting_up.identify(hetu).await.unwrap();
        for agency in [TE, PAJA] {
            setting_up.record_consent(&youth, OHJAAMO, agency, purpose(agency), &CATEGORIES).await.unwrap();
        }
        youths.push(youth);
    }
    // What of a plan is in doubt is never told to its end.
    let plans = match te_repetition {
        Repetition::Neither => None,
        Repetition::Asked | Repetition::Recognised => {
            Some(Plans::lay(&setting_up, &office(&world, &gateway), &youths[..2]).await)
        }
    };
    gateway.kill().await.unwrap();

    // Slow enough for many a kill to come between an effect and the word of it.
    world.te.faults().set(Fault::Slow(Duration::from_millis(60)));
    world.walmu.faults().set(Fault::Slow(Duration::from_millis(60)));
    let book = Arc::new(Mutex::new(Acknowledged::default()));
    let mut numbers = Numbers::of(2026);
    let (mut starts, mut lived, mut pressed, mut long) = (Vec::new(), Duration::ZERO, 0, 0);
    for cycle in 0..cycles {
        if cycle % CUT_SHORT == CUT_SHORT / 2 {
            let after = Duration::from_millis(numbers.below(400) as u64);
            GatewayProcess::cut_short(&config, &log, after).await.unwrap();
        }
        let starting = Instant::now();
        let gateway = start().await.unwrap();
        starts.push(starting.elapsed());
        let client = client(&world, &gateway);
        let over = Arc::new(AtomicBool::new(false));
        let mut callers = match &plans {
            Some(plans) => plans.work(&over, &client, &office(&world, &gateway)),
            None => Vec::new(),
        };
        for caller in 0..CALLERS {
            let agency = if caller % 2 == 0 { TE } else { PAJA };
            let mine: Vec<String> = youths.iter().cycle().skip(caller).take(EACH).cloned().collect();
            let (over, book) = (Arc::clone(&over), Arc::clone(&book));
            callers.push(tokio::spawn(call(over, client.clone(), agency, mine.into_iter(), book)));
        }
        for (agency, hetu) in [(TE, PEOPLE[6]), (PAJA, PEOPLE[7])] {
            let ledger = ledger(&world, agency).clone();
            let (over, book) = (Arc::clone(&over), Arc::clone(&book));
            callers.push(tokio::spawn(change_mind(over, client.clone(), agency, hetu, ledger, book)));
        }
        let pressing = {
            let (over, book) = (Arc::clone(&over), Arc::clone(&book));
            tokio::spawn(press(over, client.clone(), youths.clone(), book))
        };
        let living = Instant::now();
        // At least one, however few there are.
        if cycle % LONG == (LONG / 2).min(cycles - 1) {
            long += 1;
            // Long enough for a whole change of mind, and for enough referrals, however slow the machine is.
            let (sent, withdrawn) = {
                let book = book.lock().unwrap();
                (book.referrals.len() + ENOUGH, book.withdrawn.len())
            };
            let enough = || async { (book.lock().unwrap().referrals.len() > sent).then_some(()) };
            eventually(PATIENCE, enough).await.expect("referrals are not acknowledged");
            let changed = || async { (book.lock().unwrap().withdrawn.len() > withdrawn).then_some(()) };
            eventually(PATIENCE, changed).await.expect("no withdrawal is acknowledged");
            let merged = || async { plans.as_ref().is_none_or(Plans::are_under_way).then_some(()) };
            eventually(PATIENCE, merged).await.expect("changes of plans are not acknowledged");
        }
        tokio::time::sleep(Duration::from_millis(20 + numbers.below(180) as u64)).await;
        lived += living.elapsed();
        over.store(true, Ordering::Relaxed);
        gateway.kill().await.unwrap();
        for caller in callers {
            caller.await.unwrap();
        }
        pressed += pressing.await.unwrap();
    }

    let gateway = start().await.unwrap();
    let client = client(&world, &gateway);
    let book = Arc::into_inner(book).unwrap().into_inner().unwrap();
    let in_doubt = check_referrals(&world, &client, &book, te_repetition).await;
    check_consents(&world, &client, &book).await;
    let merges = match &plans {
        Some(plans) => plans.check(&world, &client, &office(&world, &gateway)).await,
        None => 0,
    };
    let mut everybody = Vec::new();
    for hetu in &PEOPLE[..8] {
        everybody.push(client.clone().identify(hetu).await.unwrap());
    }
    gateway.kill().await.unwrap();
    check_data(&folder.path().join("data"), &world, &book, &everybody).await;
    assert!(
        book.referrals.len() > long * ENOUGH && book.withdrawn.len() >= long,
        "little was sent: {book:?}"
    );
    integrity::check(&world, &folder.path().join("data"));
    assert!(plans.is_none() || merges > 10, "{merges} changes of plans");
    // Each beat that has come is sent, however late; the last one of a life may not have come.
    let beats = usize::try_from(lived.as_millis() / BEAT.as_millis()).unwrap();
    assert!(pressed + 2 * cycles >= beats, "{pressed} referrals were sent in {beats} beats");
    starts.sort();
    let (half, slowest) = (starts[starts.len() / 2], starts[starts.len() - 1]);
    assert!(half < START, "half of the starts took more than {half:?}");
    println!(
        "{cycles} kills, {pressed} referrals sent in {} ms beside others: {} referrals ({in_doubt} in doubt), {} withdrawals and {merges} changes of plans acknowledged, \
         half of the starts within {} ms, the slowest {} ms, {} s in all",
        lived.as_millis(),
        book.referrals.len(),
        book.withdrawn.len(),
        half.as_millis(),
        slowest.as_millis(),
        began.elapsed().as_secs()
    );
    in_doubt
}
