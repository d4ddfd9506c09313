//! On whose behalf does the gateway answer each method of the contract at all? `tests/golden/roles.txt` says so, for people to
//! read: it is what the gateway does over its own port, whatever the contract's options say.

use std::fmt::Write as _;
use std::path::Path;

use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{WatchConsentsRequest, WatchPlansRequest, WatchReferralsRequest, WatchTasksRequest};
use polku_tests::world::{PEOPLE, professional};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::stage::{Stage, actor_bytes, call_path, representing, subject};

const HEADER: &str = "\
On whose behalf a method of the contract can be called at all (x). What each of them may see and do is decided beside that.
Written by the test `front::roles` of what the gateway does.

";

/// Every method of the contract, by its path, in the order of the contract.
pub(super) fn methods() -> Vec<String> {
    let contract = prost_types::FileDescriptorSet::decode(polku_proto::FILE_DESCRIPTOR_SET).unwrap();
    let services =
        contract.file.iter().filter(|file| file.package() == "polku.v1").flat_map(|file| &file.service);
    let paths = services.flat_map(|service| {
        let path = |method: &str| format!("/polku.v1.{}/{method}", service.name());
        service.method.iter().map(move |method| path(method.name())).collect::<Vec<_>>()
    });
    paths.collect()
}

/// A message that no method carries out: an empty one, and one with a token that is none for what would not end.
fn message(path: &str) -> Vec<u8> {
    let resume_token = "no token".to_owned();
    match path.rsplit('/').next() {
        Some("WatchConsents") => WatchConsentsRequest { resume_token }.encode_to_vec(),
        // The young person watches a plan that is named.
        Some("WatchPlans") => {
            let plan = uuid::Uuid::now_v7();
            let name = format!("youths/{plan}/plans/{plan}");
            WatchPlansRequest { name, resume_token }.encode_to_vec()
        }
        Some("WatchReferrals") => WatchReferralsRequest { resume_token }.encode_to_vec(),
        Some("WatchTasks") => WatchTasksRequest { resume_token }.encode_to_vec(),
        _ => Vec::new(),
    }
}

/// Whether the caller is turned away, whatever the message says.
fn is_turned_away(answer: &Result<Vec<u8>, Status>) -> bool {
    let Err(status) = answer else { return false };
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    assert_ne!(status.code(), Code::Unimplemented, "{status:?}");
    assert!(!reason.is_empty(), "a refusal without a reason: {status:?}");
    let strange =
        ["ACTOR_MISSING", "ACTOR_MALFORMED", "ACTOR_KIND_NOT_REGISTERED", "UNIT_UNKNOWN", "ROLE_UNKNOWN"];
    assert!(!strange.contains(&reason.as_str()), "the caller is not known: {status:?}");
    ["ACTOR_NOT_ALLOWED", "CERTIFICATE_NOT_OPERATOR", "CERTIFICATE_UNKNOWN"].contains(&reason.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_answers_whom_the_table_says() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[3]).await;
    let identities = &stage.world.identities;
    let roles = [
        ("professional", &identities.ohjaamo, Some(professional("ohjaaja-1", "keskusta", "guidance_worker"))),
        ("young person", &identities.oma, Some(subject(&youth))),
        ("guardian", &identities.oma, Some(representing(&youth, Capacity::Guardian))),
        ("representative", &identities.oma, Some(representing(&youth, Capacity::OtherRepresentative))),
        ("operator", &identities.operator, None),
    ];
    let mut table = String::from(HEADER);
    write!(table, "{:48}", "").unwrap();
    for (name, _, _) in &roles {
        write!(table, " {name:14}").unwrap();
    }
    table.push('\n');
    let mut told = Vec::new();
    for (_, identity, actor) in &roles {
        let client = stage.world.client(stage.bound().grpc, identity).unwrap();
        let actor = actor.as_ref().map(actor_bytes);
        told.push((client.channel(), actor));
    }
    for path in methods() {
        write!(table, "{:48}", path.trim_start_matches("/polku.v1.")).unwrap();
        for (channel, actor) in &told {
            let answer = call_path(channel, &path, actor.as_deref(), message(&path)).await;
            let mark = if is_turned_away(&answer) { "." } else { "x" };
            write!(table, " {mark:14}").unwrap();
        }
        table.push('\n');
    }
    let table: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/roles.txt");
    if std::env::var_os("POLKU_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &table).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == table, "{} differs; POLKU_REGENERATE=1 writes it anew:\n{table}", path.display());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_is_not_in_the_contract_answers_nobody() {
    let stage = Stage::open().await;
    let client = stage.ohjaamo();
    let actor = actor_bytes(&professional("ohjaaja-1", "keskusta", "guidance_worker"));
    for path in ["/polku.v1.ReferralService/Nothing", "/polku.v2.ReferralService/SendReferral"] {
        let answer = call_path(&client.channel(), path, Some(&actor), Vec::new()).await;
        assert_eq!(answer.unwrap_err().code(), Code::Unimplemented, "{path}");
    }
    stage.close().await;
}
