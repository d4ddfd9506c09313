//! Do other rules come into force while the gateway runs, all of them or none, and does nobody's call fail meanwhile?

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use polku_gateway::audit::{AuditLog, Event, Verdict};
use polku_proto::v1::{
    ConsentNotice, DataCategory, Decision, Purpose, VerifyConsentRequest, WatchConsentsRequest,
};
use polku_tests::simulators::TakenInKind;
use polku_tests::world::{
    Client, GatewayProcess, OHJAAMO, PEOPLE, TE, World, WorldSettings, eventually, professional,
};
use tempfile::TempDir;
use tonic::{Status, Streaming};

use super::{CASES, HOUSING, change, copy, shipped};
use crate::plan::table;
use crate::stage::{PATIENCE, call_path, polku};

const ASKED: [DataCategory; 2] = [DataCategory::ServiceNeeds, DataCategory::Housing];

/// A gateway in a process of its own, with rules in a folder of its own.
pub(super) struct Scene {
    pub(super) process: GatewayProcess,
    pub(super) ohjaamo: Client,
    pub(super) youth: String,
    pub(super) world: World,
    pub(super) folder: TempDir,
}

/// Makes a world whose gateway has its rules in the folder `rules`.
fn world(folder: &Path) -> World {
    let world = World::make(folder, &WorldSettings::default()).unwrap();
    let rules = folder.join("rules");
    std::fs::create_dir(&rules).unwrap();
    restore(&rules);
    let text = std::fs::read_to_string(world.config_file()).unwrap();
    std::fs::write(world.config_file(), format!("{text}\n[policy]\nrules = \"rules\"\n")).unwrap();
    world
}

/// Puts good rules, by which a consent opens housing, into an empty or spoilt folder.
pub(super) fn restore(rules: &Path) {
    std::fs::remove_dir_all(rules).unwrap();
    std::fs::create_dir(rules).unwrap();
    copy(&shipped(), rules);
    std::fs::write(rules.join("cases.toml"), CASES).unwrap();
}

/// Changes good rules into other good ones, by which no consent opens housing.
pub(super) fn close_housing(rules: &Path) {
    change(&rules.join("consent.cedar"), HOUSING.0, HOUSING.1);
    change(&rules.join("cases.toml"), "permits = [\"housing\"]", "permits = []");
}

pub(super) fn add(rules: &Path, text: &str) {
    std::fs::write(rules.join("extra.cedar"), text).unwrap();
}

impl Scene {
    /// With a young person whose consent covers both categories.
    pub(super) async fn open() -> Scene {
        let folder = TempDir::new().unwrap();
        let world = world(folder.path());
        let log = folder.path().join("gateway.log");
        let process = GatewayProcess::start_logging(&world.config_file(), &log, "info").await.unwrap();
        let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
        let client = world.client(process.bound.grpc, &world.identities.ohjaamo).unwrap();
        let mut ohjaamo = client.acting(&worker);
        let youth = ohjaamo.identify(PEOPLE[0]).await.unwrap();
        ohjaamo.record_consent(&youth, OHJAAMO, TE, Purpose::EmploymentServices, &ASKED).await.unwrap();
        Scene { process, ohjaamo, youth, world, folder }
    }

    pub(super) fn rules(&self) -> PathBuf {
        self.folder.path().join("rules")
    }

    /// The log as far as its lines are whole: the last one may be one that is being written.
    pub(super) fn log(&self) -> String {
        let mut log = std::fs::read_to_string(self.folder.path().join("gateway.log")).unwrap();
        log.truncate(log.rfind('\n').map_or(0, |end| end + 1));
        log
    }

    async fn ask(&self) -> Decision {
        ask(&self.ohjaamo, &self.youth).await.unwrap()
    }

    pub(super) async fn permitted(&self) -> Vec<DataCategory> {
        self.ask().await.permitted().collect()
    }

