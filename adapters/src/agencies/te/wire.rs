//! What do messages to the employment services look like?
//!
//! The tables of README.md, in their order. Every element is qualified; the prefix is the one that the SOAP writer
//! binds to the namespace.

use polku_proto::v1::{
    ContactDetails, DeliveryState, EducationWork, LegalClaim, LegalGround, Outcome, Purpose, ReferralContent,
    ReferralHandover, ReferralNotice, ReferralState, RejectionReason, legal_claim, referral_notice,
};
use polku_proto::{AgencyId, MessageId, time};

use super::{codes, update};
use crate::agencies::answer;
use crate::agencies::envelope::{Content, Envelope, Unwritable, instant, news, optional_instant, present};
use crate::agencies::soap::{Head, Outgoing, Protocol};
use crate::transport::xml::{Element, XmlWriter};
use crate::{DeliveryStatus, Receipt};

/// The namespace of all bodies.
pub(super) const NAMESPACE: &str = "http://ohjaus.te.example/lahete/v1";
/// What the bodies look like, and what the gateway offers.
pub(super) const PROTOCOL: Protocol =
    Protocol { namespace: NAMESPACE, version: "v1", services: &[update::SERVICE] };

/// A message to the office, ready to be written.
pub(super) enum Message {
    /// `vastaanotaLahete`.
    Lahete(Lahete),
    /// `vastaanotaIlmoitus`.
    Ilmoitus(Ilmoitus),
    /// `haeSanomanTila`.
    SanomanTila {
        /// `sanomaTunnus`.
        sanoma_tunnus: String,
    },
}

