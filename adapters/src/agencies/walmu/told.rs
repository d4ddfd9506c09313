//! What does the case management tell of in a webhook?

use polku_proto::v1::{LegalClaim, LegalGround, legal_claim};
use polku_proto::{AgencyId, Party, ReferralId};
use serde::Deserialize;

use super::content::{Asiakas, Sisalto, Tausta, not_null};
use super::items::read_instant;
use super::plan::Suunnitelma;
use super::{Misread, codes};
use crate::agencies::event::{Details, Misfit, change, official, unit};
use crate::agencies::form::uuid;
use crate::{InboundChange, InboundEvent, InboundMatter, InboundPlanPart, InboundReferral};

/// `tapahtuma` of a new referral.
const REFERRAL: &str = "lahete_luotu";
/// `tapahtuma` of an answer to a question.
const INFORMATION: &str = "lisatiedot_annettu";
/// `tapahtuma` of a plan.
const PLAN: &str = "suunnitelma_paivitetty";

const MISPLACED: Misread =
    Misread("the members that belong to this `tapahtuma`, and no others that are documented");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tapahtuma {
    tapahtuma_id: String,
    tapahtuma: String,
    kasittelija: Kasittelija,
    #[serde(default, deserialize_with = "not_null")]
    lahete_tunnus: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    syy: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    tulos: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    huomautus: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    lisatiedot: Option<Sisalto>,
    #[serde(default, deserialize_with = "not_null")]
    lahete: Option<Lahete>,
    #[serde(default, deserialize_with = "not_null")]
    asiakas: Option<Asiakas>,
    #[serde(default, deserialize_with = "not_null")]
    tausta: Option<Tausta>,
    #[serde(default, deserialize_with = "not_null")]
    suunnitelma: Option<Suunnitelma>,
}

