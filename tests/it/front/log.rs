//! What does a gateway log of its start?

use polku_tests::world::{GatewayProcess, World, WorldSettings};
use serde_json::{Value, json};
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_logged_by_its_length() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let log = folder.path().join("gateway.log");
    let gateway = GatewayProcess::start(&world.config_file(), &log).await.unwrap();
    gateway.kill().await.unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    let line = text.lines().find(|line| line.contains("audit log opened")).expect("not logged");
    let logged: Value = serde_json::from_str(line).unwrap();
    let said = json!({ "message": "audit log opened", "leaves": 0, "torn_bytes": 0 });
    assert_eq!(logged["fields"], said, "{line}");
}
