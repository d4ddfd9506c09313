//! Is a database that was brought back under an audit log that has outlived it recognised, and what counts then?

use std::fs;
use std::path::{Path, PathBuf};

use polku_proto::v1::{
    ConsentState, DeliveryState, GetConsentRequest, ProhibitionTerms, Purpose, RecordProhibitionRequest,
};
use polku_tests::postgres::Cluster;
use polku_tests::simulators::{Fault, Repetition};
use polku_tests::world::{
    Client, Database, GatewayProcess, OHJAAMO, PAJA, PEOPLE, TE, World, WorldSettings, eventually,
    full_content, referral_to, request_id,
};
use tempfile::TempDir;
use tonic::Code;

use super::{back_up, client, edited, refuses_to_serve};
use crate::stage::{CATEGORIES, PATIENCE, effects, ended, get, polku, text, withdrawal};
use crate::window::identity::link;

/// Where the employment services are of this kind: what was delivered since the backup has one effect, and what was said
/// since counts.
async fn is_served_when_it_is_accepted(database: Database, te_repetition: Repetition, ends: DeliveryState) {
    let folder = TempDir::new().unwrap();
    let settings =
        WorldSettings { database, te_repetition, retry_seconds: vec![0], ..WorldSettings::default() };
    let world = World::make(folder.path(), &settings).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("log"));
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let mut caller = client(&world, &gateway);
    let (_, said) = consenting(&mut caller, 0, TE).await;
    let (refused, _) = consenting(&mut caller, 1, TE).await;
    let (told, _) = consenting(&mut caller, 2, TE).await;
    let (_, other) = consenting(&mut caller, 3, PAJA).await;
    world.te.faults().set(Fault::Dead);
    let request = referral_to(TE, &told, Purpose::EmploymentServices, full_content());
    let sent = caller.referral.send_referral(request).await.unwrap().into_inner().referral.unwrap().name;

    let dump = folder.path().join("dump");
    if let Some(database) = world.database() {
        Cluster::shared().unwrap().dump(database, &dump).unwrap();
    }
    let backup = folder.path().join("backup");
    back_up(&config, &backup).unwrap();

    caller.consent.withdraw_consent(withdrawal(&said)).await.unwrap();
    caller.consent.record_prohibition(prohibition(&refused)).await.unwrap();
    world.te.faults().clear().unwrap();
    let arrived = eventually(PATIENCE, || async {
        let state = get(&caller, &sent).await.unwrap().delivery_state();
        (state == DeliveryState::Delivered).then_some(())
    });
    arrived.await.expect("it does not arrive");
    gateway.kill().await.unwrap();

    // The disk with the database is lost, the log is not.
    fs::rename(folder.path().join("data"), folder.path().join("lost")).unwrap();
    let config = brought_back(&world, &dump);
    let outlived = folder.path().join("lost/audit.log");
    let arguments = ["restore", "--config", text(&config), "--from", text(&backup), "--log", text(&outlived)];
    let said_then = polku(&arguments).result().unwrap();
    assert!(said_then.contains("or run polku audit accept-older"), "{said_then}");
    for _ in 0..2 {
        let refused = refuses_to_serve(&config);
        assert!(refused.contains("the database is older than the audit log"), "{refused}");
    }
    let accept = || polku(&["audit", "accept-older", "--config", text(&config)]).result();
    let accepted = accept().unwrap();
    let lost =
        ["ohjaamo: consents given, changed or taken back: 1", "ohjaamo: prohibitions made or lifted: 1"];
    assert!(lost.iter().all(|lost| accepted.contains(lost)), "{accepted}");
    assert!(accepted.contains("te: attempts to send: "), "{accepted}");
    let (code, again) = accept().unwrap_err();
    assert!(code == Some(1) && again.contains("is not older than the audit log"), "{again}");

    for _ in 0..2 {
        let gateway = GatewayProcess::start(&config, &log).await.unwrap();
        let mut caller = client(&world, &gateway);
        let seen = get(&caller, &sent).await.unwrap();
        assert_eq!(ended(&caller, seen).await.delivery_state(), ends);
        assert_eq!(effects(world.te.ledger(), &sent), 1, "it has had its effect twice");
        assert_eq!(state(&caller, &said).await, ConsentState::Revoked);
        assert_eq!(state(&caller, &other).await, ConsentState::Given, "of whom nothing is lost");
        // A consent alone does not open what somebody has prohibited something of.
        let purpose = Purpose::EmploymentServices;
        caller.record_consent(&refused, OHJAAMO, TE, purpose, &CATEGORIES).await.unwrap();
        let request = referral_to(TE, &refused, purpose, full_content());
        let status = caller.referral.send_referral(request).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
        gateway.stop().await.unwrap();
    }
}

