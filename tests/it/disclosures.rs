//! Does a young person learn who has seen their data, who was refused, and on which grounds? By real calls.

mod delayed;
mod ended;
mod eyes;
mod index;
mod journeys;
mod story;

use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::{Disclosure, ListDisclosuresRequest, ListDisclosuresResponse};
use polku_tests::world::{Client, WorldSettings, professional};
use tonic::Status;

use crate::stage::Stage;

/// A stage on which ohjaamo and te have data protection officers, and with these lines of configuration more.
async fn stage_with(more: &str) -> Stage {
    stage_of(&WorldSettings::default(), more).await
}

/// The same in another world.
async fn stage_of(settings: &WorldSettings, more: &str) -> Stage {
    let more = more.to_owned();
    Stage::with(settings, move |text| {
        let roles = [r#"roles = ["guidance_worker", "peer"]"#, r#"roles = ["official"]"#];
        assert!(roles.iter().all(|roles| text.contains(roles)));
        let text = roles.iter().fold(text, |text, roles| {
            text.replace(roles, &roles.replace(']', r#", "data_protection_officer"]"#))
        });
        format!("{text}\n{more}")
    })
    .await
}

fn officer_of_ohjaamo(stage: &Stage) -> Client {
    let who = professional("tietosuoja-1", "keskusta", "data_protection_officer");
    stage.caller(&stage.world.identities.ohjaamo, &who)
}

fn officer_of_te(stage: &Stage) -> Client {
    let who = professional("tietosuoja-2", "nuorten-palvelut", "data_protection_officer");
    stage.caller(&stage.world.identities.te, &who)
}

async fn page(
    client: &Client,
    youth: &str,
    size: i32,
    token: &str,
) -> Result<ListDisclosuresResponse, Status> {
    let request = ListDisclosuresRequest {
        parent: youth.to_owned(),
        page_size: size,
        page_token: token.to_owned(),
        ..ListDisclosuresRequest::default()
    };
    Ok(client.clone().journey.list_disclosures(request).await?.into_inner())
}

/// All of it, newest first.
async fn list(client: &Client, youth: &str) -> Result<Vec<Disclosure>, Status> {
    let answer = page(client, youth, 200, "").await?;
    assert!(answer.next_page_token.is_empty(), "one page is enough");
    Ok(answer.disclosures)
}

/// All of it, oldest first.
async fn told(client: &Client, youth: &str) -> Vec<Disclosure> {
    let mut all = list(client, youth).await.unwrap();
    all.reverse();
    all
}

fn kinds(list: &[Disclosure]) -> Vec<Kind> {
    list.iter().map(Disclosure::kind).collect()
}

fn sequence(disclosure: &Disclosure) -> u64 {
    disclosure.receipt.as_ref().unwrap().sequence
}
