//! Does `polku-bench` run whatever it can, and is every answer right? How fast anything is, is not asked here.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use polku_tests::world::{binary, eventually};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::stage::Ran;

/// A debug build on a busy machine fills nine stores and starts as many gateways.
const PATIENCE: Duration = Duration::from_secs(900);

/// Rows that need nothing but what the tests need.
const ALWAYS: [&str; 19] = [
    "floor",
    "verify",
    "send-delivered",
    "verify-postgres",
    "batch",
    "floor-alone",
    "verify-alone",
    "sync",
    "write-file",
    "write-sqlite",
    "send-sqlite",
    "write-postgres",
    "send-postgres",
    "send-few",
    "withdraw",
    "withdraw-three",
    "start",
    "growth",
    "allocations",
];

async fn bench(arguments: &[&str]) -> Ran {
    let mut command = Command::new(binary("polku-bench").unwrap());
    let output = command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    Ran::of(timeout(PATIENCE, output).await.expect("it does not end").unwrap())
}

fn list<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    document[name].as_array().expect("a list")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_run_or_says_why_not_and_no_answer_is_wrong() {
    let ran = bench(&["--quick", "--json"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["failures"], Value::Array(Vec::new()));
    let mut run = Vec::new();
    for row in list(&document, "rows") {
        let name = text(row, "name");
        if row["rounds"].is_null() {
            assert!(!text(row, "not_run").is_empty(), "{name} was not run, and does not say why");
            continue;
        }
        run.push(name);
        let [round] = list(row, "rounds") else { panic!("{name} was not run in one round") };
        assert!(round["done"].as_u64() > Some(0), "{name} has done nothing");
        assert_eq!(round["wrong"], 0, "{name} was answered wrongly");
        for figure in ["a_second", "p50_us", "p99_us", "p999_us"] {
            assert!(round[figure].as_f64() > Some(0.0), "{name} has no {figure}");
        }
        if !row["yardstick"].is_null() && run.contains(&text(row, "yardstick")) {
            assert!(row["ratio"].as_f64() > Some(0.0), "{name} has no ratio");
        }
    }
    for once in list(&document, "once") {
        let name = text(once, "name");
        match once["numbers"].as_object() {
            Some(numbers) => {
                assert!(!numbers.is_empty() && numbers.values().all(Value::is_number), "{name}");
                run.push(name);
            }
            None => assert!(!text(once, "not_run").is_empty(), "{name} was not run, and does not say why"),
        }
    }
    for name in ALWAYS {
        assert!(run.contains(&name), "{name} was not run");
    }
    for figure in list(&document, "figures") {
        let is_judged = figure["met"].is_boolean() || text(figure, "not_judged").is_empty();
        assert!(!is_judged, "{} is judged after a quick run", text(figure, "what"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn some_rows_alone_come_with_what_they_are_held_against() {
    let ran = bench(&["--quick", "--only", "verify-alone"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for line in [
        "VerifyConsent, embedded, one call at a time",
        "bare tonic echo, one call at a time",
        "4 KiB appended and synced",
    ] {
        assert!(ran.out.contains(line), "{}", ran.out);
    }
    assert!(!ran.out.contains("SendReferral acknowledged"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_end_leaves_nothing_behind() {
    // What is measured in memory is refused.
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut command = Command::new(binary("polku-bench").unwrap());
    command.args(["--rounds", "100", "--seconds", "600", "--grants", "400", "--only", "floor"]);
    command.env("TMPDIR", folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
    let child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let own = child.id().unwrap();
    let others = || processes_with(folder.path()).into_iter().filter(|process| *process != own).count();
    eventually(PATIENCE, || async { (others() > 0).then_some(()) }).await.expect("no server is started");
    assert!(Command::new("kill").arg(own.to_string()).status().await.unwrap().success());
    let ran = Ran::of(timeout(PATIENCE, child.wait_with_output()).await.expect("it does not end").unwrap());
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("told to end"), "{}", ran.err);
    eventually(PATIENCE, || async { (others() == 0).then_some(()) }).await.expect("a server is left");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a folder is left");
}

/// Those that were started with this folder for what is temporary.
fn processes_with(folder: &Path) -> Vec<u32> {
    let variable = format!("TMPDIR={}", folder.display());
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let process = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let environment = std::fs::read(format!("/proc/{process}/environ")).ok()?;
        environment.split(|byte| *byte == 0).any(|text| text == variable.as_bytes()).then_some(process)
    });
    processes.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_there_is_not_is_named() {
    let ran = bench(&["--only", "abacus"]).await;
    assert_eq!(ran.code, Some(64));
    assert!(ran.err.contains("no row abacus; there are floor, "), "{}", ran.err);
    assert_eq!(bench(&["--rounds", "0"]).await.code, Some(64));
}
