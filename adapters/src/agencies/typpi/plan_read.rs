//! How is the joint employment plan read: `suunnitelma`?

use polku_proto::v1::{
    Achievement, ActionState, DataCategory, GoalState, MeetingState, PlanAction, PlanGoal, PlanMeeting,
    PlanNeed, PlanPart, PlanState, Worker,
};
use polku_proto::{AgencyId, time};

use super::codes::plan as codes;
use super::customer;
use crate::agencies::event;
use crate::agencies::form::{Expected, within_contract};
use crate::agencies::plan::has_sound_ids;
use crate::agencies::soap::Parts;

const CODE: &str = "one of the documented codes";

/// Takes a plan of this owner, and before it whether it is told whole. The identity code is left in the background:
/// whoever asks takes it out.
pub(super) fn read(around: &mut Parts<'_>, owner: &AgencyId) -> Result<PlanPart, Expected> {
    let redacted = around.flag("tietojaPuuttuu")?;
    let mut parts = around.group("suunnitelma")?.ok_or("`suunnitelma` in its place")?;
    let part = PlanPart {
        plan: parts.optional("yhteissuunnitelma"),
        owner: owner.to_string(),
        reference: parts.optional("suunnitelmanTunnus"),
        revision: read_version(&mut parts)?,
        update_time: parts.instant("muutettu")?.and_then(|instant| time::to_wire(instant).ok()),
        state: coded::<PlanState>(&mut parts, "suunnitelmanTila", codes::plan)?.into(),
        redacted,
        consent_withdrawn: false,
        responsible_worker: parts.group("vastuuhenkilo")?.map(read_worker).transpose()?,
        background: customer::read(&mut parts)?,
        needs: parts.each("tarve", read_need)?,
        goals: parts.each("tavoite", read_goal)?,
        actions: parts.each("palvelu", read_action)?,
        meetings: parts.each("tapaaminen", read_meeting)?,
        client_view: parts.optional("asiakkaanNakemys"),
        worker_view: parts.optional("tyontekijanNakemys"),
        next_review: parts.date("seuraavaTarkistus")?,
        standing: None,
    };
    parts.end()?;
    let part = within_contract(part)?;
    if !has_sound_ids(&part) {
        return Err("`tunnus`: in `tarve`, `tavoite`, `palvelu` and `tapaaminen` each one once, and no id with a personal identity code in it".into());
    }
    Ok(part)
}

/// Reads an older version of a plan. The contract has no place for it.
pub(super) fn read_older(mut parts: Parts<'_>) -> Result<(), Expected> {
    read_version(&mut parts)?;
    parts.instant("muutettu")?;
    coded::<PlanState>(&mut parts, "suunnitelmanTila", codes::plan)?;
    parts.end()
}

fn read_worker(mut parts: Parts<'_>) -> Result<Worker, Expected> {
    let worker = Worker {
        id: parts.optional("tunnus"),
        name: parts.optional("nimi"),
        unit: parts.optional("yksikko"),
        phone: parts.optional("puhelinnumero"),
        email: parts.optional("sahkopostiosoite"),
    };
    parts.end().map(|()| worker)
}

fn read_need(mut parts: Parts<'_>) -> Result<PlanNeed, Expected> {
    let need = PlanNeed {
        id: parts.optional("tunnus"),
        category: coded::<DataCategory>(&mut parts, "tietoluokka", codes::category)?.into(),
        text: parts.optional("kuvaus"),
        found_in_meeting: parts.flag("yhteisestiTodettu")?,
    };
    parts.end().map(|()| need)
}

fn read_goal(mut parts: Parts<'_>) -> Result<PlanGoal, Expected> {
    let achievement = |code| event::read_code::<Achievement>(code, codes::achievement);
    let goal = PlanGoal {
        id: parts.optional("tunnus"),
        category: coded::<DataCategory>(&mut parts, "tietoluokka", codes::category)?.into(),
        text: parts.optional("kuvaus"),
        state: coded::<GoalState>(&mut parts, "tavoitteenTila", codes::goal)?.into(),
        achievement: parts.maybe("saavuttaminen", CODE, achievement)?.unwrap_or_default().into(),
        due: parts.date("tavoitepaiva")?,
        needs: parts.texts("tarpeenTunnus"),
    };
    parts.end().map(|()| goal)
}

fn read_action(mut parts: Parts<'_>) -> Result<PlanAction, Expected> {
    let id = parts.optional("tunnus");
    let category = coded::<DataCategory>(&mut parts, "tietoluokka", codes::category)?.into();
    let text = parts.optional("nimike");
    let state = coded::<ActionState>(&mut parts, "palvelunTila", codes::action)?;
    let goal = parts.optional("tavoitteenTunnus");
    let provider = parts.optional("jarjestaja");
    let ptv_service = parts.optional("ptvTunnus");
    let (mut start, mut end) = (String::new(), String::new());
    let dates = match codes::dates(state) {
        codes::Dates::Planned => "suunniteltu",
        codes::Dates::Realised => "toteutunut",
    };
    if let Some(mut dates) = parts.group(dates)? {
        (start, end) = (dates.date("alkaa")?, dates.date("paattyy")?);
        dates.end()?;
    }
    let reason = parts.optional("toteutumattaJaanti");
    parts.end()?;
    let state = state.into();
    Ok(PlanAction { id, category, text, state, goal, provider, ptv_service, start, end, reason })
}

fn read_meeting(mut parts: Parts<'_>) -> Result<PlanMeeting, Expected> {
    let meeting = PlanMeeting {
        id: parts.optional("tunnus"),
        category: coded::<DataCategory>(&mut parts, "tietoluokka", codes::category)?.into(),
        time: parts.instant("ajankohta")?.and_then(|instant| time::to_wire(instant).ok()),
        state: coded::<MeetingState>(&mut parts, "tapaamisenTila", codes::meeting)?.into(),
        place: parts.optional("paikka"),
        participants: parts.texts("osallistuja"),
        note: parts.optional("muistio"),
    };
    parts.end().map(|()| meeting)
}

fn coded<T>(parts: &mut Parts<'_>, name: &str, written: fn(T) -> Option<&'static str>) -> Result<T, Expected>
where
    T: Copy + TryFrom<i32>,
{
    parts.required(name, CODE, |code| event::read_code(code, written))
}

/// Reads `versio`; none is 0, as in the contract.
fn read_version(parts: &mut Parts<'_>) -> Result<u64, Expected> {
    let number = |text: &str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if plain { text.parse().ok() } else { None }
    };
    let version = parts.maybe("versio", "a whole number from 1, without leading zeros", number)?;
    Ok(version.unwrap_or_default())
}
