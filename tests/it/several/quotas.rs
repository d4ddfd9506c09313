//! Do several gateways together let through what the quota says, and no more?

use std::time::Instant;

use polku_proto::v1::ListReferralsRequest;
use polku_tests::world::{Client, Database, GatewayProcess, PATIENCE, World, WorldSettings, eventually};
use tempfile::TempDir;
use tonic::Code;

use super::Scene;

const BURST: usize = 60;

/// How many calls are let through before one is refused.
async fn let_through(client: &Client) -> usize {
    let request = ListReferralsRequest { parent: "youths/-".into(), ..ListReferralsRequest::default() };
    for count in 0..=BURST * 4 {
        if let Err(status) = client.clone().referral.list_referrals(request.clone()).await {
            assert_eq!(status.code(), Code::ResourceExhausted);
            return count;
        }
    }
    panic!("the quota is not enforced")
}

impl Scene {
    /// Waits until this gateway has noticed that there are so many, for the last time.
    async fn notices(&self, number: usize, gateways: usize) {
        let log = self.folder.path().join(format!("log-{number}"));
        let told = async || {
            let text = std::fs::read_to_string(&log).unwrap();
            let last = text.lines().rfind(|line| line.contains("share the quotas"))?;
            last.contains(&format!("\"gateways\":{gateways}")).then_some(())
        };
        eventually(PATIENCE, told).await.expect("nobody notices how many gateways there are");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_share_the_figures_and_take_over_the_part_of_one_that_is_gone() {
    let folder = TempDir::new().unwrap();
    let settings = WorldSettings { database: Database::Server, ..WorldSettings::default() };
    let world = World::make(folder.path(), &settings).unwrap();
    let text = std::fs::read_to_string(world.config_file()).unwrap();
    let open = "requests_per_second = 5000\nburst = 10000\n";
    assert!(text.contains(open));
    let strict = format!("requests_per_second = 1\nburst = {BURST}\n");
    std::fs::write(world.config_file(), text.replace(open, &strict)).unwrap();
    let mut scene = Scene { folder, world, gateways: Vec::new(), clients: Vec::new() };
    for number in 0..2 {
        let gateway = scene.start(number).await;
        scene.clients.push(scene.client(&gateway));
        scene.gateways.push(gateway);
    }
    for number in 0..2 {
        scene.notices(number, 2).await;
    }
    let begun = Instant::now();
    let here = let_through(&scene.clients[0]).await;
    let there = let_through(&scene.clients[1]).await;
    // One a second comes back, by halves.
    let back = usize::try_from(begun.elapsed().as_secs()).unwrap() + 2;
    assert!(here >= BURST / 2 && there >= BURST / 2, "{here} and {there}");
    assert!(here + there <= BURST + back, "{here} and {there}, and {back} more in the meantime");

    let gone: GatewayProcess = scene.gateways.pop().unwrap();
    gone.kill().await.unwrap();
    scene.notices(0, 1).await;
    assert!(let_through(&scene.clients[0]).await >= BURST, "the whole figure, from one that is left");
}
