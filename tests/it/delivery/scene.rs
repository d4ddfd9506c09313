//! What do the tests of delivery have at hand?

use std::sync::Arc;

use polku_gateway::audit::{AuditLog, Event, Leaf};
use polku_gateway::clock::{Clock, SystemClock};
use polku_gateway::store::{About, DeliveryRow, Store};
use polku_proto::v1::{
    Consent, ConsentChange, DataCategory, DeliveryState, GetReferralRequest, Purpose, Referral,
    SendReferralRequest,
};
use polku_proto::{PlanName, ReferralName};
use polku_tests::checks::open_intents;
use polku_tests::simulators::{Faults, Ledger, Operation, Repetition, TakenIn};
use polku_tests::world::{
    Client, OHJAAMO, PAJA, Running, TE, World, WorldSettings, eventually, full_content, referral_to,
};
use tempfile::TempDir;

use crate::stage::{PATIENCE, effects, ended, id_of, log_of, until_told, withdrawal};

/// What the ordinary referral of these tests may tell.
pub(crate) const BASIC: [DataCategory; 4] = [
    DataCategory::IdentityContact,
    DataCategory::ServiceNeeds,
    DataCategory::EducationWork,
    DataCategory::ReferralStatus,
];

/// A running world with a guidance worker in it.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) running: Running,
    pub(crate) ohjaamo: Client,
    folder: TempDir,
}

/// What is left of a world whose gateway has stopped.
pub(crate) struct Remains {
    pub(crate) leaves: Vec<Leaf>,
    store: Arc<dyn Store>,
    _folder: TempDir,
}

impl Scene {
    pub(crate) async fn open(settings: &WorldSettings) -> Self {
        let folder = TempDir::new().unwrap();
        let world = World::make(folder.path(), settings).unwrap();
        let running = world.start().await.unwrap();
        let ohjaamo = worker(&world, &running);
        Self { world, running, ohjaamo, folder }
    }

    /// In a world in which a silence of the employment services says nothing.
    pub(crate) async fn of_doubt() -> Self {
        let te_repetition = Repetition::Neither;
        let settings = WorldSettings { te_repetition, retry_seconds: vec![0], ..WorldSettings::default() };
        Self::open(&settings).await
    }

    /// Stops the gateway and starts it again on the same folder.
    pub(crate) async fn restart(self, between: impl FnOnce(&World)) -> Self {
        self.restart_at(Arc::new(SystemClock), between).await
    }

    /// The same with another clock.
    pub(crate) async fn restart_at(self, clock: Arc<dyn Clock>, between: impl FnOnce(&World)) -> Self {
        let Self { world, running, folder, .. } = self;
        running.stop().await.unwrap();
        released(&folder).await;
        between(&world);
        let running = world.start_at(clock).await.unwrap();
        let ohjaamo = worker(&world, &running);
        Self { world, running, ohjaamo, folder }
    }

    /// Stops the gateway and opens what it has written.
    pub(crate) async fn end(self) -> Remains {
        self.running.stop().await.unwrap();
        released(&self.folder).await;
        let data = self.folder.path().join("data");
        let log = data.join("audit.log");
        AuditLog::verify(&log).unwrap();
        let log = log_of(&log).await;
        let mut leaves = Vec::new();
        log.read(0, |sequence, leaf| {
            assert_eq!(sequence, leaves.len() as u64);
            leaves.push(leaf);
        })
        .unwrap();
        Remains { leaves, store: self.world.store().await.unwrap(), _folder: self.folder }
    }

    pub(crate) fn faults(&self, agency: &str) -> &Faults {
        if agency == TE { self.world.te.faults() } else { self.world.walmu.faults() }
    }

    pub(crate) fn ledger(&self, agency: &str) -> &Ledger {
        if agency == TE { self.world.te.ledger() } else { self.world.walmu.ledger() }
    }

    /// How many requests for this operation have reached the agency.
    pub(crate) fn requests(&self, agency: &str, operation: Operation) -> usize {
        self.ledger(agency).received().iter().filter(|received| received.operation == operation).count()
    }

    /// A person with a consent for the ordinary referral to this agency.
    pub(crate) async fn consenting(&mut self, hetu: &str, agency: &str) -> (String, Consent) {
        let youth = self.ohjaamo.identify(hetu).await.unwrap();
        let purpose = purpose(agency);
        let consent = self.ohjaamo.record_consent(&youth, OHJAAMO, agency, purpose, &BASIC).await.unwrap();
        (youth, consent)
    }

    pub(crate) async fn send(&mut self, youth: &str, agency: &str) -> Referral {
        send(&mut self.ohjaamo, ordinary(youth, agency)).await
    }

    /// Sends and waits for the end of the delivery.
    pub(crate) async fn deliver(&mut self, youth: &str, agency: &str) -> Referral {
        let mut request = ordinary(youth, agency);
        request.wait_for_delivery = true;
        let sent = send(&mut self.ohjaamo, request).await;
        ended(&self.ohjaamo, sent).await
    }

