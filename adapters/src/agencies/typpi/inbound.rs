//! What does the register tell of its own accord?
//!
//! Reads as strictly as README.md is written: these elements, in this order, each once.

use polku_proto::identity::Hetu;
use polku_proto::v1::{
    LegalClaim, LegalGround, Outcome, Purpose, ReferralContent, RejectionReason, legal_claim,
};
use polku_proto::{AgencyId, Party, ReferralId};
use uuid::Uuid;

use super::codes::Step;
use super::{codes, customer, plan_read};
use crate::agencies::event::{self, Details, Misfit};
use crate::agencies::form::{Expected, uuid, within_contract};
use crate::agencies::soap::{Parts, Service};
use crate::transport::xml::{Element, XmlWriter};
use crate::{InboundChange, InboundEvent, InboundMatter, InboundOutcome, InboundPlanPart, InboundReferral};

/// A step in a referral.
pub(super) const STEP: Service = Service { code: "paivitaLahete", read: read_step, answer };
/// A referral that the joint service sends.
pub(super) const REFERRAL: Service = Service { code: "lahetaLahete", read: read_referral, answer };
/// A new version of the joint employment plan.
pub(super) const PLAN: Service = Service { code: "lahetaSuunnitelma", read: read_plan, answer };

const CODE: &str = "one of the documented codes";

/// What every message begins with.
struct Frame {
    message: Uuid,
    official: String,
    unit: String,
}

impl Frame {
    fn read(parts: &mut Parts<'_>) -> Result<Self, Expected> {
        let message = parts.required("viestiTunnus", "a UUID", uuid)?;
        let mut official = parts.group("virkailija")?.ok_or("`virkailija` second")?;
        let id = event::official(&official.optional("tunnus")).map_err(wording)?;
        let unit = event::unit(&official.optional("yksikko")).map_err(wording)?;
        official.end()?;
        Ok(Self { message, official: id, unit })
    }

    fn about(self, matter: InboundMatter) -> InboundEvent {
        let Self { message, official, unit } = self;
        InboundEvent { message, official, unit, matter }
    }
}

/// Reads `paivitaLahete`.
fn read_step(body: &Element, _: &AgencyId) -> Result<InboundEvent, Expected> {
    let mut parts = Parts::of(body)?;
    let frame = Frame::read(&mut parts)?;
    let referral = parts.required("laheteTunnus", "a UUID", uuid).map(ReferralId::from_uuid)?;
    let step = parts.required("toiminto", CODE, codes::read_step)?;
    let reason = |code| event::read_code::<RejectionReason>(code, codes::reason);
    let reason = parts.maybe("hylkaysSyy", CODE, reason)?;
    let outcome =
        parts.maybe("lopputulos", CODE, |code| event::read_code::<Outcome>(code, codes::outcome))?;
    let note = parts.text("saate").map(str::to_owned);
    let answer = customer::read(&mut parts)?;
    parts.end()?;
    let change = match step {
        Step::ProvideInformation if reason.is_none() && outcome.is_none() && note.is_none() => {
            InboundChange::ProvideInformation { answer: Box::new(information(answer)?), origin: None }
        }
        Step::ProvideInformation => return Err("nothing but `asiakastiedot` with `ANNA_LISATIETO`".into()),
        Step::Action(_) if answer.is_some() => {
            return Err("`asiakastiedot` with no other `toiminto` than `ANNA_LISATIETO`".into());
        }
        Step::Action(action) => event::change(action, Details { reason, outcome, note }).map_err(wording)?,
    };
    Ok(frame.about(InboundMatter::Change { referral, change }))
}

/// The answer to a question, about a person whom both sides know by the referral.
fn information(answer: Option<ReferralContent>) -> Result<ReferralContent, Expected> {
    let answer = answer.ok_or("`asiakastiedot`, not empty, with `ANNA_LISATIETO`")?;
    if !answer.identity_code.is_empty() {
        return Err("no `hetu` with `ANNA_LISATIETO`".into());
    }
    within_contract(answer)
}

