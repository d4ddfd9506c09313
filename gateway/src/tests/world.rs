//! A gateway, its agencies and the calls of the tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use polku_adapters::{
    Inbound, InboundChange, InboundEvent, InboundMatter, InboundOutcome, InboundReferral, Matter, Redelivery,
};
use polku_policy::{Agency, Agreement, Authorised, Directory, Engine, Rules, Sector, Standing};
use polku_proto::v1::consent_evidence::{Form, GivenBy};
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{
    Consent, ConsentChange, ConsentEvidence, ConsentTerms, DataCategory, IdentifyYouthRequest, LegalBasis,
    LegalGround, Purpose, RecordConsentRequest, Referral, ReferralContent, SendReferralRequest,
    SendReferralResponse, WithdrawConsentRequest,
};
use polku_proto::{CategorySet, ReferralName, Valid, YouthName};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use super::agency::TestAgency;
use crate::answer::answer;
use crate::audit::{AuditLog, Event};
use crate::caller::{Actor, Caller};
use crate::clock::{Clock, ForwardClock, SystemClock};
use crate::config::{Delays, DeliverySettings, JourneySettings, PlanSettings, RetentionSettings};
use crate::directory::{Routing, ServiceDirectory};
use crate::error::Error;
use crate::front::InboundHandler;
use crate::gateway::{Gateway, Parts, System};
use crate::journey::{Action, Feed, Respond, Watch};
use crate::outbox;
use crate::record::wire_time;
use crate::seal::Keys;
use crate::store::sqlite::SqliteStore;
use crate::store::{DeliveryRow, ReferralFilter};

/// Social services, whose system takes notices of disclosures.
pub(super) const SOSIAALI: &str = "sosiaali";
/// Social services that work over gRPC alone.
pub(super) const KUNTA: &str = "kunta";
/// Employment services, with a system.
pub(super) const TE: &str = "te";
/// Works over gRPC.
pub(super) const KELA: &str = "kela";

/// What somebody who reads everything at once has been told.
pub(super) type Told<F> = mpsc::UnboundedReceiver<Result<Authorised<<F as Feed>::Item>, Error>>;

/// Reads whatever a watch tells, until the receiver is dropped.
pub(super) fn listen<F: Feed>(watch: Watch<F>) -> Told<F> {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut items = std::pin::pin!(watch.items());
        loop {
            let item = tokio::select! {
                () = sender.closed() => return,
                item = items.next() => item,
            };
            let Some(item) = item else { return };
            drop(sender.send(item));
        }
    });
    receiver
}

/// The units of the agencies that the tests name.
const UNITS: [&str; 4] = ["te/nuoret", "te/keskusta", "sosiaali/keskusta", "kela/keskusta"];

pub(super) const ADULT: &str = "010594Y9032";
pub(super) const CHILD: &str = "010516B903X";

/// Valid identity code of nobody, an adult, another one for each number below a million.
pub(super) fn nobody(number: usize) -> String {
    const CHECKS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let (individual, day) = (900 + number % 100, number / 100);
    let date = ((1 + day % 28) * 100 + 1 + day / 28 % 12) * 100 + 60 + day / 336 % 35;
    let check = char::from(CHECKS[(date * 1_000 + individual) % CHECKS.len()]);
    format!("{date:06}-{individual}{check}")
}

const NEWS: &[Matter] = &[
    Matter::Referral,
    Matter::StateChange,
    Matter::Information,
    Matter::ConsentWithdrawal,
    Matter::PlanPart,
];

/// What differs from world to world.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) delivery: DeliverySettings,
    /// What a system of the employment services does with what it gets twice.
    pub(super) te: Redelivery,
}

impl Setting {
    /// On the host's clock. A delivery is taken over soon by whoever comes next.
    pub(super) fn of(te: Redelivery) -> Setting {
        let delivery = DeliverySettings {
            lease: Duration::from_millis(900),
            attempt: Duration::from_millis(600),
            pauses: vec![Duration::ZERO],
            probe_after: Duration::from_millis(100),
            retries_per_second: 1000,
            settle: Duration::ZERO,
            ..DeliverySettings::default()
        };
        Setting { clock: Arc::new(SystemClock), delivery, te }
    }

    /// However long the machine is busy with other things.
    pub(super) fn patient(te: Redelivery) -> Setting {
        let hour = Duration::from_secs(3_600);
        let mut setting = Setting::of(te);
        setting.delivery = DeliverySettings { lease: hour, attempt: hour, ..setting.delivery };
        setting
    }
}

