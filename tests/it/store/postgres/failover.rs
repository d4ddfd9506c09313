//! Is anything lost when the database server dies in mid-transaction and its standby takes its place and address?

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use polku_proto::v1::{ConsentState, GetConsentRequest, Purpose};
use polku_tests::postgres::Cluster;
use polku_tests::world::{
    Client, GatewayProcess, OHJAAMO, PATIENCE, PEOPLE, TE, World, WorldSettings, eventually,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::stage::{CATEGORIES, Health, expect_health, refused_start};

/// How many record consents at the same time.
const CALLERS: usize = 4;

/// How many consents are acknowledged before, and after, something happens.
const ENOUGH: usize = 30;

/// How long to wait before what was refused is called again.
const PAUSE: Duration = Duration::from_millis(20);

/// A gateway on a server of its own, and what it has acknowledged.
struct Scene {
    cluster: Cluster,
    folder: TempDir,
    world: World,
    gateway: GatewayProcess,
    acknowledged: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

impl Scene {
    async fn open() -> Scene {
        let (cluster, folder) = (Cluster::start().unwrap(), TempDir::new().unwrap());
        let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
        let database = cluster.written(&cluster.database().unwrap().database, folder.path()).unwrap();
        let mut config = OpenOptions::new().append(true).open(world.config_file()).unwrap();
        config.write_all(database.as_bytes()).unwrap();
        let gateway = GatewayProcess::start(&world.config_file(), &folder.path().join("log")).await.unwrap();
        let (acknowledged, over) = (Arc::default(), Arc::default());
        Scene { cluster, folder, world, gateway, acknowledged, over }
    }

    fn client(&self) -> Client {
        self.world.guidance_worker(self.gateway.bound.grpc).unwrap()
    }

    /// Everybody gives one consent after the other, until it is over.
    async fn load(&self) -> Vec<JoinHandle<()>> {
        let mut callers = Vec::new();
        for hetu in &PEOPLE[..CALLERS] {
            let mut client = self.client();
            let youth = client.identify(hetu).await.unwrap();
            let (acknowledged, over) = (Arc::clone(&self.acknowledged), Arc::clone(&self.over));
            callers.push(tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let given =
                        client.record_consent(&youth, OHJAAMO, TE, Purpose::EmploymentServices, &CATEGORIES);
                    match given.await {
                        Ok(given) => acknowledged.lock().unwrap().push(given.name),
                        Err(_) => tokio::time::sleep(PAUSE).await,
                    }
                }
            }));
        }
        callers
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    async fn more(&self) {
        let before = self.count();
        let more = || async { (self.count() >= before + ENOUGH).then_some(()) };
        eventually(PATIENCE, more).await.expect("consents are not acknowledged");
    }

    async fn end(&self, callers: Vec<JoinHandle<()>>) {
        self.over.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.await.unwrap();
        }
    }
}

/// The standby has all that the server has said is committed: then nobody notices but by a refusal that can be repeated.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_counts_takes_over_in_mid_transaction_and_nothing_is_lost() {
    let scene = Scene::open().await;
    scene.cluster.add_standby().unwrap();
    for setting in ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"] {
        scene.cluster.sql("postgres", setting).unwrap();
    }
    let counts = || async {
        let sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        (scene.cluster.sql("postgres", sql).unwrap() == "1").then_some(())
    };
    eventually(PATIENCE, counts).await.expect("the standby does not follow");
    let callers = scene.load().await;
    scene.more().await;
    // What is on its way now has not come to the standby, or is there and was not answered.
    scene.cluster.crash().unwrap();
    scene.cluster.stop_standby().unwrap();
    scene.cluster.fail_over().unwrap();
    scene.more().await;
    scene.end(callers).await;
    let client = scene.client();
    expect_health(&client.channel(), Health::Serving).await;
    let acknowledged = scene.acknowledged.lock().unwrap().clone();
    for name in acknowledged {
        let request = GetConsentRequest { name };
        let found = client.clone().consent.get_consent(request).await.unwrap().into_inner();
        assert_eq!(found.state(), ConsentState::Given);
    }
    assert!(scene.gateway.stop().await.unwrap().success());
}

/// The standby has missed what was acknowledged last: no gateway that has seen more serves with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lacks_what_was_acknowledged_is_not_served_with() {
    let scene = Scene::open().await;
    scene.cluster.add_standby().unwrap();
    let callers = scene.load().await;
    scene.more().await;
    scene.cluster.stop_standby().unwrap();
    scene.more().await;
    scene.cluster.crash().unwrap();
    scene.end(callers).await;
    scene.cluster.fail_over().unwrap();
    let (mut client, log) = (scene.client(), scene.folder.path().join("log"));
    let scene_log = log.as_path();
    let found_out = eventually(PATIENCE, || {
        let mut client = client.clone();
        async move {
            let acknowledged = client.identify(PEOPLE[0]).await;
            assert!(acknowledged.is_err(), "something is acknowledged on the older database");
            let said = std::fs::read_to_string(scene_log).ok()?;
            said.contains("the audit log is broken").then_some(())
        }
    });
    found_out.await.expect("the gateway goes on");
    expect_health(&client.channel(), Health::NotServing).await;
    assert!(client.identify(PEOPLE[1]).await.is_err());
    scene.gateway.kill().await.unwrap();
    let refused = refused_start(&scene.world.config_file(), []);
    assert!(refused.err.contains("the copy of the audit log is not of the log"), "{}", refused.err);
}
