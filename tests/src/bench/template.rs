//! How is a request made without writing it anew? From bytes in which only the ids differ.

use anyhow::{Result, ensure};
use bytes::{Bytes, BytesMut};
use uuid::Uuid;

use super::connection::framed;

/// A request with places for ids. Those that belong together have the same mark.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    bytes: Bytes,
    holes: Vec<Hole>,
}

#[derive(Debug, Clone, Copy)]
struct Hole {
    mark: Uuid,
    at: usize,
}

/// Bytes of an id in text.
const ID: usize = 36;

impl Template {
    /// Takes a message in which each of these marks stands as an id.
    pub(crate) fn of(message: &[u8], marks: &[Uuid]) -> Result<Template> {
        let bytes = framed(message)?;
        let mut holes = Vec::new();
        for mark in marks {
            let text = mark.to_string();
            let found = bytes.windows(ID).enumerate().filter(|(_, window)| *window == text.as_bytes());
            holes.extend(found.map(|(at, _)| Hole { mark: *mark, at }));
            ensure!(holes.iter().any(|hole| hole.mark == *mark), "an id is not in the message");
        }
        Ok(Template { bytes, holes })
    }

    /// The request with these ids in place of the marks.
    pub(crate) fn with(&self, id_of: impl Fn(Uuid) -> Uuid) -> Bytes {
        let mut bytes = BytesMut::from(self.bytes.as_ref());
        for hole in &self.holes {
            if let Some(place) = bytes.get_mut(hole.at..hole.at + ID) {
                id_of(hole.mark).hyphenated().encode_lower(place);
            }
        }
        bytes.freeze()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::Template;
    use crate::connection::PREFIX;

    #[test]
    fn every_place_of_a_mark_is_filled() {
        let marks = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let message = format!("a {} b {} c {}", marks[0], marks[1], marks[0]);
        let template = Template::of(message.as_bytes(), &marks).unwrap();
        let filled = template.with(|mark| Uuid::from_u128(mark.as_u128() + 7));
        let expected = format!("a {0} b {1} c {0}", Uuid::from_u128(8), Uuid::from_u128(9));
        assert_eq!(&filled[PREFIX..], expected.as_bytes());
        assert!(Template::of(b"nothing", &marks).is_err());
    }
}
