//! Why was a SOAP message refused, and with which code of X-Road's?
//!
//! An error names the field and what was expected, never a value of the message.

use std::fmt;

use thiserror::Error;

use crate::transport::xml::XmlError;

/// The codes of X-Road 7.8 that a message can earn by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// The message is no SOAP 1.1 envelope, or not well-formed XML.
    InvalidSoap,
    /// An identifier's `objectType` is missing or wrong.
    InvalidXml,
    /// There is no SOAP header.
    MissingHeader,
    /// A mandatory header field is not there.
    MissingHeaderField,
    /// The identifier of the client has a character that none has.
    InvalidClientIdentifier,
    /// The identifier of the service has a character that none has.
    InvalidServiceIdentifier,
    /// The identifier of the security server has a character that none has.
    InvalidSecurityServer,
    /// A header field may not have its value.
    InvalidHeaderField,
    /// A header field or a part of an identifier stands twice.
    DuplicateHeaderField,
    /// The protocol version is not one of 4.
    InvalidProtocolVersion,
    /// There is no SOAP body.
    MissingBody,
    /// The body does not hold exactly one element.
    InvalidBody,
    /// Header and body name different services.
    InconsistentHeaders,
    /// The answer does not belong to the request.
    InconsistentResponse,
    /// A multipart request has no part.
    MissingSoap,
    /// A multipart answer has no part.
    InvalidMessage,
    /// The HTTP content type, or that of a part, is missing or not one of SOAP.
    InvalidContentType,
    /// The HTTP header `SOAPAction` is not quoted.
    InvalidSoapAction,
    /// The provider's system answers with an HTTP status that X-Road does not pass on.
    HttpError,
    /// An identifier has a blank part: X-Road fails on it inside.
    InternalError,
}

