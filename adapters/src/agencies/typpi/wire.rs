//! What do messages to the register look like?
//!
//! The tables of README.md, in their order. Every element is qualified; the prefix is the one that the SOAP writer
//! binds to the namespace.

use jiff::Timestamp;
use polku_policy::Decision;
use polku_proto::identity::Hetu;
use polku_proto::v1::{
    Delivery, DeliveryState, FactsQuery, LegalClaim, LegalGround, Outcome, PlanPart, Purpose,
    ReferralHandover, ReferralNotice, ReferralState, RejectionReason, legal_claim, referral_notice,
};
use polku_proto::{AgencyId, CategorySet, MessageId, ReferralName, time};

use super::codes::plan::category;
use super::holdings::{Asked, FETCHES};
use super::plan::{self, Worded, coded};
use super::{codes, consent, customer, inbound};
use crate::agencies::answer;
use crate::agencies::envelope::{Content, Envelope, Unwritable, instant, news, optional_instant, present};
use crate::agencies::form::{Expected, uuid};
use crate::agencies::soap::tree::{Node, code, flag, group, text, write};
use crate::agencies::soap::{Head, Outgoing, Parts, Protocol};
use crate::agencies::xroad::question_id;
use crate::transport::xml::{Element, XmlWriter};
use crate::{DeliveryStatus, Receipt};

/// The namespace of all bodies.
pub(super) const NAMESPACE: &str = "http://typpi.example/yhteisrekisteri/v1";
/// What the bodies look like, and what the gateway offers.
pub(super) const PROTOCOL: Protocol = Protocol {
    namespace: NAMESPACE,
    version: "v1",
    services: &[inbound::STEP, inbound::REFERRAL, inbound::PLAN],
};

/// A message to the register, ready to be written.
pub(super) struct Message {
    service: &'static str,
    id: String,
    issue: Option<String>,
    professional: Option<String>,
    sender: Option<AgencyId>,
    nodes: Vec<Node>,
}

/// The elements of a body, and what it is about.
struct Body {
    service: &'static str,
    issue: Option<String>,
    nodes: Vec<Node>,
}

impl Message {
    /// Words a delivery to the register with this agency id.
    pub(super) fn of(delivery: Delivery, own: &AgencyId, decision: &Decision) -> Result<Self, Unwritable> {
        let recipient = delivery.recipient.parse().ok();
        let envelope = Envelope::open(delivery)?;
        let Envelope { message, sender, professional, content } = envelope;
        let id = message.to_string();
        let Body { service, issue, nodes } = match content {
            Content::Handover(referral, handover) => handed_over(referral, &sender, handover, decision)?,
            Content::Notice(referral, notice) => noticed(referral, &sender, own, notice, decision)?,
            Content::PlanPart(part) => planned(*part, decision)?,
            Content::Disclosure(..) => return Err(Unwritable("disclosure")),
        };
        let nodes = text("tns:viestiTunnus", id.clone()).into_iter().chain(nodes).collect();
        // News about a referral that the register has sent is its recipient's word.
        let sender = if sender == *own { recipient } else { Some(sender) };
        Ok(Self { service, id, issue, professional, sender, nodes })
    }

    /// Words the question whether a message has arrived.
    pub(super) fn status_of(message: &MessageId, now: Timestamp) -> Self {
        let id = question_id(message, now);
        let nodes = text("tns:viestiTunnus", message.to_string()).into_iter().collect();
        Self { service: "haeSanomanTila", id, issue: None, professional: None, sender: None, nodes }
    }

    /// Words the question what is held on a person.
    pub(super) fn question(query: FactsQuery) -> Result<(Self, Asked), Unwritable> {
        let FactsQuery { query_id, requester, professional, purpose, categories, identity_code } = query;
        // Without it nobody can be asked about: the permit left it out.
        let person: Hetu = identity_code.parse().map_err(|_| Unwritable("identity_code"))?;
        let id = uuid(&query_id).ok_or(Unwritable("query_id"))?.to_string();
        let sender: AgencyId = requester.parse().map_err(|_| Unwritable("requester"))?;
        let categories = CategorySet::from_wire(&categories).map_err(|_| Unwritable("categories"))?;
        let categories = categories.intersection(FETCHES);
        if categories.is_empty() {
            return Err(Unwritable("categories"));
        }
        let nodes = [
            text("tns:kyselyTunnus", id.clone()),
            text("tns:kysyja", requester),
            coded::<Purpose>("tns:kayttotarkoitus", purpose, codes::purpose, "purpose")?,
            text("tns:hetu", person.expose().to_owned()),
        ];
        let asked = categories.iter().filter_map(|asked| code("tns:tietoluokka", category(asked)));
        let nodes = nodes.into_iter().flatten().chain(asked).collect();
        let (professional, sender) = (present(professional), Some(sender));
        let issue = Some(id.clone());
        let message = Self { service: "haeAsiakas", id, issue, professional, sender, nodes };
        Ok((message, Asked { person, categories }))
    }
}

impl Outgoing for Message {
    fn head(&self) -> Head<'_> {
        Head {
            service: self.service,
            id: &self.id,
            issue: self.issue.as_deref(),
            professional: self.professional.as_deref(),
            sender: self.sender.as_ref(),
        }
    }

    fn fill(&self, writer: &mut XmlWriter) {
        write(&self.nodes, writer);
    }
}

