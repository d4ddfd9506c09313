//! The story is told in readable lines, and a deviation is not passed over.

use std::path::Path;
use std::sync::Arc;

use polku_tests::sandbox::{Afterwards, Sandbox, StoryClock, Teller, tell};
use polku_tests::simulators::{Fault, Operation};
use polku_tests::world::{binary, canaries, eventually};
use tempfile::TempDir;
use tokio::process::Command;
use uuid::Uuid;

use super::{IDENTITY_CODE, PATIENCE, Staying, files_with, finish, run};

/// The last line of a story that went as told.
const END: &str = "All 30 steps went as told.";

/// What differs from one telling to the next is masked: ids, ports and places in the audit log. Dates are the story's.
fn masked(said: &str) -> String {
    let mut text = String::new();
    let mut rest = said;
    while let Some(next) = rest.chars().next() {
        let is_new = !text.ends_with(|before: char| before.is_ascii_alphanumeric());
        let number = ["localhost:", "127.0.0.1:", "no. "].iter().any(|before| text.ends_with(before));
        let digits = rest.len() - rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
        let skipped = match rest.get(..36) {
            Some(id) if is_new && Uuid::try_parse(id).is_ok() => 36,
            Some(_) | None if number => digits,
            Some(_) | None => 0,
        };
        if skipped > 0 {
            text.push('#');
            rest = rest.get(skipped..).unwrap_or_default();
        } else {
            text.push(next);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    text
}

/// domain.md 5: "palvelut nuorelle samalta luukulta", "Leimaamattomuus", "ilman, että kenelläkään viranomaisella on
/// kokonaiskuvaa", "koko prosessia pilkkomatta sitä organisaatiolähtöisesti", "hakeutua palveluun itse", "kolmeen profiiliin
/// motivaation ja avuntarpeen perusteella", "yksi asia nuoren kanssa sovittuna kerrallaan", "kirjataan heidän suostumuksella
/// NT/TYPPI", "NT/TYPPI -järjestelmän käyttöä monialaisesti", "eri suunnitelmat", "nelikantatapaamisia", "asiakas täytti",
/// "palvelutarpeita, jotka eivät olisi tulleet esille", "Nuotti-valmennus", "Walmu soveltuu".
#[tokio::test(flavor = "multi_thread")]
async fn the_story_goes_as_told() {
    let temporary = TempDir::new().unwrap();
    let mut command = Command::new(binary("polku-sandbox").unwrap());
    let ran = finish(command.arg("--once").env("TMPDIR", temporary.path())).await.unwrap();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/story.txt");
    let told = masked(&ran.out);
    if std::env::var_os("POLKU_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &told).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == told, "{} differs; POLKU_REGENERATE=1 writes it anew:\n{told}", path.display());
    assert!(told.lines().any(|line| line == END));
    let canary = canaries().find(|canary| told.to_lowercase().contains(&canary.to_lowercase()));
    assert_eq!(canary, None, "something personal stands in the story");
    let left = std::fs::read_dir(temporary.path()).unwrap().count();
    assert_eq!(left, 0, "the temporary folder was not removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deviation_is_told_with_what_was_expected_and_what_was_seen() {
    let folder = TempDir::new().unwrap();
    let clock = StoryClock::at_the_beginning();
    let any = "127.0.0.1:0".parse().unwrap();
    let sandbox = Sandbox { folder: None, grpc: any, inbound: any, afterwards: Afterwards::End };
    let world = sandbox.world(folder.path(), &clock).unwrap();
    let running = world.start_at(Arc::new(clock.clone())).await.unwrap();
    world.te.faults().set_on(Operation::Deliver, Fault::BusinessFault("EI_PALVELUALUETTA".into()));
    let mut out = Vec::new();
    let mut teller = Teller::new(&mut out);
    let deviation = tell(&world, running.bound, &clock, &mut teller).await.unwrap_err();
    assert_eq!(deviation.what, "state of the delivery");
    assert_eq!((deviation.expected.as_str(), deviation.seen.as_str()), ("Delivered", "Rejected"));
    teller.otherwise(&deviation).unwrap();
    let said = String::from_utf8(out).unwrap();
    let end = "\n   NOT AS TOLD in step 5: state of the delivery\n     expected: Delivered\n     seen:     Rejected\n";
    assert!(said.ends_with(end), "{said}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_goes_otherwise_ends_with_1() {
    // The agencies look for the gateway at 127.0.0.1: where it listens now, their answers do not reach it.
    let ran = run("polku-sandbox", &["--once", "--inbound", "127.0.0.2:0"]).await.unwrap();
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{}", ran.out);
    let end = "\n   NOT AS TOLD in step 6: paivitaLahete\n     expected: an answer\n     seen:     ";
    assert!(ran.out.contains(end), "{}", ran.out);
    assert!(!ran.out.contains("went as told"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = run("polku-sandbox", &["--once", "--grpc", &address]).await.unwrap();
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("the gateway does not start"), "{ran:?}");

    let full = TempDir::new().unwrap();
    std::fs::write(full.path().join("something"), "").unwrap();
    let folder = full.path().to_str().unwrap();
    let ran = run("polku-sandbox", &["--once", "--folder", folder]).await.unwrap();
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.err, format!("polku-sandbox: {folder} is not empty: name a new folder\n"));

    let ran = run("polku-sandbox", &["--twice"]).await.unwrap();
    assert_eq!(ran.code, Some(64), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stays_up_until_it_is_told_to_end_and_keeps_no_identity_code_in_clear() {
    for signal in ["INT", "TERM"] {
        let sandbox = Staying::start().await.unwrap();
        assert!(sandbox.said.iter().any(|line| line == END));
        let folder = sandbox.folder.clone();
        assert_eq!(files_with(&folder, IDENTITY_CODE).unwrap(), Vec::<std::path::PathBuf>::new());
        let log = std::fs::read_to_string(folder.join("gateway.log")).unwrap();
        assert!(log.contains("call refused reason=\"NOT_PERMITTED\""), "{log}");
        assert_eq!(sandbox.end(signal).await.unwrap(), Some(0), "SIG{signal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_gateway_reads_files_anew_as_any_does() {
    let sandbox = Staying::start().await.unwrap();
    let log = sandbox.folder.join("gateway.log");
    let keys = sandbox.folder.join("keys");
    let made = run("polku", &["keys", "rotate", keys.to_str().unwrap()]).await.unwrap();
    assert_eq!(made.code, Some(0), "{made:?}");
    sandbox.signal("HUP").await.unwrap();
    let read_anew = || async {
        let said = std::fs::read_to_string(&log).unwrap();
        (said.contains("master keys loaded newest=2") && said.contains("service directory loaded"))
            .then_some(())
    };
    eventually(PATIENCE, read_anew).await.expect("nothing is read anew");
    let config = sandbox.folder.join("polku.toml");
    let status = run("polku", &["keys", "status", "--config", config.to_str().unwrap()]).await.unwrap();
    assert!(status.code == Some(0) && status.out.contains("master key 2"), "{status:?}");
    assert_eq!(sandbox.end("TERM").await.unwrap(), Some(0));
}
