//! What does Kela tell the gateway, and what does it read in the answers?

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use polku_proto::v1::{LegalGround, ReferralContent};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::simulators::client::RawReply;
use crate::simulators::kela::page::STATES;
use crate::simulators::official::{Action, Official};
use crate::simulators::xroad::Beside;
use crate::simulators::xroad_rest::leaves_headers_to_x_road;

/// A message of Kela's own.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// `sanomaTunnus`; the same in every attempt.
    pub message_id: Uuid,
    /// Whose word it is.
    pub official: Official,
    name: &'static str,
    members: Map<String, Value>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Message({} {})", self.name, self.message_id)
    }
}

/// The six types of notices about social assistance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assistance {
    /// Need for social work.
    SocialWork,
    /// Need for supplementary or preventive assistance.
    Supplementary,
    /// The basic amount was lowered.
    Lowered,
    /// Unemployed and under 25, four months on assistance.
    UnemployedYoung,
    /// Unemployed and 25 or older, twelve months.
    Unemployed,
    /// Immigrant, two months.
    Immigrant,
}

impl Assistance {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::SocialWork,
        Self::Supplementary,
        Self::Lowered,
        Self::UnemployedYoung,
        Self::Unemployed,
        Self::Immigrant,
    ];

    /// The type of notice for this ground in law, if it is one of social assistance.
    #[must_use]
    pub fn on(ground: LegalGround) -> Option<Self> {
        Some(match ground {
            LegalGround::AssistanceSocialWork => Self::SocialWork,
            LegalGround::AssistanceSupplementary => Self::Supplementary,
            LegalGround::AssistanceLowered => Self::Lowered,
            LegalGround::AssistanceUnemployedYoung => Self::UnemployedYoung,
            LegalGround::AssistanceUnemployed => Self::Unemployed,
            LegalGround::AssistanceImmigrant => Self::Immigrant,
            LegalGround::Unspecified
            | LegalGround::OutreachNotice
            | LegalGround::SocialCareInability
            | LegalGround::SocialCareChildInterest
            | LegalGround::ChildWelfareNotice => return None,
        })
    }

    /// `ilmoitusTyyppi` and its `kiireellisyys`.
    #[must_use]
    pub fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::SocialWork => ("TOIMEENTULOTUKI_SOSIAALITYO", "HETI"),
            Self::Supplementary => ("TOIMEENTULOTUKI_TAYDENTAVA_TAI_EHKAISEVA", "HETI"),
            Self::Lowered => ("TOIMEENTULOTUKI_ALENNETTU", "PAATOSTA_SEURAAVANA_PAIVANA"),
            Self::UnemployedYoung => ("TOIMEENTULOTUKI_TYOTON_ALLE_25", "SAMANA_PAIVANA"),
            Self::Unemployed => ("TOIMEENTULOTUKI_TYOTON_25_TAYTTANYT", "SAMANA_PAIVANA"),
            Self::Immigrant => ("TOIMEENTULOTUKI_MAAHANMUUTTAJA", "SAMANA_PAIVANA"),
        }
    }
}

impl Message {
    fn new(name: &'static str, members: &[(&str, &str)]) -> Self {
        let official = Official::new("asiantuntija-1", "nuorten-etuudet");
        let message = Self { message_id: Uuid::now_v7(), official, name, members: Map::new() };
        members.iter().fold(message, |message, (name, text)| message.with(name, json!(text)))
    }

    /// A step in a referral that Kela has sent or received.
    #[must_use]
    pub fn step(referral: &str, action: &Action) -> Self {
        Self::new("tilamuutos", &[("laheteTunnus", referral), ("toimenpide", action.te_code())])
    }

    /// The answer to a question about a referral that Kela has sent.
    #[must_use]
    pub fn information(referral: &str, answer: &ReferralContent) -> Self {
        let step = [("laheteTunnus", referral), ("toimenpide", "ANNA_LISATIEDOT")];
        Self::new("tilamuutos", &step).with("lisatiedot", Value::Object(person(answer, None)))
    }

    /// A notice about social assistance to a county's social services, by agency id, or to one of their units.
    #[must_use]
    pub fn assistance(
        kind: Assistance,
        county: &str,
        identity_code: &str,
        content: &ReferralContent,
    ) -> Self {
        let (kind, urgency) = kind.codes();
        let (county, unit) = county.split_once('/').unwrap_or((county, ""));
        let members = [
            ("ilmoitusTyyppi", kind),
            ("kiireellisyys", urgency),
            ("kohdeHyvinvointialue", county),
            ("kohdeYksikko", unit),
            ("selostus", "Toimeentulotuen käsittelyssä todettu."),
        ];
        Self::new("toimeentulotukiIlmoitus", &members).with_all(person(content, Some(identity_code)))
    }

    /// Another referral, to an agency or to one of its units, for a purpose in the document's code.
    #[must_use]
    pub fn referral(recipient: &str, purpose: &str, identity_code: &str, content: &ReferralContent) -> Self {
        let (agency, unit) = recipient.split_once('/').unwrap_or((recipient, ""));
        let members =
            [("vastaanottaja", agency), ("vastaanottavaYksikko", unit), ("kayttotarkoitus", purpose)];
        Self::new("lahete", &members).with_all(person(content, Some(identity_code)))
    }

