//! What is answered to a caller that asks too much, and what becomes of deliveries that are too many?

use std::path::Path;
use std::time::{Duration, Instant};

use polku_proto::v1::ListReferralsRequest;
use polku_tests::world::{Client, GatewayProcess, PEOPLE, TE, World, WorldSettings, eventually};
use tempfile::TempDir;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::stage::{PATIENCE, Stage, assert_refused, effects, withdrawal};

/// The figures of every test's gateway.
const OPEN: &str = "requests_per_second = 5000\nburst = 10000\ndeliveries_per_second = 5000\n";

/// A configuration with other quotas.
fn with_quotas(text: &str, quotas: &str) -> String {
    assert!(text.contains(OPEN), "the quotas are not those that are exchanged here");
    text.replace(OPEN, quotas)
}

/// How many calls are let through before one is refused.
async fn let_through(client: &Client) -> usize {
    for count in 0..100 {
        if let Err(status) = list(client).await {
            assert_refused::<()>(Err(status), Code::ResourceExhausted, "QUOTA_EXCEEDED");
            return count;
        }
    }
    panic!("the quota is not enforced")
}

async fn list(client: &Client) -> Result<(), Status> {
    let request = ListReferralsRequest { parent: "youths/-".into(), ..ListReferralsRequest::default() };
    client.clone().referral.list_referrals(request).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_are_told_when_to_come_back() {
    let strict = |text: String| with_quotas(&text, "requests_per_second = 1\nburst = 3\n");
    let stage = Stage::with(&WorldSettings::default(), strict).await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let mut answered = 0;
    let refused = loop {
        match list(&ohjaamo).await {
            Ok(()) => answered += 1,
            Err(status) => break status,
        }
        assert!(answered < 50, "the quota is not enforced");
    };
    assert!(answered >= 3, "refused before the quota was used up");
    let pause = refused.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert!(pause > Duration::ZERO && pause <= Duration::from_secs(1), "{pause:?}");
    assert_refused::<()>(Err(refused), Code::ResourceExhausted, "QUOTA_EXCEEDED");
    list(&kela).await.unwrap();
    tokio::time::sleep(pause).await;
    list(&ohjaamo).await.unwrap();
    stage.close().await;
}

/// Reading too much is no reason why a consent could not be withdrawn, or another unit not read.
#[tokio::test(flavor = "multi_thread")]
async fn one_class_of_calls_does_not_use_up_another_nor_a_unit_its_organisation() {
    let quotas = "requests_per_second = 1\nburst = 50\n[quota.reads]\nrequests_per_second = 1\nburst = 9\n\
        [[quota.unit]]\nparty = \"kela/kuntoutus\"\nrequests_per_second = 1\nburst = 2\n";
    let stage = Stage::with(&WorldSettings::default(), |text| with_quotas(&text, quotas)).await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = stage.youth(PEOPLE[0]).await;
    assert!(let_through(&ohjaamo).await >= 9);
    let consent = ohjaamo
        .record_consent(
            &youth,
            polku_tests::world::OHJAAMO,
            TE,
            crate::stage::purpose_of(TE),
            &crate::stage::BASIC,
        )
        .await
        .unwrap();
    ohjaamo.consent.withdraw_consent(withdrawal(&consent.name)).await.unwrap();
    // What the unit may ask is less than what its organisation may.
    let kela = stage.kela();
    assert!((2..9).contains(&let_through(&kela).await));
    stage.close().await;
}

/// They wait, each for its turn, and none is given up.
#[tokio::test(flavor = "multi_thread")]
async fn deliveries_over_the_quota_of_their_agency_wait_and_arrive() {
    let quotas = "requests_per_second = 5000\nburst = 10000\n[[quota.agency]]\nid = \"te\"\ndeliveries_per_second = 1\n";
    let stage = Stage::with(&WorldSettings::default(), |text| with_quotas(&text, quotas)).await;
    let youth = stage.youth(PEOPLE[0]).await;
    let begun = Instant::now();
    let mut names = Vec::new();
    for _ in 0..4 {
        names.push(stage.refer(&youth, TE).await);
    }
    // One at once, and one a second.
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    for name in names {
        assert_eq!(effects(stage.world.te.ledger(), &name), 1);
    }
    stage.close().await;
}

/// Has the files read anew, and gives what the log says of the quotas.
async fn reload(process: &GatewayProcess, log: &Path) -> String {
    let said = || {
        let text = std::fs::read_to_string(log).unwrap();
        let lines = text.lines().filter(|line| line.contains("\"quotas "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = said().len();
    process.signal("HUP").await.unwrap();
    eventually(PATIENCE, async || said().into_iter().nth(before)).await.expect("nothing has come of it")
}

#[tokio::test(flavor = "multi_thread")]
async fn other_quotas_are_taken_while_the_gateway_runs_and_wrong_ones_are_not() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let (log, file) = (folder.path().join("gateway.log"), world.config_file());
    let text = std::fs::read_to_string(&file).unwrap();
    let process = GatewayProcess::start_logging(&file, &log, "info").await.unwrap();
    let client = world.guidance_worker(process.bound.grpc).unwrap();
    for _ in 0..30 {
        list(&client).await.unwrap();
    }

    let three = "requests_per_second = 1\nburst = 3\n";
    std::fs::write(&file, with_quotas(&text, three)).unwrap();
    let said = reload(&process, &log).await;
    assert!(said.contains("quotas loaded"), "{said}");
    assert!(let_through(&client).await >= 3);

    let wrong = [
        ("requests_per_second = 0\n", "quota.requests_per_second: found 0"),
        ("requests_per_second = 10\nburst = 3\n", "quota.burst: found 3, expected no less than"),
        ("requests_per_second = 10\nbrust = 30\n", "quota.brust: found an unknown key"),
        ("[[quota.agency]]\nid = \"vero\"\n", "quota.agency[0].id: found \\\"vero\\\""),
        ("[[quota.unit]]\nparty = \"te/nobody\"\n", "quota.unit[0].party: found \\\"te/nobody\\\""),
    ];
    for (quotas, told) in wrong {
        std::fs::write(&file, with_quotas(&text, quotas)).unwrap();
        let said = reload(&process, &log).await;
        assert!(said.contains("quotas refused, those in force stay") && said.contains("ERROR"), "{said}");
        assert!(said.contains(told), "{said}");
    }
    std::fs::write(&file, "[quota").unwrap();
    assert!(reload(&process, &log).await.contains("quotas refused"));
    assert!(let_through(&client).await < 90, "the last good ones stay");

    // Whatever else is wrong with the file is no matter of the quotas.
    std::fs::write(&file, with_quotas(&text, OPEN).replace("crt.pem", "crt.gone")).unwrap();
    assert!(reload(&process, &log).await.contains("quotas loaded"));
    for _ in 0..30 {
        list(&client).await.unwrap();
    }
    assert!(process.stop().await.unwrap().success());
}