/// The configuration of what is brought back: a database on a server has been restored with its own means.
fn brought_back(world: &World, dump: &Path) -> PathBuf {
    let Some(database) = world.database() else { return world.config_file() };
    let cluster = Cluster::shared().unwrap();
    let restored = cluster.database().unwrap().database;
    cluster.load(&restored, dump).unwrap();
    edited(world, "restored.toml", &format!("\"{database}\""), &format!("\"{restored}\""))
}

/// Somebody who consents to a referral to this agency, and the name of that consent.
async fn consenting(caller: &mut Client, person: usize, to: &str) -> (String, String) {
    let youth = caller.identify(PEOPLE[person]).await.unwrap();
    let purpose = if to == TE { Purpose::EmploymentServices } else { Purpose::WorkshopCoaching };
    let given = caller.record_consent(&youth, OHJAAMO, to, purpose, &CATEGORIES).await.unwrap();
    (youth, given.name)
}

fn prohibition(youth: &str) -> RecordProhibitionRequest {
    prohibition_to(youth, PAJA)
}

fn prohibition_to(youth: &str, recipient: &str) -> RecordProhibitionRequest {
    let terms = ProhibitionTerms { recipients: vec![recipient.to_owned()], ..ProhibitionTerms::default() };
    RecordProhibitionRequest { request_id: request_id(), youth: youth.to_owned(), terms: Some(terms) }
}

