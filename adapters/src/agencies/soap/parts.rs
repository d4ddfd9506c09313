//! Are these the elements that the agency's document allows, in its order, and no others?

use uuid::Uuid;

use crate::transport::xml::Element;

/// What was expected where something else stands: for the sender's integrator, without a word of what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::agencies) struct Expected(pub(in crate::agencies) String);

impl From<&str> for Expected {
    fn from(expected: &str) -> Self {
        Self(expected.to_owned())
    }
}

/// The children of an element, taken one after the other. Those of another namespace than the element's own are never
/// the ones that are looked for.
pub(in crate::agencies) struct Parts<'e> {
    namespace: &'e str,
    rest: &'e [Element],
}

impl<'e> Parts<'e> {
    /// Begins with the first child.
    pub(in crate::agencies) fn of(element: &'e Element) -> Result<Self, Expected> {
        let plain = element.text().trim().is_empty() && element.attributes().is_empty();
        if plain {
            Ok(Self { namespace: element.namespace(), rest: element.children() })
        } else {
            Err("no text and no attributes among elements".into())
        }
    }

    /// Takes the next child if it has this name.
    pub(in crate::agencies) fn element(&mut self, name: &str) -> Option<&'e Element> {
        let (first, rest) = self.rest.split_first()?;
        first.is(self.namespace, name).then(|| {
            self.rest = rest;
            first
        })
    }

    /// Takes the text of the next child if it has this name and holds nothing but text.
    pub(in crate::agencies) fn text(&mut self, name: &str) -> Option<&'e str> {
        let before = self.rest;
        let element = self.element(name)?;
        if element.children().is_empty() && element.attributes().is_empty() {
            return Some(element.text());
        }
        // Left where it is: whoever asks for the end finds it.
        self.rest = before;
        None
    }

    /// Requires that no child is left.
    pub(in crate::agencies) fn end(&self, expected: &'static str) -> Result<(), Expected> {
        if self.rest.is_empty() { Ok(()) } else { Err(expected.into()) }
    }
}

/// Reads a UUID in its usual form, with hyphens and without braces.
pub(in crate::agencies) fn uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}