/// Reads `lahetaLahete`.
fn read_referral(body: &Element, _: &AgencyId) -> Result<InboundEvent, Expected> {
    let mut parts = Parts::of(body)?;
    let frame = Frame::read(&mut parts)?;
    let agency = parts.required("vastaanottaja", "an agency id of Polku's", |id| id.parse().ok())?;
    let unit = parts.maybe("kohdeyksikko", "a unit id", |id| id.parse().ok())?;
    let purpose = |code| event::read_code::<Purpose>(code, codes::purpose);
    let purpose = parts.required("kayttotarkoitus", CODE, purpose)?;
    let respond_by = parts.instant("vastattavaViimeistaan")?;
    let redacted = parts.flag("tietojaPuuttuu")?;
    let claim = parts.group("lakiperuste")?.map(read_claim).transpose()?;
    let content = customer::read(&mut parts)?;
    parts.end()?;
    let (identity, content) = identified(content)?;
    Ok(frame.about(InboundMatter::Referral(Box::new(InboundReferral {
        identity,
        recipient: Party { agency, unit },
        purpose,
        content: within_contract(content.unwrap_or_default())?,
        respond_by,
        claim,
        origin: None,
        redacted,
    }))))
}

fn read_claim(mut parts: Parts<'_>) -> Result<LegalClaim, Expected> {
    let ground = |code| event::read_code::<LegalGround>(code, codes::ground);
    let asked = |code| event::read_code::<legal_claim::ConsentAsked>(code, codes::consent_asked);
    let claim = LegalClaim {
        ground: parts.required("saannos", CODE, ground)?.into(),
        statement: parts.required("selvitys", "why it applies", stated)?,
        consent_asked: parts.required("suostumuksenKysyminen", CODE, asked)?.into(),
    };
    parts.end()?;
    within_contract(claim)
}

fn stated(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// Reads `lahetaSuunnitelma`.
fn read_plan(body: &Element, own: &AgencyId) -> Result<InboundEvent, Expected> {
    let mut parts = Parts::of(body)?;
    let frame = Frame::read(&mut parts)?;
    let mut part = plan_read::read(&mut parts, own)?;
    parts.end()?;
    let (identity, background) = identified(part.background)?;
    part.background = background;
    Ok(frame.about(InboundMatter::PlanPart(Box::new(InboundPlanPart { identity, part }))))
}

/// Takes out whom it is about.
fn identified(content: Option<ReferralContent>) -> Result<(Hetu, Option<ReferralContent>), Expected> {
    let mut content = content.unwrap_or_default();
    let code = std::mem::take(&mut content.identity_code);
    let identity = code.parse().map_err(|_| "`asiakastiedot/henkilo/hetu`, a personal identity code")?;
    Ok((identity, Some(content).filter(|content| *content != ReferralContent::default())))
}

/// Fills the answer.
fn answer(outcome: &InboundOutcome, writer: &mut XmlWriter) {
    let (referral, state, sequence) = match outcome {
        InboundOutcome::Applied { state, sequence } => (None, Some(*state), *sequence),
        InboundOutcome::Sent { referral, state, sequence } => (Some(referral), Some(*state), *sequence),
        InboundOutcome::PlanTaken { sequence } => (None, None, *sequence),
        InboundOutcome::Unreadable(_) | InboundOutcome::Refused { .. } => return,
    };
    writer
        .optional("tns:laheteTunnus", referral.map(ToString::to_string).as_deref())
        .optional("tns:lahetteenTila", state.and_then(codes::state))
        .element("tns:tapahtumanumero", &sequence.to_string());
}

fn wording(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::Official => {
            "`virkailija/tunnus`: 1 to 64 letters, digits and `._:@-`, and no personal identity code"
        }
        Misfit::Unit => "`virkailija/yksikko`: 1 to 64 letters, digits and `._:-`",
        Misfit::ReasonMissing => "`hylkaysSyy` with `HYLKAA`",
        Misfit::ReasonUnexpected => "`hylkaysSyy` with no other `toiminto` than `HYLKAA`",
        Misfit::OutcomeMissing => "`lopputulos` with `PAATA` and `PAATA_TULOKSETTA`",
        Misfit::OutcomeUnexpected => {
            "`lopputulos` with no other `toiminto` than `PAATA` and `PAATA_TULOKSETTA`"
        }
        Misfit::NoteMissing => "`saate` with `PYYDA_LISATIETO`, `TAUOTA` and `PAATA_TULOKSETTA`",
        Misfit::Note => "`saate`: at most 2000 characters, without control characters",
    }
}
