//! What may an agency, a caller or an operator bring, and what must never come of it?
//!
//! The doors by which an agency's bytes come in, each through the public interface of `polku_adapters`, and what is
//! always true of what comes out. The fuzz targets try them with random bytes, `tests/hostile` with named ones. Beside
//! them, each in a module of its own, what others bring: requests, ids, rules, configurations, proofs, changes of plans.

mod agencies;
pub mod configuration;
pub mod doors;
pub mod hetu;
mod oracle;
mod permit;
pub mod plan;
pub mod policy;
pub mod proof;
pub mod request;

use bytes::Bytes;

pub use agencies::Agencies;
pub use doors::{Door, Read, Refusal, Taken, Way};

thread_local! {
    static AGENCIES: Agencies = Agencies::new();
}

/// Where an input has led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Led {
    /// Its first line says nothing that is known.
    Nowhere,
    /// It was refused.
    ToRefusal,
    /// It was taken in.
    Inside,
}

impl Led {
    /// Whether it is worth to go on from there.
    pub fn leads_somewhere(self) -> bool {
        self != Led::Nowhere
    }
}

/// What stands behind a first line with this name.
fn body_behind<'a>(input: &'a [u8], name: &str) -> Option<&'a [u8]> {
    input.strip_prefix(name.as_bytes())?.strip_prefix(b"\n")
}

/// Tries an input: a line with the name of a door, and what comes in by it. Says whether it leads to a door.
///
/// # Panics
/// Something is true of what was read that must never be. Says what, and nothing of the input.
pub fn fuzz(doors: &[Door], input: &[u8]) -> bool {
    let door = doors.iter().find_map(|door| Some((door, body_behind(input, door.name)?)));
    let Some((door, body)) = door else { return false };
    AGENCIES.with(|agencies| {
        let body = Bytes::copy_from_slice(body);
        let first = door.read(agencies, &body);
        let second = door.read(agencies, &body);
        assert!(first == second, "{}: the second reading differs from the first", door.name);
        oracle::check(door, &body, &first);
        if let Way::Message(adapter, headers) = door.way {
            oracle::check_reply(adapter(agencies), &doors::inbound(&headers(&body), &body));
        }
    });
    true
}
