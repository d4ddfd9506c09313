//! What do the tests of one kind of agency have at hand? Its simulator, its adapter, and permits of the real engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use polku_adapters::{Adapter, AdapterError, Kind, Receipt};
use polku_policy::{
    Agency, Agreement, Authorised, Channel, ConsentIndex, Directory, Engine, GivenBy, Grant, GrantKind,
    Period, PurposeSet, Question, Rules, SPECIAL, Sector, Standing, Viewer,
};
use polku_proto::v1::{AgencyFacts, DataCategory, Delivery, FactsQuery, Purpose};
use polku_proto::{AgencyId, CategorySet, Disclose, Party, Valid, Validate};
use polku_tests::pki::{Identity, Pki};
use polku_tests::simulators::{
    Ledger, Repetition, Setup, SimulatedAgency, SimulatorClock, SimulatorTls, Surroundings, Taken, start,
};
use tempfile::TempDir;

use super::payloads::{CONSENT, REFERRAL, YOUTH};

/// How long an adapter waits for an answer. Long enough for a machine with other things to do.
pub(super) const PATIENCE: Duration = Duration::from_millis(2_000);
/// How long until an effect that comes late is there.
pub(super) const LATE: Duration = Duration::from_secs(20);
/// The agency at the other side of the channel.
pub(super) const OHJAAMO: &str = "ohjaamo";

/// One kind of agency, spoken to in one manner.
pub(crate) struct Bench {
    pub(crate) kind: &'static Kind,
    pub(crate) manner: &'static str,
    pub(crate) agency: Box<dyn SimulatedAgency>,
    pub(super) adapter: Arc<dyn Adapter>,
    pub(super) pki: Pki,
    caller: Identity,
    engine: Engine,
    folder: TempDir,
}

/// The instant at which everything happens, at the gateway and at the agency.
pub(super) fn now() -> Timestamp {
    "2026-11-21T09:31:00Z".parse().unwrap()
}

/// Every kind of agency, in every manner in which it can be spoken to, as it usually takes repetitions.
pub(crate) fn benches() -> impl Iterator<Item = Bench> {
    polku_adapters::kinds().iter().flat_map(|kind| {
        let usual = Bench::open(kind, None, None);
        let others = usual.agency.manners().iter().skip(1);
        let others = others.map(|manner| Bench::open(kind, Some(manner), None));
        std::iter::once(usual).chain(others.collect::<Vec<_>>())
    })
}

/// Every kind of agency, as one that recognises messages, as one that says what it has, and as one that does neither.
pub(super) fn every_repetition() -> impl Iterator<Item = Bench> {
    polku_adapters::kinds()
        .iter()
        .flat_map(|kind| Repetition::ALL.map(|repetition| Bench::open(kind, None, Some(repetition))))
}

/// Has all benches tried at the same time, each to its end.
pub(super) async fn at_once<F>(benches: impl Iterator<Item = Bench>, trial: impl Fn(Bench) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let trials = benches.map(|bench| {
        let control = bench.agency.control().clone();
        let trial = trial(bench);
        tokio::spawn(async move {
            trial.await;
            control.stop();
        })
    });
    for trial in trials.collect::<Vec<_>>() {
        trial.await.unwrap();
    }
}

impl Bench {
    /// An agency of this kind, in a manner and with repetitions as is usual for it unless they are named.
    pub(super) fn open(
        kind: &'static Kind,
        manner: Option<&'static str>,
        repetition: Option<Repetition>,
    ) -> Self {
        Self::open_at(kind, manner, repetition, "localhost")
    }

