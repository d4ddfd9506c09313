//! What a caller sees of another agency in the window equals the policy matrix: for every pair of agencies, in every
//! situation of it, category by category; for an official of the unit that the young person's word names and of another
//! one, for coordinators, peers and guardians; and what became of a referral, for its sender.
//!
//! A reader states no ground of law: situations in which a sender states one are those of the same young person
//! without it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polku_gateway::clock::{Clock, ManualClock};
use polku_policy::{
    Capacity, Engine, GivenBy, GrantKind, LegalStatus, PurposeSet, Sector, Standing, Task, purpose_name,
};
use polku_proto::v1::capacity_assessment::Result as Assessed;
use polku_proto::v1::consent_evidence::GivenBy as By;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::legal_status_terms::Status as Terms;
use polku_proto::v1::{
    AddressProtection, Attainment, CapacityAssessment, ConsentEvidence, ConsentTerms, DataCategory,
    GetJourneyRequest, Journey, JourneyLeaving, JourneySource, LegalGround, LegalStatusTerms,
    MultiSectorSupport, PermitDomain, ProfileAssessment, ProhibitionTerms, Purpose, RecordConsentRequest,
    RecordLegalStatusRequest, RecordProhibitionRequest, attainment,
};
use polku_proto::{CategorySet, Disclose as _};
use polku_tests::world::{
    AddedAgency, Client, Running, World, WorldSettings, evidence, nobody_born, professional, request_id,
    terms,
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tonic::Code;

use super::{add, encounter, opening};
use crate::matrix::situations::{
    AGENCIES, Given, HOME, PAIRS, Situation, agreements, answer, engine, now, personal, situations,
};
use crate::stage::{subject, wire};

mod readers;

/// Before the eighteenth birthday of the young people who are 20 in the situations.
const LONG_AGO: &str = "2024-02-20T09:00:00Z";
/// The units of each agency: the first one is the one that consents name where they name one.
const UNITS: [&str; 2] = ["yksikko-1", "yksikko-2"];
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What the entries that everybody writes here are about.
const WRITTEN: CategorySet = CategorySet::of(&[
    DataCategory::ServiceAttendance,
    DataCategory::SocialSituation,
    DataCategory::HealthCapacity,
    DataCategory::OutcomeMeasures,
    DataCategory::Housing,
]);
/// What a meeting tells beside that it was: it shows with it, or not at all.
const TOLD_OF_MEETING: CategorySet =
    CategorySet::of(&[DataCategory::GuidanceNotes, DataCategory::AddressContact]);

/// One young person in one situation, between two agencies.
#[derive(Clone, Copy)]
struct Case {
    pair: usize,
    situation: usize,
}

impl Case {
    fn all_of(pair: usize) -> impl Iterator<Item = Case> {
        (0..situations().len()).map(move |situation| Case { pair, situation })
    }

    /// Whom consents are for: an agency, or one of its units, pair by pair in turn.
    fn named(self) -> String {
        let agency = id(PAIRS[self.pair].1);
        if self.names_unit() { format!("{agency}/{}", UNITS[0]) } else { agency }
    }

    fn names_unit(self) -> bool {
        self.pair % 2 == 1
    }

    /// Nobody else's.
    fn identity_code(self, situation: &Situation) -> String {
        let parts: Vec<usize> = situation.born.split('-').map(|part| part.parse().unwrap()).collect();
        nobody_born((parts[2], parts[1], parts[0]), self.pair * situations().len() + self.situation)
    }
}

/// The agencies of the matrix, each with a system of its own.
struct Town {
    world: World,
    running: Running,
    clock: Arc<ManualClock>,
    _folder: TempDir,
}

fn id(agency: &str) -> String {
    format!("m-{agency}")
}

fn kind(agency: &str) -> &'static str {
    match agency {
        "ohjaamo" => "typpi",
        "te" => "te",
        "kela" => "kela",
        "paja" | "outreach" => "walmu",
        _ => "social",
    }
}

