//! What if the disk is full, read-only or broken?

use polku_tests::disk::{Disk, Fault};
use polku_tests::world::{Database, GatewayProcess, PEOPLE};

use super::{Machine, assert_comes_back, consenting, look, record};
use crate::stage::{Health, expect_health};

pub(super) async fn start(machine: &Machine, disk: &Disk) -> GatewayProcess {
    let config = machine.world.config_file();
    GatewayProcess::start_with(disk.environment(), &config, &machine.log()).await.unwrap()
}

/// Nothing is acknowledged and nothing is told: of what is not in the audit log nobody learns anything.
async fn refused_until_mended(fault: Fault, database: Database) {
    let mut machine = Machine::with(database);
    let disk = Disk::of(&machine.data(), machine.folder.path()).unwrap();
    let gateway = start(&machine, &disk).await;
    let client = machine.client(&gateway);
    machine.works(&client).await;
    let (channel, youth) = (client.channel(), client.clone().identify(PEOPLE[1]).await.unwrap());
    expect_health(&channel, Health::Serving).await;
    for _ in 0..2 {
        disk.fail(fault).unwrap();
        let waiting = consenting(&youth);
        for _ in 0..3 {
            assert_comes_back(record(&client, &waiting).await, "AUDIT_UNAVAILABLE");
            assert_comes_back(look(&client, &machine.acknowledged[0]).await, "AUDIT_UNAVAILABLE");
        }
        expect_health(&channel, Health::NotServing).await;
        disk.mend(fault).unwrap();
        expect_health(&channel, Health::Serving).await;
        // The same call again, as it was.
        machine.acknowledged.push(record(&client, &waiting).await.unwrap().name);
        machine.works(&client).await;
    }
    machine.holds_all(gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_everything_until_there_is_room() {
    refused_until_mended(Fault::Full, Database::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_disk_stops_everything_until_it_is_none() {
    refused_until_mended(Fault::ReadOnly, Database::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_stops_everything_until_it_does_not() {
    refused_until_mended(Fault::Bad, Database::Embedded).await;
}

/// The log of all gateways is on the server, and a copy of it in the folder of each.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_everything_with_a_database_server_too() {
    refused_until_mended(Fault::Full, Database::Server).await;
}

/// What could not be synced may be lost without another word: nothing goes on before it was read anew.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_sync_nothing_goes_on_before_a_new_start() {
    let mut machine = Machine::make();
    let disk = Disk::of(&machine.data(), machine.folder.path()).unwrap();
    let gateway = start(&machine, &disk).await;
    let client = machine.client(&gateway);
    machine.works(&client).await;
    let youth = client.clone().identify(PEOPLE[1]).await.unwrap();
    disk.fail(Fault::BadSync).unwrap();
    let waiting = consenting(&youth);
    assert_comes_back(record(&client, &waiting).await, "AUDIT_UNAVAILABLE");
    expect_health(&client.channel(), Health::NotServing).await;
    disk.mend(Fault::BadSync).unwrap();
    for _ in 0..3 {
        assert_comes_back(record(&client, &waiting).await, "AUDIT_UNAVAILABLE");
    }
    gateway.kill().await.unwrap();
    let gateway = start(&machine, &disk).await;
    let client = machine.client(&gateway);
    expect_health(&client.channel(), Health::Serving).await;
    machine.acknowledged.push(record(&client, &waiting).await.unwrap().name);
    machine.works(&client).await;
    machine.holds_all(gateway).await;
}
