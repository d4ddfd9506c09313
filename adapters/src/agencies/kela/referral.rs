//! Which referrals does Kela send? Its six notices about social assistance, and plain ones.

use polku_proto::Party;
use polku_proto::identity::Hetu;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{LegalClaim, LegalGround, Purpose, ReferralContent};
use serde::Deserialize;

use super::codes;
use super::content::{Nuori, Tausta, Tiedot};
use super::inbound::{Kasittelija, read_code};
use super::json;
use crate::agencies::form::{Expected, instant, within_contract};
use crate::{InboundEvent, InboundMatter, InboundReferral};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Ilmoitus {
    sanoma_tunnus: String,
    kasittelija: Kasittelija,
    ilmoitus_tyyppi: String,
    kiireellisyys: String,
    kohde_hyvinvointialue: String,
    #[serde(default)]
    kohde_yksikko: String,
    selostus: String,
    #[serde(default)]
    suostumusta: String,
    #[serde(default)]
    vastaus_viimeistaan: String,
    #[serde(default)]
    tietoja_karsittu: bool,
    nuori: Nuori,
    #[serde(default)]
    toivottu_yhteydenottoaika: String,
    #[serde(default)]
    perustelu: String,
    #[serde(default)]
    palvelutarpeet: Vec<String>,
    #[serde(default)]
    tausta: Tausta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Lahete {
    sanoma_tunnus: String,
    kasittelija: Kasittelija,
    vastaanottaja: String,
    #[serde(default)]
    vastaanottava_yksikko: String,
    kayttotarkoitus: String,
    #[serde(default, deserialize_with = "json::never_null")]
    ilmoitusperuste: Option<Ilmoitusperuste>,
    #[serde(default)]
    vastaus_viimeistaan: String,
    #[serde(default)]
    tietoja_karsittu: bool,
    nuori: Nuori,
    #[serde(default)]
    toivottu_yhteydenottoaika: String,
    #[serde(default)]
    perustelu: String,
    #[serde(default)]
    palvelutarpeet: Vec<String>,
    #[serde(default)]
    tausta: Tausta,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ilmoitusperuste {
    peruste: String,
    selostus: String,
    suostumusta: String,
}

impl Ilmoitus {
    pub(super) fn event(self) -> Result<InboundEvent, Expected> {
        let Self {
            sanoma_tunnus,
            kasittelija,
            ilmoitus_tyyppi,
            kiireellisyys,
            kohde_hyvinvointialue,
            kohde_yksikko,
            selostus,
            suostumusta,
            vastaus_viimeistaan,
            tietoja_karsittu,
            nuori,
            toivottu_yhteydenottoaika,
            perustelu,
            palvelutarpeet,
            tausta,
        } = self;
        let ground = read_code(&ilmoitus_tyyppi, "ilmoitusTyyppi", codes::ground)?;
        let ground = ground.and_then(|ground| Some((ground, codes::urgency(ground)?)));
        let (ground, urgency) =
            ground.ok_or("a type of notice about social assistance in `ilmoitusTyyppi`")?;
        if kiireellisyys != urgency {
            return Err(Expected(format!("`kiireellisyys` `{urgency}`, that of `ilmoitusTyyppi`")));
        }
        let asked = read_code(&suostumusta, "suostumusta", codes::consent_asked)?;
        let claim = claim(ground, selostus, asked.unwrap_or(ConsentAsked::No))?;
        let recipient = party(&kohde_hyvinvointialue, &kohde_yksikko, "kohdeHyvinvointialue")?;
        let tiedot = Tiedot { nuori, toivottu_yhteydenottoaika, perustelu, palvelutarpeet, tausta };
        let (purpose, claim) = (Purpose::SocialServices, Some(claim));
        let referral = referral(recipient, purpose, claim, &vastaus_viimeistaan, tiedot)?;
        let referral = InboundReferral { redacted: tietoja_karsittu, ..referral };
        kasittelija.event(&sanoma_tunnus, InboundMatter::Referral(Box::new(referral)))
    }
}

impl Lahete {
    pub(super) fn event(self) -> Result<InboundEvent, Expected> {
        let Self {
            sanoma_tunnus,
            kasittelija,
            vastaanottaja,
            vastaanottava_yksikko,
            kayttotarkoitus,
            ilmoitusperuste,
            vastaus_viimeistaan,
            tietoja_karsittu,
            nuori,
            toivottu_yhteydenottoaika,
            perustelu,
            palvelutarpeet,
            tausta,
        } = self;
        let purpose = read_code(&kayttotarkoitus, "kayttotarkoitus", codes::purpose)?;
        let purpose = purpose.ok_or("one of the documented codes in `kayttotarkoitus`")?;
        let recipient = party(&vastaanottaja, &vastaanottava_yksikko, "vastaanottaja")?;
        let claim = ilmoitusperuste.map(Ilmoitusperuste::claim).transpose()?;
        let tiedot = Tiedot { nuori, toivottu_yhteydenottoaika, perustelu, palvelutarpeet, tausta };
        let referral = referral(recipient, purpose, claim, &vastaus_viimeistaan, tiedot)?;
        let referral = InboundReferral { redacted: tietoja_karsittu, ..referral };
        kasittelija.event(&sanoma_tunnus, InboundMatter::Referral(Box::new(referral)))
    }
}

impl Ilmoitusperuste {
    fn claim(self) -> Result<LegalClaim, Expected> {
        let Self { peruste, selostus, suostumusta } = self;
        let ground = read_code(&peruste, "ilmoitusperuste.peruste", codes::ground)?;
        // Those of social assistance have a notice and a timing of their own.
        let ground = ground.filter(|ground| codes::urgency(*ground).is_none());
        let ground = ground.ok_or("a ground other than social assistance in `ilmoitusperuste.peruste`")?;
        let asked = read_code(&suostumusta, "ilmoitusperuste.suostumusta", codes::consent_asked)?;
        claim(ground, selostus, asked.ok_or("one of the documented codes in `ilmoitusperuste.suostumusta`")?)
    }
}

fn claim(ground: LegalGround, statement: String, asked: ConsentAsked) -> Result<LegalClaim, Expected> {
    if statement.trim().is_empty() {
        return Err("`selostus`: why the ground applies".into());
    }
    within_contract(LegalClaim { ground: ground.into(), statement, consent_asked: asked.into() })
}

fn referral(
    recipient: Party,
    purpose: Purpose,
    claim: Option<LegalClaim>,
    respond_by: &str,
    mut tiedot: Tiedot,
) -> Result<InboundReferral, Expected> {
    let identity = std::mem::take(&mut tiedot.nuori.henkilotunnus);
    let identity: Hetu = identity.parse().map_err(|_| Expected::from("`nuori.henkilotunnus`"))?;
    let content: ReferralContent = within_contract(tiedot.content())?;
    let respond_by = match respond_by {
        "" => None,
        text => Some(instant(text).ok_or("`vastausViimeistaan`, an instant such as 2026-11-21T09:30:00Z")?),
    };
    Ok(InboundReferral {
        identity,
        recipient,
        purpose,
        content,
        respond_by,
        claim,
        origin: None,
        redacted: false,
    })
}

fn party(agency: &str, unit: &str, member: &str) -> Result<Party, Expected> {
    let text = if unit.is_empty() { agency.to_owned() } else { format!("{agency}/{unit}") };
    // A unit is named beside its agency, not behind it.
    let party = text.parse().ok().filter(|_| !agency.contains('/'));
    party.ok_or_else(|| {
        Expected(format!("`{member}`, an agency's id in the gateway, and its unit if one is named"))
    })
}