    /// Wishes for a reload and waits until it is said what came of it; gives that line of the log.
    pub(super) async fn reload(&self) -> String {
        let outcomes = |log: &str| -> Vec<String> {
            let said =
                |line: &&str| line.contains("policy rules loaded") || line.contains("policy rules refused");
            log.lines().filter(said).map(str::to_owned).collect()
        };
        let before = outcomes(&self.log()).len();
        self.process.signal("HUP").await.unwrap();
        let outcome = eventually(PATIENCE, async || outcomes(&self.log()).into_iter().nth(before)).await;
        outcome.expect("nothing has come of it")
    }

    async fn assert_serving(&self) {
        let channel =
            self.world.client(self.process.bound.grpc, &self.world.identities.ohjaamo).unwrap().channel();
        let answer = call_path(&channel, "/grpc.health.v1.Health/Check", None, Vec::new()).await.unwrap();
        assert_eq!(answer, [8, 1], "not SERVING");
    }

    /// The verdicts and policies of all leaves about the policy.
    async fn end(self) -> Vec<(Verdict, Vec<u8>)> {
        let ended: ExitStatus = self.process.stop().await.unwrap();
        assert!(ended.success());
        let log = self.folder.path().join("data/audit.log");
        AuditLog::verify(&log).unwrap();
        let (log, _) = AuditLog::open(&log).unwrap();
        let mut leaves = Vec::new();
        log.read(0, |_, leaf| {
            if leaf.event == Event::Policy {
                leaves.push((leaf.verdict, leaf.policy.to_vec()));
            }
        })
        .unwrap();
        leaves
    }
}

pub(super) async fn ask(client: &Client, youth: &str) -> Result<Decision, Status> {
    let request = VerifyConsentRequest {
        youth: youth.into(),
        discloser: OHJAAMO.into(),
        recipient: TE.into(),
        purpose: Purpose::EmploymentServices as i32,
        categories: ASKED.iter().map(|category| *category as i32).collect(),
        ..VerifyConsentRequest::default()
    };
    let answer = client.clone().consent.verify_consent(request).await?.into_inner();
    answer.decision.ok_or_else(|| Status::internal("no decision"))
}

/// domain.md 5: "Työllisyyden kuntakokeilu", "Oppivelvollisuusikä".
#[tokio::test(flavor = "multi_thread")]
async fn good_rules_come_into_force_without_a_restart() {
    let scene = Scene::open().await;
    let before = scene.ask().await;
    assert_eq!(before.permitted().collect::<Vec<_>>(), ASKED);
    close_housing(&scene.rules());
    assert_eq!(scene.ask().await.policy_digest, before.policy_digest, "before anybody has wished for it");
    let said = scene.reload().await;
    assert!(said.contains("policy rules loaded"), "{said}");
    let after = scene.ask().await;
    assert_eq!(after.permitted().collect::<Vec<_>>(), [DataCategory::ServiceNeeds]);
    assert_ne!(after.policy_digest, before.policy_digest);
    scene.assert_serving().await;
    // And back.
    restore(&scene.rules());
    scene.reload().await;
    let back = scene.ask().await;
    assert_eq!((back.permitted, back.policy_digest), (before.permitted, before.policy_digest.clone()));
    let leaves = scene.end().await;
    let loaded = |digest: &Vec<u8>| (Verdict::Permitted, digest.clone());
    assert_eq!(
        leaves,
        [loaded(&before.policy_digest), loaded(&after.policy_digest), loaded(&before.policy_digest)]
    );
}