impl Town {
    async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let agencies = AGENCIES.map(|(agency, sector, standing, _)| {
            let sector = match sector {
                Sector::YouthWork => "youth_work",
                Sector::Employment => "employment",
                Sector::Benefits => "benefits",
                Sector::Social => "social",
                Sector::Health => "health",
                Sector::Ngo => "ngo",
                other => panic!("no agency of the matrix is of {other:?}"),
            };
            let standing = if standing == Standing::Authority { "authority" } else { "not_authority" };
            AddedAgency {
                standing: standing.into(),
                units: UNITS.map(String::from).to_vec(),
                agreements: Vec::new(),
                ..AddedAgency::new(&id(agency), kind(agency), "usual", sector)
            }
        });
        let settings = WorldSettings {
            agencies: agencies.to_vec(),
            answer_ms: 20_000,
            attempt_seconds: 25,
            lease_seconds: 30,
            ..WorldSettings::default()
        };
        let world = World::make(folder.path(), &settings).unwrap();
        configure(&world);
        let clock = Arc::new(ManualClock::new(LONG_AGO.parse().unwrap()));
        let running = world.start_at(Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Self { world, running, clock, _folder: folder }
    }

    fn agency(&self, agency: &str) -> Client {
        self.professional(agency, (UNITS[0], "official"))
    }

    fn professional(&self, agency: &str, (unit, role): (&str, &str)) -> Client {
        let identity = &self.world.agencies[&id(agency)].identity;
        let client = self.world.client(self.running.bound.grpc, identity).unwrap();
        client.acting(&professional("virkailija-1", unit, role))
    }

    /// Of the world itself: whoever assesses, and whoever decides on multi-sector support.
    fn assessor(&self) -> Client {
        let identity = &self.world.identities.ohjaamo;
        let client = self.world.client(self.running.bound.grpc, identity).unwrap();
        client.acting(&professional("ohjaaja-1", "keskusta", "guidance_worker"))
    }

    fn employment_services(&self) -> Client {
        let client = self.world.client(self.running.bound.grpc, &self.world.identities.te).unwrap();
        client.acting(&professional("virkailija-7", "nuorten-palvelut", "official"))
    }

    fn young_person(&self, youth: &str) -> Client {
        let client = self.world.client(self.running.bound.grpc, &self.world.identities.oma).unwrap();
        client.acting(&subject(youth))
    }
}

/// Tasks and agreements are those of the matrix.
fn configure(world: &World) {
    let file = world.config_file();
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (agency, _, _, tasks) in AGENCIES {
        let tasks: Vec<&str> = tasks
            .iter()
            .map(|task| match task {
                Task::OutreachYouthWork => "outreach_youth_work",
                Task::ProtectedAddresses => "protected_addresses",
            })
            .collect();
        let table = format!("[[agency]]\nid = {:?}\n", id(agency));
        assert!(text.contains(&table));
        let entrusted = format!("tasks = {tasks:?}\nmunicipalities = [{HOME:?}]\n");
        text = text.replace(&table, &format!("{table}{entrusted}"));
        let roles = format!("units = {UNITS:?}\nroles = [");
        assert!(text.contains(&roles));
    }
    text = text.replace(
        &format!("units = {UNITS:?}\nroles = ["),
        &format!("units = {UNITS:?}\nroles = [\"coordinator\", \"peer\", "),
    );
    for (from, to) in agreements() {
        text += &format!("\n[[agreement]]\nfrom = {:?}\nto = {:?}\n", id(from), id(to));
    }
    std::fs::write(file, text).unwrap();
}

