//! What do the employment services tell of a referral?
//!
//! Reads `paivitaLahete` as strictly as README.md is written: these elements, in this order, each once.

use polku_proto::{AgencyId, ReferralId};

use super::{codes, details};
use crate::agencies::event::{Action, Details, Misfit, change, official, unit};
use crate::agencies::form::{Expected, uuid, within_contract};
use crate::agencies::soap::{Parts, Service};
use crate::transport::xml::{Element, XmlWriter};
use crate::{InboundChange, InboundEvent, InboundMatter, InboundOutcome};

/// A step in a referral.
pub(super) const CHANGE: Service = Service { code: "paivitaLahete", read, answer };

/// `toimenpide` of an office that has sent the referral and answers a question.
const INFORMATION: &str = "ANNA_LISATIEDOT";

/// What is to happen.
enum Step {
    Move(Action),
    Inform,
}

fn read(body: &Element, _: &AgencyId) -> Result<InboundEvent, Expected> {
    let mut parts = Parts::of(body)?;
    let message = parts.text("sanomaTunnus").and_then(uuid).ok_or("`sanomaTunnus`, a UUID, first")?;
    let referral = parts.text("laheteTunnus").and_then(referral).ok_or("`laheteTunnus`, a UUID, second")?;
    let (official, unit) = read_official(&mut parts)?;
    let step = parts.text("toimenpide").and_then(read_step);
    let change = match step.ok_or("`toimenpide`, one of the documented codes, fourth")? {
        Step::Move(action) => read_move(&mut parts, action)?,
        Step::Inform => read_information(&mut parts)?,
    };
    Ok(InboundEvent { message, official, unit, matter: InboundMatter::Change { referral, change } })
}

fn read_step(code: &str) -> Option<Step> {
    if code == INFORMATION { Some(Step::Inform) } else { codes::read_action(code).map(Step::Move) }
}

fn read_move(parts: &mut Parts<'_>, action: Action) -> Result<InboundChange, Expected> {
    let reason =
        parts.text("syy").map(|code| codes::read_reason(code).ok_or("one of the documented codes in `syy`"));
    let outcome = parts
        .text("tulos")
        .map(|code| codes::read_outcome(code).ok_or("one of the documented codes in `tulos`"));
    let note = parts.text("huomautus").map(str::to_owned);
    parts.end()?;
    let details = Details { reason: reason.transpose()?, outcome: outcome.transpose()?, note };
    change(action, details).map_err(wording)
}

/// Whom it is about, the referral says: the answer cannot say otherwise.
fn read_information(parts: &mut Parts<'_>) -> Result<InboundChange, Expected> {
    let inside = parts.group("lisatiedot")?;
    let mut inside = inside.ok_or("`lisatiedot` with `ANNA_LISATIEDOT`")?;
    let answer = details::read(&mut inside)?;
    inside.end()?;
    parts.end()?;
    if !answer.identity_code.is_empty() {
        return Err("no `henkilotunnus` in `lisatiedot`: the referral says whom it is about".into());
    }
    let answer = Box::new(within_contract(answer)?);
    Ok(InboundChange::ProvideInformation { answer, origin: None })
}

fn answer(outcome: &InboundOutcome, writer: &mut XmlWriter) {
    if let InboundOutcome::Applied { state, sequence } = outcome {
        writer
            .element("tns:tila", codes::state(*state).unwrap_or_default())
            .element("tns:tapahtumanumero", &sequence.to_string());
    }
}

/// Reads `kasittelija`: the official, and the unit.
pub(super) fn read_official(parts: &mut Parts<'_>) -> Result<(String, String), Expected> {
    let element = parts.element("kasittelija");
    let mut parts = Parts::of(element.ok_or("`kasittelija` in its place")?)?;
    let tunnus = official(parts.text("tunnus").unwrap_or_default()).map_err(wording)?;
    let yksikko = unit(parts.text("yksikko").unwrap_or_default()).map_err(wording)?;
    parts.end()?;
    Ok((tunnus, yksikko))
}

fn wording(misfit: Misfit) -> Expected {
    Expected::from(match misfit {
        Misfit::Official => {
            "`kasittelija/tunnus`: 1 to 64 letters, digits and `._:@-`, and no personal identity code"
        }
        Misfit::Unit => {
            "`kasittelija/yksikko`: 1 to 64 letters, digits and `._:-`, and no personal identity code"
        }
        Misfit::ReasonMissing => "`syy` with `HYLKAA`",
        Misfit::ReasonUnexpected => "`syy` with no other `toimenpide` than `HYLKAA`",
        Misfit::OutcomeMissing => "`tulos` with `PAATA` and `EPAONNISTUI`",
        Misfit::OutcomeUnexpected => "`tulos` with no other `toimenpide` than `PAATA` and `EPAONNISTUI`",
        Misfit::NoteMissing => "`huomautus` with `PYYDA_LISATIETOJA`, `KESKEYTA` and `EPAONNISTUI`",
        Misfit::Note => "`huomautus`: at most 2000 characters, without control characters",
    })
}

fn referral(text: &str) -> Option<ReferralId> {
    uuid(text).map(ReferralId::from_uuid)
}
