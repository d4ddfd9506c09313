//! Which fault does a message in SOAP hold?

use std::fmt;

use super::ENVELOPE;
use crate::transport::xml::Element;
use crate::transport::xroad::fault::{FaultClass, classify};

/// A technical fault as received. `Debug` shows the code only: the texts can hold personal data and internal
/// addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    code: String,
    string: String,
    actor: Option<String>,
    detail: Option<String>,
}

/// A failure that a provider reports inside an ordinary answer. `Debug` shows the code only.
#[derive(Clone, PartialEq, Eq)]
pub struct NonTechnicalFault {
    code: String,
    string: String,
}

impl Fault {
    pub(super) fn read(element: &Element) -> Self {
        let text = |name: &str| any_child(element, name).map(|child| child.text().to_owned());
        let detail = any_child(element, "detail").map(|detail| {
            let detail = any_child(detail, "faultDetail").unwrap_or(detail);
            detail.text().trim().to_owned()
        });
        Self {
            code: text("faultcode").unwrap_or_default().trim().to_owned(),
            string: text("faultstring").unwrap_or_default(),
            actor: text("faultactor"),
            detail,
        }
    }

    /// Returns the code as its sender spells it.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the sender's explanation. It can hold internal addresses: do not show it to end users.
    #[must_use]
    pub fn string(&self) -> &str {
        &self.string
    }

    /// Returns who failed, if the sender says so.
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// Returns the detail: from X-Road itself, the id of the line in its log.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Returns where it failed and whether to try again.
    #[must_use]
    pub fn class(&self) -> FaultClass {
        classify(&self.code)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fault").field("class", &self.class()).finish_non_exhaustive()
    }
}

impl NonTechnicalFault {
    /// Looks for `fault` in the body's element, and in a `response` inside it, where older services keep it.
    pub(super) fn find(body: &Element) -> Option<Self> {
        if body.is(ENVELOPE, "Fault") {
            return None;
        }
        let places = [Some(body), any_child(body, "response")];
        let fault = places.into_iter().flatten().find_map(|place| any_child(place, "fault"))?;
        let code = any_child(fault, "faultCode")?.text().trim().to_owned();
        let string = any_child(fault, "faultString").map(|string| string.text().to_owned());
        Some(Self { code, string: string.unwrap_or_default() })
    }

    /// Returns the provider's own code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the provider's explanation.
    #[must_use]
    pub fn string(&self) -> &str {
        &self.string
    }
}

impl fmt::Debug for NonTechnicalFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NonTechnicalFault(redacted)")
    }
}

/// Faults are written with and without namespace, whatever SOAP 1.1 says.
fn any_child<'e>(element: &'e Element, name: &str) -> Option<&'e Element> {
    element.children().iter().find(|child| child.name() == name)
}
