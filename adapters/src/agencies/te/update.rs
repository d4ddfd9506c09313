//! What do the employment services tell of a referral?
//!
//! Reads `paivitaLahete` as strictly as README.md is written: these elements, in this order, each once.

use polku_proto::ReferralId;
use uuid::Uuid;

use super::codes;
use super::wire::NAMESPACE;
use crate::agencies::event::{Action, Details, Misfit, change, official, unit};
use crate::transport::xml::Element;
use crate::{InboundEvent, InboundMatter};

/// The name of the service and of its body's element.
pub(super) const SERVICE: &str = "paivitaLahete";

/// Reads the body's element, or says which part does not fit and what was expected there.
pub(super) fn read(body: &Element) -> Result<InboundEvent, &'static str> {
    if !body.is(NAMESPACE, SERVICE) {
        return Err(
            "`paivitaLahete` of namespace `http://ohjaus.te.example/lahete/v1` as the body's element",
        );
    }
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

fn read_kasittelija(element: Option<&Element>) -> Result<(String, String), &'static str> {
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

fn uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}

fn referral(text: &str) -> Option<ReferralId> {
    uuid(text).map(ReferralId::from_uuid)
}

/// The children of an element, taken one after the other.
struct Parts<'e> {
    rest: &'e [Element],
}

impl<'e> Parts<'e> {
    fn of(element: &'e Element) -> Result<Self, &'static str> {
        let plain = element.text().trim().is_empty() && element.attributes().is_empty();
        if plain {
            Ok(Self { rest: element.children() })
        } else {
            Err("no text and no attributes among elements")
        }
    }

    /// Takes the next child if it has this name.
    fn element(&mut self, name: &str) -> Option<&'e Element> {
        let (first, rest) = self.rest.split_first()?;
        first.is(NAMESPACE, name).then(|| {
            self.rest = rest;
            first
        })
    }

    /// Takes the text of the next child if it has this name and holds nothing but text.
    fn text(&mut self, name: &str) -> Option<&'e str> {
        let before = self.rest;
        let element = self.element(name)?;
        if element.children().is_empty() && element.attributes().is_empty() {
            return Some(element.text());
        }
        // Left where it is: whoever asks for the end finds it.
        self.rest = before;
        None
    }

    fn end(&self, expected: &'static str) -> Result<(), &'static str> {
        if self.rest.is_empty() { Ok(()) } else { Err(expected) }
    }
}
