//! How much memory will the lists of a message take, once the message is read from its bytes?
//!
//! An empty message in a list is two bytes on the wire and hundreds in memory. Everything else of a message takes no more
//! than a few times its bytes: a field that is no list is there once, however often it is sent.

use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

#[cfg(test)]
mod tests;

/// A message whose lists can be weighed before it is read.
///
/// The implementations are generated, for every message.
pub trait Weigh {
    /// What of it can be a list, or hold one.
    // INVARIANT: a constant cannot hold itself, so no message holds its like, and the way down through them ends.
    const PARTS: &'static [Part];
}

/// A field that is a list, or a message.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    number: u32,
    /// Bytes of memory for each time that it is sent.
    each: usize,
    inside: &'static [Part],
}

impl Part {
    /// A list of texts, or of other things without lists.
    pub(crate) const fn list<X>(number: u32) -> Part {
        Part { number, each: size_of::<X>(), inside: &[] }
    }

    /// A list of messages.
    pub(crate) const fn messages<X: Weigh>(number: u32) -> Part {
        Part { number, each: size_of::<X>(), inside: X::PARTS }
    }

    /// One message.
    pub(crate) const fn message<X: Weigh>(number: u32) -> Part {
        Part { number, each: 0, inside: X::PARTS }
    }
}

/// Whether the lists of an encoded message take at most so many bytes of memory, without the room that they grow into.
/// Of what is no message nothing is said: it cannot be read anyway.
#[must_use]
pub fn fits<X: Weigh>(bytes: &[u8], most: usize) -> bool {
    let mut left = Some(most);
    let _: Result<(), DecodeError> = subtract(X::PARTS, bytes, &mut left);
    left.is_some()
}

fn subtract(parts: &[Part], mut bytes: &[u8], left: &mut Option<usize>) -> Result<(), DecodeError> {
    while !bytes.is_empty() && left.is_some() {
        let (number, wire_type) = decode_key(&mut bytes)?;
        let part = parts.iter().find(|part| part.number == number);
        let Some(part) = part.filter(|_| wire_type == WireType::LengthDelimited) else {
            skip_field(wire_type, number, &mut bytes, DecodeContext::default())?;
            continue;
        };
        let length = usize::try_from(decode_varint(&mut bytes)?).unwrap_or(usize::MAX);
        let Some((inside, rest)) = bytes.split_at_checked(length) else {
            return Ok(());
        };
        *left = left.and_then(|left| left.checked_sub(part.each));
        // What no list can be in may be no message either, but a text.
        if !part.inside.is_empty() {
            subtract(part.inside, inside, left)?;
        }
        bytes = rest;
    }
    Ok(())
}
