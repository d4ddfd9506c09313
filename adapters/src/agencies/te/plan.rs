//! How is a plan written, and read?
//!
//! The same elements stand in `vastaanotaSuunnitelma`, in `lahetaSuunnitelma`, and in `suunnitelma` of an answer to
//! `haeAsiakkuus`.

use polku_proto::v1::{
    Achievement, ActionState, DataCategory, GoalState, MeetingState, PlanAction, PlanGoal, PlanMeeting,
    PlanNeed, PlanPart, PlanState, ReferralContent, Worker,
};
use polku_proto::{AgencyId, time};

use super::codes::plan as codes;
use super::details;
use crate::agencies::envelope::{Unwritable, written_instant};
use crate::agencies::form::{Expected, within_contract};
use crate::agencies::plan::{has_sound_ids, joint_plan};
use crate::agencies::soap::Parts;
use crate::agencies::soap::tree::{Node, code, flag, group, text, texts};
use crate::agencies::standing::Tilanne;

/// A part of the joint plan on its way to the office.
pub(super) struct Outgoing {
    /// UUID of the joint plan.
    pub(super) plan: Option<String>,
    /// Everything after `sanomaTunnus`.
    pub(super) nodes: Vec<Node>,
}

/// Words a part of a plan.
pub(super) fn outgoing(part: PlanPart) -> Result<Outgoing, Unwritable> {
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
    // The office has its own id of the person.
    let plan = joint_plan(&plan)?.map(|(_, plan)| plan.to_string());
    let update_time = written_instant(update_time.as_ref().map(time::from_wire), "update_time")?;
    let frame = [
        text("tns:suunnitelmaTunnus", plan.clone().unwrap_or_default()),
        text("tns:omistaja", owner),
        flag("tns:tietojaKarsittu", redacted),
        flag("tns:lupaPeruttu", consent_withdrawn),
        text("tns:viite", reference),
        text("tns:versio", if revision == 0 { String::new() } else { revision.to_string() }),
        text("tns:paivitetty", update_time.unwrap_or_default()),
        Some(coded("tns:tila", state, codes::plan, "state")?),
    ];
    let mut nodes: Vec<Node> = frame.into_iter().flatten().collect();
    nodes.extend(details::nodes(background.unwrap_or_default()));
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
    let end = [
        text("tns:asiakkaanNakemys", client_view),
        text("tns:asiantuntijanNakemys", worker_view),
        text("tns:seuraavaTarkistus", next_review),
        responsible_worker.and_then(worker_node),
    ];
    nodes.extend(end.into_iter().flatten());
    nodes.extend(Tilanne::of(standing, str::to_owned)?.map(Tilanne::node));
    Ok(Outgoing { plan, nodes })
}

fn need_node(need: PlanNeed) -> Result<Node, Unwritable> {
    let PlanNeed { id, category, text: words, found_in_meeting } = need;
    let nodes = [
        text("tns:tunnus", id),
        Some(coded("tns:tietoryhma", category, codes::category, "category")?),
        text("tns:kuvaus", words),
        flag("tns:todettuTapaamisessa", found_in_meeting),
    ];
    group("tns:tarve", nodes).ok_or(Unwritable("needs"))
}

fn goal_node(goal: PlanGoal) -> Result<Node, Unwritable> {
    let PlanGoal { id, category, text: words, state, achievement, due, needs } = goal;
    let achievement = Achievement::try_from(achievement).map_err(|_| Unwritable("achievement"))?;
    let nodes = [
        text("tns:tunnus", id),
        Some(coded("tns:tietoryhma", category, codes::category, "category")?),
        text("tns:kuvaus", words),
        Some(coded("tns:tila", state, codes::goal, "goal_state")?),
        code("tns:toteutuminen", codes::achievement(achievement)),
        text("tns:maaraaika", due),
    ];
    let mut nodes: Vec<Node> = nodes.into_iter().flatten().collect();
    nodes.extend(texts("tns:tarveTunnus", needs));
    Ok(Node::Group("tns:tavoite", nodes))
}

fn action_node(action: PlanAction) -> Result<Node, Unwritable> {
    let PlanAction { id, category, text: words, state, goal, provider, ptv_service, start, end, reason } =
        action;
    let nodes = [
        text("tns:tunnus", id),
        Some(coded("tns:tietoryhma", category, codes::category, "category")?),
        text("tns:kuvaus", words),
        Some(coded("tns:tila", state, codes::action, "action_state")?),
        text("tns:tavoiteTunnus", goal),
        text("tns:jarjestaja", provider),
        text("tns:ptvPalvelu", ptv_service),
        text("tns:alkaa", start),
        text("tns:paattyy", end),
        text("tns:syy", reason),
    ];
    group("tns:toimi", nodes).ok_or(Unwritable("actions"))
}

fn meeting_node(meeting: PlanMeeting) -> Result<Node, Unwritable> {
    let PlanMeeting { id, category, time, state, place, participants, note } = meeting;
    let time = written_instant(time.as_ref().map(time::from_wire), "meeting_time")?;
    let nodes = [
        text("tns:tunnus", id),
        Some(coded("tns:tietoryhma", category, codes::category, "category")?),
        text("tns:aika", time.unwrap_or_default()),
        Some(coded("tns:tila", state, codes::meeting, "meeting_state")?),
        text("tns:paikka", place),
    ];
    let mut nodes: Vec<Node> = nodes.into_iter().flatten().collect();
    nodes.extend(texts("tns:osallistuja", participants));
    nodes.extend(text("tns:muistiinpano", note));
    Ok(Node::Group("tns:tapaaminen", nodes))
}

