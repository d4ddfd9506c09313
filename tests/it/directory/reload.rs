//! Is another directory taken while the gateway runs, all of it or nothing, and is a wrong one refused at start?

use std::path::Path;

use polku_proto::v1::SearchServicesRequest;
use polku_tests::world::{DIRECTORY, GatewayProcess, World, eventually, professional};
use tempfile::TempDir;

use super::{found, settings};
use crate::stage::{PATIENCE, Ran, polku};

/// The example with one name exchanged.
fn renamed(from: &str, to: &str) -> String {
    assert!(DIRECTORY.contains(from), "{from}");
    DIRECTORY.replace(from, to)
}

/// Has the files read anew, and gives what the log says of it.
async fn reload(process: &GatewayProcess, log: &Path) -> String {
    let said = || {
        let text = std::fs::read_to_string(log).unwrap();
        let lines = text.lines().filter(|line| line.contains("service directory"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = said().len();
    process.signal("HUP").await.unwrap();
    eventually(PATIENCE, async || said().into_iter().nth(before)).await.expect("nothing has come of it")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_directory_is_taken_and_a_bad_one_is_not() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &settings()).unwrap();
    let (log, file) = (folder.path().join("gateway.log"), folder.path().join("directory.json"));
    let process = GatewayProcess::start_logging(&world.config_file(), &log, "info").await.unwrap();
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let client = world.client(process.bound.grpc, &world.identities.ohjaamo).unwrap().acting(&worker);
    let taxi = async || {
        let request = SearchServicesRequest { query: "taksi".into(), ..SearchServicesRequest::default() };
        found(&client, request).await
    };
    assert_eq!(taxi().await, ["services/taksikurssi"]);

    let other = renamed("\"taksikurssi\"", "\"taksi-2\"");
    std::fs::write(&file, &other).unwrap();
    assert_eq!(taxi().await, ["services/taksikurssi"], "before anybody has wished for it");
    let said = reload(&process, &log).await;
    assert!(said.contains("service directory loaded") && said.contains("\"services\":13"), "{said}");
    assert_eq!(taxi().await, ["services/taksi-2"]);

    let wrong = [
        (
            other.replacen("\"core\"", "\"inner\"", 1),
            "organizations[0].network: found \\\"inner\\\", expected one of core",
        ),
        (other.replacen("\"minimumAge\"", "\"minAge\"", 1), "unknown field `minAge`"),
        (String::new(), "EOF while parsing"),
    ];
    for (text, told) in wrong {
        std::fs::write(&file, text).unwrap();
        let said = reload(&process, &log).await;
        assert!(said.contains("service directory refused, the last good one stays"), "{said}");
        assert!(said.contains("\"ERROR\"") && said.contains(told), "{said}");
        assert_eq!(taxi().await, ["services/taksi-2"]);
    }
    std::fs::remove_file(&file).unwrap();
    let said = reload(&process, &log).await;
    assert!(said.contains("the last good one stays") && said.contains("cannot be read"), "{said}");
    std::fs::write(&file, DIRECTORY).unwrap();
    assert!(reload(&process, &log).await.contains("service directory loaded"));
    assert_eq!(taxi().await, ["services/taksikurssi"]);
    assert!(process.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_directory_stops_the_gateway_before_a_port_opens() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &settings()).unwrap();
    let file = folder.path().join("directory.json");
    let config = world.config_file();
    let run = |command: &str| polku(&[command.as_ref(), "--config".as_ref(), config.as_os_str()]);
    assert_eq!(run("check-config").code, Some(0));
    let hours = renamed("\"from\": \"12:00\"", "\"from\": \"noon\"");
    for (text, told) in [
        (
            Some(hours),
            "serviceChannels[0].serviceHours[0].openingHour[0].from: found \"noon\", expected a time",
        ),
        (Some("{}".to_owned()), "missing field `organizations`"),
        (None, "directory.file: found"),
    ] {
        match text {
            Some(text) => std::fs::write(&file, text).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        for command in ["check-config", "serve"] {
            let Ran { code, out, err } = run(command);
            assert_eq!(code, Some(64), "{command}: {err}");
            assert!(out.is_empty() && err.contains(told), "{command}: {err}");
            assert!(err.contains("directory.json"), "{err}");
        }
    }
    assert!(!folder.path().join("data/audit.log").exists());
}