/// What the agency has written down, and that the reader has something to do with the young person.
async fn live(town: &Town, from: &str, to: &str, youth: &str) {
    let writer = town.agency(from);
    let leaving = || Matter::Leaving(JourneyLeaving::default());
    let profile = ProfileAssessment { profile: 2, motivation: 3, need: 3 };
    let housed = Attainment { kind: attainment::Kind::Housing.into(), ..Attainment::default() };
    for matter in [
        opening(JourneySource::HealthCare),
        leaving(),
        opening(JourneySource::SocialServices),
        leaving(),
        opening(JourneySource::Self_),
        encounter(),
        Matter::Profile(profile),
        Matter::Attainment(housed),
    ] {
        add(&writer, youth, matter).await.unwrap();
    }
    add(&town.agency(to), youth, opening(JourneySource::Other)).await.unwrap();
}

/// A consent or permit as it stands in the situation, for every purpose at once. The gateway takes a permit only between
/// those who work in care: where it does not, the matrix has to have no answer for it either.
async fn give(town: &Town, (from, to): (&str, &str), recipient: &str, youth: &str, given: Given) {
    let now = town.clock.now();
    let (kind, domain) = match given.kind {
        GrantKind::Consent => (ConsentKind::Consent, PermitDomain::Unspecified),
        GrantKind::DisclosurePermit(domain) => (ConsentKind::DisclosurePermit, domain),
    };
    let by = match given.by {
        GivenBy::Guardian => By::Guardian,
        GivenBy::Self_ => By::Self_,
        GivenBy::Representative => By::OtherRepresentative,
    };
    let categories: Vec<DataCategory> = personal().iter().collect();
    let until: Timestamp = given.until.parse().unwrap();
    let terms = ConsentTerms {
        kind: kind.into(),
        permit_domain: domain.into(),
        purposes: PurposeSet::ALL.iter().map(i32::from).collect(),
        explicit_categories: given.explicit.intersection(polku_policy::SPECIAL).to_wire(),
        valid_until: Some(wire(until)),
        ..terms(&id(from), recipient, Purpose::Guidance, &categories)
    };
    let inform_time = (kind == ConsentKind::DisclosurePermit).then(|| wire(now));
    let request = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.to_owned(),
        terms: Some(terms),
        evidence: Some(ConsentEvidence { given_by: by.into(), inform_time, ..evidence() }),
        ..RecordConsentRequest::default()
    };
    match town.agency(from).consent.record_consent(request).await {
        Ok(_) => {}
        Err(status) => {
            let is_permit = kind == ConsentKind::DisclosurePermit;
            assert!(is_permit && status.code() == Code::InvalidArgument, "{from} {to}: {status:?}");
        }
    }
}

async fn record(client: &Client, youth: &str, status: Terms) {
    let request = RecordLegalStatusRequest {
        request_id: request_id(),
        youth: youth.to_owned(),
        terms: Some(LegalStatusTerms { status: Some(status) }),
    };
    client.clone().status.record_legal_status(request).await.unwrap();
}

async fn assess(town: &Town, youth: &str, result: Assessed) {
    let assessed = Terms::CapacityAssessment(CapacityAssessment { result: result.into() });
    record(&town.assessor(), youth, assessed).await;
}