    /// With this member of the document.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        if value != Value::String(String::new()) {
            self.members.insert(name.to_owned(), value);
        }
        self
    }

    /// Without this member.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.members.remove(name);
        self
    }

    /// By this official, under this id.
    #[must_use]
    pub fn by(self, message_id: Uuid, official: Official) -> Self {
        Self { message_id, official, ..self }
    }

    fn with_all(self, members: Map<String, Value>) -> Self {
        members.into_iter().fold(self, |message, (name, value)| message.with(&name, value))
    }

    /// What stands beside it.
    pub(crate) fn beside(&self) -> Beside {
        Beside::own(&self.official, self.members.get("laheteTunnus").and_then(Value::as_str))
    }

    /// The bytes.
    #[must_use]
    pub fn body(&self) -> String {
        let mut members = self.members.clone();
        members.insert("sanomaTunnus".to_owned(), json!(self.message_id.to_string()));
        let official = json!({"tunnus": self.official.id, "yksikko": self.official.unit});
        members.insert("kasittelija".to_owned(), official);
        json!({self.name: members}).to_string()
    }
}

/// The members of the young person.
fn person(content: &ReferralContent, identity_code: Option<&str>) -> Map<String, Value> {
    let contact = content.contact.clone().unwrap_or_default();
    let work = content.education_work.clone().unwrap_or_default();
    let mut education = texts(&[
        ("koulutus", &work.education),
        ("tyohistoria", &work.work_history),
        ("tyonhakijanTila", &work.job_seeker_status),
    ]);
    if let Some(level) = work.education_level {
        education.insert("koulutusaste".to_owned(), json!(level));
    }
    let mut young = texts(&[
        ("henkilotunnus", identity_code.unwrap_or_default()),
        ("etunimet", &content.given_names),
        ("sukunimi", &content.family_name),
        ("asiointikieli", &content.contact_language),
        ("yhteysosoite", &content.correspondence_address),
    ]);
    put(
        &mut young,
        "yhteystiedot",
        texts(&[
            ("puhelin", &contact.phone),
            ("sahkoposti", &contact.email),
            ("katuosoite", &contact.street_address),
            ("postinumero", &contact.postal_code),
            ("postitoimipaikka", &contact.city),
            ("kotikunta", &contact.municipality),
        ]),
    );
    let mut background = texts(&[
        ("sosiaalinenTilanne", &content.social_situation),
        ("toimintakyky", &content.health_capacity),
        ("asuminen", &content.housing),
        ("etuudetJaTulot", &content.benefits_income),
        ("yhteinenSuunnitelma", &content.joint_plan),
        ("palveluunOsallistuminen", &content.service_attendance),
        ("tulosmittarit", &content.outcome_measures),
        ("elamanlaatu", &content.quality_of_life),
    ]);
    put(&mut background, "koulutusJaTyo", education);
    let mut members =
        texts(&[("toivottuYhteydenottoaika", &content.contact_wish), ("perustelu", &content.reason)]);
    put(&mut members, "nuori", young);
    put(&mut members, "tausta", background);
    if !content.service_needs.is_empty() {
        members.insert("palvelutarpeet".to_owned(), json!(content.service_needs));
    }
    members
}

fn texts(members: &[(&str, &str)]) -> Map<String, Value> {
    let filled = members.iter().filter(|(_, text)| !text.is_empty());
    filled.map(|(name, text)| ((*name).to_owned(), json!(text))).collect()
}

fn put(around: &mut Map<String, Value>, name: &str, object: Map<String, Value>) {
    if !object.is_empty() {
        around.insert(name.to_owned(), Value::Object(object));
    }
}

/// The gateway's answer to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageReply {
    /// The step was taken.
    Applied {
        /// `tila`: the state of the referral now.
        state: String,
        /// `tapahtumanumero`: the gateway's audit sequence.
        sequence: u64,
    },
    /// The referral is on its way.
    Sent {
        /// `laheteTunnus`: its UUID.
        referral: String,
        /// `tila`: its state.
        state: String,
        /// `tapahtumanumero`: the gateway's audit sequence.
        sequence: u64,
    },
    /// It was refused.
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// `virhe.koodi`.
        code: String,
    },
    /// An HTTP error that is not in the form of the document.
    HttpError {
        /// HTTP status.
        status: StatusCode,
    },
}

impl MessageReply {
    pub(crate) fn read(reply: &RawReply) -> Result<Self> {
        leaves_headers_to_x_road(reply)?;
        let status = reply.status;
        let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
        if status.is_success() {
            let body = body.context("the answer is no JSON")?;
            let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
            let state = text("tila").context("no tila")?;
            ensure!(STATES.contains(&state.as_str()), "unknown state {state}");
            let sequence =
                body.get("tapahtumanumero").and_then(Value::as_u64).context("no tapahtumanumero")?;
            return match (status, text("laheteTunnus")) {
                (StatusCode::CREATED, Some(referral)) => {
                    ensure!(Uuid::try_parse(&referral).is_ok(), "laheteTunnus is no UUID");
                    Ok(Self::Sent { referral, state, sequence })
                }
                (StatusCode::OK, None) => Ok(Self::Applied { state, sequence }),
                _ => anyhow::bail!("neither an answer to a step nor to a referral: {status}"),
            };
        }
        ensure!(
            status.is_client_error() || status.is_server_error(),
            "neither an answer nor a refusal: {status}"
        );
        let code = body.as_ref().and_then(|body| body.pointer("/virhe/koodi")).and_then(Value::as_str);
        Ok(match code {
            Some(code) => Self::Refused { status, code: code.to_owned() },
            None => Self::HttpError { status },
        })
    }
}
