//! Who calls whom on X-Road, and for whom?

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What no identifier of X-Road's has ever had. New ones have been bound to the letters and digits of ASCII and
/// `'()+,-.=?` since 2023; older ones, such as `polku_1`, live on.
const NEVER: [char; 5] = ['/', '\\', ';', ':', '%'];

/// A member or subsystem that calls: instance, member class, member code and, for a subsystem, its code.
///
/// ```
/// use polku_adapters::transport::xroad::id::ClientId;
///
/// let client: ClientId = "FI-TEST/GOV/0245437-2/polku".parse()?;
/// assert_eq!(client.subsystem_code(), Some("polku"));
/// # Ok::<(), polku_adapters::transport::xroad::id::IdentifierError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientId {
    pub(super) instance: String,
    pub(super) member_class: String,
    pub(super) member_code: String,
    pub(super) subsystem_code: Option<String>,
}

/// A service of a member or subsystem.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceId {
    pub(super) provider: ClientId,
    pub(super) service_code: String,
    pub(super) service_version: Option<String>,
}

/// A security server of a member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecurityServerId {
    pub(super) owner: ClientId,
    pub(super) server_code: String,
}

/// The party for whom a client acts.
#[derive(Clone, PartialEq, Eq)]
pub struct RepresentedParty {
    /// The class of the party, such as `COM`.
    pub class: Option<String>,
    /// The code of the party, empty if the message gives none.
    pub code: String,
}

/// An identifier cannot be used on X-Road.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// The number of parts is wrong.
    #[error("expected {expected}, separated by `/`")]
    Parts {
        /// The parts that belong there.
        expected: &'static str,
    },
    /// A part is empty or blank.
    #[error("identifier part `{part}` is empty")]
    Empty {
        /// The part.
        part: &'static str,
    },
    /// A part has a character that X-Road does not allow.
    #[error("identifier part `{part}` must have no control characters and none of / \\ ; : %")]
    Character {
        /// The part.
        part: &'static str,
    },
}

impl ClientId {
    /// Makes the identifier of a member, or of a subsystem if its code is given.
    ///
    /// # Errors
    /// A part is blank or has a character that X-Road does not allow.
    pub fn new(
        instance: &str,
        member_class: &str,
        member_code: &str,
        subsystem_code: Option<&str>,
    ) -> Result<Self, IdentifierError> {
        let subsystem_code = subsystem_code.map(|code| part("subsystemCode", code)).transpose()?;
        Ok(Self {
            instance: part("xRoadInstance", instance)?,
            member_class: part("memberClass", member_class)?,
            member_code: part("memberCode", member_code)?,
            subsystem_code,
        })
    }

    /// Returns the X-Road instance, such as `FI-TEST`.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Returns the member class, such as `GOV`.
    #[must_use]
    pub fn member_class(&self) -> &str {
        &self.member_class
    }

    /// Returns the member code, in Finland the business id.
    #[must_use]
    pub fn member_code(&self) -> &str {
        &self.member_code
    }

    /// Returns the subsystem's code, or nothing for the member itself.
    #[must_use]
    pub fn subsystem_code(&self) -> Option<&str> {
        self.subsystem_code.as_deref()
    }
}

impl ServiceId {
    /// Makes the identifier of a service.
    ///
    /// # Errors
    /// A part is blank or has a character that X-Road does not allow.
    pub fn new(
        provider: ClientId,
        service_code: &str,
        service_version: Option<&str>,
    ) -> Result<Self, IdentifierError> {
        let service_version = service_version.map(|version| part("serviceVersion", version)).transpose()?;
        Ok(Self { provider, service_code: part("serviceCode", service_code)?, service_version })
    }

    /// Returns the member or subsystem that provides the service.
    #[must_use]
    pub fn provider(&self) -> &ClientId {
        &self.provider
    }

    /// Returns the service's code.
    #[must_use]
    pub fn service_code(&self) -> &str {
        &self.service_code
    }

    /// Returns the service's version, if it has one.
    #[must_use]
    pub fn service_version(&self) -> Option<&str> {
        self.service_version.as_deref()
    }
}

impl SecurityServerId {
    /// Makes the identifier of a security server of a member.
    ///
    /// # Errors
    /// A part is blank or has a character that X-Road does not allow.
    pub fn new(
        instance: &str,
        member_class: &str,
        member_code: &str,
        server_code: &str,
    ) -> Result<Self, IdentifierError> {
        let owner = ClientId::new(instance, member_class, member_code, None)?;
        Ok(Self { owner, server_code: part("serverCode", server_code)? })
    }

    /// Returns the member that owns the server.
    #[must_use]
    pub fn owner(&self) -> &ClientId {
        &self.owner
    }

    /// Returns the server's code.
    #[must_use]
    pub fn server_code(&self) -> &str {
        &self.server_code
    }
}

impl fmt::Debug for RepresentedParty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RepresentedParty(redacted)")
    }
}

/// Parses `INSTANCE/CLASS/CODE` or `INSTANCE/CLASS/CODE/SUBSYSTEM`.
impl FromStr for ClientId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [instance, class, code] => Self::new(instance, class, code, None),
            [instance, class, code, subsystem] => Self::new(instance, class, code, Some(subsystem)),
            _ => Err(IdentifierError::Parts { expected: "instance, class, code and optionally subsystem" }),
        }
    }
}

/// Parses `INSTANCE/CLASS/CODE/SUBSYSTEM/SERVICE` or the same with `/VERSION`.
impl FromStr for ServiceId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let (provider, service, version) = match text.split('/').collect::<Vec<_>>().as_slice() {
            [instance, class, code, subsystem, service] => {
                (ClientId::new(instance, class, code, Some(subsystem))?, *service, None)
            }
            [instance, class, code, subsystem, service, version] => {
                (ClientId::new(instance, class, code, Some(subsystem))?, *service, Some(*version))
            }
            _ => {
                let expected = "instance, class, code, subsystem, service and optionally version";
                return Err(IdentifierError::Parts { expected });
            }
        };
        Self::new(provider, service, version)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.instance, self.member_class, self.member_code)?;
        self.subsystem_code.iter().try_for_each(|code| write!(formatter, "/{code}"))
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.provider, self.service_code)?;
        self.service_version.iter().try_for_each(|version| write!(formatter, "/{version}"))
    }
}

impl fmt::Display for SecurityServerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.server_code)
    }
}

pub(super) fn part(part: &'static str, value: &str) -> Result<String, IdentifierError> {
    if value.trim().is_empty() {
        return Err(IdentifierError::Empty { part });
    }
    if value.chars().any(|character| character.is_control() || NEVER.contains(&character)) {
        return Err(IdentifierError::Character { part });
    }
    Ok(value.to_owned())
}
