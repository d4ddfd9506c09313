//! Can anybody tell by the time of an answer whether somebody is known here, or has to do with others?
//!
//! `cargo build --release --workspace --bins && cargo bench -p polku-tests --bench silence` runs the gateway in a process
//! of its own, with mutual TLS, store and audit log on disk. What must look the same to the caller is asked in turn, in
//! another order each time, so that whatever else the machine does meets all alike; the table stands side by side in one
//! run, and the ratio is that of the medians to that of somebody unknown. It ends with an error when one of them is missed.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use polku_proto::v1::decision::Verdict;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::verify_consent_result::Result as Item;
use polku_proto::v1::{
    AddJourneyEntryRequest, BatchVerifyConsentsRequest, CreatePlanRequest, DataCategory, Decision,
    ExplainDisclosureRequest, FollowUpResolution, GetJourneyRequest, GetNextStepRequest, GetReferralRequest,
    JourneyEntry, JourneyOpening, JourneySource, LegalClaim, LegalGround, LinkIdentityRequest,
    ListConsentsRequest, ListDisclosuresRequest, ListReferralsRequest, ListTasksRequest, PathStage, Purpose,
    ResolveTaskRequest, SendReferralRequest, UnlinkIdentityRequest, VerifyConsentRequest, WorkSpent, Worker,
};
use polku_tests::figures::Figures;
use polku_tests::world::{
    Client, GatewayProcess, KELA, OHJAAMO, TE, World, WorldSettings, full_content, nobody, professional,
    referral_to, request_id,
};
use tempfile::TempDir;
use tonic::{Code, Status};
use uuid::Uuid;

const WARM_UP: usize = 50;
/// How often each is asked.
const READINGS: usize = 400;
/// How far the medians may be apart, of that of somebody unknown.
const TARGET: f64 = 0.10;
/// About how many persons it is asked in turn: none of them shall be better remembered than another.
const PEOPLE: usize = 50;
const TOLD: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];

/// A question that tells nothing of the person.
#[derive(Clone, Copy)]
enum Ask {
    Verify,
    /// On a ground in law that would open it, were it the agency's to state.
    Ground,
    Batch,
    Explain,
    /// `SendReferral`, tried on that ground.
    Try,
    Journey,
    NextStep,
    Entry,
    Consent,
    Plan,
    Referral,
    Disclosures,
    Link,
    Unlink,
    Referrals,
    Consents,
    Tasks,
    Task,
}

/// About whom.
#[derive(Clone, Copy)]
enum Whom {
    Unknown,
    /// Known, and nobody may tell anybody anything.
    Bare,
    /// Two other agencies have a consent, a journey, a referral.
    Foreign,
}

