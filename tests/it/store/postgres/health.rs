//! What does the gateway say of itself while its database is down?

use std::fs::OpenOptions;
use std::io::Write as _;

use polku_tests::postgres::Cluster;
use polku_tests::world::{PEOPLE, World, WorldSettings};
use tempfile::TempDir;
use tonic::Code;

use crate::stage::{Health, expect_health};

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_without_its_database_says_so_until_it_is_back() {
    let cluster = Cluster::start().unwrap();
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let database = cluster.written(&cluster.database().unwrap().database, folder.path()).unwrap();
    let mut config = OpenOptions::new().append(true).open(world.config_file()).unwrap();
    config.write_all(database.as_bytes()).unwrap();
    let running = world.start().await.unwrap();
    let mut client = world.guidance_worker(running.bound.grpc).unwrap();
    let channel = client.channel();
    expect_health(&channel, Health::Serving).await;
    let youth = client.identify(PEOPLE[0]).await.unwrap();

    cluster.crash().unwrap();
    expect_health(&channel, Health::NotServing).await;
    let refused = client.identify(PEOPLE[1]).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");

    cluster.begin().unwrap();
    expect_health(&channel, Health::Serving).await;
    assert_eq!(client.identify(PEOPLE[0]).await.unwrap(), youth);
    running.stop().await.unwrap();
}
