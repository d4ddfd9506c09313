//! What do messages to the employment services look like?
//!
//! The tables of README.md, in their order. Every element is qualified; the prefix is the one that the SOAP writer
//! binds to the namespace.

use jiff::Timestamp;
use polku_proto::v1::Delivery;
use polku_proto::{AgencyId, MessageId};

use super::{plan, query, referral, sent, update};
use crate::agencies::answer;
use crate::agencies::envelope::{Content, Envelope, Unwritable, other_party};
use crate::agencies::soap::tree::{self, Node, text};
use crate::agencies::soap::{Head, Outgoing, Protocol};
use crate::agencies::xroad::question_id;
use crate::transport::xml::{Element, XmlWriter};
use crate::{DeliveryStatus, Receipt};

/// What the bodies look like, and what the gateway offers.
pub(super) const PROTOCOL: Protocol = Protocol {
    namespace: "http://ohjaus.te.example/lahete/v1",
    version: "v1",
    services: &[update::CHANGE, sent::REFERRAL, sent::PLAN],
};

/// A message to the office, ready to be written.
pub(super) struct Message {
    service: &'static str,
    id: String,
    issue: Option<String>,
    professional: Option<String>,
    sender: Option<AgencyId>,
    nodes: Vec<Node>,
}

impl Message {
    /// Words a delivery to the office with this agency id, with the agency whose word it is.
    pub(super) fn delivering(delivery: Delivery, own: &AgencyId) -> Result<Self, Unwritable> {
        let other = other_party(&delivery, own)?;
        let mut message = Self::of(Envelope::open(delivery)?, own)?;
        message.sender = Some(other);
        Ok(message)
    }

    /// Words a delivery to the office with this agency id.
    pub(super) fn of(envelope: Envelope, own: &AgencyId) -> Result<Self, Unwritable> {
        let Envelope { message, sender, professional, content } = envelope;
        let id = message.to_string();
        let mut nodes: Vec<Node> = text("tns:sanomaTunnus", id.clone()).into_iter().collect();
        let (service, issue) = match content {
            Content::Handover(name, handover) => {
                let referral = name.referral.to_string();
                nodes.extend(referral::handover(referral.clone(), &sender, handover)?);
                ("vastaanotaLahete", Some(referral))
            }
            Content::Notice(name, notice) => {
                let referral = name.referral.to_string();
                nodes.extend(referral::notice(referral.clone(), own, &sender, notice)?);
                ("vastaanotaIlmoitus", Some(referral))
            }
            Content::PlanPart(part) => {
                let plan::Outgoing { plan, nodes: part } = plan::outgoing(*part)?;
                nodes.extend(part);
                ("vastaanotaSuunnitelma", plan)
            }
            Content::Disclosure(..) => return Err(Unwritable("disclosure")),
        };
        Ok(Self { service, id, issue, professional, sender: Some(sender), nodes })
    }

    /// Words the question whether a message has arrived.
    pub(super) fn status_of(message: &MessageId, now: Timestamp) -> Self {
        let id = question_id(message, now);
        let nodes = text("tns:sanomaTunnus", message.to_string()).into_iter().collect();
        Self { service: "haeSanomanTila", id, issue: None, professional: None, sender: None, nodes }
    }

    /// Words the question what the office holds on a person.
    pub(super) fn asking(query: query::Query) -> Self {
        let query::Query { id, requester, professional, nodes } = query;
        let issue = Some(id.clone());
        Self { service: "haeAsiakkuus", id, issue, professional, sender: Some(requester), nodes }
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
        tree::write(&self.nodes, writer);
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
            None => Receipt::default(),
        })),
        "TUNTEMATON" => Some(DeliveryStatus::NotArrived),
        _ => None,
    }
}

fn is_instant(text: &str) -> bool {
    text.trim().parse::<Timestamp>().is_ok()
}