const TABLE: [(Ask, &str, &[Whom]); 18] = [
    (Ask::Verify, "VerifyConsent", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Ground, "  on a ground", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Batch, "BatchVerify", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Explain, "ExplainDisclosure", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Try, "SendReferral, try", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Journey, "GetJourney", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::NextStep, "GetNextStep", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Entry, "AddJourneyEntry", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Consent, "RecordConsent", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Plan, "CreatePlan", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Referral, "GetReferral", &[Whom::Unknown, Whom::Foreign]),
    (Ask::Disclosures, "ListDisclosures", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Link, "LinkIdentity", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Unlink, "UnlinkIdentity", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Referrals, "ListReferrals", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Consents, "ListConsents", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Tasks, "ListTasks", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
    (Ask::Task, "ResolveTask", &[Whom::Unknown, Whom::Bare, Whom::Foreign]),
];

/// Who can be asked about.
struct People {
    bare: Vec<String>,
    foreign: Vec<String>,
    referrals: Vec<String>,
}

fn main() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<()> {
    let folder = TempDir::new()?;
    let world = World::make(folder.path(), &WorldSettings::default())?;
    set_the_scene(&world)?;
    let gateway =
        GatewayProcess::start_logging(&world.config_file(), &folder.path().join("log"), "error").await?;
    world.connect_agencies(gateway.bound);
    let (address, identities) = (gateway.bound.grpc, &world.identities);
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let mut ohjaamo = world.client(address, &identities.ohjaamo)?.acting(&worker);
    let mut te = world.client(address, &identities.te)?.acting(&professional(
        "virkailija-7",
        "nuorten-palvelut",
        "official",
    ));
    let officer = professional("tietosuoja-1", "nuorten-palvelut", "data_protection_officer");
    let mut officer = world.client(address, &identities.te)?.acting(&officer);
    let people = people(&mut ohjaamo).await?;

    println!("{READINGS} answers each, one after the other, as the caller waits for them.\n");
    println!("{:<18}{:<36}{:>10}{:>10}{:>10}", "", "about", "p50 us", "p99 us", "ratio");
    let mut missed = Vec::new();
    for (ask, method, whom) in TABLE {
        let is_for_officer = matches!(ask, Ask::Explain | Ask::Disclosures);
        let client = if is_for_officer { &mut officer } else { &mut te };
        let mut took: Vec<Vec<Duration>> = vec![Vec::with_capacity(READINGS); whom.len()];
        for number in 0..WARM_UP + READINGS {
            let mut turns: Vec<_> = whom.iter().zip(&mut took).collect();
            turns.rotate_left(number % whom.len());
            for (whom, took) in turns {
                let begun = Instant::now();
                let asked = silent(client, ask, *whom, &people, number).await;
                let time = begun.elapsed();
                asked?;
                if number >= WARM_UP {
                    took.push(time);
                }
            }
        }
        if print(method, whom, took) == Aim::Missed {
            missed.push(method.trim());
        }
    }
    gateway.kill().await?;
    ensure!(missed.is_empty(), "missed by {}", missed.join(", "));
    Ok(())
}

/// Makes kela social services, to which laws open much, and gives te a data protection officer.
fn set_the_scene(world: &World) -> Result<()> {
    let mut text = fs::read_to_string(world.config_file())?;
    for (usual, now) in [
        ("id = \"kela\"\nsector = \"benefits\"", "id = \"kela\"\nsector = \"social\""),
        ("roles = [\"official\"]", "roles = [\"official\", \"data_protection_officer\"]"),
    ] {
        ensure!(text.contains(usual), "the world has no {usual}");
        text = text.replacen(usual, now, 1);
    }
    Ok(fs::write(world.config_file(), text)?)
}

#[derive(PartialEq, Eq)]
enum Aim {
    Met,
    Missed,
}

fn print(method: &str, whom: &[Whom], took: Vec<Vec<Duration>>) -> Aim {
    let figures: Vec<Figures> = took.into_iter().map(Figures::of).collect();
    let micros = |duration: Duration| duration.as_secs_f64() * 1e6;
    let first = figures.first().map_or(f64::NAN, |figures| micros(figures.median));
    let mut is_met = true;
    for (place, (whom, figures)) in whom.iter().zip(&figures).enumerate() {
        let ratio = micros(figures.median) / first;
        is_met &= (ratio - 1.0).abs() <= TARGET;
        println!(
            "{:<18}{:<36}{:>10.0}{:>10.0}{ratio:>10.3}",
            if place == 0 { method } else { "" },
            whom.name(),
            micros(figures.median),
            micros(figures.p99),
        );
    }
    let verdict = if is_met { "met" } else { "MISSED" };
    println!("{:<18}medians within {:.0} %: {verdict}", "", TARGET * 100.0);
    if is_met { Aim::Met } else { Aim::Missed }
}

impl Whom {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "nobody",
            Self::Bare => "somebody, without permission",
            Self::Foreign => "somebody who has to do with others",
        }
    }
}