pub(super) struct World {
    pub(super) gateway: Arc<Gateway>,
    pub(super) te: Arc<TestAgency>,
    pub(super) sosiaali: Arc<TestAgency>,
    folder: TempDir,
    setting: Setting,
    outbox: Option<(watch::Sender<Option<Instant>>, JoinHandle<()>)>,
}

impl World {
    /// With a system of the employment services that does this with what it gets twice, and nothing delivered yet.
    pub(super) async fn open(te: Redelivery) -> World {
        World::within(Setting::of(te), TempDir::new().unwrap()).await
    }

    /// In another setting, with its files in this folder.
    pub(super) async fn within(setting: Setting, folder: TempDir) -> World {
        Keys::generate_into(&folder.path().join("keys")).unwrap();
        let te = Arc::new(TestAgency::new(TE, setting.te));
        let sosiaali = Arc::new(TestAgency::new(SOSIAALI, Redelivery::AnswersStatus));
        let gateway = gateway(&folder, &setting, &te, &sosiaali).await;
        World { gateway, te, sosiaali, folder, setting, outbox: None }
    }

    pub(super) fn deliver(&mut self) {
        let (stop, stopped) = watch::channel(None);
        let task = tokio::spawn(outbox::run(Arc::clone(&self.gateway), stopped));
        self.outbox = Some((stop, task));
    }

    /// Tells the outbox to stop, and waits until it has.
    pub(super) async fn stop_delivering(&mut self, end: Instant) {
        let (stop, task) = self.outbox.take().unwrap();
        stop.send(Some(end)).unwrap();
        task.await.unwrap();
    }

