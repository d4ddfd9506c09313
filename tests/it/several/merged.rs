//! Do changes of one plan come together that are made at several gateways at once?

use polku_proto::v1::task::Matter;
use polku_proto::v1::{DataCategory, MergePlanRequest, MergePlanResponse, Plan, PlanPart, Worker};
use polku_tests::world::{Client, OHJAAMO, PEOPLE, TE, professional, request_id};
use tonic::Code;

use super::{GATEWAYS, Scene, again};
use crate::plan::table::{
    PURPOSE, SHARED, add, create, edit, goal, need, read, revisions, section, tasks, transfer_over, worker,
};
use crate::stage::assert_refused;

/// How many goals two parties change at once.
const GOALS: usize = 8;

/// Brings changes in over this reading, and calls again for as long as that is safe.
async fn merge(client: &Client, read: &Plan, sections: Vec<PlanPart>) -> MergePlanResponse {
    let request = MergePlanRequest {
        request_id: request_id(),
        name: read.name.clone(),
        etag: read.etag.clone(),
        sections,
        validate_only: false,
        found_in: None,
    };
    loop {
        match client.clone().plan.merge_plan(request.clone()).await {
            Ok(answer) => return answer.into_inner(),
            Err(status) => assert!(again(&status), "{status:?}"),
        }
    }
}

/// Employment services' professional, at each gateway.
fn at_te(scene: &Scene) -> Vec<Client> {
    let who = professional("virkailija-7", "nuorten-palvelut", "official");
    let client = |grpc| scene.world.client(grpc, &scene.world.identities.te).unwrap().acting(&who);
    scene.gateways.iter().map(|gateway| client(gateway.bound.grpc)).collect()
}

/// A plan to which employment services are a party.
async fn laid(scene: &Scene, identity_code: &str) -> String {
    let mut client = scene.clients[0].clone();
    let youth = client.identify(identity_code).await.unwrap();
    for (from, to) in [(OHJAAMO, TE), (TE, OHJAAMO)] {
        client.record_consent(&youth, from, to, PURPOSE, &SHARED).await.unwrap();
    }
    let plan = create(&client, &youth).await.unwrap().plan.unwrap().name;
    add(&scene.clients[1], &plan, TE).await.unwrap();
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_several_gateways_at_once_are_merged_and_clashes_are_asked() {
    let mut scene = Scene::open().await;
    let te = at_te(&scene);
    let plan = laid(&scene, PEOPLE[0]).await;
    let begun = |part: &mut PlanPart| {
        part.goals.extend((0..GOALS).map(|number| goal(&format!("g{number}"), "kanaria-alku")));
    };
    edit(&scene.clients[0], &plan, "youth", begun).await.unwrap();
    let (by_ohjaamo, by_te) =
        (read(&scene.clients[2], &plan).await.unwrap(), read(&te[0], &plan).await.unwrap());
    let revisions_before = revisions(&scene.clients[0], &plan).await.unwrap().revisions.len();

    // All over the same two readings: each changes the text of one goal, and adds something of its own.
    let mut merges = Vec::new();
    for number in 0..GOALS {
        let text = |who: &str| format!("kanaria-{who}-{number}");
        let added = |who: &str| need(&format!("n{number}"), DataCategory::JointPlan, &text(who));
        let mut ours = section(&by_ohjaamo, "youth");
        ours.goals[number].text = text(OHJAAMO);
        ours.needs.push(added(OHJAAMO));
        let (client, read) = (scene.clients[number % GATEWAYS].clone(), by_ohjaamo.clone());
        merges.push(tokio::spawn(async move { merge(&client, &read, vec![ours]).await }));
        let mut shared = section(&by_te, "youth");
        shared.goals[number].text = text(TE);
        let mut own = section(&by_te, TE);
        own.needs.push(added(TE));
        let (client, read) = (te[(number + 1) % GATEWAYS].clone(), by_te.clone());
        merges.push(tokio::spawn(async move { merge(&client, &read, vec![shared, own]).await }));
    }
    let mut clashes = Vec::new();
    for merging in merges {
        clashes.extend(merging.await.unwrap().conflicts);
    }
    let mut paths: Vec<&str> = clashes.iter().map(|clash| clash.path.as_str()).collect();
    paths.sort_unstable();
    let expected: Vec<String> = (0..GOALS).map(|number| format!("goals/g{number}/text")).collect();
    assert_eq!(paths, expected, "of two that change the same goal one is told so");

    let seen = read(&scene.clients[0], &plan).await.unwrap();
    for (number, goal) in section(&seen, "youth").goals.iter().enumerate() {
        let clash = clashes.iter().find(|clash| clash.path == expected[number]).unwrap();
        let text = |side: &Option<PlanPart>| side.as_ref().unwrap().goals[0].text.clone();
        assert_eq!(text(&clash.base), "kanaria-alku");
        let mut both = [text(&clash.ours), text(&clash.theirs)];
        both.sort_unstable();
        assert_eq!(both, [OHJAAMO, TE].map(|who| format!("kanaria-{who}-{number}")));
        assert_eq!(goal.text, text(&clash.theirs), "it is as the first one wanted it");
    }
    // Nothing that was added is lost, and it is the same plan at each gateway.
    for client in scene.clients.iter().chain(&te) {
        let seen = read(client, &plan).await.unwrap();
        for owner in ["youth", TE] {
            let mut needs: Vec<String> =
                section(&seen, owner).needs.into_iter().map(|need| need.id).collect();
            needs.sort_unstable();
            let all: Vec<String> = (0..GOALS).map(|number| format!("n{number}")).collect();
            assert_eq!(needs, all, "of {owner}");
        }
    }
    let after = revisions(&scene.clients[1], &plan).await.unwrap().revisions.len();
    assert_eq!(after - revisions_before, 2 * GOALS, "each merge is a revision");
    for client in &scene.clients {
        let open = tasks(client).await.unwrap();
        let asked = open.iter().filter(|task| matches!(task.matter, Some(Matter::Conflict(_)))).count();
        assert_eq!(asked, GOALS, "each clash once");
    }
    while let Some(gateway) = scene.gateways.pop() {
        assert!(gateway.stop().await.unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_transfers_at_two_gateways_one_reads_the_other_first() {
    let mut scene = Scene::open().await;
    let plan = laid(&scene, PEOPLE[1]).await;
    for (round, other) in [OHJAAMO, TE].into_iter().enumerate() {
        let etag = read(&scene.clients[0], &plan).await.unwrap().etag;
        let named = |who: &str| Worker { id: format!("{who}-{round}"), ..worker() };
        let [one, two] = [(OHJAAMO, named("ohjaaja")), (other, named("virkailija"))];
        let (first, second) = tokio::join!(
            transfer_over(&scene.clients[0], &plan, one, etag.clone()),
            transfer_over(&scene.clients[1], &plan, two, etag),
        );
        let (done, refused) = if first.is_ok() { (first, second) } else { (second, first) };
        let done = done.unwrap().plan.unwrap();
        assert_refused(refused, Code::Aborted, "ETAG_MISMATCH");
        let now = read(&scene.clients[2], &plan).await.unwrap();
        assert_eq!(now.responsible_worker, done.responsible_worker);
        assert_eq!(now.coordinator, done.coordinator);
    }
    while let Some(gateway) = scene.gateways.pop() {
        assert!(gateway.stop().await.unwrap().success());
    }
}
