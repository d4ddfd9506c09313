//! What does the real gateway write and sync, and what has it acknowledged by then?

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use polku_proto::v1::{AuditReceipt, Purpose, RecordConsentRequest};
use polku_proto::{ConsentName, ReferralName};
use polku_tests::checks::{Acknowledged, Made};
use polku_tests::disk::Disk;
use polku_tests::world::{
    Client, GatewayProcess, OHJAAMO, PATIENCE, TE, World, WorldSettings, eventually, evidence, full_content,
    nobody, referral_to, request_id, terms,
};

use super::medium::{Step, read};
use crate::stage::{BASIC, withdrawal};

/// How often the gateway lives, and how many calls it answers each time.
const LIVES: usize = 2;
const CALLS: usize = 120;

/// How many call at the same time.
const CALLERS: usize = 4;

/// All that the gateway did to its disk, and what is known of it outside.
pub(super) struct Recording {
    pub(super) steps: Vec<Step>,
    pub(super) book: Book,
    /// Its agencies go on.
    world: World,
}

#[derive(Default)]
pub(super) struct Book {
    pub(super) acknowledged: Vec<Call>,
    /// How many messages had arrived at the office when the record was so long.
    pub(super) arrived: Vec<(u64, usize)>,
}

/// A call that was answered OK.
pub(super) struct Call {
    /// How long the record was when it was answered: all that the answer rests on is before.
    pub(super) position: u64,
    pub(super) what: Acknowledged,
}

impl Recording {
    /// Of this program, in a folder that is not there yet.
    pub(super) async fn make(folder: &Path, program: &str) -> Recording {
        std::fs::create_dir(folder).unwrap();
        let world = World::make(folder, &WorldSettings::default()).unwrap();
        let disk = Disk::of(&folder.join("data"), folder).unwrap();
        let book = Arc::new(Mutex::new(Book::default()));
        for life in 1..=LIVES {
            let (config, log) = (world.config_file(), folder.join("log"));
            let gateway =
                GatewayProcess::start_program(program, disk.recording(), &config, &log).await.unwrap();
            let client = world.guidance_worker(gateway.bound.grpc).unwrap();
            let over = Arc::new(AtomicBool::new(false));
            let callers: Vec<_> = (0..CALLERS)
                .map(|caller| {
                    let (client, book) = (client.clone(), Arc::clone(&book));
                    let record = disk.record().to_owned();
                    let over = Arc::clone(&over);
                    tokio::spawn(async move { call(&over, client, caller, &record, &book).await })
                })
                .collect();
            let answered = eventually(PATIENCE, || async {
                let count = world.te.ledger().all_effects().len();
                let position = std::fs::metadata(disk.record()).unwrap().len();
                let mut book = book.lock().unwrap();
                book.arrived.push((position, count));
                (book.acknowledged.len() >= life * CALLS).then_some(())
            });
            answered.await.expect("too few calls are answered");
            over.store(true, Ordering::Relaxed);
            gateway.kill().await.unwrap();
            for caller in callers {
                caller.await.unwrap();
            }
        }
        let book = Arc::into_inner(book).unwrap().into_inner().unwrap();
        Recording { steps: read(disk.record()), book, world }
    }

    /// What the gateway was told.
    pub(super) fn config(&self) -> PathBuf {
        self.world.config_file()
    }
}

/// Calls until it is over, and from the beginning when something is not answered.
async fn call(over: &AtomicBool, client: Client, caller: usize, record: &Path, book: &Mutex<Book>) {
    while !over.load(Ordering::Relaxed) {
        call_while_answered(client.clone(), caller, record, book).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn call_while_answered(
    mut client: Client,
    caller: usize,
    record: &Path,
    book: &Mutex<Book>,
) -> Option<()> {
    let purpose = Purpose::EmploymentServices;
    let youth = client.identify(&nobody(caller)).await.ok()?;
    let note = |receipt: Option<AuditReceipt>, made: Made| {
        let AuditReceipt { sequence, leaf_hash } = receipt.unwrap();
        let position = std::fs::metadata(record).unwrap().len();
        let what = Acknowledged { sequence, leaf_hash, made };
        book.lock().unwrap().acknowledged.push(Call { position, what });
    };
    loop {
        let request = RecordConsentRequest {
            request_id: request_id(),
            youth: youth.clone(),
            terms: Some(terms(OHJAAMO, TE, purpose, &BASIC)),
            evidence: Some(evidence()),
            ..RecordConsentRequest::default()
        };
        let change = client.consent.record_consent(request).await.ok()?.into_inner();
        let given = change.consent.unwrap().name;
        let consent = given.parse::<ConsentName>().unwrap().consent.uuid();
        note(change.receipt, Made::Consent(consent));
        let request = referral_to(TE, &youth, purpose, full_content());
        let sent = client.referral.send_referral(request).await.ok()?.into_inner();
        let name: ReferralName = sent.referral.unwrap().name.parse().unwrap();
        note(sent.receipt, Made::Referral(name.referral));
        let change = client.consent.withdraw_consent(withdrawal(&given)).await.ok()?.into_inner();
        note(change.receipt, Made::Withdrawn(consent));
    }
}
