//! What does the gateway say of itself while its database is down?

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

use polku_tests::postgres::{Cluster, Stop};
use polku_tests::world::{PEOPLE, World, WorldSettings, eventually, professional};
use tempfile::TempDir;
use tonic::Code;
use tonic::transport::Channel;

use crate::stage::call_path;

/// How long it may take until it is known.
const PATIENCE: Duration = Duration::from_secs(20);

/// `grpc.health.v1`: field 1 of the answer.
const SERVING: [u8; 2] = [8, 1];
const NOT_SERVING: [u8; 2] = [8, 2];

/// Waits until all that can be asked about is said to be so.
async fn expect(channel: &Channel, status: [u8; 2]) {
    for service in ["", "polku.v1.ReferralService"] {
        let mut question = vec![0x0a, u8::try_from(service.len()).unwrap()];
        question.extend(service.as_bytes());
        let said = eventually(PATIENCE, async || {
            let said = call_path(channel, "/grpc.health.v1.Health/Check", None, question.clone()).await;
            (said.unwrap() == status).then_some(())
        });
        said.await.unwrap_or_else(|| panic!("{service:?} is never {status:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_without_its_database_says_so_until_it_is_back() {
    let cluster = Cluster::start().unwrap();
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let database = cluster.written(&cluster.database().unwrap().database, folder.path()).unwrap();
    let mut config = OpenOptions::new().append(true).open(world.config_file()).unwrap();
    config.write_all(database.as_bytes()).unwrap();
    let running = world.start().await.unwrap();
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let mut client = world.client(running.bound.grpc, &world.identities.ohjaamo).unwrap().acting(&worker);
    let channel = client.channel();
    expect(&channel, SERVING).await;
    let youth = client.identify(PEOPLE[0]).await.unwrap();

    cluster.stop(Stop::Immediate).unwrap();
    expect(&channel, NOT_SERVING).await;
    let refused = client.identify(PEOPLE[1]).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");

    cluster.begin().unwrap();
    expect(&channel, SERVING).await;
    assert_eq!(client.identify(PEOPLE[0]).await.unwrap(), youth);
    running.stop().await.unwrap();
}