/// `tallennaLahete`.
fn handed_over(
    referral: ReferralName,
    sender: &AgencyId,
    handover: ReferralHandover,
    decision: &Decision,
) -> Result<Body, Unwritable> {
    let ReferralHandover { purpose, create_time, respond_by, content, recipient_unit, claim, redacted } =
        handover;
    let ReferralName { youth, referral } = referral;
    let sent = instant(create_time.as_ref().map(time::from_wire), "create_time")?;
    let respond_by = optional_instant(respond_by.as_ref().map(time::from_wire), "respond_by")?;
    let nodes = [
        text("tns:laheteTunnus", referral.to_string()),
        text("tns:lahettajataho", sender.to_string()),
        text("tns:kohdeyksikko", recipient_unit),
        coded("tns:kayttotarkoitus", purpose, codes::purpose, "purpose")?,
        text("tns:lahetetty", sent.to_string()),
        text("tns:vastattavaViimeistaan", respond_by.map(|by| by.to_string()).unwrap_or_default()),
        flag("tns:tietojaPuuttuu", redacted),
        claim.map(claimed).transpose()?.flatten(),
        consent::node(decision, Some(youth)),
        content.and_then(customer::node),
    ];
    let nodes = nodes.into_iter().flatten().collect();
    Ok(Body { service: "tallennaLahete", issue: Some(referral.to_string()), nodes })
}

/// `lakiperuste`. The statement is absent where nothing permits it.
fn claimed(claim: LegalClaim) -> Result<Option<Node>, Unwritable> {
    let LegalClaim { ground, statement, consent_asked } = claim;
    let asked = codes::consent_asked;
    let nodes = [
        coded::<LegalGround>("tns:saannos", ground, codes::ground, "ground")?,
        text("tns:selvitys", statement),
        coded::<legal_claim::ConsentAsked>(
            "tns:suostumuksenKysyminen",
            consent_asked,
            asked,
            "consent_asked",
        )?,
    ];
    Ok(group("tns:lakiperuste", nodes))
}

/// `tallennaIlmoitus`.
fn noticed(
    referral: ReferralName,
    sender: &AgencyId,
    own: &AgencyId,
    notice: ReferralNotice,
    decision: &Decision,
) -> Result<Body, Unwritable> {
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
    let ReferralName { youth, referral } = referral;
    let changed = instant(time.as_ref().map(time::from_wire), "time")?;
    let reason = RejectionReason::try_from(rejection_reason).map_err(|_| Unwritable("rejection_reason"))?;
    let outcome = Outcome::try_from(outcome).map_err(|_| Unwritable("outcome"))?;
    let delivery = DeliveryState::try_from(delivery_state).map_err(|_| Unwritable("delivery_state"))?;
    let nodes = [
        text("tns:laheteTunnus", referral.to_string()),
        coded::<referral_notice::Kind>("tns:ilmoituslaji", kind, codes::notice, "kind")?,
        coded::<ReferralState>("tns:lahetteenTila", state, codes::state, "state")?,
        text("tns:muutosaika", changed.to_string()),
        code("tns:hylkaysSyy", codes::reason(reason)),
        code("tns:lopputulos", codes::outcome(outcome)),
        code("tns:toimitustila", codes::delivery(delivery)),
        text("tns:saate", news(own, sender, status_note, sender_note).unwrap_or_default()),
        consent::node(decision, Some(youth)),
        answer.and_then(customer::node),
    ];
    let nodes = nodes.into_iter().flatten().collect();
    Ok(Body { service: "tallennaIlmoitus", issue: Some(referral.to_string()), nodes })
}

/// `tallennaSuunnitelma`.
fn planned(part: PlanPart, decision: &Decision) -> Result<Body, Unwritable> {
    let Worded { youth, plan, owner, redacted, consent_withdrawn, node } = plan::word(part)?;
    let nodes = [
        text("tns:omistaja", owner),
        flag("tns:tietojaPuuttuu", redacted),
        flag("tns:lupaPeruttu", consent_withdrawn),
        consent::node(decision, youth),
        Some(node),
    ];
    let nodes = nodes.into_iter().flatten().collect();
    Ok(Body { service: "tallennaSuunnitelma", issue: plan, nodes })
}

/// Reads the answer to whatever was to be stored.
pub(super) fn read_receipt(answer: &Element) -> Result<Receipt, Expected> {
    let mut parts = Parts::of(answer)?;
    let receipt = parts.required("kirjausnumero", "a receipt number", answer::receipt)?;
    parts.instant("tallennettu")?.ok_or("`tallennettu`, when it was stored, second")?;
    parts.end().map(|()| receipt)
}

/// Reads `haeSanomanTilaResponse`. The receipt number may be absent there; the reference is empty then.
pub(super) fn read_status(answer: &Element) -> Result<DeliveryStatus, Expected> {
    let mut parts = Parts::of(answer)?;
    let stored = parts.required("viestinTila", "one of the documented codes", |code| match code {
        "TALLENNETTU" => Some(true),
        "EI_TALLENNETTU" => Some(false),
        _ => None,
    })?;
    let receipt = parts.maybe("kirjausnumero", "a receipt number", answer::receipt)?;
    parts.instant("tallennettu")?;
    parts.end()?;
    let receipt = receipt.unwrap_or_default();
    Ok(if stored { DeliveryStatus::Arrived(receipt) } else { DeliveryStatus::NotArrived })
}