fn worker_node(worker: Worker) -> Option<Node> {
    let Worker { id, name, unit, phone, email } = worker;
    let nodes = [
        text("tns:tunnus", id),
        text("tns:nimi", name),
        text("tns:yksikko", unit),
        text("tns:puhelin", phone),
        text("tns:sahkoposti", email),
    ];
    group("tns:vastuuasiantuntija", nodes)
}

fn coded<T: TryFrom<i32>>(
    name: &'static str,
    number: i32,
    written: fn(T) -> Option<&'static str>,
    what: &'static str,
) -> Result<Node, Unwritable> {
    let value = T::try_from(number).ok().and_then(written);
    code(name, value).ok_or(Unwritable(what))
}

/// Reads a plan of this owner from `tietojaKarsittu` on, to the end. The identity code is left in the background: whoever asks
/// takes it out.
pub(super) fn read(parts: &mut Parts<'_>, owner: &AgencyId) -> Result<PlanPart, Expected> {
    let redacted = parts.flag("tietojaKarsittu")?;
    let part = PlanPart {
        plan: String::new(),
        owner: owner.to_string(),
        reference: parts.optional("viite"),
        revision: parts.maybe("versio", "a whole number", number)?.unwrap_or_default(),
        update_time: parts.instant("paivitetty")?.and_then(|instant| time::to_wire(instant).ok()),
        state: read_code::<PlanState>(parts, "tila", codes::plan)?,
        redacted,
        consent_withdrawn: false,
        background: Some(details::read(parts)?).filter(|content| *content != ReferralContent::default()),
        needs: parts.each("tarve", read_need)?,
        goals: parts.each("tavoite", read_goal)?,
        actions: parts.each("toimi", read_action)?,
        meetings: parts.each("tapaaminen", read_meeting)?,
        client_view: parts.optional("asiakkaanNakemys"),
        worker_view: parts.optional("asiantuntijanNakemys"),
        next_review: parts.date("seuraavaTarkistus")?,
        responsible_worker: parts.group("vastuuasiantuntija")?.map(read_worker).transpose()?,
        standing: None,
    };
    parts.end()?;
    let part = within_contract(part)?;
    if !has_sound_ids(&part) {
        return Err("`tunnus`: in `tarve`, `tavoite`, `toimi` and `tapaaminen` each one once, and no id a personal identity code".into());
    }
    Ok(part)
}

fn read_need(mut parts: Parts<'_>) -> Result<PlanNeed, Expected> {
    let need = PlanNeed {
        id: parts.optional("tunnus"),
        category: read_code::<DataCategory>(&mut parts, "tietoryhma", codes::category)?,
        text: parts.optional("kuvaus"),
        found_in_meeting: parts.flag("todettuTapaamisessa")?,
    };
    parts.end().map(|()| need)
}

fn read_goal(mut parts: Parts<'_>) -> Result<PlanGoal, Expected> {
    let documented = "one of the documented codes";
    let goal = PlanGoal {
        id: parts.optional("tunnus"),
        category: read_code::<DataCategory>(&mut parts, "tietoryhma", codes::category)?,
        text: parts.optional("kuvaus"),
        state: read_code::<GoalState>(&mut parts, "tila", codes::goal)?,
        achievement: parts
            .maybe("toteutuminen", documented, |code| codes::read(code, codes::achievement))?
            .unwrap_or_default(),
        due: parts.date("maaraaika")?,
        needs: parts.texts("tarveTunnus"),
    };
    parts.end().map(|()| goal)
}

fn read_action(mut parts: Parts<'_>) -> Result<PlanAction, Expected> {
    let action = PlanAction {
        id: parts.optional("tunnus"),
        category: read_code::<DataCategory>(&mut parts, "tietoryhma", codes::category)?,
        text: parts.optional("kuvaus"),
        state: read_code::<ActionState>(&mut parts, "tila", codes::action)?,
        goal: parts.optional("tavoiteTunnus"),
        provider: parts.optional("jarjestaja"),
        ptv_service: parts.optional("ptvPalvelu"),
        start: parts.date("alkaa")?,
        end: parts.date("paattyy")?,
        reason: parts.optional("syy"),
    };
    parts.end().map(|()| action)
}

fn read_meeting(mut parts: Parts<'_>) -> Result<PlanMeeting, Expected> {
    let meeting = PlanMeeting {
        id: parts.optional("tunnus"),
        category: read_code::<DataCategory>(&mut parts, "tietoryhma", codes::category)?,
        time: parts.instant("aika")?.and_then(|instant| time::to_wire(instant).ok()),
        state: read_code::<MeetingState>(&mut parts, "tila", codes::meeting)?,
        place: parts.optional("paikka"),
        participants: parts.texts("osallistuja"),
        note: parts.optional("muistiinpano"),
    };
    parts.end().map(|()| meeting)
}

fn read_worker(mut parts: Parts<'_>) -> Result<Worker, Expected> {
    let worker = Worker {
        id: parts.optional("tunnus"),
        name: parts.optional("nimi"),
        unit: parts.optional("yksikko"),
        phone: parts.optional("puhelin"),
        email: parts.optional("sahkoposti"),
    };
    parts.end().map(|()| worker)
}

fn read_code<T>(
    parts: &mut Parts<'_>,
    name: &str,
    written: fn(T) -> Option<&'static str>,
) -> Result<i32, Expected>
where
    T: Copy + TryFrom<i32> + Into<i32>,
{
    parts.required(name, "one of the documented codes", |code| codes::read(code, written))
}

/// Digits alone, as many as the office may count to.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok() } else { None }
}
