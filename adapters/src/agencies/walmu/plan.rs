//! How is a service plan told of, in messages both ways? `suunnitelma`.

use polku_proto::identity::Hetu;
use polku_proto::v1::{PlanPart, PlanState, ReferralContent, Worker};
use polku_proto::{AgencyId, Valid, YouthId, time};
use serde::{Deserialize, Serialize};

use super::content::{Silent, Sisalto, nothing};
use super::items::{Tapaaminen, Tarve, Tavoite, Toimenpide, coded, read_coded, read_date, read_instant};
use super::{Misread, codes};
use crate::agencies::envelope::{Unwritable, written_instant};
use crate::agencies::plan::{has_sound_ids, joint_plan};
use crate::agencies::standing::Tilanne;

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Suunnitelma {
    /// The joint plan. Only Polku writes it: the case management does not know the joint plan of a plan of its own.
    #[serde(skip_serializing_if = "nothing", skip_deserializing)]
    tunnus: String,
    /// Only Polku writes it, too: a plan that the case management tells of is its own.
    #[serde(skip_serializing_if = "nothing", skip_deserializing)]
    omistaja: String,
    #[serde(skip_serializing_if = "nothing")]
    omistajan_tunnus: String,
    versio: u64,
    #[serde(skip_serializing_if = "nothing")]
    paivitetty: String,
    tila: String,
    #[serde(skip_serializing_if = "nothing")]
    tietoja_karsittu: bool,
    #[serde(skip_serializing_if = "nothing", skip_deserializing)]
    lupa_peruttu: bool,
    #[serde(skip_serializing_if = "nothing")]
    lahtotilanne: Sisalto,
    #[serde(skip_serializing_if = "nothing")]
    tarpeet: Vec<Tarve>,
    #[serde(skip_serializing_if = "nothing")]
    tavoitteet: Vec<Tavoite>,
    #[serde(skip_serializing_if = "nothing")]
    toimenpiteet: Vec<Toimenpide>,
    #[serde(skip_serializing_if = "nothing")]
    tapaamiset: Vec<Tapaaminen>,
    #[serde(skip_serializing_if = "nothing")]
    asiakkaan_nakemys: String,
    #[serde(skip_serializing_if = "nothing")]
    tyontekijan_nakemys: String,
    #[serde(skip_serializing_if = "nothing")]
    tarkistus_pvm: String,
    #[serde(skip_serializing_if = "nothing")]
    vastuutyontekija: Vastuutyontekija,
    /// Only Polku writes it: a plan of the case management's own stands nowhere else.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    yhteinen_tilanne: Option<Tilanne>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Vastuutyontekija {
    #[serde(skip_serializing_if = "nothing")]
    tunnus: String,
    #[serde(skip_serializing_if = "nothing")]
    nimi: String,
    #[serde(skip_serializing_if = "nothing")]
    yksikko: String,
    #[serde(skip_serializing_if = "nothing")]
    puhelin: String,
    #[serde(skip_serializing_if = "nothing")]
    sahkoposti: String,
}

impl Silent for Vastuutyontekija {
    fn is_silent(&self) -> bool {
        let Self { tunnus, nimi, yksikko, puhelin, sahkoposti } = self;
        nothing(tunnus) && nothing(nimi) && nothing(yksikko) && nothing(puhelin) && nothing(sahkoposti)
    }
}

