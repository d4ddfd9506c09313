//! What does an operator see of deliveries, and what can be done about them, with the real command?

use polku_gateway::audit::Event;
use polku_proto::v1::DeliveryState::{Delivered, InDoubt, Rejected};
use polku_proto::v1::{GetDeliveryRequest, ListDeliveriesRequest, ListReferralsRequest};
use polku_tests::simulators::{Fault, Operation};
use polku_tests::world::{OHJAAMO, OPERATOR, PEOPLE, TE, binary};
use tokio::process::Command;
use tonic::Code;

use super::scene::Scene;
use crate::stage::{Ran, assert_refused};

/// `polku deliveries` with the certificate of this name.
async fn deliveries_as(scene: &Scene, who: &str, arguments: &[&str]) -> Ran {
    let file = |name: &str| scene.world.folder().join(name);
    let mut command = Command::new(binary("polku").unwrap());
    command.arg("deliveries").args(arguments).arg("--config").arg(scene.world.config_file());
    // The port was chosen by the system, so the configuration cannot say it.
    command.arg("--address").arg(scene.running.bound.grpc.to_string()).args(["--server-name", "localhost"]);
    command.arg("--certificate").arg(file(&format!("{who}.crt.pem")));
    command.arg("--key").arg(file(&format!("{who}.key.pem")));
    let ran = Ran::of(command.kill_on_drop(true).output().await.unwrap());
    for hetu in PEOPLE {
        assert!(!ran.out.contains(hetu) && !ran.err.contains(hetu), "an identity code was shown");
    }
    assert!(!ran.out.contains("youths/"), "a young person was named: {}", ran.out);
    ran
}

async fn deliveries(scene: &Scene, arguments: &[&str]) -> Ran {
    deliveries_as(scene, OPERATOR, arguments).await
}

/// A referral whose delivery ends so.
async fn ended(scene: &mut Scene, person: usize, fault: Fault) -> (String, polku_proto::v1::Consent) {
    let (youth, consent) = scene.consenting(PEOPLE[person], TE).await;
    scene.faults(TE).once_on(Operation::Deliver, fault);
    (scene.deliver(&youth, TE).await.name, consent)
}

