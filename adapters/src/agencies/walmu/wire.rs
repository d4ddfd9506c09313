//! What do messages to the case management look like? The JSON of README.md.

use std::borrow::Cow;

use polku_policy::{Basis, Decision};
use polku_proto::v1::{
    DataCategory, DeliveryState, LegalClaim, LegalGround, Outcome, Purpose, ReferralHandover, ReferralNotice,
    ReferralState, RejectionReason, legal_claim, referral_notice,
};
use polku_proto::{AgencyId, ConsentName, YouthId, time};
use serde::{Deserialize, Serialize};

use super::codes;
use super::content::{Asiakas, Sisalto, Tausta, nothing};
use super::plan::Suunnitelma;
use crate::Receipt;
use crate::agencies::answer;
use crate::agencies::envelope::{Content, Envelope, Unwritable, instant, news, optional_instant, present};

/// A message to the case management, ready to be written.
pub(super) struct Message {
    /// Where it goes, behind the base address.
    pub(super) path: String,
    /// Its JSON.
    pub(super) body: Vec<u8>,
}

#[derive(Serialize)]
struct Uusi {
    lahete: Lahete,
    #[serde(skip_serializing_if = "nothing")]
    asiakas: Asiakas,
    #[serde(skip_serializing_if = "nothing")]
    tausta: Tausta,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UusiSuunnitelma {
    #[serde(skip_serializing_if = "Option::is_none")]
    lahettava_henkilo: Option<String>,
    suunnitelma: Suunnitelma,
    luovutuslupa: Luovutuslupa,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lahete {
    tunnus: String,
    lahettava_taho: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lahettava_henkilo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vastaanottava_yksikko: Option<String>,
    lahete_pvm: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vastaus_viimeistaan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tietoja_karsittu: Option<bool>,
    kayttotarkoitus: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ilmoitusperuste: Option<Ilmoitusperuste>,
    #[serde(skip_serializing_if = "nothing")]
    perustelu: String,
    #[serde(skip_serializing_if = "nothing")]
    palvelutarpeet: Vec<String>,
    luovutuslupa: Luovutuslupa,
}

/// The ground in law that the sender has stated. The statement is absent where nothing permits it.
#[derive(Serialize)]
struct Ilmoitusperuste {
    peruste: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    selostus: Option<String>,
    suostumusta: &'static str,
}

#[derive(Serialize)]
struct Luovutuslupa {
    perusteet: Vec<String>,
    luokat: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ilmoitus {
    laji: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lahettava_henkilo: Option<String>,
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
    #[serde(skip_serializing_if = "nothing")]
    lisatiedot: Sisalto,
}

impl Message {
    /// Words a delivery to the case management with this agency id, with the grounds of the decision behind it.
    pub(super) fn of(envelope: Envelope, own: &AgencyId, decision: &Decision) -> Result<Self, Unwritable> {
        // The id of the message goes into a header.
        let Envelope { message: _, sender, professional, content } = envelope;
        let (path, body) = match content {
            Content::PlanPart(part) => {
                let (suunnitelma, youth) = Suunnitelma::of(*part)?;
                let luovutuslupa = Luovutuslupa::of(decision, youth);
                let body = serde_json::to_vec(&UusiSuunnitelma {
                    lahettava_henkilo: professional,
                    suunnitelma,
                    luovutuslupa,
                });
                ("/suunnitelmat".to_owned(), body)
            }
            Content::Disclosure(..) => return Err(Unwritable("disclosure")),
            Content::Handover(referral, handover) => {
                let ReferralHandover {
                    purpose,
                    create_time,
                    respond_by,
                    content,
                    recipient_unit,
                    claim,
                    redacted,
                } = handover;
                let purpose = Purpose::try_from(purpose).ok().and_then(codes::purpose);
                let create_time = instant(create_time.as_ref().map(time::from_wire), "create_time")?;
                let respond_by = optional_instant(respond_by.as_ref().map(time::from_wire), "respond_by")?;
                let Sisalto { perustelu, palvelutarpeet, asiakas, tausta } =
                    Sisalto::of(content.unwrap_or_default());
                let lahete = Lahete {
                    tunnus: referral.referral.to_string(),
                    lahettava_taho: sender.to_string(),
                    lahettava_henkilo: professional,
                    vastaanottava_yksikko: present(recipient_unit),
                    lahete_pvm: create_time.to_string(),
                    vastaus_viimeistaan: respond_by.map(|instant| instant.to_string()),
                    tietoja_karsittu: redacted.then_some(true),
                    kayttotarkoitus: purpose.ok_or(Unwritable("purpose"))?,
                    ilmoitusperuste: claim.map(Ilmoitusperuste::of).transpose()?,
                    perustelu,
                    palvelutarpeet,
                    luovutuslupa: Luovutuslupa::of(decision, Some(referral.youth)),
                };
                ("/lahetteet".to_owned(), serde_json::to_vec(&Uusi { lahete, asiakas, tausta }))
            }
            Content::Notice(referral, notice) => {
                let path = format!("/lahetteet/{}/ilmoitukset", referral.referral);
                (path, serde_json::to_vec(&Ilmoitus::of(notice, own, &sender, professional)?))
            }
        };
        Ok(Self { path, body: body.map_err(|_| Unwritable("json"))? })
    }
}

impl Ilmoitus {
    fn of(
        notice: ReferralNotice,
        own: &AgencyId,
        sender: &AgencyId,
        professional: Option<String>,
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
            laji: kind.ok_or(Unwritable("kind"))?,
            lahettava_henkilo: professional,
            tila: state.ok_or(Unwritable("state"))?,
            aika: instant(time.as_ref().map(time::from_wire), "time")?.to_string(),
            hylkays_syy: codes::reason(reason),
            tulos: codes::outcome(outcome),
            toimitus: codes::delivery(delivery),
            huomautus: news(own, sender, status_note, sender_note),
            lisatiedot: answer.map(Sisalto::of).unwrap_or_default(),
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
            selostus: present(statement),
            suostumusta: asked.ok_or(Unwritable("consent_asked"))?,
        })
    }
}

impl Luovutuslupa {
    /// A plan outside the joint one says whose it is in its contents only.
    fn of(decision: &Decision, youth: Option<YouthId>) -> Self {
        let ground = |basis: &Basis| match (basis.consent, youth) {
            (Some((consent, _)), Some(youth)) => ConsentName { youth, consent }.to_string(),
            (Some((consent, _)), None) => format!("consents/{consent}"),
            (None, _) => basis.rule.to_string(),
        };
        let mut perusteet: Vec<String> = decision.bases().iter().map(ground).collect();
        perusteet.sort_unstable();
        perusteet.dedup();
        let told = decision.permitted().iter().filter(|category| *category != DataCategory::Envelope);
        Self { perusteet, luokat: told.map(polku_proto::name).collect() }
    }
}

#[derive(Deserialize)]
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
    let Vastaanotettu { vastaanottotunnus, vastaanotettu } = serde_json::from_slice(body).ok()?;
    vastaanotettu.parse::<jiff::Timestamp>().ok()?;
    answer::receipt(&vastaanottotunnus)
}

/// Reads the code of a refusal.
pub(super) fn read_error(body: &[u8]) -> Option<String> {
    let Hylatty { virhe: Virhe { koodi } } = serde_json::from_slice(body).ok()?;
    Some(koodi)
}
