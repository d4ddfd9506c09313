//! What does the real gateway do on a bad day of its machine? Nobody is told that something is done which is not, nothing
//! is disclosed, whoever looks is told, and it goes on by itself when it can.

mod buffered;
mod clock;
mod descriptors;
mod disk;
mod files;
mod locked;
mod memory;

use std::path::PathBuf;

use polku_gateway::audit::AuditLog;
use polku_proto::v1::{Consent, ConsentState, GetConsentRequest, Purpose, RecordConsentRequest};
use polku_tests::world::{
    Client, Database, GatewayProcess, OHJAAMO, PEOPLE, TE, World, WorldSettings, evidence, request_id, terms,
};
use tempfile::TempDir;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::stage::{CATEGORIES, assert_refused};

const PURPOSE: Purpose = Purpose::EmploymentServices;

/// A machine with a gateway, and what that has acknowledged.
struct Machine {
    folder: TempDir,
    world: World,
    acknowledged: Vec<String>,
}

impl Machine {
    fn make() -> Machine {
        Machine::with(Database::Embedded)
    }

    fn with(database: Database) -> Machine {
        let folder = TempDir::new().unwrap();
        let settings = WorldSettings { database, ..WorldSettings::default() };
        let world = World::make(folder.path(), &settings).unwrap();
        Machine { folder, world, acknowledged: Vec::new() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    async fn start(&self) -> GatewayProcess {
        GatewayProcess::start(&self.world.config_file(), &self.log()).await.unwrap()
    }

    fn client(&self, gateway: &GatewayProcess) -> Client {
        self.world.guidance_worker(gateway.bound.grpc).unwrap()
    }

    /// Makes calls that are acknowledged.
    async fn works(&mut self, client: &Client) {
        let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
        for _ in 0..3 {
            self.acknowledged.push(record(client, &consenting(&youth)).await.unwrap().name);
        }
    }

    /// Whatever has happened: after a power cut all that was acknowledged is there, and the log is whole.
    async fn holds_all(self, gateway: GatewayProcess) {
        gateway.kill().await.unwrap();
        AuditLog::verify(&self.data().join("audit.log")).unwrap();
        let gateway = self.start().await;
        let client = self.client(&gateway);
        for name in &self.acknowledged {
            let consent = look(&client, name).await.unwrap();
            assert_eq!(consent.state(), ConsentState::Given, "{name}");
        }
        gateway.stop().await.unwrap();
    }
}

fn consenting(youth: &str) -> RecordConsentRequest {
    RecordConsentRequest {
        request_id: request_id(),
        youth: youth.to_owned(),
        terms: Some(terms(OHJAAMO, TE, PURPOSE, &CATEGORIES)),
        evidence: Some(evidence()),
        ..RecordConsentRequest::default()
    }
}

async fn record(client: &Client, request: &RecordConsentRequest) -> Result<Consent, Status> {
    let answer = client.clone().consent.record_consent(request.clone()).await?.into_inner();
    Ok(answer.consent.unwrap())
}

async fn look(client: &Client, name: &str) -> Result<Consent, Status> {
    let request = GetConsentRequest { name: name.to_owned() };
    Ok(client.clone().consent.get_consent(request).await?.into_inner())
}

/// Refused, with a reason and with when to come back.
#[track_caller]
fn assert_comes_back<T>(result: Result<T, Status>, reason: &str) {
    let status = assert_refused(result, Code::Unavailable, reason);
    assert!(status.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some()), "{status:?}");
}