/// Everything that makes the situation, on the day before it is looked at.
async fn arrange(town: &Town, case: Case) -> String {
    let (from, to) = PAIRS[case.pair];
    let situation = &situations()[case.situation];
    let code = case.identity_code(situation);
    let youth = town.agency(from).identify(&code).await.unwrap();
    let system = town.world.agencies[&id(from)].simulator.as_ref();
    system.hold(&code, &system.specimen()).unwrap();
    live(town, from, to, &youth).await;
    let is_minor = situation.born > "2008-11-22";
    for given in &situation.grants {
        let by_guardian = matches!(given.by, GivenBy::Guardian);
        // Given long ago, by somebody who could at the time.
        if by_guardian && !is_minor {
            continue;
        }
        if is_minor && !by_guardian {
            assess(town, &youth, Assessed::CapableAllows).await;
        }
        give(town, (from, to), &case.named(), &youth, *given).await;
    }
    let sent = if readers::WITH_REFERRALS.contains(&case.pair) {
        readers::refer(town, case, &youth).await
    } else {
        None
    };
    if let Some(referral) = sent {
        readers::tell_retention(town, case, &youth, referral).await;
    }
    match situation.status {
        None => {}
        Some(LegalStatus::Capacity(Capacity::Capable)) => assess(town, &youth, Assessed::CapableAllows).await,
        Some(LegalStatus::Capacity(_)) => assess(town, &youth, Assessed::NotCapable).await,
        Some(LegalStatus::AddressProtected) => {
            record(&town.assessor(), &youth, Terms::AddressProtection(AddressProtection {})).await;
        }
        Some(LegalStatus::MultiSectorSupport) => {
            record(&town.employment_services(), &youth, Terms::MultiSectorSupport(MultiSectorSupport {}))
                .await;
        }
    }
    if let Some(categories) = situation.prohibited {
        let terms = ProhibitionTerms { categories: categories.to_wire(), ..ProhibitionTerms::default() };
        let request =
            RecordProhibitionRequest { request_id: request_id(), youth: youth.clone(), terms: Some(terms) };
        town.agency(from).consent.record_prohibition(request).await.unwrap();
    }
    youth
}

/// The guardians' consents of people who are of age by now.
async fn arrange_long_ago(town: &Town, case: Case) {
    let situation = &situations()[case.situation];
    let is_adult = situation.born <= "2008-11-22";
    for given in situation.grants.iter().filter(|given| is_adult && matches!(given.by, GivenBy::Guardian)) {
        let (from, to) = PAIRS[case.pair];
        let youth = town.agency(from).identify(&case.identity_code(situation)).await.unwrap();
        give(town, (from, to), &case.named(), &youth, *given).await;
    }
}

/// What stands of an agency in a reader's window.
#[derive(PartialEq)]
struct Seen {
    entries: CategorySet,
    /// Nothing where the agency has been asked and has not answered.
    facts: Option<CategorySet>,
}

async fn seen(client: &Client, youth: &str, from: &str, purpose: Purpose) -> Seen {
    let request = GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: purpose.into(),
        ..GetJourneyRequest::default()
    };
    let journey: Journey = client.clone().journey.get_journey(request).await.unwrap().into_inner();
    // An agency cannot be asked for a purpose that its protocol has no word for.
    let all_asked = journey.unreachable.is_empty() || purpose == Purpose::Statistics;
    assert!(all_asked, "{:?} for {purpose:?}", journey.unreachable);
    let from = id(from);
    let (mut entries, mut facts) = (CategorySet::EMPTY, CategorySet::EMPTY);
    for entry in journey.entries.iter().filter(|entry| entry.agency == from) {
        entries.extend(entry.categories());
    }
    for held in journey.facts.iter().filter(|held| held.agency == from) {
        facts.extend(held.categories());
    }
    let facts = (!journey.unreachable.contains(&from)).then(|| facts.difference(CategorySet::ENVELOPE));
    Seen { entries: entries.difference(CategorySet::ENVELOPE), facts }
}

/// What the matrix lets the reader see of all that there can be.
fn told(engine: &Engine, situation: &Situation, pair: (&str, &str), purpose: Purpose) -> CategorySet {
    let mut told = CategorySet::EMPTY;
    for category in personal().difference(CategorySet::of(&[DataCategory::ReferralStatus])).iter() {
        if answer(engine, situation, pair, purpose, category).is_some() {
            told.extend(CategorySet::of(&[category]));
        }
    }
    told
}

/// For one purpose of each group that has the same answers: what may be seen, situation by situation.
fn page(engine: &Engine, pair: (&str, &str)) -> Vec<(Purpose, Vec<CategorySet>)> {
    let silent = |situation| Situation { ground: LegalGround::Unspecified, ..situation };
    let situations: Vec<Situation> = situations().into_iter().map(silent).collect();
    let mut page: Vec<(Purpose, Vec<CategorySet>)> = Vec::new();
    for purpose in PurposeSet::ALL.iter() {
        let answers = situations.iter().map(|one| told(engine, one, pair, purpose)).collect();
        if page.iter().all(|(_, known)| *known != answers) {
            page.push((purpose, answers));
        }
    }
    page
}

