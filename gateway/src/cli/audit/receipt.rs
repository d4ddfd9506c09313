//! How is a receipt written on a command line?

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use polku_gateway::audit::Receipt;
use polku_gateway::hex::of_hex;

/// A receipt as `SEQUENCE:HASH`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written(pub(super) Receipt);

impl FromStr for Written {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Written, Self::Err> {
        let receipt = || {
            let (sequence, hash) = text.split_once(':')?;
            let leaf_hash = of_hex(hash).or_else(|| STANDARD.decode(hash).ok()?.try_into().ok())?;
            Some(Receipt { sequence: sequence.parse().ok()?, leaf_hash })
        };
        receipt()
            .map(Written)
            .ok_or("a receipt is a sequence, a colon, and 32 bytes in base64 or hexadecimal")
    }
}
