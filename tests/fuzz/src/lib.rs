//! What may an agency send, and what must never come of it?
//!
//! The doors by which somebody else's bytes come in, each through the public interface of `polku_adapters`, and what is
//! always true of what comes out. The fuzz targets try them with random bytes, `tests/hostile.rs` with named ones.

mod agencies;
pub mod doors;
mod oracle;
mod permit;

use bytes::Bytes;

pub use agencies::Agencies;
pub use doors::{Door, Read, Refusal, Taken, Way};

thread_local! {
    static AGENCIES: Agencies = Agencies::new();
}

/// Tries an input: a line with the name of a door, and what comes in by it. Says whether it leads to a door.
///
/// # Panics
/// Something is true of what was read that must never be. Says what, and nothing of the input.
pub fn fuzz(doors: &[Door], input: &[u8]) -> bool {
    let line = input.iter().position(|byte| *byte == b'\n');
    let Some((name, body)) = line.and_then(|line| Some((input.get(..line)?, input.get(line + 1..)?))) else {
        return false;
    };
    let Some(door) = doors.iter().find(|door| door.name.as_bytes() == name) else {
        return false;
    };
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