/// `vastaanotaLahete`.
pub(super) struct Lahete {
    sanoma_tunnus: String,
    lahete_tunnus: String,
    lahettaja: String,
    vastaanottava_yksikko: Option<String>,
    kayttotarkoitus: &'static str,
    luotu: String,
    vastaus_viimeistaan: Option<String>,
    tietoja_karsittu: Option<&'static str>,
    ilmoitusperuste: Vec<(&'static str, String)>,
    tiedot: Tiedot,
}

/// `vastaanotaIlmoitus`.
pub(super) struct Ilmoitus {
    sanoma_tunnus: String,
    lahete_tunnus: String,
    laji: &'static str,
    tila: &'static str,
    aika: String,
    hylkays_syy: Option<&'static str>,
    tulos: Option<&'static str>,
    toimitus: Option<&'static str>,
    huomautus: Option<String>,
    lisatiedot: Option<Tiedot>,
}

/// The elements from `asiakas` to `elamanlaatu`.
struct Tiedot {
    asiakas: Vec<(&'static str, String)>,
    yhteystiedot: Vec<(&'static str, String)>,
    perustelu: Option<String>,
    palvelutarve: Vec<String>,
    koulutus_ja_tyo: Vec<(&'static str, String)>,
    tekstit: Vec<(&'static str, String)>,
}

impl Message {
    /// Words a delivery to the office with this agency id.
    pub(super) fn of(envelope: Envelope, own: &AgencyId) -> Result<Self, Unwritable> {
        let Envelope { message, sender, professional: _, content } = envelope;
        let sanoma_tunnus = message.to_string();
        match content {
            Content::Handover(referral, handover) => {
                let lahete_tunnus = referral.referral.to_string();
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
                let luotu = instant(create_time.as_ref().map(time::from_wire), "create_time")?;
                let respond_by = optional_instant(respond_by.as_ref().map(time::from_wire), "respond_by")?;
                Ok(Self::Lahete(Lahete {
                    sanoma_tunnus,
                    lahete_tunnus,
                    lahettaja: sender.to_string(),
                    vastaanottava_yksikko: present(recipient_unit),
                    kayttotarkoitus: purpose.ok_or(Unwritable("purpose"))?,
                    luotu: luotu.to_string(),
                    vastaus_viimeistaan: respond_by.map(|instant| instant.to_string()),
                    tietoja_karsittu: redacted.then_some("true"),
                    ilmoitusperuste: claim.map(ground).transpose()?.unwrap_or_default(),
                    tiedot: Tiedot::of(content.unwrap_or_default()),
                }))
            }
            Content::PlanPart(_) => Err(Unwritable("plan_part")),
            Content::Disclosure(..) => Err(Unwritable("disclosure")),
            Content::Notice(referral, notice) => {
                let lahete_tunnus = referral.referral.to_string();
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
                let aika = instant(time.as_ref().map(time::from_wire), "time")?;
                let reason = RejectionReason::try_from(rejection_reason)
                    .map_err(|_| Unwritable("rejection_reason"))?;
                let outcome = Outcome::try_from(outcome).map_err(|_| Unwritable("outcome"))?;
                let delivery =
                    DeliveryState::try_from(delivery_state).map_err(|_| Unwritable("delivery_state"))?;
                Ok(Self::Ilmoitus(Ilmoitus {
                    sanoma_tunnus,
                    lahete_tunnus,
                    laji: kind.ok_or(Unwritable("kind"))?,
                    tila: state.ok_or(Unwritable("state"))?,
                    aika: aika.to_string(),
                    hylkays_syy: codes::reason(reason),
                    tulos: codes::outcome(outcome),
                    toimitus: codes::delivery(delivery),
                    huomautus: news(own, &sender, status_note, sender_note),
                    lisatiedot: answer.map(Tiedot::of).filter(|tiedot| !tiedot.is_empty()),
                }))
            }
        }
    }

    /// Words the question whether a message has arrived.
    pub(super) fn status_of(message: &MessageId) -> Self {
        Self::SanomanTila { sanoma_tunnus: message.to_string() }
    }

    fn service(&self) -> &'static str {
        match self {
            Self::Lahete(_) => "vastaanotaLahete",
            Self::Ilmoitus(_) => "vastaanotaIlmoitus",
            Self::SanomanTila { .. } => "haeSanomanTila",
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Lahete(Lahete { sanoma_tunnus, .. })
            | Self::Ilmoitus(Ilmoitus { sanoma_tunnus, .. })
            | Self::SanomanTila { sanoma_tunnus } => sanoma_tunnus,
        }
    }

    fn referral(&self) -> Option<&str> {
        match self {
            Self::Lahete(Lahete { lahete_tunnus, .. }) | Self::Ilmoitus(Ilmoitus { lahete_tunnus, .. }) => {
                Some(lahete_tunnus)
            }
            Self::SanomanTila { .. } => None,
        }
    }
}

impl Outgoing for Message {
    fn head(&self) -> Head<'_> {
        Head {
            service: self.service(),
            id: self.id(),
            issue: self.referral(),
            professional: None,
            sender: None,
        }
    }

    fn fill(&self, writer: &mut XmlWriter) {
        match self {
            Self::Lahete(lahete) => lahete.write(writer),
            Self::Ilmoitus(ilmoitus) => ilmoitus.write(writer),
            Self::SanomanTila { sanoma_tunnus } => {
                writer.element("tns:sanomaTunnus", sanoma_tunnus);
            }
        }
    }
}

impl Lahete {
    fn write(&self, writer: &mut XmlWriter) {
        writer
            .element("tns:sanomaTunnus", &self.sanoma_tunnus)
            .element("tns:laheteTunnus", &self.lahete_tunnus)
            .element("tns:lahettaja", &self.lahettaja)
            .optional("tns:vastaanottavaYksikko", self.vastaanottava_yksikko.as_deref())
            .element("tns:kayttotarkoitus", self.kayttotarkoitus)
            .element("tns:luotu", &self.luotu)
            .optional("tns:vastausViimeistaan", self.vastaus_viimeistaan.as_deref())
            .optional("tns:tietojaKarsittu", self.tietoja_karsittu);
        write_group(writer, "tns:ilmoitusperuste", &self.ilmoitusperuste);
        self.tiedot.write(writer);
    }
}

impl Ilmoitus {
    fn write(&self, writer: &mut XmlWriter) {
        writer
            .element("tns:sanomaTunnus", &self.sanoma_tunnus)
            .element("tns:laheteTunnus", &self.lahete_tunnus)
            .element("tns:laji", self.laji)
            .element("tns:tila", self.tila)
            .element("tns:aika", &self.aika)
            .optional("tns:hylkaysSyy", self.hylkays_syy)
            .optional("tns:tulos", self.tulos)
            .optional("tns:toimitus", self.toimitus)
            .optional("tns:huomautus", self.huomautus.as_deref());
        if let Some(lisatiedot) = &self.lisatiedot {
            writer.start("tns:lisatiedot", &[]);
            lisatiedot.write(writer);
            writer.end();
        }
    }
}

impl Tiedot {
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
        let ContactDetails { phone, email, street_address, postal_code, city, municipality } =
            contact.unwrap_or_default();
        let EducationWork { education_level, education, work_history, job_seeker_status } =
            education_work.unwrap_or_default();
        let education_level = education_level.map(|level| level.to_string()).unwrap_or_default();
        Self {
            asiakas: filled([
                ("tns:henkilotunnus", identity_code),
                ("tns:etunimet", given_names),
                ("tns:sukunimi", family_name),
                ("tns:asiointikieli", contact_language),
                ("tns:yhteysosoite", correspondence_address),
                ("tns:toivottuYhteydenotto", contact_wish),
            ]),
            yhteystiedot: filled([
                ("tns:puhelin", phone),
                ("tns:sahkoposti", email),
                ("tns:katuosoite", street_address),
                ("tns:postinumero", postal_code),
                ("tns:postitoimipaikka", city),
                ("tns:kuntakoodi", municipality),
            ]),
            perustelu: present(reason),
            palvelutarve: service_needs,
            koulutus_ja_tyo: filled([
                ("tns:koulutusaste", education_level),
                ("tns:koulutus", education),
                ("tns:tyohistoria", work_history),
                ("tns:tyonhakijanTila", job_seeker_status),
            ]),
            tekstit: filled([
                ("tns:sosiaalinenTilanne", social_situation),
                ("tns:toimintakyky", health_capacity),
                ("tns:asuminen", housing),
                ("tns:etuudetJaTulot", benefits_income),
                ("tns:yhteinenSuunnitelma", joint_plan),
                ("tns:palveluunOsallistuminen", service_attendance),
                ("tns:tulosmittarit", outcome_measures),
                ("tns:elamanlaatu", quality_of_life),
            ]),
        }
    }

    fn is_empty(&self) -> bool {
        let Self { asiakas, yhteystiedot, perustelu, palvelutarve, koulutus_ja_tyo, tekstit } = self;
        let lists = [asiakas, yhteystiedot, koulutus_ja_tyo, tekstit];
        lists.into_iter().all(Vec::is_empty) && perustelu.is_none() && palvelutarve.is_empty()
    }

    fn write(&self, writer: &mut XmlWriter) {
        if !(self.asiakas.is_empty() && self.yhteystiedot.is_empty()) {
            writer.start("tns:asiakas", &[]);
            write_all(writer, &self.asiakas);
            write_group(writer, "tns:yhteystiedot", &self.yhteystiedot);
            writer.end();
        }
        writer.optional("tns:perustelu", self.perustelu.as_deref());
        for palvelutarve in &self.palvelutarve {
            writer.element("tns:palvelutarve", palvelutarve);
        }
        write_group(writer, "tns:koulutusJaTyo", &self.koulutus_ja_tyo);
        write_all(writer, &self.tekstit);
    }
}

/// The elements of `ilmoitusperuste`. The statement is absent where nothing permits it.
fn ground(claim: LegalClaim) -> Result<Vec<(&'static str, String)>, Unwritable> {
    let LegalClaim { ground, statement, consent_asked } = claim;
    let ground = LegalGround::try_from(ground).ok().and_then(codes::ground);
    let asked = legal_claim::ConsentAsked::try_from(consent_asked).ok().and_then(codes::consent_asked);
    Ok(filled([
        ("tns:peruste", ground.ok_or(Unwritable("ground"))?.to_owned()),
        ("tns:selostus", statement),
        ("tns:suostumusta", asked.ok_or(Unwritable("consent_asked"))?.to_owned()),
    ]))
}

fn filled<const N: usize>(elements: [(&'static str, String); N]) -> Vec<(&'static str, String)> {
    elements.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

fn write_all(writer: &mut XmlWriter, elements: &[(&'static str, String)]) {
    for (name, text) in elements {
        writer.element(name, text);
    }
}

fn write_group(writer: &mut XmlWriter, name: &str, elements: &[(&'static str, String)]) {
    if !elements.is_empty() {
        writer.start(name, &[]);
        write_all(writer, elements);
        writer.end();
    }
}

/// Reads `vastaanottotunnus` and `vastaanotettu` of an answer.
pub(super) fn read_receipt(answer: &Element) -> Option<Receipt> {
    let receipt = answer::receipt(answer.required_text("vastaanottotunnus").ok()?.trim())?;
    is_instant(answer.required_text("vastaanotettu").ok()?).then_some(receipt)
}

/// Reads `haeSanomanTilaResponse`. The receipt number may be absent there; the reference is empty then.
pub(super) fn read_status(answer: &Element) -> Option<DeliveryStatus> {
    if !answer.optional_text("vastaanotettu").ok()?.is_none_or(is_instant) {
        return None;
    }
    let number = answer.optional_text("vastaanottotunnus").ok()?;
    match answer.required_text("tila").ok()?.trim() {
        "VASTAANOTETTU" => Some(DeliveryStatus::Arrived(match number {
            Some(number) => answer::receipt(number.trim())?,
            None => Receipt { reference: String::new() },
        })),
        "TUNTEMATON" => Some(DeliveryStatus::NotArrived),
        _ => None,
    }
}

fn is_instant(text: &str) -> bool {
    text.trim().parse::<jiff::Timestamp>().is_ok()
}
