//! Does the whole journey work for a stock Python client?

use polku_tests::simulators::Action;
use polku_tests::simulators::te::{Update, UpdateReply};
use polku_tests::world::{World, WorldSettings, official};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::{contract, program};

/// What the program does, in order: the first word of each line.
const STEPS: [&str; 17] = [
    "stubs",
    "health",
    "no certificate",
    "reflection",
    "identify",
    "no actor",
    "malformed",
    "no consent",
    "consent",
    "send",
    "read back",
    "repeat",
    "watch",
    "list",
    "accepted",
    "withdraw",
    "journey",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_python_client_goes_the_whole_way() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let running = world.start().await.unwrap();
    let mut child = program("journey.py")
        .arg("--address")
        .arg(running.bound.grpc.to_string())
        .arg("--folder")
        .arg(world.folder())
        .arg("--proto")
        .arg(contract())
        .arg("--stubs")
        .arg(folder.path().join("stubs"))
        .args(["--await-acceptance", "20"])
        .spawn()
        .unwrap();

    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = Vec::new();
    while let Some(line) = output.next_line().await.unwrap() {
        println!("{line}");
        if line.starts_with("send:") {
            accept_the_referral(&world).await;
        }
        lines.push(line);
    }
    let mut complaints = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaints).await.unwrap();
    let status = child.wait().await.unwrap();
    assert!(
        status.success(),
        "{status}; {}\n{complaints}",
        lines.last().map_or("nothing said", String::as_str)
    );
    let steps: Vec<&str> =
        lines.iter().filter_map(|line| line.split_once(": ")).map(|(step, _)| step).collect();
    assert_eq!(steps, STEPS);
    assert_eq!(lines[9], "send: delivered; withheld address_contact, health_capacity");
    assert_eq!(world.te.ledger().referrals().len(), 2, "a repetition delivers nothing again");
    assert!(!world.te.ledger().received_contains(b"kanaria-terveys"));
    running.stop().await.unwrap();
}

/// An official of the employment services accepts what has arrived, in their own system.
async fn accept_the_referral(world: &World) {
    let taken = world.te.ledger().referrals();
    let mut update = Update::new(&taken[0].referral_id, Action::Accept);
    update.official = official();
    let reply = world.te.send_update(&update).await.unwrap();
    assert!(matches!(reply, UpdateReply::Applied { .. }), "{reply:?}");
}
