//! Is a backup that was made of a running gateway whole, and is nothing brought back that should not be?

mod loss;
mod older;
mod refused;
mod running;
mod server;

use std::path::{Path, PathBuf};

use polku_proto::v1::{ConsentState, GetConsentRequest, Purpose};
use polku_tests::world::{Client, GatewayProcess, OHJAAMO, TE, World, nobody};

use crate::stage::{CATEGORIES, polku, refused_start, text};

fn back_up(config: &Path, into: &Path) -> Result<String, (Option<i32>, String)> {
    polku(&["backup", "--config", text(config), "--into", text(into)]).result()
}

fn restore(config: &Path, from: &Path) -> Result<String, (Option<i32>, String)> {
    polku(&["restore", "--config", text(config), "--from", text(from)]).result()
}

/// The configuration of the world, with one text in it exchanged, in a file of its own.
fn edited(world: &World, name: &str, from: &str, to: &str) -> PathBuf {
    let text = std::fs::read_to_string(world.config_file()).unwrap();
    assert!(text.contains(from), "{from}");
    let file = world.folder().join(name);
    std::fs::write(&file, text.replace(from, to)).unwrap();
    file
}

/// The same world with another store.
fn elsewhere(world: &World, store: &str) -> PathBuf {
    edited(world, &format!("{store}.toml"), "directory = \"data\"", &format!("directory = {store:?}"))
}

fn client(world: &World, gateway: &GatewayProcess) -> Client {
    world.guidance_worker(gateway.bound.grpc).unwrap()
}

/// Identifies somebody and records a consent of theirs, whose name is answered if it is acknowledged.
async fn consent(client: &mut Client, number: usize) -> Option<String> {
    let youth = client.identify(&nobody(number)).await.ok()?;
    let purpose = Purpose::EmploymentServices;
    let given = client.record_consent(&youth, OHJAAMO, TE, purpose, &CATEGORIES).await.ok()?;
    Some(given.name)
}

async fn expect_consents(client: &Client, names: &[String]) {
    for name in names {
        let request = GetConsentRequest { name: name.clone() };
        let found = client.clone().consent.get_consent(request).await.unwrap().into_inner();
        assert_eq!(found.state(), ConsentState::Given, "{name}");
    }
}

/// What a gateway that must not start has said last.
fn refuses_to_serve(config: &Path) -> String {
    let ran = refused_start(config, []);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    ran.err.lines().last().unwrap().to_owned()
}
