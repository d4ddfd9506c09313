//! What if an operator lets questions be answered before their leaves are on disk, and the disk fails?

use polku_gateway::audit::AuditLog;
use polku_proto::v1::{AuditReceipt, VerifyConsentRequest};
use polku_tests::disk::{Disk, Fault};
use polku_tests::world::{Client, OHJAAMO, PEOPLE, TE};
use tonic::Status;

use super::{Machine, PURPOSE, assert_comes_back, consenting, record};
use crate::stage::{CATEGORIES, Health, expect_health};

async fn verify(client: &Client, youth: &str) -> Result<AuditReceipt, Status> {
    let request = VerifyConsentRequest {
        youth: youth.to_owned(),
        discloser: OHJAAMO.to_owned(),
        recipient: TE.to_owned(),
        purpose: PURPOSE.into(),
        categories: CATEGORIES.iter().map(|category| *category as i32).collect(),
        ..VerifyConsentRequest::default()
    };
    Ok(client.clone().consent.verify_consent(request).await?.into_inner().receipt.unwrap())
}

/// Every receipt that was given names a leaf of the log, also those that were given while it could not be written.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_early_is_in_the_log_when_the_disk_can_be_written_again() {
    let machine = Machine::make();
    let config = machine.world.config_file();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text + "\n[audit]\nbuffer_milliseconds = 50\n").unwrap();
    let disk = Disk::of(&machine.data(), machine.folder.path()).unwrap();
    let gateway = super::disk::start(&machine, &disk).await;
    let client = machine.client(&gateway);
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    record(&client, &consenting(&youth)).await.unwrap();
    let mut receipts = Vec::new();
    for _ in 0..100 {
        receipts.push(verify(&client, &youth).await.unwrap());
    }
    disk.fail(Fault::Full).unwrap();
    // Those that are still answered are held, and soon nobody is answered any more.
    let refused = loop {
        match verify(&client, &youth).await {
            Ok(receipt) => receipts.push(receipt),
            Err(status) => break status,
        }
    };
    assert_comes_back::<()>(Err(refused), "AUDIT_UNAVAILABLE");
    assert_comes_back(record(&client, &consenting(&youth)).await, "AUDIT_UNAVAILABLE");
    expect_health(&client.channel(), Health::NotServing).await;
    disk.mend(Fault::Full).unwrap();
    expect_health(&client.channel(), Health::Serving).await;
    for _ in 0..100 {
        receipts.push(verify(&client, &youth).await.unwrap());
    }
    record(&client, &consenting(&youth)).await.unwrap();
    gateway.stop().await.unwrap();
    let (log, _) = AuditLog::open(&machine.data().join("audit.log")).unwrap();
    let mut hashes = Vec::new();
    log.read(0, |sequence, leaf| hashes.push(leaf.hash(sequence))).unwrap();
    for receipt in receipts {
        let place = usize::try_from(receipt.sequence).unwrap();
        assert_eq!(hashes[place].as_slice(), receipt.leaf_hash.as_slice(), "leaf {place}");
    }
}
