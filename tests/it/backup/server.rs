//! How are a database server and the audit log beside it backed up together?

use std::fs;

use polku_tests::postgres::Cluster;
use polku_tests::world::{Database, GatewayProcess, World, WorldSettings};
use tempfile::TempDir;

use super::{back_up, client, consent, edited, expect_consents, refuses_to_serve, restore};
use crate::stage::{self, polku, refused_start};

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_and_a_backup_made_after_it_belong_together() {
    let folder = TempDir::new().unwrap();
    let settings = WorldSettings { database: Database::Server, ..WorldSettings::default() };
    let world = World::make(folder.path(), &settings).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("log"));
    let database = world.database().unwrap();
    let cluster = Cluster::shared().unwrap();

    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let mut caller = client(&world, &gateway);
    let first = consent(&mut caller, 1).await.unwrap();
    let early = folder.path().join("early");
    back_up(&config, &early).unwrap();
    let second = consent(&mut caller, 2).await.unwrap();
    let dump = folder.path().join("dump");
    cluster.dump(database, &dump).unwrap();
    // Of this one the log is told, and the dump is not.
    let between = consent(&mut caller, 4).await.unwrap();
    let late = folder.path().join("late");
    let said = back_up(&config, &late).unwrap();
    assert!(said.contains("the database is not in it"), "{said}");
    let third = consent(&mut caller, 3).await.unwrap();
    gateway.kill().await.unwrap();

    let restored = cluster.database().unwrap().database;
    cluster.load(&restored, &dump).unwrap();
    fs::rename(folder.path().join("data"), folder.path().join("lost")).unwrap();
    let config = edited(&world, "restored.toml", &format!("\"{database}\""), &format!("\"{restored}\""));
    // The log has to reach as far as the database.
    let (code, said) = restore(&config, &early).unwrap_err();
    assert!(code == Some(1) && said.contains("the audit log is shorter than the store says"), "{said}");
    // What another log has at its end does not go behind this one's, and nothing of the attempt is left.
    let head = cluster.sql(&restored, "SELECT encode(last_hash, 'hex') FROM audit_head").unwrap();
    cluster.sql(&restored, "UPDATE audit_head SET last_hash = decode(repeat('00', 32), 'hex')").unwrap();
    let (code, said) = restore(&config, &late).unwrap_err();
    assert!(code == Some(1) && said.contains("is not of the log"), "{said}");
    cluster
        .sql(&restored, &format!("UPDATE audit_head SET last_hash = decode('{}', 'hex')", head.trim()))
        .unwrap();
    // The dump lacks what the copy of the log tells.
    let said = restore(&config, &late).unwrap();
    assert!(said.contains("changes that are not in the database"), "{said}");
    let said = refuses_to_serve(&config);
    assert!(said.contains("the database is older than the audit log"), "{said}");
    polku(&["audit", "accept-older", "--config", stage::text(&config)]).result().unwrap();
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let caller = client(&world, &gateway);
    expect_consents(&caller, &[first, second]).await;
    for name in [between, third] {
        let request = polku_proto::v1::GetConsentRequest { name };
        caller.clone().consent.get_consent(request).await.expect_err("it is not in the dump");
    }
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_store_is_not_taken_for_that_of_a_server() {
    let folder = TempDir::new().unwrap();
    let settings = WorldSettings { database: Database::Server, ..WorldSettings::default() };
    let world = World::make(folder.path(), &settings).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("log"));
    let text = fs::read_to_string(&config).unwrap();
    let embedded = folder.path().join("embedded.toml");
    fs::write(&embedded, text.split("[store.postgres]").next().unwrap()).unwrap();
    let gateway = GatewayProcess::start(&embedded, &log).await.unwrap();
    let given = consent(&mut client(&world, &gateway), 1).await.unwrap();
    gateway.stop().await.unwrap();
    let refused = refused_start(&config, []);
    assert!(
        refused.code == Some(64) && refused.err.contains("does not move to a database server"),
        "{refused:?}"
    );
    // Nothing is lost by the attempt.
    let gateway = GatewayProcess::start(&embedded, &log).await.unwrap();
    expect_consents(&client(&world, &gateway), &[given]).await;
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_is_accepted_where_the_copy_of_the_log_is_shorter_than_the_database() {
    let folder = TempDir::new().unwrap();
    let settings = WorldSettings { database: Database::Server, ..WorldSettings::default() };
    let world = World::make(folder.path(), &settings).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("log"));
    let text = fs::read_to_string(&config).unwrap();
    let pinned = "[audit]\npinned_checkpoint = \"pinned\"\n\n[keys]";
    fs::write(&config, text.replacen("[keys]", pinned, 1)).unwrap();
    let database = world.database().unwrap();
    let cluster = Cluster::shared().unwrap();
    let (copy, early) = (folder.path().join("data/audit.log"), folder.path().join("early"));
    let dump = folder.path().join("dump");

    let mut consents = Vec::new();
    for number in 1..=3 {
        let gateway = GatewayProcess::start(&config, &log).await.unwrap();
        consents.push(consent(&mut client(&world, &gateway), number).await.unwrap());
        gateway.stop().await.unwrap();
        match number {
            1 => drop(fs::copy(&copy, &early).unwrap()),
            2 => cluster.dump(database, &dump).unwrap(),
            _ => {}
        }
    }
    let restored = cluster.database().unwrap().database;
    cluster.load(&restored, &dump).unwrap();
    let config = edited(&world, "restored.toml", &format!("\"{database}\""), &format!("\"{restored}\""));
    fs::copy(&early, &copy).unwrap();
    let name = "example.org/goes-on";
    polku(&["audit", "accept-loss", "--config", stage::text(&config), "--log-name", name]).result().unwrap();
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let caller = client(&world, &gateway);
    expect_consents(&caller, &consents[..2]).await;
    let lost = polku_proto::v1::GetConsentRequest { name: consents[2].clone() };
    caller.clone().consent.get_consent(lost).await.expect_err("it is not in the dump");
    gateway.stop().await.unwrap();
}
