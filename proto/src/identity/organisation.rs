//! Is this a business id or an object identifier, and which organisation does it name?

use std::{fmt, str::FromStr};

/// Weights of the first seven digits of a business id.
const WEIGHTS: [u32; 7] = [7, 9, 10, 5, 8, 4, 2];

/// The arc under which Finnish organisations are named after their business ids.
const ORGANISATIONS: &str = "1.2.246.10";

/// A Finnish business id (Y-tunnus): seven digits, a hyphen and a check digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessId(String);

/// A text that is no business id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusinessIdError {
    /// Not seven digits, a hyphen and a digit.
    #[error("a business id is seven digits, a hyphen and a digit")]
    Form,
    /// The last digit does not fit the others.
    #[error("the check digit does not match")]
    Check,
}

impl BusinessId {
    /// Shows the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the object identifier of the organisation.
    #[must_use]
    pub fn oid(&self) -> Oid {
        let digits: String = self.0.chars().filter(char::is_ascii_digit).collect();
        // An arc has no leading zeros.
        Oid(format!("{ORGANISATIONS}.{}", digits.trim_start_matches('0')))
    }
}

impl FromStr for BusinessId {
    type Err = BusinessIdError;

    fn from_str(text: &str) -> Result<BusinessId, BusinessIdError> {
        let (digits, check) = text.split_once('-').ok_or(BusinessIdError::Form)?;
        let digits: &[u8; 7] = digits.as_bytes().try_into().map_err(|_| BusinessIdError::Form)?;
        let check: &[u8; 1] = check.as_bytes().try_into().map_err(|_| BusinessIdError::Form)?;
        let mut sum = 0;
        for (byte, weight) in digits.iter().zip(WEIGHTS) {
            sum += digit(*byte)? * weight;
        }
        // A remainder of 1 would need the check digit 10: such ids are not given.
        let expected = match sum % 11 {
            0 => 0,
            1 => return Err(BusinessIdError::Check),
            remainder => 11 - remainder,
        };
        let [check] = *check;
        if digit(check)? != expected {
            return Err(BusinessIdError::Check);
        }
        Ok(BusinessId(text.to_owned()))
    }
}

impl fmt::Display for BusinessId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn digit(byte: u8) -> Result<u32, BusinessIdError> {
    match byte {
        b'0'..=b'9' => Ok(u32::from(byte - b'0')),
        _ => Err(BusinessIdError::Form),
    }
}

/// An object identifier in dotted decimal form (ITU-T X.660), of at most 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(String);

/// A text that is no object identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an object identifier")]
pub struct OidError;

impl Oid {
    /// Shows the identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Oid {
    type Err = OidError;

    fn from_str(text: &str) -> Result<Oid, OidError> {
        let mut arcs = text.split('.');
        let root = arcs.next().ok_or(OidError)?;
        let second = arcs.next().filter(|arc| is_arc(arc)).ok_or(OidError)?;
        let second_fits = root == "2" || second.parse::<u32>().is_ok_and(|number| number < 40);
        if !matches!(root, "0" | "1" | "2") || !second_fits || !arcs.all(is_arc) || text.len() > 128 {
            return Err(OidError);
        }
        Ok(Oid(text.to_owned()))
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_arc(arc: &str) -> bool {
    let digits = !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit());
    digits && (arc == "0" || !arc.starts_with('0'))
}