async fn people(ohjaamo: &mut Client) -> Result<People> {
    let mut people = People { bare: Vec::new(), foreign: Vec::new(), referrals: Vec::new() };
    for number in 0..PEOPLE {
        people.bare.push(ohjaamo.identify(&nobody(number)).await?);
        let youth = ohjaamo.identify(&nobody(PEOPLE + number)).await?;
        ohjaamo.record_consent(&youth, OHJAAMO, KELA, Purpose::Rehabilitation, &TOLD).await?;
        let opening = Matter::Opening(JourneyOpening { source: JourneySource::Self_.into() });
        ohjaamo.journey.add_journey_entry(entry(&youth, opening)).await?;
        let request = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
        let sent = ohjaamo.referral.send_referral(request).await?.into_inner();
        people.referrals.extend(sent.referral.map(|referral| referral.name));
        people.foreign.push(youth);
    }
    ensure!(people.referrals.len() == PEOPLE, "a referral has no name");
    Ok(people)
}

fn entry(youth: &str, matter: Matter) -> AddJourneyEntryRequest {
    let entry = JourneyEntry { matter: Some(matter), ..JourneyEntry::default() };
    AddJourneyEntryRequest { request_id: request_id(), parent: youth.to_owned(), entry: Some(entry) }
}

fn one_of(names: &[String], number: usize) -> Result<String> {
    names.get(number % PEOPLE).cloned().context("there is nobody")
}

/// Whether te may tell kela something on a ground that is there for anybody.
fn on_ground(youth: String) -> VerifyConsentRequest {
    VerifyConsentRequest {
        youth,
        discloser: TE.into(),
        recipient: KELA.into(),
        purpose: Purpose::SocialServices.into(),
        categories: TOLD.iter().map(|category| i32::from(*category)).collect(),
        ground: LegalGround::SocialCareInability.into(),
        ..VerifyConsentRequest::default()
    }
}

fn not_permitted(decision: Option<Decision>) -> Result<()> {
    ensure!(decision.is_some_and(|decision| decision.verdict() == Verdict::NotPermitted));
    Ok(())
}

/// Asks, and holds the answer against what everybody shall see.
async fn silent(te: &mut Client, ask: Ask, whom: Whom, people: &People, number: usize) -> Result<()> {
    let unknown = || format!("youths/{}", Uuid::now_v7());
    let youth = match whom {
        Whom::Unknown => unknown(),
        Whom::Bare => one_of(&people.bare, number)?,
        Whom::Foreign => one_of(&people.foreign, number)?,
    };
    let purpose = Purpose::Guidance.into();
    let refused = match ask {
        Ask::Verify => {
            let request = VerifyConsentRequest {
                youth,
                discloser: OHJAAMO.into(),
                recipient: TE.into(),
                purpose: Purpose::EmploymentServices.into(),
                categories: TOLD.iter().map(|category| i32::from(*category)).collect(),
                ..VerifyConsentRequest::default()
            };
            return not_permitted(te.consent.verify_consent(request).await?.into_inner().decision);
        }
        Ask::Ground => {
            return not_permitted(te.consent.verify_consent(on_ground(youth)).await?.into_inner().decision);
        }
        Ask::Batch => {
            let request = BatchVerifyConsentsRequest { requests: vec![on_ground(youth)] };
            let mut results = te.consent.batch_verify_consents(request).await?.into_inner().results;
            return match results.pop().and_then(|result| result.result) {
                Some(Item::Decision(decision)) => not_permitted(Some(decision)),
                Some(Item::Error(_)) | None => bail!("a question without answer"),
            };
        }
        Ask::Explain => {
            let question = Some(VerifyConsentRequest { ground: 0, ..on_ground(youth) });
            let request = ExplainDisclosureRequest { question, language: "fi".into() };
            return not_permitted(te.consent.explain_disclosure(request).await?.into_inner().decision);
        }
        Ask::Try => {
            let claim = LegalClaim {
                ground: LegalGround::SocialCareInability.into(),
                statement: "huoli".into(),
                consent_asked: ConsentAsked::NotReached.into(),
            };
            let request = SendReferralRequest {
                claim: Some(claim),
                validate_only: true,
                ..referral_to(KELA, &youth, Purpose::SocialServices, full_content())
            };
            let refused = te.referral.send_referral(request).await.err();
            return match refused {
                Some(status) if status.code() == Code::PermissionDenied => Ok(()),
                other => bail!("refused in another way: {other:?}"),
            };
        }
        Ask::Journey => {
            let request = GetJourneyRequest { youth, purpose, ..GetJourneyRequest::default() };
            te.journey.get_journey(request).await.err()
        }
        Ask::NextStep => te.journey.get_next_step(GetNextStepRequest { youth, purpose }).await.err(),
        Ask::Entry => {
            let work = Matter::Work(WorkSpent { stage: PathStage::Start.into(), minutes: 20, cost_cents: 0 });
            te.journey.add_journey_entry(entry(&youth, work)).await.err()
        }
        Ask::Consent => te.record_consent(&youth, TE, KELA, Purpose::Guidance, &TOLD).await.err(),
        Ask::Plan => {
            let request = CreatePlanRequest {
                request_id: request_id(),
                youth,
                purpose,
                responsible_worker: Some(Worker { id: "virkailija-7".into(), ..Worker::default() }),
                replaces: String::new(),
            };
            te.plan.create_plan(request).await.err()
        }
        Ask::Referral => {
            let name = match whom {
                Whom::Unknown | Whom::Bare => format!("{}/referrals/{}", youth, Uuid::now_v7()),
                Whom::Foreign => one_of(&people.referrals, number)?,
            };
            te.referral.get_referral(GetReferralRequest { name }).await.err()
        }
        Ask::Disclosures => {
            let request = ListDisclosuresRequest { parent: youth, ..ListDisclosuresRequest::default() };
            te.journey.list_disclosures(request).await.err()
        }
        Ask::Link | Ask::Unlink => return link(te, ask, youth).await,
        Ask::Referrals | Ask::Consents | Ask::Tasks => return none_listed(te, ask, youth).await,
        Ask::Task => {
            let request = ResolveTaskRequest {
                request_id: request_id(),
                name: format!("{youth}/tasks/{}", Uuid::now_v7()),
                resolution: Some(Resolution::FollowUp(FollowUpResolution::default())),
            };
            te.task.resolve_task(request).await.err()
        }
    };
    refused_as_nobody(refused)
}

