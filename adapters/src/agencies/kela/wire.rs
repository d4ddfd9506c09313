//! What do referrals and news to Kela look like? The JSON of README.md.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use polku_policy::Decision;
use polku_proto::v1::{
    Delivery, DeliveryState, LegalClaim, LegalGround, Outcome, Purpose, ReferralHandover, ReferralNotice,
    ReferralState, RejectionReason, legal_claim, referral_notice,
};
use polku_proto::{AgencyId, ConsentName, ReferralName, YouthId, time};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::Tiedot;
use super::settings::Ages;
use super::{codes, json, plan};
use crate::Receipt;
use crate::agencies::answer;
use crate::agencies::envelope::{
    Content, Envelope, Unwritable, instant, news, optional_instant, other_party,
};
use crate::agencies::form;

/// A message to Kela, ready to be written.
pub(super) struct Message {
    /// Its UUID, the same in every attempt.
    pub(super) id: String,
    /// The last part of the path.
    pub(super) path: &'static str,
    /// The referral or plan that it is about.
    pub(super) issue: Option<String>,
    /// The agency for whom the gateway acts.
    pub(super) sender: AgencyId,
    pub(super) professional: Option<String>,
    pub(super) body: Bytes,
}

/// Who can have Nuotti coaching, and at which instant that is asked.
#[derive(Clone, Copy)]
pub(super) struct Coached {
    pub(super) ages: Ages,
    pub(super) now: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Yhteydenotto {
    NuottiYhteydenotto(Pyynto),
    Yhteydenottopyynto(Pyynto),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pyynto {
    sanoma_tunnus: String,
    lahete_tunnus: String,
    kayttotarkoitus: &'static str,
    luotu: String,
    vastaus_viimeistaan: Option<String>,
    yhteistyokumppani: Kumppani,
    vastaanottava_yksikko: String,
    suostumus_id: Vec<String>,
    saannokset: Vec<String>,
    tietoja_karsittu: bool,
    ilmoitusperuste: Option<Ilmoitusperuste>,
    #[serde(flatten)]
    tiedot: Tiedot,
}

#[derive(Serialize)]
struct Kumppani {
    taho: String,
    tyontekija: Option<String>,
}

/// The ground in law that the sender has stated. The statement is absent where nothing permits it.
#[derive(Serialize)]
struct Ilmoitusperuste {
    peruste: &'static str,
    selostus: String,
    suostumusta: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ilmoitus {
    sanoma_tunnus: String,
    lahete_tunnus: String,
    laji: &'static str,
    tila: &'static str,
    aika: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hylkays_syy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tulos: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    toimitus: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    huomautus: Option<String>,
    /// Without what is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    lisatiedot: Option<Value>,
}

impl Message {
    /// Words a delivery to Kela with this agency id, with the agency whose word it is.
    pub(super) fn delivering(
        delivery: Delivery,
        own: &AgencyId,
        decision: &Decision,
        coached: Coached,
    ) -> Result<Self, Unwritable> {
        let other = other_party(&delivery, own)?;
        let message = Self::of(Envelope::open(delivery)?, own, decision, coached)?;
        Ok(Self { sender: other, ..message })
    }

    /// Words a delivery to Kela with this agency id, with the grounds of the decision behind it.
    pub(super) fn of(
        envelope: Envelope,
        own: &AgencyId,
        decision: &Decision,
        coached: Coached,
    ) -> Result<Self, Unwritable> {
        let Envelope { message, sender, professional, content } = envelope;
        let id = message.to_string();
        let (path, issue, body) = match content {
            Content::Handover(referral, handover) => {
                let partner = Kumppani { taho: sender.to_string(), tyontekija: professional.clone() };
                let request = Yhteydenotto::of(&id, referral, handover, partner, decision, coached)?;
                ("yhteydenotot", Some(referral.referral.to_string()), json::write(&request)?)
            }
            Content::Notice(referral, notice) => {
                let notice = Ilmoitus::of(&id, referral, notice, own, &sender)?;
                ("ilmoitukset", Some(notice.lahete_tunnus.clone()), json::plainly(&notice)?)
            }
            Content::PlanPart(part) => {
                let part = plan::Osa::of(&id, *part)?;
                ("suunnitelmaosat", part.id(), json::write(&part)?)
            }
            Content::Disclosure(..) => return Err(Unwritable("disclosure")),
        };
        Ok(Self { id, path, issue, sender, professional, body })
    }
}

impl Yhteydenotto {
    fn of(
        id: &str,
        referral: ReferralName,
        handover: ReferralHandover,
        yhteistyokumppani: Kumppani,
        decision: &Decision,
        coached: Coached,
    ) -> Result<Self, Unwritable> {
        let ReferralHandover { purpose, create_time, respond_by, content, recipient_unit, claim, redacted } =
            handover;
        let purpose = Purpose::try_from(purpose).map_err(|_| Unwritable("purpose"))?;
        let respond_by = optional_instant(respond_by.as_ref().map(time::from_wire), "respond_by")?;
        let content = content.unwrap_or_default();
        let is_coached = coached.ages.hold(&content.identity_code, coached.now);
        let request = Pyynto {
            sanoma_tunnus: id.to_owned(),
            lahete_tunnus: referral.referral.to_string(),
            kayttotarkoitus: codes::purpose(purpose).ok_or(Unwritable("purpose"))?,
            luotu: instant(create_time.as_ref().map(time::from_wire), "create_time")?.to_string(),
            vastaus_viimeistaan: respond_by.map(|instant| instant.to_string()),
            yhteistyokumppani,
            vastaanottava_yksikko: recipient_unit,
            suostumus_id: consents(decision, referral.youth),
            saannokset: statutes(decision),
            tietoja_karsittu: redacted,
            ilmoitusperuste: claim.map(Ilmoitusperuste::of).transpose()?,
            tiedot: Tiedot::of(content),
        };
        Ok(match purpose {
            // Kela applies by phone: the request is to ring, and its purpose is its name.
            Purpose::Rehabilitation if is_coached => {
                Self::NuottiYhteydenotto(Pyynto { kayttotarkoitus: "", ..request })
            }
            Purpose::Rehabilitation
            | Purpose::Unspecified
            | Purpose::Guidance
            | Purpose::EmploymentServices
            | Purpose::MultiSectorSupport
            | Purpose::SocialServices
            | Purpose::OutreachYouthWork
            | Purpose::WorkshopCoaching
            | Purpose::Statistics => Self::Yhteydenottopyynto(request),
        })
    }
}

impl Ilmoitus {
    fn of(
        id: &str,
        referral: ReferralName,
        notice: ReferralNotice,
        own: &AgencyId,
        sender: &AgencyId,
    ) -> Result<Self, Unwritable> {
        let ReferralNotice {
            kind,
            state,
            time,
            rejection_reason,
            outcome,
            status_note,
            answer,
            sender_note,
            delivery_state,
        } = notice;
        let kind = referral_notice::Kind::try_from(kind).ok().and_then(codes::kind);
        let state = ReferralState::try_from(state).ok().and_then(codes::state);
        let reason =
            RejectionReason::try_from(rejection_reason).map_err(|_| Unwritable("rejection_reason"))?;
        let outcome = Outcome::try_from(outcome).map_err(|_| Unwritable("outcome"))?;
        let delivery = DeliveryState::try_from(delivery_state).map_err(|_| Unwritable("delivery_state"))?;
        Ok(Self {
            sanoma_tunnus: id.to_owned(),
            lahete_tunnus: referral.referral.to_string(),
            laji: kind.ok_or(Unwritable("kind"))?,
            tila: state.ok_or(Unwritable("state"))?,
            aika: instant(time.as_ref().map(time::from_wire), "time")?.to_string(),
            hylkays_syy: codes::reason(reason),
            tulos: codes::outcome(outcome),
            toimitus: codes::delivery(delivery),
            huomautus: news(own, sender, status_note, sender_note),
            lisatiedot: answer
                .map(|answer| json::pruned(&Tiedot::of(answer)))
                .transpose()?
                .filter(|answer| answer.as_object().is_none_or(|members| !members.is_empty())),
        })
    }
}

impl Ilmoitusperuste {
    fn of(claim: LegalClaim) -> Result<Self, Unwritable> {
        let LegalClaim { ground, statement, consent_asked } = claim;
        let ground = LegalGround::try_from(ground).ok().and_then(codes::ground);
        let asked = legal_claim::ConsentAsked::try_from(consent_asked).ok().and_then(codes::consent_asked);
        Ok(Self {
            peruste: ground.ok_or(Unwritable("ground"))?,
            selostus: statement,
            suostumusta: asked.ok_or(Unwritable("consent_asked"))?,
        })
    }
}

fn consents(decision: &Decision, youth: YouthId) -> Vec<String> {
    let consents = decision.bases().iter().filter_map(|basis| basis.consent);
    sorted(consents.map(|(consent, _)| ConsentName { youth, consent }.to_string()).collect())
}

fn statutes(decision: &Decision) -> Vec<String> {
    let statutes = decision.bases().iter().filter(|basis| basis.consent.is_none());
    sorted(statutes.map(|basis| basis.statute.to_string()).filter(|statute| !statute.is_empty()).collect())
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts.dedup();
    texts
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vastaanotettu<'a> {
    #[serde(borrow)]
    vastaanottotunnus: Cow<'a, str>,
    #[serde(borrow)]
    vastaanotettu: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Hylatty {
    virhe: Virhe,
}

#[derive(Deserialize)]
struct Virhe {
    koodi: String,
}

/// Reads a receipt.
pub(super) fn read_receipt(body: &[u8]) -> Option<Receipt> {
    let Vastaanotettu { vastaanottotunnus, vastaanotettu } = json::read(body)?;
    form::instant(&vastaanotettu)?;
    answer::receipt(&vastaanottotunnus)
}

/// Reads the code of a refusal.
pub(super) fn read_error(body: &[u8]) -> Option<String> {
    let Hylatty { virhe: Virhe { koodi } } = json::read(body)?;
    Some(koodi)
}