    /// An agency whose server certificate is for this name.
    pub(super) fn open_at(
        kind: &'static Kind,
        manner: Option<&'static str>,
        repetition: Option<Repetition>,
        name: &str,
    ) -> Self {
        let pki = Pki::new().unwrap();
        let tls = SimulatorTls {
            server: pki.issue_server(&[name]).unwrap(),
            authority_pem: pki.authority_pem().to_owned(),
        };
        let caller = pki.issue_client("agency.example").unwrap();
        let setup = Setup {
            tls,
            caller: caller.clone(),
            clock: SimulatorClock::reading(now),
            ledger: Ledger::new(),
            repetition,
            port: 0,
        };
        let agency = start(kind.id, setup).unwrap();
        let agency = agency.unwrap_or_else(|| panic!("the kind {} has no simulator", kind.id));
        assert_eq!(agency.kind(), kind.id);
        assert!(repetition.is_none_or(|told| told == agency.repetition()), "{}: {repetition:?}", kind.id);
        // It knows what news are about.
        agency.control().ledger().note_own_referral(REFERRAL);
        let manner = manner.unwrap_or(agency.manners()[0]);
        let folder = TempDir::new().unwrap();
        pki.write_authority(folder.path(), "ca").unwrap();
        pki.issue_client("polku.example").unwrap().write(folder.path(), "gateway-client").unwrap();
        let engine = engine(kind.id);
        let settings = settings(agency.as_ref(), folder.path(), manner);
        let adapter = build(kind, &settings);
        Self { kind, manner, agency, adapter, pki, caller, engine, folder }
    }

    /// The agency, for the message of an assertion.
    pub(super) fn name(&self) -> String {
        format!("{} ({}, {:?})", self.kind.id, self.manner, self.agency.repetition())
    }

    pub(super) fn settings(&self) -> String {
        settings(self.agency.as_ref(), self.folder.path(), self.manner)
    }