    pub(crate) async fn get(&self, name: &str) -> Referral {
        let request = GetReferralRequest { name: name.to_owned() };
        self.ohjaamo.referral.clone().get_referral(request).await.unwrap().into_inner()
    }

    pub(crate) async fn withdraw(&self, consent: &Consent) -> ConsentChange {
        let request = withdrawal(&consent.name);
        self.ohjaamo.consent.clone().withdraw_consent(request).await.unwrap().into_inner()
    }

    /// Waits until the delivery of the referral is in this state.
    pub(crate) async fn until_delivery(&self, name: &str, state: DeliveryState) -> Referral {
        let seen = eventually(PATIENCE, || async {
            let referral = self.get(name).await;
            (referral.delivery_state() == state).then_some(referral)
        });
        match seen.await {
            Some(referral) => referral,
            None => panic!("{name} is {:?}, not {state:?}", self.get(name).await.delivery_state()),
        }
    }

    /// Waits until something can be seen in the simulators.
    pub(crate) async fn until(&self, what: &str, mut seen: impl FnMut(&Self) -> bool) {
        let looked = eventually(PATIENCE, || {
            let seen = seen(self).then_some(());
            async move { seen }
        });
        looked.await.unwrap_or_else(|| panic!("{what}: never"));
    }

    /// Waits until nothing is on its way to the agency any more.
    pub(crate) async fn until_told(&self, agency: &str) {
        until_told(&self.world, self.running.bound, agency).await;
    }

    /// The news that the agency has taken in about a referral, in order.
    pub(crate) fn notices(&self, agency: &str, name: &str) -> Vec<TakenIn> {
        let wanted = id_of(name);
        self.ledger(agency).notices().into_iter().filter(|notice| notice.referral_id == wanted).collect()
    }

    /// How often the referral itself has taken effect.
    pub(crate) fn effects(&self, agency: &str, name: &str) -> usize {
        effects(self.ledger(agency), name)
    }
}

impl Remains {
    /// The deliveries about a plan to an agency that has this ledger: those that it has taken in, and those that have not
    /// come to their end.
    pub(crate) async fn deliveries_about_plan(&self, name: PlanName, ledger: &Ledger) -> Vec<DeliveryRow> {
        let mut rows = self.store.open_deliveries_of(name.youth).await.unwrap();
        for message in ledger.all_effects().into_keys() {
            let row = self.store.delivery(message.parse().unwrap()).await.unwrap();
            rows.extend(row.filter(|row| !rows.contains(row)));
        }
        rows.retain(|row| matches!(&row.about, About::Plan { plan, .. } if *plan == name.plan));
        rows
    }

    /// The deliveries about a referral, oldest first.
    pub(crate) async fn deliveries(&self, name: &str) -> Vec<DeliveryRow> {
        let name: ReferralName = name.parse().unwrap();
        self.store.deliveries_about(name.referral).await.unwrap()
    }

    pub(crate) fn count(&self, event: Event) -> usize {
        self.leaves.iter().filter(|leaf| leaf.event == event).count()
    }

    /// Every intent has an outcome or was closed, or a later attempt has taken it up.
    pub(crate) fn check_intents(&self) {
        assert_eq!(open_intents(&self.leaves), Vec::<u64>::new(), "they stand alone");
    }
}

/// Waits for every delivery about these referrals to come to its end.
pub(crate) async fn until_ended(scene: &Scene, names: &[String]) {
    for name in names {
        ended(&scene.ohjaamo, scene.get(name).await).await;
    }
}

pub(crate) fn purpose(agency: &str) -> Purpose {
    match agency {
        TE => Purpose::EmploymentServices,
        PAJA => Purpose::WorkshopCoaching,
        _ => Purpose::Guidance,
    }
}

pub(crate) fn ordinary(youth: &str, agency: &str) -> SendReferralRequest {
    referral_to(agency, youth, purpose(agency), full_content())
}

/// Where something else about the person changes before the answer leaves, it is asked again, as the refusal says.
pub(crate) async fn send(client: &mut Client, request: SendReferralRequest) -> Referral {
    loop {
        match client.referral.send_referral(request.clone()).await {
            Ok(answer) => return answer.into_inner().referral.unwrap(),
            Err(status) if status.code() == tonic::Code::Unavailable => {
                assert!(status.message().contains("repeat the call"), "{status:?}");
            }
            Err(status) => panic!("{status:?}"),
        }
    }
}

/// Waits until the last watcher has let go of a gateway that has stopped in this process.
async fn released(folder: &TempDir) {
    let log = folder.path().join("data/audit.log");
    drop(log_of(&log).await);
}

fn worker(world: &World, running: &Running) -> Client {
    world.guidance_worker(running.bound.grpc).unwrap()
}