fn refused_as_nobody(refused: Option<Status>) -> Result<()> {
    match refused {
        Some(status) if status.code() == Code::NotFound => Ok(()),
        Some(status) => bail!("refused in another way: {status}"),
        None => bail!("answered"),
    }
}

/// Links a code that nobody has to somebody whom the caller has nothing to do with, or takes the link back.
async fn link(te: &mut Client, ask: Ask, youth: String) -> Result<()> {
    let (request_id, identity_code) = (request_id(), nobody(3 * PEOPLE));
    let refused = if matches!(ask, Ask::Link) {
        let request =
            LinkIdentityRequest { request_id, youth, identity_code, ..LinkIdentityRequest::default() };
        te.journey.link_identity(request).await.err()
    } else {
        let request =
            UnlinkIdentityRequest { request_id, youth, identity_code, ..UnlinkIdentityRequest::default() };
        te.journey.unlink_identity(request).await.err()
    };
    refused_as_nobody(refused)
}

/// Nothing of somebody whom the caller has nothing to do with is in a list, or there is nobody to list it of.
async fn none_listed(te: &mut Client, ask: Ask, parent: String) -> Result<()> {
    let listed = if matches!(ask, Ask::Referrals) {
        let request = ListReferralsRequest { parent, ..ListReferralsRequest::default() };
        te.referral.list_referrals(request).await.map(|answer| answer.into_inner().referrals.len())
    } else if matches!(ask, Ask::Consents) {
        let request = ListConsentsRequest { parent, ..ListConsentsRequest::default() };
        te.consent.list_consents(request).await.map(|answer| answer.into_inner().consents.len())
    } else {
        let request = ListTasksRequest { parent, show_resolved: true, ..ListTasksRequest::default() };
        te.task.list_tasks(request).await.map(|answer| answer.into_inner().tasks.len())
    };
    match listed {
        Ok(0) => Ok(()),
        Ok(_) => bail!("listed"),
        Err(status) => refused_as_nobody(Some(status)),
    }
}