async fn message(scene: &Scene, name: &str, state: &str) -> String {
    let listed = deliveries(scene, &["list", "--state", state, "--json"]).await;
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    let listed = listed.json();
    let [only] = &listed.as_array().unwrap()[..] else { panic!("{name}: {listed}") };
    only["message"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_listed_shown_and_made_once_more() {
    let mut scene = Scene::of_doubt().await;
    let (refused, _) = ended(&mut scene, 0, Fault::BusinessFault("VIRHEELLINEN_SISALTO".into())).await;
    assert_eq!(scene.get(&refused).await.delivery_state(), Rejected);
    let (doubtful, _) = ended(&mut scene, 1, Fault::ResetAfterEffect).await;
    assert_eq!(scene.get(&doubtful).await.delivery_state(), InDoubt);

    let all = deliveries(&scene, &["list"]).await;
    let lines: Vec<&str> = all.out.lines().collect();
    assert_eq!((all.code, lines.len()), (Some(0), 3), "{}{}", all.out, all.err);
    assert!(
        lines[0].starts_with("message ") && lines[1].contains("rejected") && lines[2].contains("in_doubt")
    );
    let none = deliveries(&scene, &["list", "--agency", OHJAAMO, "--json"]).await;
    assert_eq!(none.json(), serde_json::json!([]));

    let rejected = message(&scene, &refused, "rejected").await;
    let shown = deliveries(&scene, &["show", &rejected]).await.json();
    assert_eq!(
        (&shown["agency"], &shown["content"], &shown["attempts"]),
        (&TE.into(), &"referral".into(), &1.into())
    );
    assert_eq!(shown["last_error"], "rejected with code VIRHEELLINEN_SISALTO", "{shown}");
    let retried = deliveries(&scene, &["retry", &rejected]).await;
    assert_eq!((retried.code, &retried.json()["state"]), (Some(0), &"queued".into()), "{}", retried.err);
    scene.until_delivery(&refused, Delivered).await;
    assert_eq!(scene.effects(TE, &refused), 1);
    // What has arrived is not sent once more.
    let twice = deliveries(&scene, &["retry", &rejected]).await;
    assert_eq!(twice.code, Some(1));
    assert!(twice.err.contains("reason: RECORD_STATE"), "{}", twice.err);

    // One in doubt is resolved, not retried.
    let doubt = message(&scene, &doubtful, "in-doubt").await;
    let shown = deliveries(&scene, &["show", &doubt]).await.json();
    assert_eq!(shown["last_error"], "no answer after the message was written", "{shown}");
    let retried = deliveries(&scene, &["retry", &doubt]).await;
    assert!(retried.code == Some(1) && retried.err.contains("ask the agency first"), "{}", retried.err);
    let resolved = deliveries(&scene, &["resolve", &doubt, "arrived", "--reference", "TE-1"]).await.json();
    assert_eq!((&resolved["state"], &resolved["reference"]), (&"delivered".into(), &"TE-1".into()));
    scene.until_delivery(&doubtful, Delivered).await;
    assert_eq!(scene.effects(TE, &doubtful), 1);
    assert_eq!(deliveries(&scene, &["list", "--json"]).await.json(), serde_json::json!([]));
    let remains = scene.end().await;
    // Two looks, and two acts.
    assert_eq!(remains.count(Event::Administration), 4);
    remains.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_arrived_goes_once_more_and_its_task_is_closed() {
    let mut scene = Scene::of_doubt().await;
    let (name, _) = ended(&mut scene, 0, Fault::ResetBeforeEffect).await;
    let list = || polku_proto::v1::ListTasksRequest { parent: "youths/-".into(), ..Default::default() };
    let open = scene.ohjaamo.clone().task.list_tasks(list()).await.unwrap().into_inner().tasks;
    assert_eq!(open.len(), 1);
    let doubt = message(&scene, &name, "in-doubt").await;
    let wrong = deliveries(&scene, &["resolve", &doubt, "not-arrived", "--reference", "TE-1"]).await;
    assert!(wrong.err.contains("reason: INVALID_FIELDS"), "{}", wrong.err);
    let resolved = deliveries(&scene, &["resolve", &doubt, "not-arrived"]).await;
    assert_eq!(resolved.code, Some(0), "{}", resolved.err);
    scene.until_delivery(&name, Delivered).await;
    assert_eq!(scene.effects(TE, &name), 1);
    let open = scene.ohjaamo.clone().task.list_tasks(list()).await.unwrap().into_inner().tasks;
    assert_eq!(open, []);
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_consent_covers_no_more_is_not_made_once_more() {
    let mut scene = Scene::of_doubt().await;
    let refusal = Fault::BusinessFault("VIRHEELLINEN_SISALTO".into());
    let (name, consent) = ended(&mut scene, 0, refusal).await;
    let rejected = message(&scene, &name, "rejected").await;
    scene.withdraw(&consent).await;
    let sent = scene.requests(TE, Operation::Deliver);
    let retried = deliveries(&scene, &["retry", &rejected]).await;
    assert_eq!(retried.code, Some(1));
    assert!(retried.err.contains("  reason: NOT_PERMITTED (polku)\n"), "{}", retried.err);
    assert_eq!(deliveries(&scene, &["show", &rejected]).await.json()["state"], "rejected");
    assert_eq!((scene.effects(TE, &name), scene.requests(TE, Operation::Deliver)), (0, sent));
    let remains = scene.end().await;
    // The refusal is in the log, with who asked.
    let refused: Vec<_> = remains.leaves.iter().filter(|leaf| leaf.event == Event::Refusal).collect();
    assert!(refused.len() == 1 && refused[0].actor != [0; 32], "{refused:?}");
    // One look.
    assert_eq!(remains.count(Event::Administration), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_deliveries_and_nothing_else_and_nobody_else_does() {
    let scene = Scene::of_doubt().await;
    let ran = deliveries_as(&scene, OHJAAMO, &["list"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.contains("  reason: CERTIFICATE_NOT_OPERATOR (polku)\n"), "{}", ran.err);
    let operator = scene.world.client(scene.running.bound.grpc, &scene.world.identities.operator).unwrap();
    let operator =
        operator.acting(&polku_tests::world::professional("ohjaaja-1", "keskusta", "guidance_worker"));
    let list = ListReferralsRequest { parent: "youths/-".into(), ..ListReferralsRequest::default() };
    let refused = operator.referral.clone().list_referrals(list).await;
    assert_refused(refused, Code::Unauthenticated, "CERTIFICATE_UNKNOWN");
    let nothing = GetDeliveryRequest { message: polku_tests::world::request_id() };
    assert_refused(operator.operations.clone().get_delivery(nothing).await, Code::NotFound, "NOT_FOUND");
    let wrong = ListDeliveriesRequest { page_token: "kanaria".into(), ..ListDeliveriesRequest::default() };
    let refused = operator.operations.clone().list_deliveries(wrong).await;
    assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
    let wrong = ListDeliveriesRequest { states: vec![Delivered.into()], ..ListDeliveriesRequest::default() };
    let refused = operator.operations.clone().list_deliveries(wrong).await;
    assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
    scene.end().await;
}