/// Of a plan, an agency's system is told what is left by the new rules in place of what it was told by the former ones,
/// though nobody changes the plan.
#[tokio::test(flavor = "multi_thread")]
async fn plans_are_looked_at_by_the_new_rules() {
    let mut scene = Scene::open().await;
    let told = [DataCategory::IdentityContact, DataCategory::JointPlan, DataCategory::Housing];
    scene.ohjaamo.record_consent(&scene.youth, OHJAAMO, TE, table::PURPOSE, &told).await.unwrap();
    let plan = table::create(&scene.ohjaamo, &scene.youth).await.unwrap().plan.unwrap().name;
    table::add(&scene.ohjaamo, &plan, TE).await.unwrap();
    table::edit(&scene.ohjaamo, &plan, "youth", |part| {
        part.goals.push(table::goal("g1", "oma koti"));
        part.needs.push(table::need("n1", DataCategory::Housing, "kanaria-asunto"));
    })
    .await
    .unwrap();
    let ledger = scene.world.te.ledger();
    let last_has = |text: &str| {
        let mut parts = ledger.all_taken_in().into_iter();
        let last = parts.rfind(|entry| entry.kind == TakenInKind::PlanPart);
        last.is_some_and(|last| last.fields.iter().any(|(_, value)| value == text))
    };
    let both = async || (last_has("oma koti") && last_has("kanaria-asunto")).then_some(());
    eventually(PATIENCE, both).await.expect("nothing is told");
    close_housing(&scene.rules());
    scene.reload().await;
    let less = async || (last_has("oma koti") && !last_has("kanaria-asunto")).then_some(());
    eventually(PATIENCE, less).await.expect("what is left is not told");
    scene.end().await;
}

/// Spoils good rules in a folder.
type Spoil = fn(&Path);

