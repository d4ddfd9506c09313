//! What if there is hardly any memory left for the gateway?

use polku_tests::world::{GatewayProcess, PEOPLE};
use tokio::task::JoinSet;

use super::{Machine, consenting, record};

/// How much more than it needed before it may have, KiB. The C library sets aside up to 128 MiB for each thread that meets
/// another one.
const MORE: [u64; 4] = [0, 4 * 1024, 16 * 1024, 512 * 1024];

/// The most address space that a process has had, KiB.
fn most(gateway: &GatewayProcess) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.id().unwrap())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// It serves, refuses calls or dies, as it can; what it has acknowledged is there.
#[tokio::test(flavor = "multi_thread")]
async fn with_little_memory_nothing_that_was_acknowledged_is_lost() {
    let mut machine = Machine::make();
    let gateway = machine.start().await;
    let client = machine.client(&gateway);
    machine.works(&client).await;
    let needed = most(&gateway);
    gateway.stop().await.unwrap();
    let (config, log) = (machine.world.config_file(), machine.log());
    let mut served = 0;
    for more in MORE {
        let limit = format!("ulimit -v {}", needed + more);
        // With too little it does not even start.
        let Ok(gateway) = GatewayProcess::start_within(&limit, &config, &log).await else {
            continue;
        };
        let client = machine.client(&gateway);
        let mut calls = JoinSet::new();
        for number in 0..200 {
            let mut client = client.clone();
            calls.spawn(async move {
                let youth = client.identify(PEOPLE[number % 8]).await.ok()?;
                Some(record(&client, &consenting(&youth)).await.ok()?.name)
            });
        }
        let names: Vec<String> = calls.join_all().await.into_iter().flatten().collect();
        served = names.len();
        machine.acknowledged.extend(names);
        gateway.kill().await.unwrap();
    }
    assert!(served > 0, "nothing is served with {} MiB more than before", MORE[3] / 1024);
    let gateway = machine.start().await;
    machine.holds_all(gateway).await;
}
