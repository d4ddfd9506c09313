//! What does a table of a case file say? Read key by key; what nobody reads is an error.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use polku_proto::time;
use toml::{Table, Value};

use super::{CaseError, HEAD};
use crate::spelling::Spelled;

/// The keys of one table that have not been read yet.
pub(super) struct Fields {
    place: String,
    table: Table,
}

impl Fields {
    pub(super) fn new(place: String, table: Table) -> Fields {
        Fields { place, table }
    }

    /// Says which table it is, for errors.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Calls the table by another name from now on.
    pub(super) fn call(&mut self, place: String) {
        self.place = place;
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// Refuses a key that nobody has read: it would have no effect.
    pub(super) fn end(self) -> Result<(), CaseError> {
        match self.table.into_iter().next() {
            Some((key, _)) => Err(CaseError::UnknownKey { place: self.place, key }),
            None => Ok(()),
        }
    }

    pub(super) fn required<T>(&self, key: &'static str, value: Option<T>) -> Result<T, CaseError> {
        value.ok_or_else(|| CaseError::KeyMissing { place: self.place.clone(), key })
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, CaseError> {
        match self.table.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(
                Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_)
                | Value::Table(_),
            ) => Err(self.wrong(key, "text")),
        }
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Result<Option<Vec<String>>, CaseError> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        let texts = value.as_array().and_then(|values| {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        texts.map(Some).ok_or_else(|| self.wrong(key, "a list of texts"))
    }

    /// Reads true or false.
    pub(super) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, CaseError> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| self.wrong(key, "true or false"))
    }

    /// Reads an age in full years.
    pub(super) fn years(&mut self, key: &'static str) -> Result<Option<i16>, CaseError> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        let years = value.as_integer().filter(|years| (0..150).contains(years));
        let years = years.and_then(|years| i16::try_from(years).ok());
        years.map(Some).ok_or_else(|| self.wrong(key, "a number of years"))
    }

    pub(super) fn date(&mut self, key: &'static str) -> Result<Option<Date>, CaseError> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        let read = written(&value).and_then(|text| text.parse().ok());
        read.map(Some).ok_or_else(|| self.wrong(key, "a date"))
    }

    /// Reads an instant with its offset, or a date: that is its first instant in Finland.
    pub(super) fn instant(&mut self, key: &'static str) -> Result<Option<Timestamp>, CaseError> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        // A date first: with a time, it would be read as a date too.
        let read = written(&value).and_then(|text| match text.len() {
            10 => text.parse().ok().and_then(|date| time::start_of_finnish_date(date).ok()),
            _ => text.parse().ok(),
        });
        read.map(Some).ok_or_else(|| self.wrong(key, "a date, or an instant with its offset"))
    }

    pub(super) fn word<T: Spelled>(&mut self, key: &'static str) -> Result<Option<T>, CaseError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        self.known(key, &text).map(Some)
    }

    /// Reads a list of words of a closed list.
    pub(super) fn words<T: Spelled>(&mut self, key: &'static str) -> Result<Option<Vec<T>>, CaseError> {
        let Some(texts) = self.texts(key)? else { return Ok(None) };
        let words = texts.iter().map(|text| self.known(key, text)).collect::<Result<Vec<T>, CaseError>>();
        words.map(Some)
    }

    /// Reads an id.
    pub(super) fn id<T: FromStr>(&mut self, key: &'static str) -> Result<Option<T>, CaseError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.unknown(key, &text))
    }

    /// Reads a list of ids.
    pub(super) fn ids<T: FromStr>(&mut self, key: &'static str) -> Result<Option<Vec<T>>, CaseError> {
        let Some(texts) = self.texts(key)? else { return Ok(None) };
        let read = |text: &String| text.parse().map_err(|_| self.unknown(key, text));
        texts.iter().map(read).collect::<Result<Vec<T>, CaseError>>().map(Some)
    }

    /// Reads the tables of a list; none where the key is not there. Each is called by its place until it has a name.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Fields>, CaseError> {
        let values = match self.table.remove(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(values)) => values,
            Some(
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Table(_),
            ) => return Err(self.wrong(key, "a list of tables")),
        };
        let inside = if self.place == HEAD { String::new() } else { format!("{}, ", self.place) };
        let table = |(number, value): (usize, Value)| match value {
            Value::Table(table) => Ok(Fields::new(format!("{inside}{key} {}", number + 1), table)),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => Err(self.wrong(key, "a list of tables")),
        };
        values.into_iter().enumerate().map(table).collect()
    }

    pub(super) fn unknown(&self, key: &'static str, word: &str) -> CaseError {
        CaseError::UnknownWord { place: self.place.clone(), key, word: word.to_owned() }
    }

    fn known<T: Spelled>(&self, key: &'static str, text: &str) -> Result<T, CaseError> {
        T::read(text).ok_or_else(|| self.unknown(key, text))
    }

    fn wrong(&self, key: &'static str, expected: &'static str) -> CaseError {
        CaseError::WrongKind { place: self.place.clone(), key, expected }
    }
}

/// A date or instant as text, with or without quotation marks in the file.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Datetime(moment) => Some(moment.to_string()),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Array(_) | Value::Table(_) => None,
    }
}
