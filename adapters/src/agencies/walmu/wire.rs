//! What do messages to the case management look like? The JSON of README.md.

use polku_policy::{Basis, Decision};
use polku_proto::v1::{
    ContactDetails, DataCategory, DeliveryState, EducationWork, LegalClaim, LegalGround, Outcome, Purpose,
    ReferralContent, ReferralHandover, ReferralNotice, ReferralState, RejectionReason, legal_claim,
    referral_notice,
};
use polku_proto::{AgencyId, ConsentName, YouthId, time};
use serde::{Deserialize, Serialize};

use super::codes;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    asiakas: Option<Asiakas>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tausta: Option<Tausta>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lahete {
    tunnus: String,
    lahettava_taho: String,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    perustelu: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
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

#[derive(Serialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Asiakas {
    #[serde(skip_serializing_if = "Option::is_none")]
    henkilotunnus: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etunimet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sukunimi: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asiointikieli: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    yhteysosoite: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    toivottu_yhteydenotto: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    yhteystiedot: Option<Yhteystiedot>,
}

#[derive(Serialize, Default, PartialEq)]
struct Yhteystiedot {
    #[serde(skip_serializing_if = "Option::is_none")]
    puhelin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sahkoposti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    katuosoite: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postinumero: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postitoimipaikka: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kotikunta: Option<String>,
}

#[derive(Serialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Tausta {
    #[serde(skip_serializing_if = "Option::is_none")]
    koulutus_ja_tyo: Option<KoulutusJaTyo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sosiaalinen_tilanne: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    toimintakyky: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asuminen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etuudet_ja_tulot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suunnitelma: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    palveluun_osallistuminen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tulosmittarit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elamanlaatu: Option<String>,
}

#[derive(Serialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct KoulutusJaTyo {
    #[serde(skip_serializing_if = "Option::is_none")]
    koulutusaste: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    koulutus: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tyohistoria: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tyonhakijan_tila: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ilmoitus {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    lisatiedot: Option<Sisalto>,
}

/// What is told about the young person, by the place where each message puts it.
#[derive(Serialize, Default, PartialEq)]
struct Sisalto {
    #[serde(skip_serializing_if = "Option::is_none")]
    perustelu: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    palvelutarpeet: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asiakas: Option<Asiakas>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tausta: Option<Tausta>,
}

impl Message {
    /// Words a delivery to the case management with this agency id, with the grounds of the decision behind it.
    pub(super) fn of(envelope: Envelope, own: &AgencyId, decision: &Decision) -> Result<Self, Unwritable> {
        // The id of the message goes into a header.
        let Envelope { message: _, sender, professional: _, content } = envelope;
        let (path, body) = match content {
            Content::PlanPart(_) => return Err(Unwritable("plan_part")),
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
                    vastaanottava_yksikko: present(recipient_unit),
                    lahete_pvm: create_time.to_string(),
                    vastaus_viimeistaan: respond_by.map(|instant| instant.to_string()),
                    tietoja_karsittu: redacted.then_some(true),
                    kayttotarkoitus: purpose.ok_or(Unwritable("purpose"))?,
                    ilmoitusperuste: claim.map(Ilmoitusperuste::of).transpose()?,
                    perustelu,
                    palvelutarpeet,
                    luovutuslupa: Luovutuslupa::of(decision, referral.youth),
                };
                ("/lahetteet".to_owned(), serde_json::to_vec(&Uusi { lahete, asiakas, tausta }))
            }
            Content::Notice(referral, notice) => {
                let path = format!("/lahetteet/{}/ilmoitukset", referral.referral);
                (path, serde_json::to_vec(&Ilmoitus::of(notice, own, &sender)?))
            }
        };
        Ok(Self { path, body: body.map_err(|_| Unwritable("json"))? })
    }
}

impl Ilmoitus {
    fn of(notice: ReferralNotice, own: &AgencyId, sender: &AgencyId) -> Result<Self, Unwritable> {
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
            tila: state.ok_or(Unwritable("state"))?,
            aika: instant(time.as_ref().map(time::from_wire), "time")?.to_string(),
            hylkays_syy: codes::reason(reason),
            tulos: codes::outcome(outcome),
            toimitus: codes::delivery(delivery),
            huomautus: news(own, sender, status_note, sender_note),
            lisatiedot: answer.map(Sisalto::of).and_then(told),
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
    fn of(decision: &Decision, youth: YouthId) -> Self {
        let ground = |basis: &Basis| match basis.consent {
            Some((consent, _)) => ConsentName { youth, consent }.to_string(),
            None => basis.rule.to_string(),
        };
        let mut perusteet: Vec<String> = decision.bases().iter().map(ground).collect();
        perusteet.sort_unstable();
        perusteet.dedup();
        let told = decision.permitted().iter().filter(|category| *category != DataCategory::Envelope);
        Self { perusteet, luokat: told.map(polku_proto::name).collect() }
    }
}

impl Sisalto {
    fn of(content: ReferralContent) -> Self {
        let ReferralContent {
            identity_code,
            given_names,
            family_name,
            contact_language,
            contact,
            reason,
            service_needs,
            education_work,
            social_situation,
            health_capacity,
            housing,
            benefits_income,
            joint_plan,
            service_attendance,
            outcome_measures,
            quality_of_life,
            correspondence_address,
            contact_wish,
        } = content;
        let asiakas = Asiakas {
            henkilotunnus: present(identity_code),
            etunimet: present(given_names),
            sukunimi: present(family_name),
            asiointikieli: present(contact_language),
            yhteysosoite: present(correspondence_address),
            toivottu_yhteydenotto: present(contact_wish),
            yhteystiedot: contact.map(Yhteystiedot::of).and_then(told),
        };
        let tausta = Tausta {
            koulutus_ja_tyo: education_work.map(KoulutusJaTyo::of).and_then(told),
            sosiaalinen_tilanne: present(social_situation),
            toimintakyky: present(health_capacity),
            asuminen: present(housing),
            etuudet_ja_tulot: present(benefits_income),
            suunnitelma: present(joint_plan),
            palveluun_osallistuminen: present(service_attendance),
            tulosmittarit: present(outcome_measures),
            elamanlaatu: present(quality_of_life),
        };
        Self {
            perustelu: present(reason),
            palvelutarpeet: service_needs,
            asiakas: told(asiakas),
            tausta: told(tausta),
        }
    }
}

impl Yhteystiedot {
    fn of(contact: ContactDetails) -> Self {
        let ContactDetails { phone, email, street_address, postal_code, city, municipality } = contact;
        Self {
            puhelin: present(phone),
            sahkoposti: present(email),
            katuosoite: present(street_address),
            postinumero: present(postal_code),
            postitoimipaikka: present(city),
            kotikunta: present(municipality),
        }
    }
}

impl KoulutusJaTyo {
    fn of(education_work: EducationWork) -> Self {
        let EducationWork { education_level, education, work_history, job_seeker_status } = education_work;
        Self {
            koulutusaste: education_level,
            koulutus: present(education),
            tyohistoria: present(work_history),
            tyonhakijan_tila: present(job_seeker_status),
        }
    }
}

/// Leaves an object out in which nothing is told.
fn told<T: Default + PartialEq>(object: T) -> Option<T> {
    Some(object).filter(|object| *object != T::default())
}

#[derive(Deserialize)]
struct Vastaanotettu {
    vastaanottotunnus: String,
    vastaanotettu: String,
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
