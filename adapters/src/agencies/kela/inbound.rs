//! What does Kela tell the gateway of its own accord? The documents of README.md, and the answers to them.

use http::StatusCode;
use polku_proto::ReferralId;
use polku_proto::v1::ReferralContent;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::content::{Lisatiedot, Tiedot};
use super::referral::{Ilmoitus, Lahete};
use super::{codes, json};
use crate::agencies::event::{Details, Misfit, change, official, unit};
use crate::agencies::form::{self, Expected, within_contract};
use crate::{InboundChange, InboundError, InboundEvent, InboundMatter, InboundOutcome, Reply, Retry};

/// The code of the gateway's service.
pub(super) const SERVICE: &str = "ohjausviestit";
/// The content type of all documents.
pub(super) const JSON: &str = "application/json";
/// Largest body, in bytes; the longest referral that the contract takes is about 60,000 characters.
pub(super) const MAX_BYTES: usize = 128 * 1024;
/// The code of a message that is not as this page has it.
const INVALID: &str = "VIRHEELLINEN_SISALTO";
/// The code of a message from somebody else.
const UNAUTHENTICATED: &str = "EI_VALTUUTTA";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Viesti {
    Tilamuutos(Box<Tilamuutos>),
    ToimeentulotukiIlmoitus(Box<Ilmoitus>),
    Lahete(Box<Lahete>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tilamuutos {
    sanoma_tunnus: String,
    lahete_tunnus: String,
    kasittelija: Kasittelija,
    toimenpide: String,
    #[serde(default)]
    syy: String,
    #[serde(default)]
    tulos: String,
    #[serde(default)]
    huomautus: String,
    #[serde(default, deserialize_with = "json::never_null")]
    lisatiedot: Option<Lisatiedot>,
}

/// Who speaks for Kela.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kasittelija {
    tunnus: String,
    yksikko: String,
}

/// Reads a message.
pub(super) fn read(body: &[u8]) -> Result<InboundEvent, InboundError> {
    let event = json::read(body).ok_or_else(|| {
        let documents = "`tilamuutos`, `toimeentulotukiIlmoitus` or `lahete`";
        Expected(format!("{documents}, with the documented members, each once, none of them null"))
    });
    let event = event.and_then(|viesti| match viesti {
        Viesti::Tilamuutos(tilamuutos) => tilamuutos.event(),
        Viesti::ToimeentulotukiIlmoitus(ilmoitus) => ilmoitus.event(),
        Viesti::Lahete(lahete) => lahete.event(),
    });
    event.map_err(|Expected(expected)| InboundError::Malformed { code: INVALID.to_owned(), expected })
}

impl Tilamuutos {
    fn event(self) -> Result<InboundEvent, Expected> {
        let Self { sanoma_tunnus, lahete_tunnus, kasittelija, toimenpide, syy, tulos, huomautus, lisatiedot } =
            self;
        let referral = uuid(&lahete_tunnus, "laheteTunnus")?;
        // Nothing in it is the same as nothing.
        let answer = lisatiedot.map(|lisatiedot| Tiedot::from(lisatiedot).content());
        let answer = answer.filter(|answer| *answer != ReferralContent::default());
        if answer.as_ref().is_some_and(|answer| !answer.identity_code.is_empty()) {
            return Err("`lisatiedot` without `henkilotunnus`".into());
        }
        let change = if toimenpide == codes::GIVE_INFORMATION {
            let alone = syy.is_empty() && tulos.is_empty() && huomautus.is_empty();
            let expected = "`lisatiedot`, and neither `syy`, `tulos` nor `huomautus`, with `ANNA_LISATIEDOT`";
            let answer = Box::new(within_contract(answer.filter(|_| alone).ok_or(expected)?)?);
            InboundChange::ProvideInformation { answer, origin: None }
        } else {
            if answer.is_some() {
                return Err("`lisatiedot` with no other `toimenpide` than `ANNA_LISATIEDOT`".into());
            }
            let action =
                codes::read_action(&toimenpide).ok_or("one of the documented codes in `toimenpide`")?;
            let details = Details {
                reason: read_code(&syy, "syy", codes::reason)?,
                outcome: read_code(&tulos, "tulos", codes::outcome)?,
                note: Some(huomautus),
            };
            change(action, details).map_err(wording)?
        };
        let matter = InboundMatter::Change { referral: ReferralId::from_uuid(referral), change };
        kasittelija.event(&sanoma_tunnus, matter)
    }
}

impl Kasittelija {
    /// Puts a matter into the mouth of this official.
    pub(super) fn event(self, sanoma_tunnus: &str, matter: InboundMatter) -> Result<InboundEvent, Expected> {
        let Self { tunnus, yksikko } = self;
        Ok(InboundEvent {
            message: uuid(sanoma_tunnus, "sanomaTunnus")?,
            official: official(&tunnus).map_err(wording)?,
            unit: unit(&yksikko).map_err(wording)?,
            matter,
        })
    }
}

/// Reads a code, if there is one.
pub(super) fn read_code<T>(
    code: &str,
    member: &str,
    written: fn(T) -> Option<&'static str>,
) -> Result<Option<T>, Expected>
where
    T: Copy + TryFrom<i32>,
{
    if code.is_empty() {
        return Ok(None);
    }
    let read = crate::agencies::event::read_code(code, written);
    read.map(Some).ok_or_else(|| Expected(format!("one of the documented codes in `{member}`")))
}

fn uuid(text: &str, member: &str) -> Result<Uuid, Expected> {
    form::uuid(text).ok_or_else(|| Expected(format!("`{member}`, a UUID")))
}

fn wording(misfit: Misfit) -> Expected {
    let expected = match misfit {
        Misfit::Official => {
            "`kasittelija.tunnus`: 1 to 64 letters, digits and `._:@-`, and no personal identity code"
        }
        Misfit::Unit => {
            "`kasittelija.yksikko`: 1 to 64 letters, digits and `._:-`, and no personal identity code"
        }
        Misfit::ReasonMissing => "`syy` with `HYLKAA`",
        Misfit::ReasonUnexpected => "`syy` with no other `toimenpide` than `HYLKAA`",
        Misfit::OutcomeMissing => "`tulos` with `PAATA` and `EPAONNISTUI`",
        Misfit::OutcomeUnexpected => "`tulos` with no other `toimenpide` than `PAATA` and `EPAONNISTUI`",
        Misfit::NoteMissing => "`huomautus` with `PYYDA_LISATIETOJA`, `KESKEYTA` and `EPAONNISTUI`",
        Misfit::Note => "`huomautus`: at most 2000 characters, without control characters",
    };
    expected.into()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kasitelty<'a> {
    lahete_tunnus: &'a str,
    tila: &'static str,
    tapahtumanumero: u64,
}

#[derive(Serialize)]
struct Hylatty<'a> {
    virhe: Virhe<'a>,
}

