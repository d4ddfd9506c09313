//! Is this JSON in which nothing is said twice, and within the limits?

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::{ImportError, Place, Problem};

/// The longest document, in bytes.
const LONGEST: usize = 65_536;

/// The error text by which a repeated member is told from other faults.
const TWICE: &str = "repeated member";

/// Reads a document.
pub(crate) fn read(text: &str, place: &Place) -> Result<Value, ImportError> {
    if text.len() > LONGEST {
        return Err(place.fault(Problem::TooLong));
    }
    read_bounded(text, place)
}

/// Reads a document whose length somebody else has bounded.
pub(crate) fn read_bounded(text: &str, place: &Place) -> Result<Value, ImportError> {
    match serde_json::from_str(text) {
        Ok(Unique(value)) => Ok(value),
        Err(error) if error.to_string().starts_with(TWICE) => Err(place.fault(Problem::Twice)),
        Err(_) => Err(place.fault(Problem::NotJson)),
    }
}

/// A value in which no object has two members of one name: of two, each reader would believe another one.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Unique)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Unique(value) = members.next_value()?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(object))
    }
}
