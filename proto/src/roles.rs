//! On whose behalf can a method be called?

use std::fmt;

use crate::v1::CallerRole;

/// A set of roles of callers, as the option `callers` of a method names them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct CallerRoles(u8);

impl CallerRoles {
    /// Nobody's.
    pub const NONE: CallerRoles = CallerRoles(0);

    /// Makes the set of the given roles.
    #[must_use]
    pub const fn of(roles: &[CallerRole]) -> CallerRoles {
        let mut bits = 0;
        let mut rest = roles;
        while let [first, tail @ ..] = rest {
            bits |= bit(*first);
            rest = tail;
        }
        CallerRoles(bits)
    }

    /// On whose behalf the method of this path (`/polku.v1.ReferralService/SendReferral`) can be called. Nobody's, if it is
    /// none of the contract.
    #[must_use]
    pub fn of_method(path: &str) -> CallerRoles {
        crate::roles_generated::of_method(path)
    }

    /// Whether the role is one of them.
    #[must_use]
    pub const fn contains(self, role: CallerRole) -> bool {
        let bit = bit(role);
        bit != 0 && self.0 & bit == bit
    }

    /// The roles, in the order of the contract.
    pub fn iter(self) -> impl Iterator<Item = CallerRole> {
        (1..).map_while(|number| CallerRole::try_from(number).ok()).filter(move |role| self.contains(*role))
    }
}

/// Who they are, in words.
impl fmt::Display for CallerRoles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for role in self.iter() {
            formatter.write_str(if first { "" } else { ", or " })?;
            formatter.write_str(match role {
                CallerRole::Unspecified => "nobody",
                CallerRole::Professional => "a professional",
                CallerRole::Subject => "the young person",
                CallerRole::Guardian => "a guardian",
                CallerRole::Representative => "another representative",
                CallerRole::Operator => "an operator",
            })?;
            first = false;
        }
        if first { formatter.write_str("nobody") } else { Ok(()) }
    }
}

impl fmt::Debug for CallerRoles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

/// `CALLER_ROLE_UNSPECIFIED` is no role: it has no bit.
const fn bit(role: CallerRole) -> u8 {
    match role {
        CallerRole::Unspecified => 0,
        CallerRole::Professional => 1,
        CallerRole::Subject => 1 << 1,
        CallerRole::Guardian => 1 << 2,
        CallerRole::Representative => 1 << 3,
        CallerRole::Operator => 1 << 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_method_is_nobodys() {
        for path in
            ["", "/", "/polku.v1.ReferralService/", "/polku.v1.ReferralService/Nothing", "SendReferral"]
        {
            assert_eq!(CallerRoles::of_method(path), CallerRoles::NONE, "{path}");
        }
        assert_eq!(CallerRoles::NONE.to_string(), "nobody");
        let two = CallerRoles::of(&[CallerRole::Subject, CallerRole::Professional]);
        assert_eq!(two.to_string(), "a professional, or the young person");
        assert!(!CallerRoles::of(&[CallerRole::Unspecified]).contains(CallerRole::Unspecified));
    }
}
