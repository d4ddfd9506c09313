//! Are these the elements that the agency's document allows, in its order, and no others?

use jiff::Timestamp;

use crate::agencies::form::{Expected, date, instant};
use crate::transport::xml::Element;

/// The children of an element, taken one after the other. Those of another namespace than the element's own are never
/// the ones that are looked for. An absent text and an empty one are the same, as in the contract.
pub(in crate::agencies) struct Parts<'e> {
    around: &'e Element,
    rest: &'e [Element],
}

impl<'e> Parts<'e> {
    /// Begins with the first child.
    pub(in crate::agencies) fn of(element: &'e Element) -> Result<Self, Expected> {
        let plain = element.text().trim().is_empty() && element.attributes().is_empty();
        if plain {
            Ok(Self { around: element, rest: element.children() })
        } else {
            Err("no text and no attributes among elements".into())
        }
    }

    /// Takes the next child if it has this name.
    pub(in crate::agencies) fn element(&mut self, name: &str) -> Option<&'e Element> {
        let (first, rest) = self.rest.split_first()?;
        first.is(self.around.namespace(), name).then(|| {
            self.rest = rest;
            first
        })
    }

    /// Takes the parts of the next child if it has this name.
    pub(in crate::agencies) fn group(&mut self, name: &str) -> Result<Option<Parts<'e>>, Expected> {
        self.element(name).map(Parts::of).transpose()
    }

    /// Takes all next children of this name, reading each.
    pub(in crate::agencies) fn each<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(Parts<'e>) -> Result<T, Expected>,
    ) -> Result<Vec<T>, Expected> {
        let mut all = Vec::new();
        while let Some(parts) = self.group(name)? {
            all.push(read(parts)?);
        }
        Ok(all)
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

    /// Takes the text of the next child if it has this name; empty if it has not.
    pub(in crate::agencies) fn optional(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    /// Takes the texts of all next children of this name.
    pub(in crate::agencies) fn texts(&mut self, name: &str) -> Vec<String> {
        std::iter::from_fn(|| self.text(name).map(str::to_owned)).collect()
    }

    /// Takes the next child, which must have this name, as what it stands for.
    pub(in crate::agencies) fn required<T>(
        &mut self,
        name: &str,
        form: &str,
        read: impl FnOnce(&'e str) -> Option<T>,
    ) -> Result<T, Expected> {
        let found = self.text(name).and_then(read);
        found.ok_or_else(|| self.expected(name, form))
    }

    /// Takes the next child if it has this name and a text, as what it stands for.
    pub(in crate::agencies) fn maybe<T>(
        &mut self,
        name: &str,
        form: &str,
        read: impl FnOnce(&'e str) -> Option<T>,
    ) -> Result<Option<T>, Expected> {
        match self.text(name).filter(|text| !text.is_empty()) {
            Some(text) => read(text).map(Some).ok_or_else(|| self.expected(name, form)),
            None => Ok(None),
        }
    }

    /// Takes a date of the calendar, `YYYY-MM-DD`; empty if there is none.
    pub(in crate::agencies) fn date(&mut self, name: &str) -> Result<String, Expected> {
        let date = self.maybe(name, "a date of the calendar, `YYYY-MM-DD`", date)?;
        Ok(date.unwrap_or_default().to_owned())
    }

    /// Takes an instant, if there is one.
    pub(in crate::agencies) fn instant(&mut self, name: &str) -> Result<Option<Timestamp>, Expected> {
        self.maybe(name, "a `dateTime` in UTC", instant)
    }

    /// Takes `true` or `false`; absent is `false`.
    pub(in crate::agencies) fn flag(&mut self, name: &str) -> Result<bool, Expected> {
        Ok(self.maybe(name, "`true` or `false`", |text| text.parse().ok())?.unwrap_or_default())
    }

    /// Requires that no child is left.
    pub(in crate::agencies) fn end(&self) -> Result<(), Expected> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let around = self.around.name();
        Err(Expected(format!(
            "nothing but the documented elements, in the documented order, each in its own form, in `{around}`"
        )))
    }

    fn expected(&self, name: &str, form: &str) -> Expected {
        Expected(format!("`{name}` in its place in `{}`: {form}", self.around.name()))
    }
}