/// Reads all young people of a pair, and says what is not as the matrix has it, and how much was shown.
async fn compare(
    town: &Town,
    (from, to): (&'static str, &'static str),
    page: Vec<(Purpose, Vec<CategorySet>)>,
    youths: &[String],
) -> (Vec<String>, usize) {
    let reader = town.agency(to);
    let whole = seen(&town.young_person(&youths[0]), &youths[0], from, Purpose::Guidance).await;
    assert_eq!(whole.entries, WRITTEN.union(TOLD_OF_MEETING), "the young person sees all of it");
    let held = whole.facts.filter(|held| !held.is_empty()).expect("everybody holds something");
    let (mut wrong, mut shown) = (Vec::new(), 0);
    for (purpose, answers) in page {
        for (situation, (told, youth)) in situations().iter().zip(answers.into_iter().zip(youths)) {
            let meeting = if told.contains(DataCategory::ServiceAttendance) {
                TOLD_OF_MEETING
            } else {
                CategorySet::EMPTY
            };
            let seen = seen(&reader, youth, from, purpose).await;
            let expected = Seen {
                entries: WRITTEN.union(meeting).intersection(told),
                facts: seen.facts.map(|_| held.intersection(told)),
            };
            shown += usize::from(!seen.entries.is_empty());
            shown += usize::from(seen.facts.is_some_and(|facts| !facts.is_empty()));
            if seen != expected {
                let (says, purpose) = (situation.says, purpose_name(purpose));
                let facts = (seen.facts.unwrap_or(CategorySet::EMPTY), held.intersection(told));
                wrong.push(format!(
                    "{from} tells {to}, {purpose}, {says}:\n  entries {} for {}\n  facts {} for {}",
                    seen.entries, expected.entries, facts.0, facts.1
                ));
            }
        }
    }
    (wrong, shown)
}

/// domain.md 5: "mihin eri viranomaisilla on pääsy", "tiedon jakaminen nuoren luvalla".
#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_sees_equals_the_policy_matrix() {
    // Before the gateway runs: nothing is to wait for it.
    let engine = engine();
    let mut pages: Vec<_> = PAIRS.into_iter().map(|pair| page(&engine, pair)).collect();
    let town = Arc::new(Town::open().await);
    for pair in 0..PAIRS.len() {
        for case in Case::all_of(pair) {
            arrange_long_ago(&town, case).await;
        }
    }
    town.clock.set(now() - DAY);
    let mut arranged = JoinSet::new();
    for pair in 0..PAIRS.len() {
        let town = Arc::clone(&town);
        arranged.spawn(async move {
            let mut youths = Vec::new();
            for case in Case::all_of(pair) {
                youths.push(arrange(&town, case).await);
            }
            (pair, youths)
        });
    }
    let arranged = arranged.join_all().await;
    town.clock.set(now());
    let engine = Arc::new(engine);
    let mut compared = JoinSet::new();
    for (pair, youths) in arranged {
        let page = std::mem::take(&mut pages[pair]);
        let (town, engine) = (Arc::clone(&town), Arc::clone(&engine));
        compared.spawn(async move {
            let (mut wrong, shown) = compare(&town, PAIRS[pair], page, &youths).await;
            let (others, to_others) = readers::compare(&town, &engine, pair, &youths).await;
            assert!(to_others > 0, "nobody else was shown anything by {}", PAIRS[pair].0);
            wrong.extend(others);
            (wrong, shown + to_others)
        });
    }
    let (mut wrong, mut shown) = (Vec::new(), 0);
    for (one, number) in compared.join_all().await {
        wrong.extend(one);
        shown += number;
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(shown > 300, "the matrix was hardly tried: {shown}");
    let town = Arc::into_inner(town).unwrap();
    town.running.stop().await.unwrap();
}
