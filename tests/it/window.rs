//! One window over all agencies, one adult beside the young person: does a journey show it?

mod alerts;
mod birthdays;
mod entries;
mod escort;
mod facts;
mod figures;
pub(crate) mod follow_ups;
pub(crate) mod identity;
mod ids;
mod mandates;
mod matrix;
mod minors;
mod next_step;
mod units;
mod ways;

use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    AddJourneyEntryRequest, AddJourneyEntryResponse, Encounter, GetJourneyRequest, Journey, JourneyEntry,
    JourneyOpening, JourneySource, Purpose, WorkerAssignment, encounter,
};
use polku_tests::world::{Client, request_id};
use tonic::Status;

fn entry(matter: Matter) -> JourneyEntry {
    JourneyEntry { matter: Some(matter), ..JourneyEntry::default() }
}

pub(crate) fn opening(source: JourneySource) -> Matter {
    Matter::Opening(JourneyOpening { source: source.into() })
}

pub(crate) fn encounter() -> Matter {
    Matter::Encounter(Encounter {
        channel: encounter::Channel::WalkIn.into(),
        matter: "kanaria-unelmat".into(),
        place: "kanaria-kohtaamispaikka".into(),
        met: true,
    })
}

pub(crate) fn assignment(professional: &str, reason: Reason) -> Matter {
    Matter::Worker(WorkerAssignment {
        professional: professional.into(),
        reason: reason.into(),
        ..WorkerAssignment::default()
    })
}

pub(crate) async fn add(
    client: &Client,
    youth: &str,
    matter: Matter,
) -> Result<AddJourneyEntryResponse, Status> {
    add_entry(client, youth, entry(matter)).await
}

async fn add_entry(
    client: &Client,
    youth: &str,
    entry: JourneyEntry,
) -> Result<AddJourneyEntryResponse, Status> {
    let parent = youth.to_owned();
    let request = AddJourneyEntryRequest { request_id: request_id(), parent, entry: Some(entry) };
    Ok(client.clone().journey.add_journey_entry(request).await?.into_inner())
}

pub(crate) async fn journey(client: &Client, youth: &str, purpose: Purpose) -> Result<Journey, Status> {
    let request = GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: purpose.into(),
        ..GetJourneyRequest::default()
    };
    Ok(client.clone().journey.get_journey(request).await?.into_inner())
}
