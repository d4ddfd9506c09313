//! Is somebody who was erased gone, byte by byte, and do master keys change without a stop?

mod bytes;
mod held;
mod ledger;
mod past;
mod rotation;

use std::path::{Path, PathBuf};

use polku_gateway::control::{Answer, Question, ask};
use polku_gateway::seal::Keys;
use polku_gateway::store::YouthRow;
use polku_proto::identity::Hetu;
use polku_proto::v1::JourneySource;
use polku_tests::world::{Client, GatewayProcess, OHJAAMO, TE, World, eventually, full_content, referral_to};

use crate::stage::{BASIC, PATIENCE, ended, files_under, purpose_of};
use crate::window::{add, encounter, opening};

/// Asks a gateway that runs in this process.
async fn asked(world: &World, question: Question) -> Answer {
    let data = world.folder().join("data");
    let once = || async { ask(&data, &question).ok() };
    eventually(PATIENCE, once).await.expect("the gateway does not answer its operator")
}

async fn erase(world: &World, person: &str) -> Answer {
    let question = Question::Erase { controller: OHJAAMO.parse().unwrap(), person: person.into() };
    asked(world, question).await
}

fn worker(world: &World, gateway: &GatewayProcess) -> Client {
    world.guidance_worker(gateway.bound.grpc).unwrap()
}

/// Somebody with consent, a referral that has arrived, and entries.
async fn known(client: &Client, code: &str) -> String {
    let mut client = client.clone();
    let youth = client.identify(code).await.unwrap();
    client.record_consent(&youth, OHJAAMO, TE, purpose_of(TE), &BASIC).await.unwrap();
    let mut request = referral_to(TE, &youth, purpose_of(TE), full_content());
    request.wait_for_delivery = true;
    let sent = client.referral.send_referral(request).await.unwrap().into_inner();
    ended(&client, sent.referral.unwrap()).await;
    add(&client, &youth, opening(JourneySource::Self_)).await.unwrap();
    add(&client, &youth, encounter()).await.unwrap();
    youth
}

/// How somebody stands in the store of a gateway that is not running.
async fn row_of(world: &World, code: &str) -> Option<YouthRow> {
    let keys = Keys::load(&world.folder().join("keys")).unwrap();
    let index = keys.identity_index(&code.parse::<Hetu>().unwrap());
    let store = world.store().await.unwrap();
    store.youth_by_identity(&index).await.unwrap()
}

/// The files in which these bytes stand.
fn found(folder: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let finder = |path: &PathBuf| {
        // What is removed meanwhile holds nothing.
        let bytes = std::fs::read(path).unwrap_or_default();
        let text: String = bytes.iter().copied().map(char::from).collect();
        let needle: String = needle.iter().copied().map(char::from).collect();
        text.contains(&needle)
    };
    files_under(folder).into_iter().filter(finder).collect()
}
