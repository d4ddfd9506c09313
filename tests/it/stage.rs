//! On what stage do the tests of the contract play? A world, a gateway on a clock of theirs, and callers.

mod command;
mod fake_clock;
mod health;
mod raw;
mod refusal;
mod status;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polku_gateway::audit::{AuditLog, Event, Leaf, Verdict};
use polku_gateway::clock::{Clock, ManualClock, SystemClock};
use polku_gateway::front::Bound;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{
    Actor, DataCategory, DeliveryState, GetReferralRequest, ListDeliveriesRequest, Purpose, Referral,
    ReferralContent, ReferralState, RepresentativeActor, SubjectActor, WithdrawConsentRequest, actor,
};
use polku_tests::pki::Identity;
use polku_tests::simulators::Ledger;
use polku_tests::world::{
    Client, KELA, OHJAAMO, PAJA, Running, TE, World, WorldSettings, eventually, full_content, professional,
    referral_to, request_id,
};
use tempfile::TempDir;
use tonic::Status;

pub(crate) use polku_tests::world::PATIENCE;

pub(crate) use command::{Ran, polku, refused_start, text};
pub(crate) use fake_clock::FakeClock;
pub(crate) use health::{Health, expect_health};
pub(crate) use raw::{actor_bytes, call_path, call_raw};
pub(crate) use refusal::{assert_refused, assert_same_refusal, assert_silent, fields_of};
pub(crate) use status::{assess, protect, record_status};

/// What the consents of these tests usually cover.
pub(crate) const BASIC: [DataCategory; 5] = [
    DataCategory::IdentityContact,
    DataCategory::ServiceNeeds,
    DataCategory::EducationWork,
    DataCategory::GuidanceNotes,
    DataCategory::ReferralStatus,
];

/// The part of it that a sender tells: the status is the recipient's own word, for which it needs nobody's consent.
pub(crate) const TOLD: [DataCategory; 4] = [
    DataCategory::IdentityContact,
    DataCategory::ServiceNeeds,
    DataCategory::EducationWork,
    DataCategory::GuidanceNotes,
];

/// What the consents of tests cover that are about something else.
pub(crate) const CATEGORIES: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];

/// A time in which these tests play when they move the clock.
pub(crate) const NOON: &str = "2026-03-02T10:00:00Z";

/// How often something is done; a variable of the environment says otherwise, as in long runs.
pub(crate) fn how_often(variable: &str, usual: usize) -> usize {
    std::env::var_os(variable).map_or(usual, |number| number.to_str().unwrap().parse().unwrap())
}

/// Says on a panic how it is done once more.
pub(crate) struct Again(pub(crate) String);

impl Drop for Again {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("once more: {}", self.0);
        }
    }
}

/// A running gateway, its agencies and a clock.
pub(crate) struct Stage {
    pub(crate) world: World,
    clock: Option<Arc<ManualClock>>,
    running: Running,
    folder: TempDir,
}

impl Stage {
    /// On the host's clock.
    pub(crate) async fn open() -> Stage {
        Stage::with(&WorldSettings::default(), |text| text).await
    }

    /// With other settings, and a configuration edited by the test.
    pub(crate) async fn with(settings: &WorldSettings, edit: impl FnOnce(String) -> String) -> Stage {
        let folder = TempDir::new().unwrap();
        let world = World::make(folder.path(), settings).unwrap();
        let text = std::fs::read_to_string(world.config_file()).unwrap();
        std::fs::write(world.config_file(), edit(text)).unwrap();
        let running = world.start().await.unwrap();
        Stage { world, clock: None, running, folder }
    }

    /// On a clock that stands still at [`NOON`] until the test moves it.
    pub(crate) async fn at_noon() -> Stage {
        Stage::at_noon_with(|text| text).await
    }

    /// The same, with a configuration edited by the test.
    pub(crate) async fn at_noon_with(edit: impl FnOnce(String) -> String) -> Stage {
        Stage::at_noon_in(&WorldSettings::default(), edit).await
    }

