//! Do X-Road's own schemas accept what the gateway writes, and what the simulated agencies do? Judged by a schema
//! validator from PyPI.

use std::path::{Path, PathBuf};

use polku_tests::simulators::te::Update;
use polku_tests::simulators::{Action, Fault, Operation};
use tempfile::TempDir;

use super::{TESTS, program};
use crate::stage::{BASIC, Stage};
use polku_proto::v1::{DeliveryState, Purpose};
use polku_tests::world::{OHJAAMO, PEOPLE, TE, full_content, official, referral_to};

#[tokio::test(flavor = "multi_thread")]
async fn every_message_to_te_is_valid_by_the_published_schemas() {
    let stage = Stage::open().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[0]).await.unwrap();
    let purpose = Purpose::EmploymentServices;
    ohjaamo.record_consent(&youth, OHJAAMO, TE, purpose, &BASIC).await.unwrap();
    // Lost on the way, so that the office is asked whether it has arrived.
    stage.world.te.faults().once_on(Operation::Deliver, Fault::ResetAfterEffect);
    let mut request = referral_to(TE, &youth, purpose, full_content());
    request.wait_for_delivery = true;
    let sent = ohjaamo.referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    assert_eq!(sent.delivery_state(), DeliveryState::Delivered);
    let id = sent.name.rsplit('/').next().unwrap();
    let mut update = Update::new(id, Action::Accept);
    update.official = official();
    stage.world.te.send_update(&update).await.unwrap();

    let folder = TempDir::new().unwrap();
    let received = stage.world.te.ledger().received();
    let operations: Vec<Operation> = received.iter().map(|message| message.operation).collect();
    assert!(
        operations.contains(&Operation::Deliver) && operations.contains(&Operation::Status),
        "{operations:?}"
    );
    let mut files: Vec<PathBuf> = Vec::new();
    for (number, message) in received.iter().enumerate() {
        let file = folder.path().join(format!("{number}.xml"));
        std::fs::write(&file, &message.body).unwrap();
        files.push(file);
    }
    assert_eq!(judged(&files).await, Some(0));

    // The validator does find what is wrong.
    let broken = folder.path().join("broken.xml");
    let body = String::from_utf8(received[0].body.to_vec()).unwrap();
    std::fs::write(&broken, body.replace("memberClass", "memberKlass")).unwrap();
    assert_eq!(judged(&[broken]).await, Some(1));
    stage.close().await;
}

/// Every sample of what an agency and the gateway say to one another in SOAP.
#[tokio::test]
async fn every_sample_in_soap_is_valid_by_the_published_schemas() {
    for kind in polku_adapters::kinds().iter().filter(|kind| kind.speaks.contains("SOAP")) {
        let folder = Path::new(TESTS).join("golden").join(kind.id);
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<PathBuf> =
            entries.filter(|path| path.extension().is_some_and(|extension| extension == "http")).collect();
        assert!(files.len() > 100, "{}: {} samples", kind.id, files.len());
        assert_eq!(judged(&files).await, Some(0), "{}", kind.id);
    }
    // The validator does find what is wrong in them.
    let folder = TempDir::new().unwrap();
    let read = |name: &str| std::fs::read_to_string(Path::new(TESTS).join("golden/te").join(name)).unwrap();
    let wrong = [
        ("deliver-referral.request.http", "repr:partyCode", "repr:code"),
        ("deliver-referral.request.http", "xroad:issue", "xroad:asia"),
        ("deliver-referral.answer.http", "requestHash", "hash"),
        ("deliver-xroad-access-denied.answer.http", "faultstring", "text"),
        ("deliver-xroad-access-denied.answer.http", "server.serverproxy.access_denied", "ei saa"),
    ];
    for (name, from, to) in wrong {
        let page = read(name);
        assert!(page.contains(from), "{name}: {from}");
        let file = folder.path().join("wrong.http");
        std::fs::write(&file, page.replace(from, to)).unwrap();
        assert_eq!(judged(&[file]).await, Some(1), "{name}: {from} as {to}");
    }
}

async fn judged(files: &[PathBuf]) -> Option<i32> {
    let schemas = Path::new(TESTS).join("../adapters/tests/xroad/xsd");
    let output = program("schemas.py").arg("--schemas").arg(schemas).args(files).output().await.unwrap();
    println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output.status.code()
}
