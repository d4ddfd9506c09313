//! What does a part of a plan look like to Kela? The JSON of README.md.

use polku_proto::time;
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, GoalState, MeetingState, PlanAction, PlanGoal, PlanMeeting,
    PlanNeed, PlanPart, PlanState, Worker,
};
use serde::Serialize;

use super::codes::plan as codes;
use super::content::Tiedot;
use crate::agencies::envelope::{Unwritable, instant, present, written_instant};
use crate::agencies::plan::joint_plan;
use crate::agencies::standing::Tilanne;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Osa {
    sanoma_tunnus: String,
    suunnitelma_tunnus: String,
    omistaja: String,
    omistajan_tunnus: String,
    versio: u64,
    paivitetty: String,
    tila: &'static str,
    tietoja_karsittu: bool,
    lupa_peruttu: bool,
    #[serde(flatten)]
    tiedot: Tiedot,
    tarpeet: Vec<Tarve>,
    tavoitteet: Vec<Tavoite>,
    toimenpiteet: Vec<Toimenpide>,
    tapaamiset: Vec<Tapaaminen>,
    nuoren_nakemys: String,
    tyontekijan_nakemys: String,
    seuraava_tarkistus: String,
    vastuutyontekija: Option<Vastuutyontekija>,
    yhteinen_tilanne: Option<Tilanne>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tarve {
    tunnus: String,
    luokka: &'static str,
    kuvaus: String,
    havaittu_kokouksessa: bool,
}

#[derive(Serialize)]
struct Tavoite {
    tunnus: String,
    luokka: &'static str,
    kuvaus: String,
    tila: &'static str,
    toteutuminen: Option<&'static str>,
    maaraaika: String,
    tarpeet: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Toimenpide {
    tunnus: String,
    luokka: &'static str,
    kuvaus: String,
    tila: &'static str,
    tavoite: String,
    tuottaja: String,
    ptv_palvelu: String,
    alkaa: String,
    paattyy: String,
    syy: String,
}

#[derive(Serialize)]
struct Tapaaminen {
    tunnus: String,
    luokka: &'static str,
    aika: Option<String>,
    tila: &'static str,
    paikka: String,
    osallistujat: Vec<String>,
    muistiinpano: String,
}

#[derive(Serialize)]
struct Vastuutyontekija {
    tunnus: String,
    nimi: String,
    yksikko: String,
    puhelin: String,
    sahkoposti: String,
}

impl Osa {
    pub(super) fn of(id: &str, part: PlanPart) -> Result<Self, Unwritable> {
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
        let state = PlanState::try_from(state).ok().and_then(codes::plan);
        if revision == 0 {
            return Err(Unwritable("revision"));
        }
        Ok(Self {
            sanoma_tunnus: id.to_owned(),
            // Kela knows no young people by the gateway's names.
            suunnitelma_tunnus: joint_plan(&plan)?.map_or_else(String::new, |(_, plan)| plan.to_string()),
            omistaja: owner,
            omistajan_tunnus: reference,
            versio: revision,
            paivitetty: instant(update_time.as_ref().map(time::from_wire), "update_time")?.to_string(),
            tila: state.ok_or(Unwritable("state"))?,
            tietoja_karsittu: redacted,
            lupa_peruttu: consent_withdrawn,
            tiedot: Tiedot::of(background.unwrap_or_default()),
            tarpeet: needs.into_iter().map(Tarve::of).collect::<Result<_, _>>()?,
            tavoitteet: goals.into_iter().map(Tavoite::of).collect::<Result<_, _>>()?,
            toimenpiteet: actions.into_iter().map(Toimenpide::of).collect::<Result<_, _>>()?,
            tapaamiset: meetings.into_iter().map(Tapaaminen::of).collect::<Result<_, _>>()?,
            nuoren_nakemys: client_view,
            tyontekijan_nakemys: worker_view,
            seuraava_tarkistus: next_review,
            vastuutyontekija: responsible_worker.map(Vastuutyontekija::of),
            yhteinen_tilanne: Tilanne::of(standing, str::to_owned)?,
        })
    }

    /// The plan that it is of: the joint one, or the owner's own.
    pub(super) fn id(&self) -> Option<String> {
        let plans = [&self.suunnitelma_tunnus, &self.omistajan_tunnus];
        plans.into_iter().find_map(|id| present(id.clone()))
    }
}

impl Tarve {
    fn of(need: PlanNeed) -> Result<Self, Unwritable> {
        let PlanNeed { id, category, text, found_in_meeting } = need;
        Ok(Self {
            tunnus: id,
            luokka: class(category)?,
            kuvaus: text,
            havaittu_kokouksessa: found_in_meeting,
        })
    }
}

impl Tavoite {
    fn of(goal: PlanGoal) -> Result<Self, Unwritable> {
        let PlanGoal { id, category, text, state, achievement, due, needs } = goal;
        let achievement = Achievement::try_from(achievement).map_err(|_| Unwritable("achievement"))?;
        let state = GoalState::try_from(state).ok().and_then(codes::goal);
        Ok(Self {
            tunnus: id,
            luokka: class(category)?,
            kuvaus: text,
            tila: state.ok_or(Unwritable("state"))?,
            toteutuminen: codes::achievement(achievement),
            maaraaika: due,
            tarpeet: needs,
        })
    }
}

impl Toimenpide {
    fn of(action: PlanAction) -> Result<Self, Unwritable> {
        let PlanAction { id, category, text, state, goal, provider, ptv_service, start, end, reason } =
            action;
        let state = ActionState::try_from(state).ok().and_then(codes::action);
        Ok(Self {
            tunnus: id,
            luokka: class(category)?,
            kuvaus: text,
            tila: state.ok_or(Unwritable("state"))?,
            tavoite: goal,
            tuottaja: provider,
            ptv_palvelu: ptv_service,
            alkaa: start,
            paattyy: end,
            syy: reason,
        })
    }
}

impl Tapaaminen {
    fn of(meeting: PlanMeeting) -> Result<Self, Unwritable> {
        let PlanMeeting { id, category, time, state, place, participants, note } = meeting;
        let state = MeetingState::try_from(state).ok().and_then(codes::meeting);
        let time = written_instant(time.as_ref().map(time::from_wire), "time")?;
        Ok(Self {
            tunnus: id,
            luokka: class(category)?,
            aika: time,
            tila: state.ok_or(Unwritable("state"))?,
            paikka: place,
            osallistujat: participants,
            muistiinpano: note,
        })
    }
}

impl Vastuutyontekija {
    fn of(worker: Worker) -> Self {
        let Worker { id, name, unit, phone, email } = worker;
        Self { tunnus: id, nimi: name, yksikko: unit, puhelin: phone, sahkoposti: email }
    }
}

fn class(category: i32) -> Result<&'static str, Unwritable> {
    let category = DataCategory::try_from(category).map_err(|_| Unwritable("category"))?;
    Ok(polku_proto::name(category))
}
