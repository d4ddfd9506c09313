//! Who calls honestly while others attack, and what does it cost them and the gateway?

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use polku_proto::v1::ListReferralsRequest;
use polku_tests::figures::{Figures, most_memory};
use polku_tests::world::{Client, GatewayProcess, World, WorldSettings, professional};
use tempfile::TempDir;

/// How many calls are made at the least, one after the other.
const CALLS: usize = 200;

/// How many KiB the gateway may take more while it is attacked.
const MEMORY: u64 = 32 * 1024;

/// A gateway in a process of its own, and an honest caller of it.
pub(super) struct Honest {
    pub(super) world: World,
    pub(super) gateway: GatewayProcess,
    client: Client,
    _folder: TempDir,
}

impl Honest {
    pub(super) async fn open() -> Honest {
        let folder = TempDir::new().unwrap();
        let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
        let log = folder.path().join("log");
        let gateway = GatewayProcess::start_logging(&world.config_file(), &log, "error").await.unwrap();
        let worker = professional("kelan-virkailija", "kuntoutus", "official");
        let client = world.client(gateway.bound.grpc, &world.identities.kela).unwrap().acting(&worker);
        Honest { world, gateway, client, _folder: folder }
    }

    /// How long calls take, one after the other with a pause between them, until it is over, and so many at least.
    pub(super) async fn calls(&self, over: &AtomicBool, pause: Duration) -> Figures {
        let request = ListReferralsRequest { parent: "youths/-".into(), ..ListReferralsRequest::default() };
        let mut took = Vec::new();
        while took.len() < CALLS || !over.load(Ordering::SeqCst) {
            let begun = Instant::now();
            let answer = self.client.clone().referral.list_referrals(request.clone()).await;
            answer.expect("an honest call is refused");
            took.push(begun.elapsed());
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        Figures::of(took)
    }

    /// The same with nobody else there.
    pub(super) async fn in_quiet(&self) -> Figures {
        self.calls(&AtomicBool::new(true), Duration::ZERO).await
    }

    /// The most memory that the gateway has had, in KiB.
    pub(super) fn memory(&self) -> u64 {
        most_memory(&self.gateway.id().unwrap().to_string()).unwrap()
    }

    /// How much more that is than before, which is not too much.
    pub(super) fn grown(&self, before: u64, what: &str) -> u64 {
        let grown = self.memory() - before;
        assert!(grown < MEMORY, "{what}: {grown} KiB more");
        grown
    }

    pub(super) async fn close(self) {
        assert!(self.gateway.stop().await.unwrap().success());
    }
}
