//! How far has a list been read?

use jiff::Timestamp;
use polku_proto::ReferralId;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;

/// Asked for when the caller does not say.
const DEFAULT_SIZE: u32 = 50;
/// More is cut down to this.
const LARGEST_SIZE: u32 = 200;

/// How many rows a page has.
pub(super) fn size(wanted: i32) -> u32 {
    match u32::try_from(wanted) {
        Ok(0) | Err(_) => DEFAULT_SIZE,
        Ok(size) => size.min(LARGEST_SIZE),
    }
}

/// Where a list of referrals goes on. The token is sealed to the caller and to what it asked for, and grants nothing.
pub(super) fn token(
    gateway: &Gateway,
    caller: &Caller,
    list: &str,
    last: (Timestamp, ReferralId),
) -> Result<String, Error> {
    let mut plain = last.0.as_millisecond().to_be_bytes().to_vec();
    plain.extend_from_slice(last.1.uuid().as_bytes());
    Ok(gateway.keys.seal_token(&binding(caller, list), &plain)?)
}

/// Reads such a token.
pub(super) fn position(
    gateway: &Gateway,
    caller: &Caller,
    list: &str,
    token: &str,
) -> Result<Option<(Timestamp, ReferralId)>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    let plain = gateway.keys.open_token(&binding(caller, list), token).map_err(|_| WRONG)?;
    let (millis, id) = plain.split_first_chunk::<8>().ok_or(WRONG)?;
    let time = Timestamp::from_millisecond(i64::from_be_bytes(*millis)).map_err(|_| WRONG)?;
    let id = Uuid::from_slice(id).map_err(|_| WRONG)?;
    Ok(Some((time, ReferralId::from_uuid(id))))
}

const WRONG: Error = Error::Field {
    field: "page_token",
    reason: "PAGE_TOKEN_INVALID",
    expected: "the token of the page before, from the same caller and the same list",
};

fn binding(caller: &Caller, list: &str) -> String {
    format!("page/{}/{list}", caller.agency)
}
