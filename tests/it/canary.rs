//! Does anything personal reach a log, an error, an output, a file name or a file in clear?
//!
//! A journey with everything in it that can go wrong is played through the real binary, with everything logged that it
//! can log. Then every byte it has left behind is searched for every personal value that was in the journey.

mod errors;
mod inbound;
mod journey;
mod search;

use polku_tests::world::{GatewayProcess, World, WorldSettings};
use tempfile::TempDir;

use journey::Journey;
use search::Search;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_left_in_clear() {
    let folder = TempDir::new().unwrap();
    let settings = WorldSettings { retry_seconds: vec![0], ..WorldSettings::default() };
    let world = World::make(folder.path(), &settings).unwrap();
    let log = folder.path().join("log.json");
    let gateway = GatewayProcess::start_logging(&world.config_file(), &log, "trace").await.unwrap();
    world.connect_agencies(gateway.bound);

    let mut journey = Journey::new(&world, gateway.bound.grpc);
    journey.with_success().await;
    errors::in_calls(&mut journey).await;
    errors::in_states(&mut journey).await;
    errors::at_agencies(&mut journey).await;
    inbound::from_agencies(&mut journey).await;
    inbound::on_the_wire(&mut journey, gateway.bound.inbound).await;

    let search = Search::for_everything();
    // The search works: it finds at the agencies what was told to them.
    for canary in journey::MUST_ARRIVE {
        assert!(world.te.ledger().received_contains(canary.as_bytes()), "{canary} never left the gateway");
    }
    search.nowhere_in("standard output", gateway.output().as_bytes());
    // While the gateway is running, so that what it keeps beside the database is there as well.
    search.nowhere_under(&folder.path().join("data"));
    gateway.kill().await.unwrap();
    search.nowhere_under(&folder.path().join("data"));
    search.in_no_name_under(folder.path());
    search.nowhere_in_file(&log);
    assert!(journey.answers.len() > 60, "only {} errors", journey.answers.len());
    for answer in &journey.answers {
        search.nowhere_in(&answer.what, &answer.bytes);
    }

    let text = std::fs::read_to_string(&log).unwrap();
    assert!(
        text.contains("delivery attempt failed") && text.contains("call refused"),
        "the log tells nothing"
    );
    let written = |target: &str| text.contains(&format!(r#""target":"{target}"#));
    assert!(written("polku_gateway::"), "the filter hides what is to be searched");
    // Whatever the operator asks for, the libraries that see messages stay quiet.
    for target in ["h2", "hyper", "hyper_util", "rustls", "tonic"] {
        let detailed = |level: &str, line: &str| {
            line.contains(&format!(r#""level":"{level}""#))
                && line.contains(&format!(r#""target":"{target}"#))
        };
        let loud = text.lines().any(|line| detailed("TRACE", line) || detailed("DEBUG", line));
        assert!(!loud, "{target} logs parts of messages");
    }
    planted_values_are_found(&search, folder.path());
}

/// The search finds each value in a copy of what was searched, wherever it is and however it is written.
fn planted_values_are_found(search: &Search, folder: &std::path::Path) {
    let copy = TempDir::new().unwrap();
    for file in ["data/polku.db", "data/audit.log", "log.json"] {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let target = copy.path().join("copy");
        let plant = |into: &[u8], value: &[u8]| {
            let (before, after) = into.split_at(into.len() / 2);
            std::fs::write(&target, [before, value, after].concat()).unwrap();
            search.found_in(&std::fs::read(&target).unwrap())
        };
        assert!(!plant(&bytes, b"010594y9032").is_empty(), "{file}");
        // All the others in a piece of it, which is searched sooner.
        let piece = &bytes[..bytes.len().min(4096)];
        assert!(plant(piece, b"").is_empty(), "{file}");
        for value in search.written_in_all_ways() {
            assert!(!plant(piece, value).is_empty(), "{file}: {}", String::from_utf8_lossy(value));
        }
    }
    std::fs::write(copy.path().join("010594Y9032.txt"), "").unwrap();
    assert!(!search.found_in_names_under(copy.path()).is_empty());
}