    /// The certificate that the agency shows when it calls, where it shows one: SHA-256.
    pub(super) fn caller(&self) -> Option<[u8; 32]> {
        let hex = &self.caller.sha256;
        let pinned = self.settings().contains(hex);
        let (digits, _) = hex.as_bytes().as_chunks::<2>();
        let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
        let bytes = digits.iter().map(|[high, low]| digit(*high) << 4 | digit(*low));
        pinned.then(|| bytes.collect::<Vec<_>>().try_into().unwrap())
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Has the engine permit a payload under a consent for these categories, whatever else it tells. Nothing if nothing
    /// of it is permitted. The agency is the one that the matter has been sent to.
    pub(super) fn permit_only<X: Disclose + Validate>(
        &self,
        payload: X,
        categories: CategorySet,
    ) -> Option<Authorised<X>> {
        self.permit_as(Viewer::Addressee, payload, categories)
    }

    /// The same of a delivery, whichever end of its referral the agency has.
    pub(super) fn permit_delivery(
        &self,
        delivery: Delivery,
        categories: CategorySet,
    ) -> Option<Authorised<Delivery>> {
        let viewer = if delivery.sender == self.kind.id { Viewer::Author } else { Viewer::Addressee };
        self.permit_as(viewer, delivery, categories)
    }

    fn permit_as<X: Disclose + Validate>(
        &self,
        viewer: Viewer,
        payload: X,
        categories: CategorySet,
    ) -> Option<Authorised<X>> {
        let (own, other) = (self.id(), OHJAAMO.parse::<AgencyId>().unwrap());
        let (from, to) = if viewer == Viewer::Author { (own, other) } else { (other, own) };
        let youth = YOUTH.parse().unwrap();
        let channel = Channel::between(from.clone(), to.clone());
        let question = Question::new(youth, channel, viewer, PURPOSE, now());
        let payload = match Valid::check(payload) {
            Ok(payload) => payload,
            Err(violations) => panic!("{}: {violations}", self.name()),
        };
        self.engine.authorise(&consent(from, to, categories), payload, CategorySet::EMPTY, &question).ok()
    }

    /// The same under a consent for everything.
    pub(super) fn permit<X: Disclose + Validate>(&self, payload: X) -> Authorised<X> {
        let permit = self.permit_only(payload, EVERYTHING);
        permit.unwrap_or_else(|| panic!("{}: denied under a consent for everything", self.name()))
    }

    /// The same of a delivery, whichever end of its referral the agency has.
    pub(super) fn permit_whole(&self, delivery: Delivery) -> Authorised<Delivery> {
        let permit = self.permit_delivery(delivery, EVERYTHING);
        permit.unwrap_or_else(|| panic!("{}: denied under a consent for everything", self.name()))
    }

    pub(super) async fn deliver(&self, delivery: Delivery) -> Result<Receipt, AdapterError> {
        let permit = self.permit_whole(delivery);
        self.adapter.deliver(permit, now()).await
    }

    pub(super) async fn fetch(&self, query: FactsQuery) -> Result<AgencyFacts, AdapterError> {
        self.adapter.fetch(self.permit(query), now()).await
    }

    pub(super) fn id(&self) -> AgencyId {
        self.kind.id.parse().unwrap()
    }

    /// What took effect under this message id.
    pub(super) fn taken(&self, message: &str) -> Vec<Taken> {
        let mut taken = self.agency.taken();
        taken.retain(|taken| taken.message.eq_ignore_ascii_case(message));
        taken
    }

    /// How often the message has taken effect, once that is as often as expected or the patience has run out.
    pub(super) async fn effects(&self, message: &str, expected: u32) -> u32 {
        let ledger = self.agency.control().ledger().clone();
        let seen = polku_tests::world::eventually(LATE, || {
            let effects = ledger.effects(message);
            async move { (effects == expected).then_some(effects) }
        });
        seen.await.unwrap_or_else(|| ledger.effects(message))
    }
}

/// All that a consent can be for.
const EVERYTHING: CategorySet = CategorySet::ALL.difference(CategorySet::ENVELOPE);

/// What everything is told for.
pub(super) const PURPOSE: Purpose = Purpose::MultiSectorSupport;

/// Builds an adapter as the gateway does.
pub(super) fn build(kind: &Kind, settings: &str) -> Arc<dyn Adapter> {
    let table: toml::Table = settings.parse().unwrap();
    let built = polku_adapters::build(kind.id, kind.id.parse().unwrap(), table);
    built.unwrap_or_else(|error| panic!("{}: {error}", kind.id))
}

fn settings(agency: &dyn SimulatedAgency, folder: &Path, manner: &str) -> String {
    let surroundings = Surroundings {
        folder,
        agency: agency.kind(),
        ca_file: &folder.join("ca.crt.pem"),
        certificate_file: &folder.join("gateway-client.crt.pem"),
        key_file: &folder.join("gateway-client.key.pem"),
        timeout_ms: u32::try_from(PATIENCE.as_millis()).unwrap(),
    };
    agency.settings(&surroundings, manner).unwrap()
}

fn engine(agency: &str) -> Engine {
    let id: AgencyId = agency.parse().unwrap();
    let ohjaamo: AgencyId = OHJAAMO.parse().unwrap();
    let agencies = vec![
        Agency::new(ohjaamo.clone(), Sector::YouthWork, Standing::Authority),
        Agency::new(id.clone(), Sector::Employment, Standing::Authority),
    ];
    let there = Agreement { from: ohjaamo.clone(), to: id.clone() };
    let back = Agreement { from: id, to: ohjaamo };
    Engine::new(Rules::shipped().unwrap(), Directory::new(agencies, vec![there, back]).unwrap()).unwrap()
}

fn consent(from: AgencyId, to: AgencyId, categories: CategorySet) -> ConsentIndex {
    let mut index = ConsentIndex::new();
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let grant = Grant {
        id: CONSENT.parse().unwrap(),
        version: 1,
        youth: YOUTH.parse().unwrap(),
        kind: GrantKind::Consent,
        given_by: GivenBy::Self_,
        given: instant("2026-11-01T00:00:00Z"),
        disclosers: vec![Party::whole(from)],
        recipients: vec![Party::whole(to)],
        purposes: PurposeSet::of(&[PURPOSE]),
        categories,
        explicit: SPECIAL.intersection(categories),
        period: Period::new(instant("2026-11-01T00:00:00Z"), Some(instant("2027-11-01T00:00:00Z"))).unwrap(),
    };
    index.put_person(grant.youth, jiff::civil::date(1994, 5, 1));
    index.put_grant(&grant, 1);
    index
}

/// Every category that data about a person can have.
pub(super) fn personal() -> Vec<DataCategory> {
    CategorySet::ALL.difference(CategorySet::ENVELOPE).iter().collect()
}