async fn state(caller: &Client, consent: &str) -> ConsentState {
    let request = GetConsentRequest { name: consent.to_owned() };
    caller.clone().consent.get_consent(request).await.unwrap().into_inner().state()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agency_recognises_is_sent_again_after_an_older_database_was_accepted() {
    is_served_when_it_is_accepted(Database::Embedded, Repetition::Recognised, DeliveryState::Delivered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_can_tell_is_asked_after_an_older_database_was_accepted() {
    is_served_when_it_is_accepted(Database::Server, Repetition::Asked, DeliveryState::Delivered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_again_that_an_agency_may_take_in_twice_after_an_older_database_was_accepted() {
    is_served_when_it_is_accepted(Database::Embedded, Repetition::Neither, DeliveryState::InDoubt).await;
}

/// The folder of a gateway that has stopped, with its database as it was before something else happened.
struct Kept {
    data: PathBuf,
    copy: PathBuf,
}

impl Kept {
    fn of(folder: &Path) -> Kept {
        let kept = Kept { data: folder.join("data"), copy: folder.join("kept.db") };
        fs::copy(kept.data.join("polku.db"), &kept.copy).unwrap();
        kept
    }

    /// Waits until it is known of everything up to this leaf that the database had it.
    async fn settled(&self, leaf: u64) {
        let until = || async {
            let text = fs::read_to_string(self.data.join("audit.settled")).ok()?;
            (text.split(' ').next()?.parse::<u64>().ok()? > leaf).then_some(())
        };
        eventually(PATIENCE, until).await.expect("it is not written down what the database has had");
    }

    /// Puts it back. No gateway is running.
    fn brought_back(&self) {
        for rest in ["polku.db-wal", "polku.db-shm"] {
            let _ = fs::remove_file(self.data.join(rest));
        }
        fs::copy(&self.copy, self.data.join("polku.db")).unwrap();
    }
}

/// Nobody has said that anything was brought back: a delivery that was made since tells it.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_under_its_log_is_found_out() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("log"));
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let (youth, _) = consenting(&mut client(&world, &gateway), 0, TE).await;
    gateway.stop().await.unwrap();
    let kept = Kept::of(folder.path());
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let mut caller = client(&world, &gateway);
    let request = referral_to(TE, &youth, Purpose::EmploymentServices, full_content());
    let sent = caller.referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    assert_eq!(ended(&caller, sent).await.delivery_state(), DeliveryState::Delivered);
    gateway.kill().await.unwrap();
    kept.brought_back();
    // Without what is kept beside the log, too.
    let _ = fs::remove_file(kept.data.join("audit.settled"));
    let refused = refuses_to_serve(&config);
    assert!(refused.contains("the database is older than the audit log"), "{refused}");
}

/// Nothing but one withdrawal is lost: the log ends as it does after a crash in the middle of one.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_lacks_a_single_withdrawal_is_found_out() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("log"));
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let (_, given) = consenting(&mut client(&world, &gateway), 0, TE).await;
    gateway.stop().await.unwrap();
    let kept = Kept::of(folder.path());
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let mut caller = client(&world, &gateway);
    let withdrawn = caller.consent.withdraw_consent(withdrawal(&given)).await.unwrap().into_inner();
    kept.settled(withdrawn.receipt.unwrap().sequence).await;
    gateway.kill().await.unwrap();
    // A crash is none.
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    assert_eq!(state(&client(&world, &gateway), &given).await, ConsentState::Withdrawn);
    gateway.kill().await.unwrap();
    kept.brought_back();
    for _ in 0..2 {
        let refused = refuses_to_serve(&config);
        assert!(refused.contains("the database is older than the audit log"), "{refused}");
    }
    let accepted = polku(&["audit", "accept-older", "--config", text(&config)]).result().unwrap();
    assert!(accepted.contains("ohjaamo: consents given, changed or taken back: 1"), "{accepted}");
    for _ in 0..2 {
        let gateway = GatewayProcess::start(&config, &log).await.unwrap();
        assert_eq!(state(&client(&world, &gateway), &given).await, ConsentState::Revoked);
        gateway.stop().await.unwrap();
    }
}

/// Two ids were found to be one person's, and the link is lost: what is prohibited under one of them was prohibited under
/// the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_link_of_ids_opens_nothing_that_was_prohibited_under_the_other() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("log"));
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let mut caller = client(&world, &gateway);
    // The prohibition stands under the id that they have from then on, or under the former one.
    let mut pairs = Vec::new();
    for (former, present, is_under_present) in [(0, 1, true), (2, 4, false)] {
        let (former, _) = consenting(&mut caller, former, TE).await;
        let (known, _) = consenting(&mut caller, present, TE).await;
        let (under, open) = if is_under_present { (&known, &former) } else { (&former, &known) };
        caller.consent.record_prohibition(prohibition_to(under, TE)).await.unwrap();
        pairs.push((present, former.clone(), open.clone()));
    }
    let (bystander, _) = consenting(&mut caller, 3, TE).await;
    gateway.stop().await.unwrap();
    let kept = Kept::of(folder.path());
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let mut caller = client(&world, &gateway);
    let referred = |youth: &str| referral_to(TE, youth, Purpose::EmploymentServices, full_content());
    for (present, former, open) in &pairs {
        link(&caller, former, PEOPLE[*present]).await.unwrap();
        let refused = caller.referral.send_referral(referred(open)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
    }
    gateway.stop().await.unwrap();
    kept.brought_back();
    let refused = refuses_to_serve(&config);
    assert!(refused.contains("the database is older than the audit log"), "{refused}");
    let accepted = polku(&["audit", "accept-older", "--config", text(&config)]).result().unwrap();
    assert!(accepted.contains("ohjaamo: ids linked, or links of ids ended: 2"), "{accepted}");
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let mut caller = client(&world, &gateway);
    for (_, _, open) in &pairs {
        let purpose = Purpose::EmploymentServices;
        caller.record_consent(open, OHJAAMO, TE, purpose, &CATEGORIES).await.unwrap();
        let refused = caller.referral.send_referral(referred(open)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
    }
    caller.referral.send_referral(referred(&bystander)).await.unwrap();
    gateway.stop().await.unwrap();
}
