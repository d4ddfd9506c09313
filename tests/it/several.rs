//! Are several gateways on one database as one, also when some of them stand still or are killed?
//!
//! Each is a process of its own, with its own folder; the database, the keys and the rest of the configuration are the
//! same.

mod clocks;
mod erased;
mod killed;
mod log;
mod merged;
mod news;
mod paused;
mod plans;
mod quotas;
mod rotation;
mod steps;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use polku_proto::v1::{
    Consent, ConsentChange, DeliveryState, GetReferralRequest, SendReferralRequest, SendReferralResponse,
};
use polku_tests::world::{
    Client, Database, GatewayProcess, OHJAAMO, PAJA, PATIENCE, TE, World, WorldSettings, eventually,
    full_content, referral_to,
};
use tempfile::TempDir;
use tonic::{Code, Status};

use crate::stage::{CATEGORIES, effects, purpose_of as purpose, withdrawal};

/// How many gateways there are.
const GATEWAYS: usize = 3;

/// For how long a worker has a delivery for itself.
const LEASE: Duration = Duration::from_secs(2);

/// A world with several gateways.
struct Scene {
    folder: TempDir,
    world: World,
    gateways: Vec<GatewayProcess>,
    /// The guidance point's system, at each of them.
    clients: Vec<Client>,
}

impl Scene {
    async fn open() -> Scene {
        let scene = Scene::with(&settings(), GATEWAYS).await;
        scene.world.connect_agencies(scene.gateways[0].bound);
        scene
    }

    /// In another world, with so many gateways.
    async fn with(settings: &WorldSettings, gateways: usize) -> Scene {
        let folder = TempDir::new().unwrap();
        let world = World::make(folder.path(), settings).unwrap();
        let mut scene = Scene { folder, world, gateways: Vec::new(), clients: Vec::new() };
        for number in 0..gateways {
            let gateway = scene.start(number).await;
            scene.clients.push(scene.client(&gateway));
            scene.gateways.push(gateway);
        }
        scene
    }

    /// Starts the gateway with this number.
    async fn start(&self, number: usize) -> GatewayProcess {
        self.start_with(number, Vec::new()).await
    }

    /// The same, with this in its environment.
    async fn start_with(&self, number: usize, environment: Vec<(OsString, OsString)>) -> GatewayProcess {
        let config = self.folder.path().join(format!("polku-{number}.toml"));
        let text = std::fs::read_to_string(self.world.config_file()).unwrap();
        let own = format!("directory = \"data-{number}\"");
        assert!(text.contains("directory = \"data\""));
        std::fs::write(&config, text.replace("directory = \"data\"", &own)).unwrap();
        let log = self.folder.path().join(format!("log-{number}"));
        GatewayProcess::start_with(environment, &config, &log).await.unwrap()
    }

    fn client(&self, gateway: &GatewayProcess) -> Client {
        self.world.guidance_worker(gateway.bound.grpc).unwrap()
    }

    /// The folder of the gateway with this number.
    fn data(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("data-{number}"))
    }

    /// How often a referral has taken effect.
    fn effects(&self, agency: &str, name: &str) -> usize {
        let ledger = if agency == TE { self.world.te.ledger() } else { self.world.walmu.ledger() };
        effects(ledger, name)
    }
}

fn settings() -> WorldSettings {
    WorldSettings {
        database: Database::Server,
        retry_seconds: vec![0],
        lease_seconds: u32::try_from(LEASE.as_secs()).unwrap(),
        attempt_seconds: 1,
        answer_ms: 900,
        ..WorldSettings::default()
    }
}

fn agency(number: usize) -> &'static str {
    if number.is_multiple_of(2) { TE } else { PAJA }
}

fn referral(agency: &str, youth: &str) -> SendReferralRequest {
    referral_to(agency, youth, purpose(agency), full_content())
}

/// Whether the call may be repeated unchanged, as the answer says.
fn again(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted)
}

/// The answer of a gateway that is asked again as long as it says so: another one may hold what the call is about, or have
/// taken it over.
async fn answered<T, F>(call: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, Status>>,
{
    let answer = eventually(PATIENCE, || async {
        match call().await {
            Ok(answer) => Some(answer),
            Err(status) => {
                assert!(again(&status), "{status:?}");
                None
            }
        }
    });
    answer.await.expect("there is no answer")
}

async fn identified(client: &Client, code: &str) -> String {
    answered(|| async { client.clone().identify(code).await }).await
}

/// A consent of somebody's, for which they are referred to an agency.
async fn consented(client: &Client, youth: &str, agency: &str) -> Consent {
    let record = || async {
        client.clone().record_consent(youth, OHJAAMO, agency, purpose(agency), &CATEGORIES).await
    };
    answered(record).await
}

async fn withdrawn(client: &Client, consent: &Consent) -> ConsentChange {
    let request = withdrawal(&consent.name);
    answered(|| async { client.consent.clone().withdraw_consent(request.clone()).await }).await.into_inner()
}

async fn sent(client: &Client, agency: &str, youth: &str) -> SendReferralResponse {
    let request = referral(agency, youth);
    answered(|| async { client.referral.clone().send_referral(request.clone()).await }).await.into_inner()
}

async fn state(client: &Client, name: &str) -> Option<DeliveryState> {
    let request = GetReferralRequest { name: name.to_owned() };
    let referral = client.referral.clone().get_referral(request).await.ok()?.into_inner();
    Some(referral.delivery_state())
}
