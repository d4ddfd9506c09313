//! What do the employment services tell of a referral?
//!
//! Reads `paivitaLahete` as strictly as README.md is written: these elements, in this order, each once.

use polku_proto::{AgencyId, ReferralId};

use super::codes;
use crate::agencies::event::{Action, Details, Misfit, change, official, unit};
use crate::agencies::soap::{Expected, Parts, Service, uuid};
use crate::transport::xml::{Element, XmlWriter};
use crate::{InboundEvent, InboundMatter, InboundOutcome};

/// A step in a referral.
pub(super) const SERVICE: Service = Service { code: "paivitaLahete", read, answer };

/// Reads the body's element.
fn read(body: &Element, _: &AgencyId) -> Result<InboundEvent, Expected> {
    let mut parts = Parts::of(body)?;
    let message = parts.text("sanomaTunnus").and_then(uuid).ok_or("`sanomaTunnus`, a UUID, first")?;
    let referral = parts.text("laheteTunnus").and_then(referral).ok_or("`laheteTunnus`, a UUID, second")?;
    let (official, unit) = read_kasittelija(parts.element("kasittelija"))?;
    let action = parts.text("toimenpide").and_then(codes::read_action);
    let action: Action = action.ok_or("`toimenpide`, one of the documented codes, fourth")?;
    let reason =
        parts.text("syy").map(|code| codes::read_reason(code).ok_or("one of the documented codes in `syy`"));
    let outcome = parts
        .text("tulos")
        .map(|code| codes::read_outcome(code).ok_or("one of the documented codes in `tulos`"));
    let note = parts.text("huomautus").map(str::to_owned);
    parts.end("nothing but the documented elements, in the documented order, in `paivitaLahete`")?;
    let details = Details { reason: reason.transpose()?, outcome: outcome.transpose()?, note };
    let change = change(action, details).map_err(wording)?;
    Ok(InboundEvent { message, official, unit, matter: InboundMatter::Change { referral, change } })
}

/// Fills the answer.
fn answer(outcome: &InboundOutcome, writer: &mut XmlWriter) {
    if let InboundOutcome::Applied { state, sequence } = outcome {
        writer
            .element("tns:tila", codes::state(*state).unwrap_or_default())
            .element("tns:tapahtumanumero", &sequence.to_string());
    }
}

fn read_kasittelija(element: Option<&Element>) -> Result<(String, String), Expected> {
    let mut parts = Parts::of(element.ok_or("`kasittelija` third")?)?;
    let tunnus = official(parts.text("tunnus").unwrap_or_default()).map_err(wording)?;
    let yksikko = unit(parts.text("yksikko").unwrap_or_default()).map_err(wording)?;
    parts.end("`tunnus` and `yksikko`, in this order and nothing else, in `kasittelija`")?;
    Ok((tunnus, yksikko))
}

fn wording(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::Official => {
            "`kasittelija/tunnus`: 1 to 64 letters, digits and `._:@-`, and no personal identity code"
        }
        Misfit::Unit => "`kasittelija/yksikko`: 1 to 64 letters, digits and `._:-`",
        Misfit::ReasonMissing => "`syy` with `HYLKAA`",
        Misfit::ReasonUnexpected => "`syy` with no other `toimenpide` than `HYLKAA`",
        Misfit::OutcomeMissing => "`tulos` with `PAATA` and `EPAONNISTUI`",
        Misfit::OutcomeUnexpected => "`tulos` with no other `toimenpide` than `PAATA` and `EPAONNISTUI`",
        Misfit::NoteMissing => "`huomautus` with `PYYDA_LISATIETOJA`, `KESKEYTA` and `EPAONNISTUI`",
        Misfit::Note => "`huomautus`: at most 2000 characters, without control characters",
    }
}

fn referral(text: &str) -> Option<ReferralId> {
    uuid(text).map(ReferralId::from_uuid)
}
