//! Does everybody who may call find out who is where on which day, and to whom to refer?

mod asking;
mod reload;

use polku_proto::v1::{CalendarEntry, SearchServicesRequest, Service};
use polku_tests::world::{Client, DIRECTORY, WorldSettings};
use tonic::Status;

use crate::stage::Stage;

/// The Ohjaamo of the invented town.
const OHJAAMO_PLACE: &str = "serviceChannels/ohjaamo-keskusta";

fn settings() -> WorldSettings {
    WorldSettings { directory: Some(DIRECTORY.to_owned()), ..WorldSettings::default() }
}

async fn open() -> Stage {
    Stage::with(&settings(), |text| text).await
}

async fn search(client: &Client, request: SearchServicesRequest) -> Result<Vec<Service>, Status> {
    Ok(client.clone().directory.search_services(request).await?.into_inner().services)
}

/// The names of what is found.
async fn found(client: &Client, request: SearchServicesRequest) -> Vec<String> {
    search(client, request).await.unwrap().into_iter().map(|service| service.name).collect()
}

/// Who is there.
fn who(entry: &CalendarEntry) -> &str {
    &entry.actor_organisation.as_ref().unwrap().id
}
