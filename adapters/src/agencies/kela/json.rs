//! How are Kela's documents written, and which are refused before they are understood?

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::agencies::envelope::Unwritable;

/// Writes a document; what is empty is left out.
pub(super) fn write(document: &impl Serialize) -> Result<Bytes, Unwritable> {
    let document = serde_json::to_value(document).map_err(|_| Unwritable("json"))?;
    let written = serde_json::to_vec(&pruned(document)).map_err(|_| Unwritable("json"))?;
    Ok(Bytes::from(written))
}

/// Reads a document, whose types refuse members that are unknown, missing, `null` or there twice.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

/// Reads a member that may be absent and is never `null`.
pub(super) fn never_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

fn pruned(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, pruned(value)));
            Value::Object(members.filter(|(_, value)| says_something(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(pruned).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}