/// Ways to spoil good rules, and what is said of each.
const BAD: [(&str, Spoil, &str); 14] = [
    ("text that is no rule", |rules| add(rules, "permit (principal"), "extra.cedar is refused"),
    (
        "a fact that there is not",
        |rules| {
            let text = "@id(\"x\") @statute(\"x\") @basis(\"own_data\") permit (principal, action == Action::\"disclose\", resource)";
            add(rules, &format!("{text} when {{ context.moon_is_full }};"));
        },
        "the rules contradict the schema",
    ),
    (
        "a rule without its law",
        |rules| add(rules, "@id(\"x\") @basis(\"prohibited\") forbid (principal, action, resource);"),
        "rule x has no @statute",
    ),
    (
        "a rule twice",
        |rules| {
            let text = "@id(\"consent\") @statute(\"x\") @basis(\"prohibited\") forbid (principal, action, resource);";
            add(rules, text);
        },
        "rule consent is there twice",
    ),
    (
        "a case with another answer",
        |rules| change(&rules.join("cases.toml"), "permits = [\"housing\"]", "permits = []"),
        "1 of 2 cases have another answer than expected, the first one: FAILED: Housing, with a consent",
    ),
    (
        "cases that cannot be read",
        |rules| change(&rules.join("cases.toml"), "asks = [\"service_needs\"]", "ask = [\"service_needs\"]"),
        "cases.toml is refused",
    ),
    ("no case at all", |rules| std::fs::write(rules.join("cases.toml"), "").unwrap(), "no file cases.toml"),
    ("no cases", |rules| std::fs::remove_file(rules.join("cases.toml")).unwrap(), "no file cases.toml"),
    (
        "a rule that fails",
        |rules| {
            let text =
                "@id(\"x\") @statute(\"x\") @basis(\"prohibited\") forbid (principal, action, resource)";
            add(rules, &format!("{text} when {{ context.age - 9223372036854775807 - 9 > 0 }};"));
        },
        "the rules fail on an ordinary question",
    ),
    (
        "a rule that fails at an age",
        |rules| {
            let text =
                "@id(\"x\") @statute(\"x\") @basis(\"prohibited\") forbid (principal, action, resource)";
            add(rules, &format!("{text} when {{ context.age + 9223372036854775779 > 0 }};"));
        },
        "the rules fail on an ordinary question",
    ),
    (
        "a rule that will fail",
        |rules| {
            let text =
                "@id(\"x\") @statute(\"x\") @basis(\"prohibited\") @valid_from(\"2035-01-01T00:00:00Z\")";
            let when = "context.age - 9223372036854775807 - 9 > 0";
            add(rules, &format!("{text} forbid (principal, action, resource) when {{ {when} }};"));
        },
        "the rules fail on an ordinary question",
    ),
    (
        "no ages",
        |rules| std::fs::remove_file(rules.join("ages.json")).unwrap(),
        "rules/ages.json cannot be read: No such file",
    ),
    (
        "no rules",
        |rules| {
            for file in ["consent", "own-data", "restrictions", "statute"] {
                std::fs::remove_file(rules.join(format!("{file}.cedar"))).unwrap();
            }
        },
        "has no file *.cedar",
    ),
    (
        "no folder",
        |rules| std::fs::remove_dir_all(rules).unwrap(),
        "of the rules cannot be read: No such file",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn bad_rules_are_refused_and_the_last_good_ones_stay() {
    let scene = Scene::open().await;
    let before = scene.ask().await;
    let rules = scene.rules();
    for (what, spoil, told) in BAD {
        spoil(&rules);
        let said = scene.reload().await;
        assert!(said.contains("policy rules refused, those in force stay"), "{what}: {said}");
        assert!(said.contains("\"ERROR\"") && said.contains(told), "{what}: {said}");
        let after = scene.ask().await;
        assert_eq!(after.permitted, before.permitted, "{what}");
        assert_eq!(after.policy_digest, before.policy_digest, "{what}");
        scene.assert_serving().await;
        std::fs::create_dir_all(&rules).unwrap();
        restore(&rules);
    }
    // Good ones are still taken.
    close_housing(&rules);
    assert!(scene.reload().await.contains("policy rules loaded"));
    let after = scene.ask().await;
    assert_eq!(after.permitted().collect::<Vec<_>>(), [DataCategory::ServiceNeeds]);
    let leaves = scene.end().await;
    let mut expected = vec![(Verdict::Permitted, before.policy_digest.clone())];
    expected.extend(BAD.map(|_| (Verdict::NotPermitted, before.policy_digest.clone())));
    expected.push((Verdict::Permitted, after.policy_digest));
    assert_eq!(leaves, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_while_rules_are_exchanged() {
    let scene = Arc::new(Scene::open().await);
    let over = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (scene, over, calls) = (Arc::clone(&scene), Arc::clone(&over), Arc::clone(&calls));
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let decision = scene.ask().await;
                    let answer = (decision.policy_digest, decision.permitted.len());
                    calls.fetch_add(1, Ordering::Relaxed);
                    if !seen.contains(&answer) {
                        seen.push(answer);
                    }
                }
                seen
            })
        })
        .collect();
    for exchange in 0..8 {
        // Each is in force for some calls.
        let enough = calls.load(Ordering::Relaxed) + 20;
        let asked = eventually(PATIENCE, async || (calls.load(Ordering::Relaxed) >= enough).then_some(()));
        asked.await.expect("the calls do not go on");
        match exchange % 4 {
            0 => close_housing(&scene.rules()),
            1 | 3 => add(&scene.rules(), "permit (principal"),
            _ => restore(&scene.rules()),
        }
        let said = scene.reload().await;
        assert_eq!(said.contains("policy rules loaded"), exchange % 2 == 0, "{said}");
        if exchange % 2 == 1 {
            std::fs::remove_file(scene.rules().join("extra.cedar")).unwrap();
        }
    }
    over.store(true, Ordering::Relaxed);
    let mut seen = Vec::new();
    for caller in callers {
        seen.extend(caller.await.expect("a call has failed"));
    }
    seen.sort();
    seen.dedup();
    // Two sets of rules, and each has one answer.
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[0].0 != seen[1].0 && seen[0].1 != seen[1].1, "{seen:?}");
    let scene = Arc::into_inner(scene).unwrap();
    assert_eq!(scene.end().await.len(), 9);
}