    /// The same with other settings.
    pub(crate) async fn at_noon_in(settings: &WorldSettings, edit: impl FnOnce(String) -> String) -> Stage {
        let folder = TempDir::new().unwrap();
        let world = World::make(folder.path(), settings).unwrap();
        let text = std::fs::read_to_string(world.config_file()).unwrap();
        std::fs::write(world.config_file(), edit(text)).unwrap();
        let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
        let running = world.start_at(Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Stage { world, clock: Some(clock), running, folder }
    }

    pub(crate) async fn close(self) {
        self.running.stop().await.unwrap();
        drop(self.folder);
    }

    /// Stops the gateway, with what it has written still there: the folder, and in it the data.
    pub(crate) async fn stop(self) -> (TempDir, PathBuf) {
        self.running.stop().await.unwrap();
        let data = self.folder.path().join("data");
        (self.folder, data)
    }

    /// Stops the gateway and starts it again on what it has written, on the host's clock.
    pub(crate) async fn restart(self) -> Stage {
        self.restart_after(|| {}).await
    }

    /// The same, with something done to the folder in between.
    pub(crate) async fn restart_after(self, meanwhile: impl FnOnce()) -> Stage {
        let Stage { world, clock: _, running, folder } = self;
        running.stop().await.unwrap();
        let log = folder.path().join("data/audit.log");
        drop(log_of(&log).await);
        meanwhile();
        let running = world.start().await.unwrap();
        Stage { world, clock: None, running, folder }
    }

    pub(crate) fn bound(&self) -> Bound {
        self.running.bound
    }

    /// A professional's system.
    pub(crate) fn caller(&self, identity: &Identity, who: &Actor) -> Client {
        self.world.client(self.running.bound.grpc, identity).unwrap().acting(who)
    }

    pub(crate) fn ohjaamo(&self) -> Client {
        self.caller(&self.world.identities.ohjaamo, &professional("ohjaaja-1", "keskusta", "guidance_worker"))
    }

    pub(crate) fn kela(&self) -> Client {
        self.caller(&self.world.identities.kela, &professional("kelan-virkailija", "kuntoutus", "official"))
    }

    pub(crate) fn te(&self) -> Client {
        self.caller(&self.world.identities.te, &professional("virkailija-7", "nuorten-palvelut", "official"))
    }

    /// The young person.
    pub(crate) fn subject(&self, youth: &str) -> Client {
        self.caller(&self.world.identities.oma, &subject(youth))
    }

    /// A guardian of the young person.
    pub(crate) fn guardian(&self, youth: &str) -> Client {
        self.caller(&self.world.identities.oma, &representing(youth, Capacity::Guardian))
    }

    /// Another representative of the young person.
    pub(crate) fn representative(&self, youth: &str) -> Client {
        self.caller(&self.world.identities.oma, &representing(youth, Capacity::OtherRepresentative))
    }

    /// A young person whose consent covers the basic categories towards kela, te and the workshop.
    pub(crate) async fn youth(&self, identity_code: &str) -> String {
        let mut ohjaamo = self.ohjaamo();
        let youth = ohjaamo.identify(identity_code).await.unwrap();
        for recipient in [KELA, TE, PAJA] {
            ohjaamo.record_consent(&youth, OHJAAMO, recipient, purpose_of(recipient), &BASIC).await.unwrap();
        }
        youth
    }

    /// Sends a referral from ohjaamo and answers its name once it has been delivered.
    pub(crate) async fn refer(&self, youth: &str, recipient: &str) -> String {
        let mut request = referral_to(recipient, youth, purpose_of(recipient), full_content());
        request.wait_for_delivery = true;
        let sent = self.ohjaamo().referral.send_referral(request).await.unwrap().into_inner();
        ended(&self.ohjaamo(), sent.referral.unwrap()).await.name
    }

    /// The state as the sender sees it.
    pub(crate) async fn state(&self, name: &str) -> ReferralState {
        get(&self.ohjaamo(), name).await.unwrap().state()
    }

    /// Waits until the sender sees this state.
    pub(crate) async fn reaches(&self, name: &str, state: ReferralState) {
        let seen =
            eventually(PATIENCE, || async move { (self.state(name).await == state).then_some(()) }).await;
        assert!(seen.is_some(), "{state:?} is not reached");
    }

    /// Moves the clock of a stage that was opened at noon.
    pub(crate) fn advance(&self, by: SignedDuration) {
        self.clock.as_ref().unwrap().advance(by);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.as_ref().map_or_else(|| SystemClock.now(), |clock| clock.now())
    }

    /// The number of the next leaf of the audit log, found by writing one.
    pub(crate) async fn next_leaf(&self) -> u64 {
        let request = polku_proto::v1::VerifyConsentRequest {
            youth: format!("youths/{}", uuid::Uuid::now_v7()),
            discloser: OHJAAMO.into(),
            recipient: KELA.into(),
            purpose: Purpose::Guidance as i32,
            categories: vec![DataCategory::Housing as i32],
            ..polku_proto::v1::VerifyConsentRequest::default()
        };
        let answer = self.ohjaamo().consent.verify_consent(request).await.unwrap().into_inner();
        answer.receipt.unwrap().sequence + 1
    }
}

/// The purpose for which these tests refer to an agency.
pub(crate) fn purpose_of(recipient: &str) -> Purpose {
    match recipient {
        KELA => Purpose::Rehabilitation,
        TE => Purpose::EmploymentServices,
        _ => Purpose::WorkshopCoaching,
    }
}

pub(crate) fn subject(youth: &str) -> Actor {
    Actor { who: Some(actor::Who::Subject(SubjectActor { youth: youth.into() })) }
}

/// Somebody who represents the young person.
pub(crate) fn representing(youth: &str, capacity: Capacity) -> Actor {
    let capacity = capacity as i32;
    let representative = RepresentativeActor { youth: youth.into(), capacity, id: "edustaja-1".into() };
    Actor { who: Some(actor::Who::Representative(representative)) }
}

/// Reads a referral.
pub(crate) async fn get(client: &Client, name: &str) -> Result<Referral, Status> {
    let request = GetReferralRequest { name: name.into() };
    Ok(client.clone().referral.get_referral(request).await?.into_inner())
}

/// The audit log of a gateway that has stopped. Its last watcher may not have let go of it yet, and a program that another
/// test starts at this moment has all that is open in this process until it has begun.
pub(crate) async fn log_of(file: &Path) -> AuditLog {
    let opened = eventually(PATIENCE, || async { AuditLog::open(file).ok() }).await;
    opened.expect("the audit log is still in use").0
}

/// A leaf of the audit log as this agency may have caused it.
pub(crate) fn leaf(organisation: &str) -> Leaf {
    Leaf {
        time: Timestamp::UNIX_EPOCH,
        event: Event::Read,
        organisation: organisation.to_owned(),
        actor: [3; 32],
        subject: [4; 32],
        purpose: 2,
        categories: 6,
        withheld: 8,
        verdict: Verdict::Permitted,
        policy: [5; 32],
        refers_to: None,
        commitment: [6; 32],
        key_epoch: 1,
    }
}

/// Waits until the delivery of a referral has ended, and gives the referral. It is looked at again, which is seen in the
/// log, only if it had not ended when it was seen last.
pub(crate) async fn ended(client: &Client, seen: Referral) -> Referral {
    let is_open = |referral: &Referral| {
        let open = [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying];
        open.contains(&referral.delivery_state())
    };
    if !is_open(&seen) {
        return seen;
    }
    let later = eventually(PATIENCE, || async {
        let referral = get(client, &seen.name).await.unwrap();
        (!is_open(&referral)).then_some(referral)
    });
    later.await.unwrap_or_else(|| panic!("the delivery of {} does not end", seen.name))
}

/// Content with a need for services and nothing else.
pub(crate) fn brief_content() -> ReferralContent {
    ReferralContent { service_needs: vec!["kanaria-palvelutarve".into()], ..ReferralContent::default() }
}

/// An instant on the wire.
pub(crate) fn wire(instant: Timestamp) -> prost_types::Timestamp {
    let millis = instant.subsec_millisecond();
    prost_types::Timestamp { seconds: instant.as_second(), nanos: millis * 1_000_000 }
}

/// Asks that a consent be withdrawn.
pub(crate) fn withdrawal(consent: &str) -> WithdrawConsentRequest {
    WithdrawConsentRequest {
        request_id: request_id(),
        name: consent.into(),
        ..WithdrawConsentRequest::default()
    }
}

/// How often a referral has taken effect.
pub(crate) fn effects(ledger: &Ledger, name: &str) -> usize {
    ledger.referrals().iter().filter(|referral| referral.referral_id == id_of(name)).count()
}

/// Waits until nothing is on its way to an agency any more: all that its system was told is written down here as told.
pub(crate) async fn until_told(world: &World, bound: Bound, agency: &str) {
    let operator = world.client(bound.grpc, &world.identities.operator).unwrap().operations;
    let open = [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying];
    let request = ListDeliveriesRequest {
        agency: agency.to_owned(),
        states: open.map(i32::from).to_vec(),
        ..ListDeliveriesRequest::default()
    };
    let told = eventually(PATIENCE, || async {
        let listed = operator.clone().list_deliveries(request.clone()).await.unwrap().into_inner();
        listed.deliveries.is_empty().then_some(())
    });
    told.await.unwrap_or_else(|| panic!("something is always on its way to {agency}"));
}

/// The files in a folder and in those that are in it.
pub(crate) fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

/// The last part of a resource name.
pub(crate) fn id_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap()
}
