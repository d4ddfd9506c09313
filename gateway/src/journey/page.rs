//! How far has a list been read?

use jiff::Timestamp;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::store::ReferralRow;

/// Asked for when the caller does not say.
const DEFAULT_SIZE: u32 = 50;
/// A page ends here, in bytes of sealed records or of what shows: gRPC clients take 4 MiB unless told otherwise.
pub(super) const LARGEST_BYTES: usize = 2 * 1024 * 1024;
/// More is cut down to this.
const LARGEST_SIZE: u32 = 200;

/// How many rows a page has.
pub(crate) fn size(wanted: i32) -> u32 {
    match u32::try_from(wanted) {
        Ok(0) | Err(_) => DEFAULT_SIZE,
        Ok(size) => size.min(LARGEST_SIZE),
    }
}

/// How many of these rows make a page: as many as asked for, and no more than a usual client takes in one message.
pub(super) fn fitting(rows: &[ReferralRow], size: u32) -> usize {
    let mut bytes = 0_usize;
    let fits = |row: &&ReferralRow| {
        bytes = bytes.saturating_add(row.sealed.len());
        bytes <= LARGEST_BYTES
    };
    let fitting = rows.iter().take(usize::try_from(size).unwrap_or(usize::MAX)).take_while(fits).count();
    fitting.max(rows.len().min(1))
}

/// When a record was made, by its id: it begins with the millisecond. Puts what is listed under several ids in order; what
/// is under one is in its order already.
pub(super) fn made_in(id: Uuid) -> u128 {
    id.as_u128() >> 80
}

/// Where a list goes on. The token is sealed to the caller and to what it asked for, and grants nothing.
pub(crate) fn token(gateway: &Gateway, caller: &Caller, list: &str, last: &[u8]) -> Result<String, Error> {
    Ok(gateway.keys.seal_token(&binding(caller, list), last)?)
}

/// Reads such a token; nothing for the first page.
pub(crate) fn position(
    gateway: &Gateway,
    caller: &Caller,
    list: &str,
    token: &str,
) -> Result<Option<Vec<u8>>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    gateway.keys.open_token(&binding(caller, list), token).map(Some).map_err(|_| WRONG)
}

/// The last one of a page, by creation time and id, as bytes.
pub(super) fn bytes_of(created: Timestamp, id: Uuid) -> Vec<u8> {
    [created.as_millisecond().to_be_bytes().as_slice(), id.as_bytes()].concat()
}

/// The same, read.
pub(super) fn place_of(bytes: &[u8]) -> Result<(Timestamp, Uuid), Error> {
    let (millis, id) = bytes.split_first_chunk::<8>().ok_or(WRONG)?;
    let time = Timestamp::from_millisecond(i64::from_be_bytes(*millis)).map_err(|_| WRONG)?;
    Ok((time, Uuid::from_slice(id).map_err(|_| WRONG)?))
}

pub(crate) const WRONG: Error = Error::Field {
    field: "page_token",
    reason: "PAGE_TOKEN_INVALID",
    expected: "the token of the page before, from the same caller and the same list",
};

fn binding(caller: &Caller, list: &str) -> String {
    format!("page/{}/{list}", caller.agency)
}
