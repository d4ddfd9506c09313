//! How are the parts of a plan told of: needs, goals, measures and meetings?

use jiff::Timestamp;
use polku_proto::time;
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, GoalState, MeetingState, PlanAction, PlanGoal, PlanMeeting,
    PlanNeed,
};
use serde::{Deserialize, Serialize};

use super::content::nothing;
use super::{Misread, codes};
use crate::agencies::envelope::{Unwritable, written_instant};
use crate::agencies::event::read_code;
use crate::agencies::form;

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Tarve {
    tunnus: String,
    luokka: String,
    kuvaus: String,
    #[serde(skip_serializing_if = "nothing")]
    havaittu_tapaamisessa: bool,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Tavoite {
    tunnus: String,
    luokka: String,
    kuvaus: String,
    tila: String,
    #[serde(skip_serializing_if = "nothing")]
    toteutuminen: String,
    #[serde(skip_serializing_if = "nothing")]
    maara_pvm: String,
    #[serde(skip_serializing_if = "nothing")]
    tarpeet: Vec<String>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Toimenpide {
    tunnus: String,
    luokka: String,
    kuvaus: String,
    tila: String,
    #[serde(skip_serializing_if = "nothing")]
    tavoite: String,
    #[serde(skip_serializing_if = "nothing")]
    toteuttaja: String,
    #[serde(skip_serializing_if = "nothing")]
    ptv_palvelu: String,
    #[serde(skip_serializing_if = "nothing")]
    alku_pvm: String,
    #[serde(skip_serializing_if = "nothing")]
    loppu_pvm: String,
    #[serde(skip_serializing_if = "nothing")]
    peruste: String,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub(super) struct Tapaaminen {
    tunnus: String,
    luokka: String,
    #[serde(skip_serializing_if = "nothing")]
    aika: String,
    tila: String,
    #[serde(skip_serializing_if = "nothing")]
    paikka: String,
    #[serde(skip_serializing_if = "nothing")]
    osallistujat: Vec<String>,
    #[serde(skip_serializing_if = "nothing")]
    muistio: String,
}

impl Tarve {
    pub(super) fn of(need: PlanNeed) -> Result<Self, Unwritable> {
        let PlanNeed { id, category, text, found_in_meeting } = need;
        Ok(Self {
            tunnus: id,
            luokka: luokka(category)?,
            kuvaus: text,
            havaittu_tapaamisessa: found_in_meeting,
        })
    }

    pub(super) fn read(self) -> Result<PlanNeed, Misread> {
        let Self { tunnus, luokka, kuvaus, havaittu_tapaamisessa } = self;
        Ok(PlanNeed {
            id: tunnus,
            category: read_luokka(&luokka)?,
            text: kuvaus,
            found_in_meeting: havaittu_tapaamisessa,
        })
    }
}

impl Tavoite {
    pub(super) fn of(goal: PlanGoal) -> Result<Self, Unwritable> {
        let PlanGoal { id, category, text, state, achievement, due, needs } = goal;
        let reached = Achievement::try_from(achievement).map_err(|_| Unwritable("achievement"))?;
        Ok(Self {
            tunnus: id,
            luokka: luokka(category)?,
            kuvaus: text,
            tila: coded::<GoalState>(state, codes::goal_state, "goal state")?,
            toteutuminen: codes::achievement(reached).unwrap_or_default().to_owned(),
            maara_pvm: due,
            tarpeet: needs,
        })
    }

    pub(super) fn read(self) -> Result<PlanGoal, Misread> {
        let Self { tunnus, luokka, kuvaus, tila, toteutuminen, maara_pvm, tarpeet } = self;
        let achievement = match toteutuminen.as_str() {
            "" => Achievement::Unspecified.into(),
            code => read_coded::<Achievement>(code, codes::achievement)?,
        };
        Ok(PlanGoal {
            id: tunnus,
            category: read_luokka(&luokka)?,
            text: kuvaus,
            state: read_coded::<GoalState>(&tila, codes::goal_state)?,
            achievement,
            due: read_date(maara_pvm)?,
            needs: tarpeet,
        })
    }
}

impl Toimenpide {
    pub(super) fn of(action: PlanAction) -> Result<Self, Unwritable> {
        let PlanAction { id, category, text, state, goal, provider, ptv_service, start, end, reason } =
            action;
        Ok(Self {
            tunnus: id,
            luokka: luokka(category)?,
            kuvaus: text,
            tila: coded::<ActionState>(state, codes::action_state, "action state")?,
            tavoite: goal,
            toteuttaja: provider,
            ptv_palvelu: ptv_service,
            alku_pvm: start,
            loppu_pvm: end,
            peruste: reason,
        })
    }

    pub(super) fn read(self) -> Result<PlanAction, Misread> {
        let Self {
            tunnus,
            luokka,
            kuvaus,
            tila,
            tavoite,
            toteuttaja,
            ptv_palvelu,
            alku_pvm,
            loppu_pvm,
            peruste,
        } = self;
        Ok(PlanAction {
            id: tunnus,
            category: read_luokka(&luokka)?,
            text: kuvaus,
            state: read_coded::<ActionState>(&tila, codes::action_state)?,
            goal: tavoite,
            provider: toteuttaja,
            ptv_service: ptv_palvelu,
            start: read_date(alku_pvm)?,
            end: read_date(loppu_pvm)?,
            reason: peruste,
        })
    }
}

impl Tapaaminen {
    pub(super) fn of(meeting: PlanMeeting) -> Result<Self, Unwritable> {
        let PlanMeeting { id, category, time, state, place, participants, note } = meeting;
        Ok(Self {
            tunnus: id,
            luokka: luokka(category)?,
            aika: written_instant(time.as_ref().map(time::from_wire), "meeting time")?.unwrap_or_default(),
            tila: coded::<MeetingState>(state, codes::meeting_state, "meeting state")?,
            paikka: place,
            osallistujat: participants,
            muistio: note,
        })
    }

    pub(super) fn read(self) -> Result<PlanMeeting, Misread> {
        let Self { tunnus, luokka, aika, tila, paikka, osallistujat, muistio } = self;
        Ok(PlanMeeting {
            id: tunnus,
            category: read_luokka(&luokka)?,
            time: read_instant(&aika)?.and_then(|instant| time::to_wire(instant).ok()),
            state: read_coded::<MeetingState>(&tila, codes::meeting_state)?,
            place: paikka,
            participants: osallistujat,
            note: muistio,
        })
    }
}

fn luokka(category: i32) -> Result<String, Unwritable> {
    let category = DataCategory::try_from(category).map_err(|_| Unwritable("category"))?;
    Ok(polku_proto::name(category).to_owned())
}

fn read_luokka(name: &str) -> Result<i32, Misread> {
    let category = polku_proto::named(name).filter(|category| *category != DataCategory::Envelope);
    category.map(i32::from).ok_or(Misread("one of the documented codes in `luokka`"))
}

pub(super) fn coded<T: TryFrom<i32>>(
    number: i32,
    code: fn(T) -> Option<&'static str>,
    what: &'static str,
) -> Result<String, Unwritable> {
    T::try_from(number).ok().and_then(code).map(str::to_owned).ok_or(Unwritable(what))
}

pub(super) fn read_coded<T>(code: &str, written: fn(T) -> Option<&'static str>) -> Result<i32, Misread>
where
    T: Copy + TryFrom<i32> + Into<i32>,
{
    let value: Option<T> = read_code(code, written);
    value.map(T::into).ok_or(Misread("the documented codes in `tila` and `toteutuminen`"))
}

/// Reads an instant that may be absent: RFC 3339 in UTC, and one that the contract can express.
pub(super) fn read_instant(text: &str) -> Result<Option<Timestamp>, Misread> {
    if text.is_empty() {
        return Ok(None);
    }
    form::instant(text).map(Some).ok_or(Misread("times as RFC 3339 in UTC"))
}

/// Reads a date that may be absent: `YYYY-MM-DD`, of the calendar.
pub(super) fn read_date(text: String) -> Result<String, Misread> {
    if text.is_empty() || form::date(&text).is_some() {
        Ok(text)
    } else {
        Err(Misread("dates as `YYYY-MM-DD`"))
    }
}
