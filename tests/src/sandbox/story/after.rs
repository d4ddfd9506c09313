//! Three months later: is Aino still there, who has had her data, and where does the journey end?

use std::collections::{BTreeMap, BTreeSet};

use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::journey_leaving::Reason;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::{
    DeliveryState, Disclosure, Encounter, FollowUp, FollowUpResolution, JourneyLeaving,
    ListDisclosuresRequest, ListTasksRequest, Purpose, Referral, ResolveTaskRequest, RetentionAnswer,
    encounter, follow_up, retention_answer, task,
};

use super::{Scene, THREE_MONTHS, entered, wait_for};
use crate::sandbox::cast;
use crate::sandbox::teller::{Deviation, answered, refusal, same, there};
use crate::world::{KELA, request_id};

/// How many entries one page may have.
const PAGE: i32 = 200;
/// What says nothing about her.
const ENVELOPE: &str = "envelope";

/// The day comes, and Kela is asked what has become of it.
pub(super) async fn retention(scene: &mut Scene<'_, '_>, referral: &Referral) -> Result<(), Deviation> {
    scene.pass(THREE_MONTHS, "Three months pass")?;
    scene
        .teller
        .step("Is she still with the coaching that she was handed over to? Kela is asked, and answers")?;
    let mut kela = scene.agency(KELA)?;
    let question = FollowUp {
        kind: follow_up::Kind::Retention.into(),
        referral: referral.name.clone(),
        ..FollowUp::default()
    };
    let question = Some(task::Matter::FollowUp(question));
    let parent = scene.youth.clone();
    let asked = wait_for("Kela's task", async || {
        let request = ListTasksRequest { parent: parent.clone(), ..ListTasksRequest::default() };
        let tasks = answered("ListTasks", kela.task.list_tasks(request).await)?.tasks;
        Ok(tasks.into_iter().find(|task| task.matter == question))
    })
    .await?;
    scene.teller.entry("task of Kela", &["is she still there? It has come up by itself, on its day"])?;
    let result = retention_answer::Result::Attached;
    let resolution = FollowUpResolution { retention: result.into(), ..FollowUpResolution::default() };
    let request = ResolveTaskRequest {
        request_id: request_id(),
        name: asked.name,
        resolution: Some(Resolution::FollowUp(resolution)),
    };
    let resolved = answered("ResolveTask", kela.task.resolve_task(request).await)?;
    let state = there("the task in the answer", resolved.task)?.state();
    same("state of Kela's task", &task::State::Resolved, &state)?;
    scene.teller.entry(KELA, &["she is attached, three months after the hand-over"])?;
    scene.receipt(resolved.receipt)?;
    let seen = scene.journey(Purpose::Rehabilitation).await?;
    let told = seen.entries.into_iter().find(|entry| entry.agency == KELA);
    let told = there("Kela's answer in the window", told.and_then(|entry| entry.matter))?;
    let answer = RetentionAnswer { referral: referral.name.clone(), result: result.into() };
    same("Kela's answer", &Matter::Retention(answer), &told)?;
    scene.teller.entry("Ohjaamo sees", &["the answer: she has consented to the referral's status being told"])
}

/// "Who has seen my data?"
pub(super) async fn disclosures(scene: &mut Scene<'_, '_>) -> Result<(), Deviation> {
    scene.teller.step("Aino reads on her phone who has had her data")?;
    let mut all: Vec<Disclosure> = Vec::new();
    let mut token = String::new();
    loop {
        let request = ListDisclosuresRequest {
            parent: scene.youth.clone(),
            page_size: PAGE,
            page_token: token,
            ..ListDisclosuresRequest::default()
        };
        let page = answered("ListDisclosures", scene.aino.journey.list_disclosures(request).await)?;
        all.extend(page.disclosures);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let mut sent: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for one in all.iter().filter(|one| one.kind() == Kind::Sent) {
        let arrived = if one.delivery_state() == DeliveryState::Delivered { "sent" } else { "not arrived" };
        let permitted = cast::names(&one.permitted).into_iter().filter(|name| name != ENVELOPE);
        sent.entry((arrived, &one.recipient)).or_default().extend(permitted);
    }
    for ((arrived, recipient), categories) in sent {
        let said: Vec<String> = categories.into_iter().collect();
        scene.teller.entry(arrived, &[format!("to {recipient}: {}", said.join(", "))])?;
    }
    let told = |kind: Kind, say: fn(&Disclosure) -> String| -> Vec<String> {
        let said: BTreeSet<String> = all.iter().filter(|one| one.kind() == kind).map(say).collect();
        said.into_iter().collect()
    };
    for line in told(Kind::Refused, |one| format!("to {}: nothing permitted it", one.recipient)) {
        scene.teller.entry("refused", &[line])?;
    }
    let readers =
        told(Kind::Shown, |one| one.actor.as_ref().map(|actor| actor.agency.clone()).unwrap_or_default());
    scene.teller.entry("read by", &readers)?;
    let asked = all.iter().filter(|one| one.kind() == Kind::FactsAsked).count();
    same("questions to the agencies", &true, &(asked > 0))?;
    let stopped: BTreeSet<&String> = all.iter().flat_map(|one| &one.stopped).collect();
    same("referrals that her withdrawals stopped", &2, &stopped.len())?;
    scene.teller.entry("stopped", &["2 referrals, by her two withdrawals; the later one was never sent"])?;
    same("entries without a receipt", &0, &all.iter().filter(|one| one.receipt.is_none()).count())?;
    scene.teller.line("Each with its purpose, its ground and its number in the audit log.")
}

/// The journey ends because she does not need it any more.
pub(super) async fn end(scene: &mut Scene<'_, '_>) -> Result<(), Deviation> {
    scene.teller.step("Her aim is reached, and the journey ends")?;
    let worker = there("the adult beside her", scene.next().await?.worker)?;
    same("other adults before", &0, &worker.predecessors)?;
    scene.teller.entry("one adult", &[format!("{}, all {} days", worker.professional, worker.days)])?;
    let leaves = Matter::Leaving(JourneyLeaving { reason: Reason::AimReached.into() });
    scene.note(&scene.ohjaamo.clone(), leaves).await?;
    let channel = encounter::Channel::WalkIn.into();
    let again = Matter::Encounter(Encounter { channel, met: true, ..Encounter::default() });
    let refused = scene.ohjaamo.journey.add_journey_entry(entered(&scene.youth, again)).await;
    let refused = refused.err().map(|status| refusal(&status));
    same("an entry after the end", &Some("FailedPrecondition RECORD_STATE".to_owned()), &refused)?;
    same("the adult after the end", &None, &scene.next().await?.worker)?;
    scene.teller.entry("from now on", &["nothing is added, unless she comes again"])
}
