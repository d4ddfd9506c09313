//! What do the employment services send of their own: `lahetaLahete` and `lahetaSuunnitelma`?
//!
//! Read as strictly as README.md is written: these elements, in this order, each in its own form.

use jiff::Timestamp;
use polku_proto::identity::Hetu;
use polku_proto::v1::{LegalClaim, PlanPart, ReferralContent};
use polku_proto::{AgencyId, Party};

use super::update::read_official;
use super::{codes, details, plan};
use crate::agencies::form::{Expected, uuid, within_contract};
use crate::agencies::soap::{Parts, Service};
use crate::transport::xml::{Element, XmlWriter};
use crate::{InboundEvent, InboundMatter, InboundOutcome, InboundPlanPart, InboundReferral};

/// A referral of the office's own.
pub(super) const REFERRAL: Service =
    Service { code: "lahetaLahete", read: read_referral, answer: answer_referral };
/// A plan of the office's own.
pub(super) const PLAN: Service = Service { code: "lahetaSuunnitelma", read: read_plan, answer: answer_plan };

fn read_referral(body: &Element, _: &AgencyId) -> Result<InboundEvent, Expected> {
    let mut parts = Parts::of(body)?;
    let message = parts.required("sanomaTunnus", "a UUID", uuid)?;
    let (official, unit) = read_official(&mut parts)?;
    let agency = parts.required("vastaanottaja", "an agency's id", |text| text.parse::<AgencyId>().ok())?;
    let part = parts.text("vastaanottavaYksikko").filter(|unit| !unit.is_empty());
    let recipient = match part {
        Some(unit) => format!("{agency}/{unit}").parse::<Party>(),
        None => Ok(Party::whole(agency)),
    };
    let recipient = recipient.map_err(|_| {
        Expected::from(
            "`vastaanottavaYksikko`: 1 to 64 letters, digits and `._:-`, and no personal identity code",
        )
    })?;
    let purpose = parts.required("kayttotarkoitus", "one of the documented codes", codes::read_purpose)?;
    let respond_by: Option<Timestamp> = parts.instant("vastausViimeistaan")?;
    let redacted = parts.flag("tietojaKarsittu")?;
    let claim = parts.group("ilmoitusperuste")?.map(read_claim).transpose()?;
    let mut content = details::read(&mut parts)?;
    parts.end()?;
    let identity = take_identity(&mut content)?;
    let content = within_contract(content)?;
    let referral =
        InboundReferral { identity, recipient, purpose, content, respond_by, claim, origin: None, redacted };
    Ok(InboundEvent { message, official, unit, matter: InboundMatter::Referral(Box::new(referral)) })
}

fn read_claim(mut parts: Parts<'_>) -> Result<LegalClaim, Expected> {
    let documented = "one of the documented codes";
    let claim = LegalClaim {
        ground: parts.required("peruste", documented, codes::read_ground)?.into(),
        statement: parts.required("selostus", "why the ground applies", |text| {
            (!text.trim().is_empty()).then(|| text.to_owned())
        })?,
        consent_asked: parts.required("suostumusta", documented, codes::read_consent_asked)?.into(),
    };
    parts.end()?;
    within_contract(claim)
}

fn read_plan(body: &Element, own: &AgencyId) -> Result<InboundEvent, Expected> {
    let mut parts = Parts::of(body)?;
    let message = parts.required("sanomaTunnus", "a UUID", uuid)?;
    let (official, unit) = read_official(&mut parts)?;
    let mut part: PlanPart = plan::read(&mut parts, own)?;
    let mut background = part.background.take().unwrap_or_default();
    let identity = take_identity(&mut background)?;
    part.background = Some(background).filter(|background| *background != ReferralContent::default());
    let plan = InboundPlanPart { identity, part };
    Ok(InboundEvent { message, official, unit, matter: InboundMatter::PlanPart(Box::new(plan)) })
}

/// Takes out whom it is about: the gateway fills it in for whoever may know.
fn take_identity(content: &mut ReferralContent) -> Result<Hetu, Expected> {
    let code = std::mem::take(&mut content.identity_code);
    code.parse().map_err(|_| Expected::from("`asiakas/henkilotunnus`, a personal identity code"))
}

fn answer_referral(outcome: &InboundOutcome, writer: &mut XmlWriter) {
    if let InboundOutcome::Sent { referral, state, sequence } = outcome {
        writer
            .element("tns:laheteTunnus", &referral.to_string())
            .element("tns:tila", codes::state(*state).unwrap_or_default())
            .element("tns:tapahtumanumero", &sequence.to_string());
    }
}

fn answer_plan(outcome: &InboundOutcome, writer: &mut XmlWriter) {
    if let InboundOutcome::PlanTaken { sequence } = outcome {
        writer.element("tns:tapahtumanumero", &sequence.to_string());
    }
}