    /// Ends the gateway wherever it is in its work, and begins again on what it has written.
    pub(super) async fn killed(self) -> World {
        let World { gateway, te, sosiaali, folder, setting, outbox } = self;
        if let Some((_, task)) = outbox {
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
        // What the worker had begun ends a moment after it, and gives the audit log free only then.
        while Arc::strong_count(&gateway) > 1 {
            tokio::task::yield_now().await;
        }
        drop(gateway);
        let gateway = self::gateway(&folder, &setting, &te, &sosiaali).await;
        World { gateway, te, sosiaali, folder, setting, outbox: None }
    }

    /// Waits until nothing of the referral is to be delivered any more.
    pub(super) async fn settled(&self, name: &str) -> Vec<DeliveryRow> {
        for _ in 0..1500 {
            let rows = self.deliveries(name).await;
            if rows.iter().all(|row| outbox::has_ended(row.state)) {
                return rows;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the deliveries do not end");
    }

    pub(super) async fn deliveries(&self, name: &str) -> Vec<DeliveryRow> {
        let name: ReferralName = name.parse().unwrap();
        self.gateway.store.deliveries_about(name.referral).await.unwrap()
    }

    pub(super) async fn identify(&self, code: &str) -> String {
        self.identify_by(TE, code).await
    }

    pub(super) async fn identify_by(&self, agency: &str, code: &str) -> String {
        let request = IdentifyYouthRequest {
            request_id: Uuid::now_v7().to_string(),
            identity_code: code.to_owned(),
            ..IdentifyYouthRequest::default()
        };
        self.gateway.identify(&caller(agency), Valid::check(request).unwrap()).await.unwrap().youth
    }

    /// The agency identifies the person, as far as anybody can.
    pub(super) async fn meet(&self, agency: &str, youth: &str) {
        let youth: YouthName = youth.parse().unwrap();
        if let Some(code) = self.gateway.person(youth.youth).await.unwrap().identity_code().unwrap() {
            self.identify_by(agency, code.expose()).await;
        }
    }

    pub(super) async fn consent(&self, youth: &str, from: &str, to: &str, told: &[DataCategory]) -> Consent {
        self.meet(from, youth).await;
        self.record(youth, from, to, told).await
    }

    /// The same, by an agency that has met the person.
    pub(super) async fn record(&self, youth: &str, from: &str, to: &str, told: &[DataCategory]) -> Consent {
        let request = consent_request(youth, (from, to), told, self.gateway.now());
        let caller = caller(from);
        let change = self.gateway.record_consent(&caller, Valid::check(request).unwrap()).await.unwrap();
        answer(change, &caller, self.gateway.now()).unwrap().into_inner().consent.unwrap()
    }

    pub(super) async fn withdraw(&self, from: &str, consent: &Consent) -> ConsentChange {
        let youth: polku_proto::ConsentName = consent.name.parse().unwrap();
        let caller = Caller { agency: from.parse().unwrap(), actor: Actor::Subject(youth.youth) };
        let request = WithdrawConsentRequest {
            request_id: Uuid::now_v7().to_string(),
            name: consent.name.clone(),
            ..WithdrawConsentRequest::default()
        };
        let change = self.gateway.withdraw_consent(&caller, Valid::check(request).unwrap()).await.unwrap();
        answer(change, &caller, self.gateway.now()).unwrap().into_inner()
    }

    pub(super) async fn send(
        &self,
        from: &str,
        request: SendReferralRequest,
    ) -> Result<SendReferralResponse, Error> {
        let caller = caller(from);
        let sent = self.gateway.send_referral(&caller, Valid::check(request)?).await?;
        let authorised = self.gateway.answer_sender(&caller, sent, None).await?;
        Ok(answer(authorised, &caller, self.gateway.now())?.into_inner())
    }

    /// Sends and gives the name.
    pub(super) async fn refer(&self, from: &str, to: &str, youth: &str) -> String {
        self.send(from, request(to, youth)).await.unwrap().referral.unwrap().name
    }

    pub(super) async fn get(&self, agency: &str, name: &str) -> Referral {
        let request = polku_proto::v1::GetReferralRequest { name: name.to_owned() };
        let caller = caller(agency);
        let view = self.gateway.get_referral(&caller, Valid::check(request).unwrap()).await.unwrap();
        answer(view, &caller, self.gateway.now()).unwrap().into_inner()
    }

    /// A step over gRPC; gives the id of the call.
    pub(super) async fn step(&self, agency: &str, name: &str, action: Action) -> Uuid {
        let (caller, id) = (caller(agency), Uuid::now_v7());
        let nothing = Referral::default();
        let call = self.gateway.call(&caller, "step", &id.to_string(), &nothing).unwrap();
        let respond = Respond { name: name.parse().unwrap(), etag: String::new(), action };
        self.gateway.respond(&call, respond).await.map(drop).unwrap();
        id
    }

    /// The agency tells something in its own protocol.
    pub(super) async fn says(&self, agency: &TestAgency, event: InboundEvent) -> InboundOutcome {
        use polku_adapters::Adapter as _;
        let body = agency.message(event);
        let (headers, now) = (http::HeaderMap::new(), self.gateway.now());
        let inbound = Inbound { headers: &headers, body: body.as_bytes(), peer: None, now };
        self.gateway.inbound(agency.agency(), inbound).await.unwrap();
        agency.last_outcome()
    }

    /// Everything in the store: the rows of each table.
    pub(super) fn tables(&self) -> BTreeMap<String, Vec<String>> {
        let store = rusqlite::Connection::open(self.folder.path().join("polku.db")).unwrap();
        let strings = |sql: &str| -> Vec<String> {
            let mut query = store.prepare(sql).unwrap();
            let columns = query.column_count();
            let text = |row: &rusqlite::Row<'_>| {
                let values = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
                Ok(format!("{:?}", values.collect::<Result<Vec<_>, _>>()?))
            };
            query.query_map([], text).unwrap().map(Result::unwrap).collect()
        };
        let mut names = store.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
        let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        names.into_iter().map(|name| (name.clone(), strings(&format!("SELECT * FROM {name}")))).collect()
    }

    /// Changes the store behind the gateway's back.
    pub(super) fn tamper(&self, sql: &str) {
        let store = rusqlite::Connection::open(self.folder.path().join("polku.db")).unwrap();
        store.execute_batch(sql).unwrap();
    }

    /// How many leaves of this kind there are.
    pub(super) fn leaves(&self, event: Event) -> usize {
        let mut count = 0;
        self.gateway.audit.read(0, |_, leaf| count += usize::from(leaf.event == event)).unwrap();
        count
    }

    pub(super) async fn referrals(&self) -> usize {
        let filter =
            ReferralFilter { party: Some(TE.parse().unwrap()), youth: None, before: None, limit: 1000 };
        self.gateway.store.referrals(&filter).await.unwrap().len()
    }
}

async fn gateway(
    folder: &TempDir,
    setting: &Setting,
    te: &Arc<TestAgency>,
    sosiaali: &Arc<TestAgency>,
) -> Arc<Gateway> {
    let agency = |id: &str, sector| Agency::new(id.parse().unwrap(), sector, Standing::Authority);
    let agencies = [
        (SOSIAALI, Sector::Social),
        (KUNTA, Sector::Social),
        (TE, Sector::Employment),
        (KELA, Sector::Benefits),
    ];
    let agreements = agencies.iter().flat_map(|(from, _)| {
        let others = agencies.iter().filter(move |(to, _)| to != from);
        others.map(move |(to, _)| Agreement { from: from.parse().unwrap(), to: to.parse().unwrap() })
    });
    let agreements = agreements.collect();
    let agencies = agencies.iter().map(|(id, sector)| agency(id, *sector)).collect();
    let directory = Directory::new(agencies, agreements).unwrap();
    const ALL: &[Matter] = &Matter::ALL;
    let (audit, _) = AuditLog::open(&folder.path().join("audit.log")).unwrap();
    let last = audit.last_time().unwrap();
    let opened = Gateway::open(Parts {
        clock: ForwardClock::after(Arc::clone(&setting.clock), last).unwrap(),
        store: Arc::new(SqliteStore::open(&folder.path().join("polku.db")).unwrap()),
        audit,
        keys: Keys::load(&folder.path().join("keys")).unwrap(),
        engine: Arc::new(Engine::new(Rules::shipped().unwrap(), directory.clone()).unwrap()),
        directory,
        service_directory: ServiceDirectory::default(),
        routing: Routing::default(),
        controllers: BTreeMap::new(),
        units: UNITS.iter().map(|unit| unit.parse().unwrap()).collect(),
        adapters: vec![
            System { adapter: Arc::clone(te) as _, delivers: NEWS, fetches: CategorySet::ALL },
            System { adapter: Arc::clone(sosiaali) as _, delivers: ALL, fetches: CategorySet::ALL },
        ],
        plan: PlanSettings::default(),
        journey: JourneySettings::default(),
        delays: Delays::in_days([(LegalGround::ChildWelfareNotice, 30)]),
        retention: RetentionSettings::default(),
        quota: crate::config::QuotaSettings::default(),
        delivery: setting.delivery.clone(),
    });
    opened.await.unwrap()
}

/// A consent that counts for an hour from then on.
pub(super) fn consent_request(
    youth: &str,
    (from, to): (&str, &str),
    told: &[DataCategory],
    begins: Timestamp,
) -> RecordConsentRequest {
    let terms = ConsentTerms {
        kind: ConsentKind::Consent as i32,
        disclosers: vec![from.to_owned()],
        recipients: vec![to.to_owned()],
        purposes: vec![Purpose::EmploymentServices as i32],
        categories: told.iter().map(|category| *category as i32).collect(),
        valid_from: Some(wire_time(begins).unwrap()),
        valid_until: Some(wire_time(begins + SignedDuration::from_hours(1)).unwrap()),
        legal_basis: LegalBasis::Consent as i32,
        ..ConsentTerms::default()
    };
    let evidence = ConsentEvidence {
        given_by: GivenBy::Self_ as i32,
        form: Form::Written as i32,
        notice_version: "2026-1".into(),
        notice_language: "fi".into(),
        notice_sha256: vec![7; 32],
        ..ConsentEvidence::default()
    };
    RecordConsentRequest {
        request_id: Uuid::now_v7().to_string(),
        youth: youth.to_owned(),
        terms: Some(terms),
        evidence: Some(evidence),
        ..RecordConsentRequest::default()
    }
}

pub(super) fn caller(agency: &str) -> Caller {
    let actor = Actor::Professional {
        id: format!("{agency}-virkailija"),
        unit: "keskusta".into(),
        role: "official".into(),
    };
    Caller { agency: agency.parse().unwrap(), actor }
}

pub(super) fn content() -> ReferralContent {
    ReferralContent {
        given_names: "Testi".into(),
        family_name: "Esimerkkinen".into(),
        service_needs: vec!["Uraohjaus".into()],
        housing: "Asuu kaverilla.".into(),
        ..ReferralContent::default()
    }
}

pub(super) fn request(to: &str, youth: &str) -> SendReferralRequest {
    SendReferralRequest {
        request_id: Uuid::now_v7().to_string(),
        youth: youth.parse::<YouthName>().unwrap().to_string(),
        recipient: to.to_owned(),
        purpose: Purpose::EmploymentServices as i32,
        content: Some(content()),
        ..SendReferralRequest::default()
    }
}

pub(super) fn event(matter: InboundMatter) -> InboundEvent {
    InboundEvent { message: Uuid::now_v7(), official: "virkailija-7".into(), unit: "keskusta".into(), matter }
}

/// A change of a referral, told by an agency.
pub(super) fn change(name: &str, change: InboundChange) -> InboundEvent {
    let name: ReferralName = name.parse().unwrap();
    event(InboundMatter::Change { referral: name.referral, change })
}

pub(super) fn inbound_referral(code: &str, to: &str) -> InboundReferral {
    InboundReferral {
        identity: code.parse().unwrap(),
        recipient: to.parse().unwrap(),
        purpose: Purpose::EmploymentServices,
        content: content(),
        respond_by: None,
        claim: None,
        origin: None,
        redacted: false,
    }
}
