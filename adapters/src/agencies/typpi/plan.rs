//! How is the joint employment plan written: `suunnitelma`?

use polku_proto::v1::{
    Achievement, ActionState, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, Worker,
};
use polku_proto::{YouthId, time};

use super::codes::plan as codes;
use super::customer;
use crate::agencies::envelope::{Unwritable, written_instant};
use crate::agencies::form::uuid;
use crate::agencies::soap::tree::{Node, code, flag, group, text, texts};
use crate::agencies::standing::Tilanne;

/// A part of the joint plan, worded.
pub(super) struct Worded {
    /// Whom the joint plan is for.
    pub(super) youth: Option<YouthId>,
    /// UUID of the joint plan.
    pub(super) plan: Option<String>,
    /// Agency id of whoever the part is of.
    pub(super) owner: String,
    /// Whether something is not told.
    pub(super) redacted: bool,
    /// Whether this is the last that is heard of the plan.
    pub(super) consent_withdrawn: bool,
    /// `suunnitelma`.
    pub(super) node: Node,
}

/// Words a part of the joint plan.
pub(super) fn word(part: PlanPart) -> Result<Worded, Unwritable> {
    let PlanPart {
        plan,
        owner,
        reference,
        revision,
        update_time,
        state,
        redacted,
        consent_withdrawn,
        background,
        needs,
        goals,
        actions,
        meetings,
        client_view,
        worker_view,
        next_review,
        responsible_worker,
        standing,
    } = part;
    let ids = plan.strip_prefix("youths/").and_then(|ids| ids.split_once("/plans/"));
    let (youth, id) = ids.and_then(|(youth, id)| Some((youth.parse().ok()?, uuid(id)?.to_string()))).unzip();
    if youth.is_none() && !plan.is_empty() {
        return Err(Unwritable("plan"));
    }
    let update_time = written_instant(update_time.as_ref().map(time::from_wire), "update_time")?;
    let head = [
        text("tns:yhteissuunnitelma", plan),
        text("tns:suunnitelmanTunnus", reference),
        text("tns:versio", if revision == 0 { String::new() } else { revision.to_string() }),
        text("tns:muutettu", update_time.unwrap_or_default()),
        coded("tns:suunnitelmanTila", state, codes::plan, "state")?,
        responsible_worker.and_then(worker_node),
        background.and_then(customer::node),
    ];
    let mut nodes: Vec<Node> = head.into_iter().flatten().collect();
    for need in needs {
        nodes.push(need_node(need)?);
    }
    for goal in goals {
        nodes.push(goal_node(goal)?);
    }
    for action in actions {
        nodes.push(action_node(action)?);
    }
    for meeting in meetings {
        nodes.push(meeting_node(meeting)?);
    }
    nodes.extend(text("tns:asiakkaanNakemys", client_view));
    nodes.extend(text("tns:tyontekijanNakemys", worker_view));
    nodes.extend(text("tns:seuraavaTarkistus", next_review));
    nodes.extend(Tilanne::of(standing, str::to_owned)?.map(Tilanne::node));
    let node = Node::Group("tns:suunnitelma", nodes);
    Ok(Worded { youth, plan: id, owner, redacted, consent_withdrawn, node })
}

fn worker_node(worker: Worker) -> Option<Node> {
    let Worker { id, name, unit, phone, email } = worker;
    group(
        "tns:vastuuhenkilo",
        [
            text("tns:tunnus", id),
            text("tns:nimi", name),
            text("tns:yksikko", unit),
            text("tns:puhelinnumero", phone),
            text("tns:sahkopostiosoite", email),
        ],
    )
}

fn need_node(need: PlanNeed) -> Result<Node, Unwritable> {
    let PlanNeed { id, category, text: words, found_in_meeting } = need;
    let nodes = [
        text("tns:tunnus", id),
        coded("tns:tietoluokka", category, codes::category, "category")?,
        text("tns:kuvaus", words),
        flag("tns:yhteisestiTodettu", found_in_meeting),
    ];
    Ok(Node::Group("tns:tarve", nodes.into_iter().flatten().collect()))
}

fn goal_node(goal: PlanGoal) -> Result<Node, Unwritable> {
    let PlanGoal { id, category, text: words, state, achievement, due, needs } = goal;
    let achievement = Achievement::try_from(achievement).map_err(|_| Unwritable("achievement"))?;
    let nodes = [
        text("tns:tunnus", id),
        coded("tns:tietoluokka", category, codes::category, "category")?,
        text("tns:kuvaus", words),
        coded("tns:tavoitteenTila", state, codes::goal, "goal_state")?,
        code("tns:saavuttaminen", codes::achievement(achievement)),
        text("tns:tavoitepaiva", due),
    ];
    let nodes = nodes.into_iter().flatten().chain(texts("tns:tarpeenTunnus", needs));
    Ok(Node::Group("tns:tavoite", nodes.collect()))
}

fn action_node(action: PlanAction) -> Result<Node, Unwritable> {
    let PlanAction { id, category, text: words, state, goal, provider, ptv_service, start, end, reason } =
        action;
    let known = ActionState::try_from(state).map_err(|_| Unwritable("action_state"))?;
    let dates = match codes::dates(known) {
        codes::Dates::Planned => "tns:suunniteltu",
        codes::Dates::Realised => "tns:toteutunut",
    };
    let nodes = [
        text("tns:tunnus", id),
        coded("tns:tietoluokka", category, codes::category, "category")?,
        text("tns:nimike", words),
        coded("tns:palvelunTila", state, codes::action, "action_state")?,
        text("tns:tavoitteenTunnus", goal),
        text("tns:jarjestaja", provider),
        text("tns:ptvTunnus", ptv_service),
        group(dates, [text("tns:alkaa", start), text("tns:paattyy", end)]),
        text("tns:toteutumattaJaanti", reason),
    ];
    Ok(Node::Group("tns:palvelu", nodes.into_iter().flatten().collect()))
}

fn meeting_node(meeting: PlanMeeting) -> Result<Node, Unwritable> {
    let PlanMeeting { id, category, time, state, place, participants, note } = meeting;
    let time = written_instant(time.as_ref().map(time::from_wire), "meeting_time")?;
    let nodes = [
        text("tns:tunnus", id),
        coded("tns:tietoluokka", category, codes::category, "category")?,
        text("tns:ajankohta", time.unwrap_or_default()),
        coded("tns:tapaamisenTila", state, codes::meeting, "meeting_state")?,
        text("tns:paikka", place),
    ];
    let nodes = nodes.into_iter().flatten().chain(texts("tns:osallistuja", participants));
    Ok(Node::Group("tns:tapaaminen", nodes.chain(text("tns:muistio", note)).collect()))
}

/// An element with a code that must be there.
pub(super) fn coded<T: TryFrom<i32>>(
    name: &'static str,
    number: i32,
    written: fn(T) -> Option<&'static str>,
    what: &'static str,
) -> Result<Option<Node>, Unwritable> {
    let value = T::try_from(number).ok().and_then(written);
    value.map(|value| code(name, Some(value))).ok_or(Unwritable(what))
}