/// What was answered by the former rules may not hold any more, of whomever: one notice says so, and a watch that goes on
/// later has it too.
#[tokio::test(flavor = "multi_thread")]
async fn who_watches_consents_is_told_that_the_rules_are_others() {
    let mut scene = Scene::open().await;
    let te = scene.world.client(scene.process.bound.grpc, &scene.world.identities.te).unwrap();
    let te = te.acting(&professional("virkailija-7", "nuorten-palvelut", "official"));
    let mut watch = follow(&te, "").await;
    scene.ohjaamo.record_consent(&scene.youth, OHJAAMO, TE, Purpose::Guidance, &ASKED).await.unwrap();
    let before = next(&mut watch).await;
    assert_eq!(before.youth, scene.youth);
    let digest = scene.ask().await.policy_digest;

    close_housing(&scene.rules());
    scene.reload().await;
    let told = next(&mut watch).await;
    assert!(told.youth.is_empty() && told.revision >= before.revision && told.time.is_some(), "{told:?}");
    let after = scene.ask().await;
    assert_ne!(after.policy_digest, digest);
    // Rules that are refused, and the same ones once more, are no news.
    add(&scene.rules(), "permit (principal");
    assert!(scene.reload().await.contains("refused"));
    std::fs::remove_file(scene.rules().join("extra.cedar")).unwrap();
    assert!(scene.reload().await.contains("loaded"));
    assert_quiet(&mut watch).await;

    for (token, is_behind) in [(&before.resume_token, false), (&told.resume_token, true)] {
        let mut resumed = follow(&te, token).await;
        if !is_behind {
            let again = next(&mut resumed).await;
            assert_eq!((again.youth.as_str(), again.revision >= told.revision), ("", true));
        }
        assert_quiet(&mut resumed).await;
    }
    assert_quiet(&mut follow(&te, "").await).await;
}

async fn follow(client: &Client, token: &str) -> Streaming<ConsentNotice> {
    let request = WatchConsentsRequest { resume_token: token.into() };
    client.clone().consent.watch_consents(request).await.unwrap().into_inner()
}

async fn next(watch: &mut Streaming<ConsentNotice>) -> ConsentNotice {
    tokio::time::timeout(PATIENCE, watch.message()).await.expect("no notice").unwrap().unwrap()
}

async fn assert_quiet(watch: &mut Streaming<ConsentNotice>) {
    let more = tokio::time::timeout(Duration::from_millis(300), watch.message()).await;
    assert!(more.is_err(), "a notice too many");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_folder_of_rules_only_keys_are_read_anew() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let log = folder.path().join("gateway.log");
    let process = GatewayProcess::start_logging(&world.config_file(), &log, "info").await.unwrap();
    process.signal("HUP").await.unwrap();
    let said = || std::fs::read_to_string(&log).unwrap();
    let read = async || said().contains("master keys loaded").then_some(());
    eventually(PATIENCE, read).await.expect("nothing is said");
    let client = world.client(process.bound.grpc, &world.identities.ohjaamo).unwrap();
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    client.acting(&worker).identify(PEOPLE[0]).await.unwrap();
    assert!(process.stop().await.unwrap().success());
    assert!(!said().contains("policy rules loaded"), "{}", said());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rules_stop_the_gateway_before_a_port_opens() {
    let folder = TempDir::new().unwrap();
    let world = world(folder.path());
    let config = world.config_file();
    let config = config.to_str().unwrap();
    let ran = polku(&["check-config", "--config", config]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for (what, spoil, told) in BAD {
        spoil(&folder.path().join("rules"));
        for command in ["check-config", "serve"] {
            let ran = polku(&[command, "--config", config]);
            assert_eq!((ran.code, ran.out.as_str()), (Some(64), ""), "{what}: {ran:?}");
            if what == "no folder" {
                assert!(ran.err.contains("policy.rules: found") && ran.err.contains("no folder"), "{ran:?}");
            } else {
                assert!(ran.err.contains(told), "{what}: {ran:?}");
            }
        }
        std::fs::create_dir_all(folder.path().join("rules")).unwrap();
        restore(&folder.path().join("rules"));
    }
    // Nothing has come into force, so nothing is in an audit log.
    assert!(!folder.path().join("data/audit.log").exists());
}