#[derive(Serialize)]
struct Virhe<'a> {
    koodi: &'a str,
    viesti: &'a str,
}

/// Words an answer.
pub(super) fn reply(outcome: &InboundOutcome) -> Reply {
    let reply = match outcome {
        InboundOutcome::Applied { state, sequence } => {
            let tila = codes::state(*state).unwrap_or_default();
            answer(StatusCode::OK, &Kasitelty { lahete_tunnus: "", tila, tapahtumanumero: *sequence })
        }
        InboundOutcome::Sent { referral, state, sequence } => {
            let (lahete_tunnus, tila) = (referral.to_string(), codes::state(*state).unwrap_or_default());
            let sent = Kasitelty { lahete_tunnus: &lahete_tunnus, tila, tapahtumanumero: *sequence };
            answer(StatusCode::CREATED, &sent)
        }
        // Kela sends no plans.
        InboundOutcome::PlanTaken { .. } => refusal(StatusCode::INTERNAL_SERVER_ERROR, INVALID, "no plan"),
        InboundOutcome::Unreadable(InboundError::Unauthenticated { expected }) => {
            refusal(StatusCode::FORBIDDEN, UNAUTHENTICATED, &format!("expected {expected}"))
        }
        InboundOutcome::Unreadable(InboundError::Malformed { code, expected }) => {
            refusal(StatusCode::BAD_REQUEST, code, &format!("expected {expected}"))
        }
        InboundOutcome::Refused { reason, hint, retry: Retry::Never } => {
            refusal(StatusCode::CONFLICT, reason, hint)
        }
        InboundOutcome::Refused { reason, hint, retry: Retry::After(_) } => {
            refusal(StatusCode::TOO_MANY_REQUESTS, reason, hint)
        }
        InboundOutcome::Refused { reason, hint, retry: Retry::Backoff | Retry::FindOut } => {
            refusal(StatusCode::SERVICE_UNAVAILABLE, reason, hint)
        }
    };
    Reply { retry_after: outcome.retry_after(), ..reply }
}

fn refusal(status: StatusCode, koodi: &str, viesti: &str) -> Reply {
    answer(status, &Hylatty { virhe: Virhe { koodi, viesti } })
}

fn answer(status: StatusCode, body: &impl Serialize) -> Reply {
    match json::write(body) {
        Ok(body) => Reply { status, content_type: JSON, body: body.to_vec(), retry_after: None },
        // Structs of texts and numbers can always be written.
        Err(_) => Reply {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            content_type: JSON,
            body: Vec::new(),
            retry_after: None,
        },
    }
}