#[derive(Deserialize)]
struct Kasittelija {
    tunnus: String,
    yksikko: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lahete {
    vastaanottava_taho: String,
    #[serde(default, deserialize_with = "not_null")]
    vastaanottava_yksikko: Option<String>,
    kayttotarkoitus: String,
    #[serde(default)]
    vastaus_viimeistaan: String,
    #[serde(default)]
    tietoja_karsittu: bool,
    #[serde(default, deserialize_with = "not_null")]
    ilmoitusperuste: Option<Ilmoitusperuste>,
    #[serde(default)]
    perustelu: String,
    #[serde(default)]
    palvelutarpeet: Vec<String>,
}

#[derive(Deserialize)]
struct Ilmoitusperuste {
    peruste: String,
    selostus: String,
    suostumusta: String,
}

/// Reads the body of a webhook.
pub(super) fn read(body: &[u8], own: &AgencyId) -> Result<InboundEvent, Misread> {
    let expected = Misread("a JSON object with the documented members, each once, none of them null");
    let event: Tapahtuma = serde_json::from_slice(body).map_err(|_| expected)?;
    let message = uuid(&event.tapahtuma_id).ok_or(Misread("`tapahtumaId`, a UUID"))?;
    let official = official(&event.kasittelija.tunnus).map_err(wording)?;
    let unit = unit(&event.kasittelija.yksikko).map_err(wording)?;
    Ok(InboundEvent { message, official, unit, matter: event.matter(own)? })
}

impl Tapahtuma {
    fn matter(self, own: &AgencyId) -> Result<InboundMatter, Misread> {
        let Self {
            tapahtuma_id: _,
            tapahtuma,
            kasittelija: _,
            lahete_tunnus,
            syy,
            tulos,
            huomautus,
            lisatiedot,
            lahete,
            asiakas,
            tausta,
            suunnitelma,
        } = self;
        let is_plain = syy.is_none() && tulos.is_none() && huomautus.is_none();
        match (tapahtuma.as_str(), lahete_tunnus, lisatiedot, lahete, suunnitelma) {
            (REFERRAL, None, None, Some(lahete), None) if is_plain => {
                lahete.read(asiakas.unwrap_or_default(), tausta.unwrap_or_default())
            }
            (PLAN, None, None, None, Some(plan)) if is_plain && asiakas.is_none() && tausta.is_none() => {
                let (identity, part) = plan.read(own)?;
                let identity = identity.ok_or(Misread("`henkilotunnus` in `suunnitelma.lahtotilanne`"))?;
                Ok(InboundMatter::PlanPart(Box::new(InboundPlanPart { identity, part })))
            }
            (INFORMATION, Some(referral), Some(answer), None, None)
                if is_plain && asiakas.is_none() && tausta.is_none() =>
            {
                let (identity, answer) = answer.read()?;
                if identity.is_some() {
                    return Err(Misread(
                        "no `henkilotunnus` in `lisatiedot`: the referral says whom it is about",
                    ));
                }
                let change = InboundChange::ProvideInformation { answer: Box::new(answer), origin: None };
                Ok(InboundMatter::Change { referral: read_referral(&referral)?, change })
            }
            (REFERRAL | PLAN | INFORMATION, ..) => Err(MISPLACED),
            (_, referral, None, None, None) if asiakas.is_none() && tausta.is_none() => {
                let action = codes::read_action(&tapahtuma)
                    .ok_or(Misread("one of the documented codes in `tapahtuma`"))?;
                let reason = syy.map(|code| {
                    codes::read_reason(&code).ok_or(Misread("one of the documented codes in `syy`"))
                });
                let outcome = tulos.map(|code| {
                    codes::read_outcome(&code).ok_or(Misread("one of the documented codes in `tulos`"))
                });
                let (reason, outcome) = (reason.transpose()?, outcome.transpose()?);
                let change = change(action, Details { reason, outcome, note: huomautus }).map_err(wording)?;
                Ok(InboundMatter::Change { referral: read_referral(&referral.unwrap_or_default())?, change })
            }
            _ => Err(MISPLACED),
        }
    }
}

impl Lahete {
    fn read(self, asiakas: Asiakas, tausta: Tausta) -> Result<InboundMatter, Misread> {
        let Self {
            vastaanottava_taho,
            vastaanottava_yksikko,
            kayttotarkoitus,
            vastaus_viimeistaan,
            tietoja_karsittu,
            ilmoitusperuste,
            perustelu,
            palvelutarpeet,
        } = self;
        let whom = "`vastaanottavaTaho`, an agency id of Polku's, and perhaps `vastaanottavaYksikko`";
        let agency: AgencyId = vastaanottava_taho.parse().map_err(|_| Misread(whom))?;
        let recipient: Party = match vastaanottava_yksikko {
            Some(unit) => format!("{agency}/{unit}").parse().map_err(|_| Misread(whom))?,
            None => Party::whole(agency),
        };
        let (identity, content) = Sisalto { perustelu, palvelutarpeet, asiakas, tausta }.read()?;
        Ok(InboundMatter::Referral(Box::new(InboundReferral {
            identity: identity.ok_or(Misread("`asiakas.henkilotunnus`"))?,
            recipient,
            purpose: codes::read_purpose(&kayttotarkoitus)
                .ok_or(Misread("one of the documented codes in `kayttotarkoitus`"))?,
            content,
            respond_by: read_instant(&vastaus_viimeistaan)?,
            claim: ilmoitusperuste.map(Ilmoitusperuste::read).transpose()?,
            origin: None,
            redacted: tietoja_karsittu,
        })))
    }
}

impl Ilmoitusperuste {
    fn read(self) -> Result<LegalClaim, Misread> {
        let Self { peruste, selostus, suostumusta } = self;
        let ground: Option<LegalGround> = codes::read_ground(&peruste);
        let asked: Option<legal_claim::ConsentAsked> = codes::read_consent_asked(&suostumusta);
        let (Some(ground), Some(asked)) = (ground, asked) else {
            return Err(Misread("the documented codes in `ilmoitusperuste`"));
        };
        let claim = LegalClaim { ground: ground.into(), statement: selostus, consent_asked: asked.into() };
        let claim = polku_proto::Valid::check(claim);
        Ok(claim.map_err(|_| Misread("`selostus`: at most 2000 characters"))?.into_inner())
    }
}

fn read_referral(text: &str) -> Result<ReferralId, Misread> {
    uuid(text).map(ReferralId::from_uuid).ok_or(Misread("`laheteTunnus`, a UUID"))
}

fn wording(misfit: Misfit) -> Misread {
    Misread(match misfit {
        Misfit::Official => {
            "`kasittelija.tunnus`: 1 to 64 letters, digits and `._:@-`, and no personal identity code"
        }
        Misfit::Unit => {
            "`kasittelija.yksikko`: 1 to 64 letters, digits and `._:-`, and no personal identity code"
        }
        Misfit::ReasonMissing => "`syy` with `hylatty`",
        Misfit::ReasonUnexpected => "`syy` with no other `tapahtuma` than `hylatty`",
        Misfit::OutcomeMissing => "`tulos` with `paattynyt` and `epaonnistunut`",
        Misfit::OutcomeUnexpected => "`tulos` with no other `tapahtuma` than `paattynyt` and `epaonnistunut`",
        Misfit::NoteMissing => "`huomautus` with `lisatietoja_pyydetty`, `keskeytetty` and `epaonnistunut`",
        Misfit::Note => "`huomautus`: at most 2000 characters, without control characters",
    })
}
