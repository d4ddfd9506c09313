//! What do all agencies over X-Road have in common, SOAP or REST?
//!
//! Who they and the gateway are there, and what the gateway says of itself beside each of its messages: for whom it acts
//! (`representedParty`), who speaks (`userId`) and what it is about (`issue`).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use polku_proto::identity::Hetu;
use uuid::Uuid;

use crate::simulators::agency::Surroundings;
use crate::simulators::faults::Repetition;
use crate::simulators::official::Official;

/// A subsystem in X-Road.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The X-Road instance, such as `FI-TEST`.
    pub instance: String,
    /// `GOV`, `MUN`, `COM` or `ORG`.
    pub class: String,
    /// Business id.
    pub code: String,
    /// Subsystem code.
    pub subsystem: String,
}

impl Member {
    /// A subsystem of a member.
    #[must_use]
    pub fn new(instance: &str, class: &str, code: &str, subsystem: &str) -> Self {
        Self {
            instance: instance.to_owned(),
            class: class.to_owned(),
            code: code.to_owned(),
            subsystem: subsystem.to_owned(),
        }
    }

    pub(crate) fn parts(&self) -> [(&'static str, &str); 4] {
        [
            ("xRoadInstance", &self.instance),
            ("memberClass", &self.class),
            ("memberCode", &self.code),
            ("subsystemCode", &self.subsystem),
        ]
    }

    /// The value of `client` or `service` in the gateway's settings.
    fn setting(&self) -> String {
        let Self { instance, class, code, subsystem } = self;
        format!(
            "{{ instance = {instance:?}, member_class = {class:?}, member_code = {code:?}, \
             subsystem_code = {subsystem:?} }}"
        )
    }
}

/// How fault codes are spelt: security servers changed their ways in 2025.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `Server.ServerProxy.AccessDenied`, up to 7.7.
    Camel,
    /// `server.serverproxy.access_denied`, since 7.8.
    Snake,
}

/// An organisation for which a caller acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// `partyClass`.
    pub class: Option<String>,
    /// `partyCode`.
    pub code: String,
}

impl Party {
    fn setting(&self) -> String {
        let class = self.class.as_ref().map(|class| format!("class = {class:?}, ")).unwrap_or_default();
        format!("{{ {class}code = {:?} }}", self.code)
    }
}

/// What an agency has agreed with the gateway on what stands beside its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// The gateway's own id, where nobody in particular speaks; without the country prefix.
    pub user_id: String,
    /// For whom the gateway acts, by the id of the agency that sends or asks.
    pub parties: BTreeMap<String, Party>,
    /// For whom it acts otherwise.
    pub otherwise: Party,
}

impl Default for Agreed {
    /// The youth guidance point with a class and a code, all others with a code alone.
    fn default() -> Self {
        let ohjaamo = Party { class: Some("MUN".to_owned()), code: "9999906-0".to_owned() };
        Self {
            user_id: "polku".to_owned(),
            parties: BTreeMap::from([("ohjaamo".to_owned(), ohjaamo)]),
            otherwise: Party { class: None, code: "9999902-0".to_owned() },
        }
    }
}

/// What stands beside a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    pub(crate) party: Option<Party>,
    /// With the country prefix.
    pub(crate) user_id: Option<String>,
    pub(crate) issue: Option<String>,
}

impl Beside {
    /// Beside a message of an agency's own: its official, and the referral that it is about.
    pub(crate) fn own(official: &Official, referral: Option<&str>) -> Self {
        let user_id = Some(format!("FI{}", official.id));
        Self { party: None, user_id, issue: referral.map(str::to_owned) }
    }
}

/// What a message says itself of what stands beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Said<'m> {
    /// The agency that sends or asks.
    pub(crate) sender: Option<&'m str>,
    /// Its own id of the professional.
    pub(crate) professional: Option<&'m str>,
    /// The referral, the plan or the question.
    pub(crate) about: Option<&'m str>,
}

impl Agreed {
    /// Whether what stands beside a message is as agreed, and fits the message.
    pub(crate) fn admits(&self, beside: &Beside, said: Said<'_>) -> bool {
        let Beside { party: Some(party), user_id: Some(user_id), issue } = beside else { return false };
        // The young person's own part of a plan is told by the agency that holds it, which it does not name.
        let named = said.sender.filter(|sender| !sender.is_empty() && *sender != "youth");
        let party_fits = match named {
            Some(sender) => party == self.parties.get(sender).unwrap_or(&self.otherwise),
            None => *party == self.otherwise || self.parties.values().any(|known| known == party),
        };
        let user_fits = match said.professional.filter(|professional| !professional.is_empty()) {
            Some(professional) => *user_id == format!("FI{professional}"),
            None => user_id.len() > 2 && user_id.starts_with("FI"),
        };
        let about = said.about.filter(|about| !about.is_empty());
        party_fits && user_fits && about.is_none_or(|about| issue.as_deref() == Some(about))
    }

    /// The same for a question whether a message has arrived: the gateway asks for itself.
    pub(crate) fn admits_own(&self, beside: &Beside) -> bool {
        let own = format!("FI{}", self.user_id);
        beside.party.as_ref() == Some(&self.otherwise) && beside.user_id == Some(own)
    }
}

/// Whether a personal identity code stands in a text. Random ids that look like one by chance are none.
pub(crate) fn holds_identity_code(text: &str) -> bool {
    let is_code = |part: &[u8]| std::str::from_utf8(part).is_ok_and(|part| part.parse::<Hetu>().is_ok());
    Uuid::try_parse(text).is_err() && text.to_ascii_uppercase().as_bytes().windows(11).any(is_code)
}

/// An agency over X-Road, as the gateway has to know it.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    /// Of the gateway's security server.
    pub(crate) url: String,
    /// What calls the gateway: SHA-256 of the certificate.
    pub(crate) caller_sha256: &'a str,
    pub(crate) gateway: &'a Member,
    pub(crate) provider: &'a Member,
    pub(crate) agreed: &'a Agreed,
    pub(crate) repetition: Repetition,
}

impl Known<'_> {
    /// The lines of `[agency.settings]` that every such agency has.
    pub(crate) fn settings(&self, surroundings: &Surroundings<'_>) -> String {
        let Self { url, caller_sha256, gateway, provider, agreed, repetition } = self;
        let Agreed { user_id, parties, otherwise } = agreed;
        let parties = parties.iter().map(|(agency, party)| format!("{agency:?} = {}", party.setting()));
        format!(
            "url = {url:?}\nredelivery = {:?}\ninbound_certificate_sha256 = [{caller_sha256:?}]\nconnection = {}\nclient = {}\n\
             service = {}\nuser_id = {user_id:?}\nrepresented_party = {}\nrepresented_parties = {{ {} }}\n",
            repetition.setting(),
            surroundings.connection_with_certificate(),
            gateway.setting(),
            provider.setting(),
            otherwise.setting(),
            parties.collect::<Vec<_>>().join(", "),
        )
    }
}
