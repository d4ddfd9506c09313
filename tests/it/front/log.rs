//! What does a gateway log of its start, and of what it refuses?

use polku_tests::simulators::Action;
use polku_tests::simulators::te::Update;
use polku_tests::world::{GatewayProcess, PATIENCE, PEOPLE, World, WorldSettings, eventually, official};
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

/// What libraries log in detail shows parts of messages: it is not logged, however much is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn libraries_log_nothing_in_detail() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let log = folder.path().join("gateway.log");
    let gateway = GatewayProcess::start_logging(&world.config_file(), &log, "trace,h2=trace").await.unwrap();
    let mut worker = world.guidance_worker(gateway.bound.grpc).unwrap();
    worker.identify(PEOPLE[0]).await.unwrap();
    // Something that the gateway itself tells in detail: a handshake that fails.
    drop(tokio::net::TcpStream::connect(gateway.bound.grpc).await.unwrap());
    let is_told =
        || async { std::fs::read_to_string(&log).unwrap().contains("a TLS handshake").then_some(()) };
    eventually(PATIENCE, is_told).await.expect("the gateway logs nothing in detail");
    gateway.kill().await.unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<(String, String)> = lines
        .map(|line| (line["target"].as_str().unwrap().to_owned(), line["level"].as_str().unwrap().to_owned()))
        .collect();
    let is_detail = |level: &String| ["DEBUG", "TRACE"].contains(&level.as_str());
    assert!(told.iter().any(|(target, level)| target.starts_with("polku") && is_detail(level)), "{told:?}");
    for (target, level) in told {
        assert!(target.starts_with("polku") || !is_detail(&level), "{target} logs at {level}");
    }
}

/// X-Road's faults have a place for the id of the line in the log that tells more.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_names_the_lines_that_tell_of_it() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let log = folder.path().join("gateway.log");
    let gateway = GatewayProcess::start(&world.config_file(), &log).await.unwrap();
    world.connect_agencies(gateway.bound);
    let stranger = &world.identities.stranger;
    let unreadable = Update { official: official(), ..Update::new("lahete", Action::Code("EI_OLE".into())) };
    let mut ids = Vec::new();
    for (update, identity) in
        [(&unreadable, stranger), (&unreadable, &world.te.settings().official), (&unreadable, stranger)]
    {
        world.te.send_update_as(update, identity).await.unwrap();
        let exchange = world.te.control().wire().pop().unwrap();
        let said = String::from_utf8(exchange.reply.body.to_vec()).unwrap();
        let (_, id) = said.split_once("<faultDetail>").expect("no detail");
        ids.push(id.split('<').next().unwrap().to_owned());
    }
    gateway.kill().await.unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    for (id, reason) in ids.iter().zip(["UNAUTHENTICATED", "client.invalid_body", "UNAUTHENTICATED"]) {
        let lines: Vec<&str> = text.lines().filter(|line| line.contains(id.as_str())).collect();
        let [line] = lines[..] else { panic!("{} lines of {id}:\n{text}", lines.len()) };
        let logged: Value = serde_json::from_str(line).unwrap();
        assert_eq!(logged["fields"]["reason"], reason, "{line}");
        assert_eq!(logged["span"]["log_id"], json!(id), "{line}");
        assert_eq!(logged["span"]["agency"], "te", "{line}");
    }
}