impl Suunnitelma {
    /// Words a part of a plan, and gives whose plan it is, if it is a joint one.
    pub(super) fn of(part: PlanPart) -> Result<(Self, Option<YouthId>), Unwritable> {
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
        let joint = joint_plan(&plan)?;
        if revision == 0 {
            return Err(Unwritable("revision"));
        }
        let wording = Self {
            tunnus: joint.map_or_else(String::new, |(_, plan)| plan.to_string()),
            omistaja: owner,
            omistajan_tunnus: reference,
            versio: revision,
            paivitetty: written_instant(update_time.as_ref().map(time::from_wire), "update_time")?
                .unwrap_or_default(),
            tila: coded::<PlanState>(state, codes::plan_state, "state")?,
            tietoja_karsittu: redacted,
            lupa_peruttu: consent_withdrawn,
            lahtotilanne: background.map(Sisalto::of).unwrap_or_default(),
            tarpeet: needs.into_iter().map(Tarve::of).collect::<Result<_, _>>()?,
            tavoitteet: goals.into_iter().map(Tavoite::of).collect::<Result<_, _>>()?,
            toimenpiteet: actions.into_iter().map(Toimenpide::of).collect::<Result<_, _>>()?,
            tapaamiset: meetings.into_iter().map(Tapaaminen::of).collect::<Result<_, _>>()?,
            asiakkaan_nakemys: client_view,
            tyontekijan_nakemys: worker_view,
            tarkistus_pvm: next_review,
            vastuutyontekija: responsible_worker.map(Vastuutyontekija::of).unwrap_or_default(),
            yhteinen_tilanne: Tilanne::of(standing, str::to_lowercase)?,
        };
        Ok((wording, joint.map(|(youth, _)| youth)))
    }

    /// Reads a plan of the case management's own, and about whom it is, if that is said.
    pub(super) fn read(self, owner: &AgencyId) -> Result<(Option<Hetu>, PlanPart), Misread> {
        let Self {
            tunnus: _,
            omistaja: _,
            omistajan_tunnus,
            versio,
            paivitetty,
            tila,
            tietoja_karsittu,
            lupa_peruttu: _,
            lahtotilanne,
            tarpeet,
            tavoitteet,
            toimenpiteet,
            tapaamiset,
            asiakkaan_nakemys,
            tyontekijan_nakemys,
            tarkistus_pvm,
            vastuutyontekija,
            yhteinen_tilanne: _,
        } = self;
        if omistajan_tunnus.is_empty() || versio == 0 {
            return Err(Misread("`omistajanTunnus`, and `versio` from 1"));
        }
        let (identity, background) = lahtotilanne.read()?;
        let background = Some(background).filter(|background| *background != ReferralContent::default());
        let part = PlanPart {
            plan: String::new(),
            owner: owner.to_string(),
            reference: omistajan_tunnus,
            revision: versio,
            update_time: read_instant(&paivitetty)?.and_then(|instant| time::to_wire(instant).ok()),
            state: read_coded::<PlanState>(&tila, codes::plan_state)?,
            redacted: tietoja_karsittu,
            consent_withdrawn: false,
            background,
            needs: tarpeet.into_iter().map(Tarve::read).collect::<Result<_, _>>()?,
            goals: tavoitteet.into_iter().map(Tavoite::read).collect::<Result<_, _>>()?,
            actions: toimenpiteet.into_iter().map(Toimenpide::read).collect::<Result<_, _>>()?,
            meetings: tapaamiset.into_iter().map(Tapaaminen::read).collect::<Result<_, _>>()?,
            client_view: asiakkaan_nakemys,
            worker_view: tyontekijan_nakemys,
            next_review: read_date(tarkistus_pvm)?,
            responsible_worker: Some(vastuutyontekija)
                .filter(|worker| !nothing(worker))
                .map(Vastuutyontekija::read),
            standing: None,
        };
        let part = Valid::check(part).map_err(|_| Misread("`suunnitelma` within its limits"))?.into_inner();
        if !has_sound_ids(&part) {
            return Err(Misread("ids in `suunnitelma` once each, without a personal identity code"));
        }
        Ok((identity, part))
    }
}

impl Vastuutyontekija {
    fn of(worker: Worker) -> Self {
        let Worker { id, name, unit, phone, email } = worker;
        Self { tunnus: id, nimi: name, yksikko: unit, puhelin: phone, sahkoposti: email }
    }

    fn read(self) -> Worker {
        let Self { tunnus, nimi, yksikko, puhelin, sahkoposti } = self;
        Worker { id: tunnus, name: nimi, unit: yksikko, phone: puhelin, email: sahkoposti }
    }
}