impl FaultCode {
    /// Returns the code as X-Road 7.8 writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidSoap => "invalid_soap",
            Self::InvalidXml => "invalid_xml",
            Self::MissingHeader => "missing_header",
            Self::MissingHeaderField => "missing_header_field",
            Self::InvalidClientIdentifier => "invalid_client_identifier",
            Self::InvalidServiceIdentifier => "invalid_service_identifier",
            Self::InvalidSecurityServer => "invalid_security_server",
            Self::InvalidHeaderField => "invalid_header_field",
            Self::DuplicateHeaderField => "duplicate_header_field",
            Self::InvalidProtocolVersion => "invalid_protocol_version",
            Self::MissingBody => "missing_body",
            Self::InvalidBody => "invalid_body",
            Self::InconsistentHeaders => "inconsistent_headers",
            Self::InconsistentResponse => "inconsistent_response",
            Self::MissingSoap => "missing_soap",
            Self::InvalidMessage => "invalid_message",
            Self::InvalidContentType => "invalid_content_type",
            Self::InvalidSoapAction => "invalid_soap_action",
            Self::HttpError => "http_error",
            Self::InternalError => "internal_error",
        }
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What is wrong with a message, for the integrator who has to put it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SoapError {
    /// The bytes are not XML that can be read.
    #[error("the message cannot be read as XML")]
    Xml(#[from] XmlError),
    /// The root element is not a SOAP 1.1 envelope.
    #[error("the root element must be `Envelope` of namespace `http://schemas.xmlsoap.org/soap/envelope/`")]
    NotAnEnvelope,
    /// The envelope has no header.
    #[error("the envelope must have a `Header`")]
    MissingHeader,
    /// The envelope has two headers.
    #[error("the envelope must have one `Header`, found two")]
    RepeatedHeader,
    /// A mandatory header field is not there.
    #[error("header field `{field}` is missing")]
    MissingField {
        /// The field.
        field: &'static str,
    },
    /// A header field stands twice.
    #[error("header field `{field}` stands more than once")]
    RepeatedField {
        /// The field.
        field: &'static str,
    },
    /// A part of a header field stands twice.
    #[error("part `{part}` of header field `{field}` stands more than once")]
    RepeatedPart {
        /// The field.
        field: &'static str,
        /// The part of it.
        part: &'static str,
    },
    /// A mandatory part of an identifier is missing or blank.
    #[error("part `{part}` of header field `{field}` must not be missing or blank")]
    BlankPart {
        /// The field.
        field: &'static str,
        /// The part of it.
        part: &'static str,
    },
    /// A part of an identifier has a character that no identifier has.
    #[error("part `{part}` of header field `{field}` must have no control characters and none of / \\ ; : %")]
    PartCharacter {
        /// The field.
        field: &'static str,
        /// The part of it.
        part: &'static str,
    },
    /// A header field holds a personal identity code. Header fields are logged on the way.
    #[error("header field `{field}` must not hold a personal identity code")]
    Personal {
        /// The field.
        field: &'static str,
    },
    /// A header field or a part of one holds elements.
    #[error("header field `{field}` must hold text only")]
    NotText {
        /// The field or part.
        field: &'static str,
    },
    /// An identifier has no `objectType`, or another than its place asks for.
    #[error("header field `{field}` must have the attribute `objectType` with the value `{expected}`")]
    ObjectType {
        /// The field.
        field: &'static str,
        /// The values that may stand there.
        expected: &'static str,
    },
    /// The protocol version is not supported.
    #[error("header field `protocolVersion` must be 4.0")]
    ProtocolVersion,
    /// The envelope has no body.
    #[error("the envelope must have a `Body`")]
    MissingBody,
    /// The envelope has two bodies.
    #[error("the envelope must have one `Body`, found two")]
    RepeatedBody,
    /// The body does not hold exactly one element.
    #[error("the `Body` must hold exactly one element")]
    BodyChildren,
    /// The body's element is not named after the service.
    #[error("the name of the element in `Body` must begin with the `serviceCode` of the header")]
    ServiceCode,
    /// A header field of the answer differs from the request's.
    #[error("header field `{field}` of the answer must be the same as in the request")]
    NotEchoed {
        /// The field.
        field: &'static str,
    },
    /// The answer's element is not named as an answer.
    #[error("the element in `Body` of the answer must be named `serviceCode` with `Response` after it")]
    NotAnAnswer,
    /// The hash in the answer is not that of the request.
    #[error("header field `requestHash` of the answer must be the SHA-512 of the request")]
    RequestHash,
    /// A multipart request has no part between its boundaries.
    #[error("the multipart request must have a first part with SOAP")]
    NoSoapPart,
    /// A multipart answer has no part between its boundaries.
    #[error("the multipart answer must have a first part with SOAP")]
    NoSoapAnswer,
    /// An attachment does not say what it is.
    #[error("every attachment must have a content type")]
    UntypedAttachment,
    /// The HTTP content type is not accepted.
    #[error("the content type must be `text/xml`, `application/xop+xml` or `multipart/related`")]
    ContentType,
    /// The HTTP status of the answer is not one that X-Road passes on.
    #[error("the HTTP status of an answer must be 200, or 500 for a fault")]
    HttpStatus,
    /// The HTTP header `SOAPAction` is not accepted.
    #[error("`SOAPAction` must be absent, empty or a URI in double quotes")]
    SoapAction,
}

impl SoapError {
    /// Returns the code that a security server gives for the mistake, without the prefix that says who found it.
    #[must_use]
    pub fn code(&self) -> FaultCode {
        match self {
            Self::Xml(_) | Self::NotAnEnvelope | Self::NotText { .. } => FaultCode::InvalidSoap,
            Self::MissingHeader => FaultCode::MissingHeader,
            Self::MissingField { .. } => FaultCode::MissingHeaderField,
            Self::RepeatedHeader | Self::RepeatedField { .. } | Self::RepeatedPart { .. } => {
                FaultCode::DuplicateHeaderField
            }
            Self::Personal { .. } => FaultCode::InvalidHeaderField,
            Self::PartCharacter { field: "client", .. } => FaultCode::InvalidClientIdentifier,
            Self::PartCharacter { field: "securityServer", .. } => FaultCode::InvalidSecurityServer,
            Self::PartCharacter { .. } => FaultCode::InvalidServiceIdentifier,
            Self::BlankPart { .. } => FaultCode::InternalError,
            Self::ObjectType { .. } => FaultCode::InvalidXml,
            Self::ProtocolVersion => FaultCode::InvalidProtocolVersion,
            Self::MissingBody => FaultCode::MissingBody,
            Self::RepeatedBody | Self::BodyChildren => FaultCode::InvalidBody,
            Self::ServiceCode => FaultCode::InconsistentHeaders,
            Self::NotEchoed { .. } | Self::NotAnAnswer | Self::RequestHash => FaultCode::InconsistentResponse,
            Self::NoSoapPart => FaultCode::MissingSoap,
            Self::NoSoapAnswer => FaultCode::InvalidMessage,
            Self::ContentType | Self::UntypedAttachment => FaultCode::InvalidContentType,
            Self::HttpStatus => FaultCode::HttpError,
            Self::SoapAction => FaultCode::InvalidSoapAction,
        }
    }
}
