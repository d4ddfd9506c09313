//! How are Kela's documents written, and which are refused before they are understood?

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::agencies::envelope::Unwritable;

/// Writes a document; what is empty is left out.
pub(super) fn write(document: &impl Serialize) -> Result<Bytes, Unwritable> {
    plainly(&pruned(document)?)
}

/// Writes a document that leaves out what is empty of its own accord.
pub(super) fn plainly(document: &impl Serialize) -> Result<Bytes, Unwritable> {
    serde_json::to_vec(document).map(Bytes::from).map_err(|_| Unwritable("json"))
}

/// A document, or a part of one, without what is empty.
pub(super) fn pruned(document: &impl Serialize) -> Result<Value, Unwritable> {
    let mut value = serde_json::to_value(document).map_err(|_| Unwritable("json"))?;
    says_something(&mut value);
    Ok(value)
}

/// Reads a document, whose types refuse members that are unknown, missing, `null` or there twice.
pub(super) fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Option<T> {
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

/// Takes out what is empty, and tells whether anything is left.
fn says_something(value: &mut Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => {
            for item in items.iter_mut() {
                says_something(item);
            }
            !items.is_empty()
        }
        Value::Object(members) => {
            members.retain(|_, value| says_something(value));
            !members.is_empty()
        }
    }
}
