//! How is an agency's word carried into the gateway without its text?

use polku_proto::AgencyId;
use polku_proto::identity::has_hetu;

use crate::transport::http::{TransportError, TransportErrorKind};
use crate::{AdapterError, AdapterErrorKind, Receipt, UnusableAnswer};

/// Longest code and receipt number that is passed on, in characters.
const MAX_CHARACTERS: usize = 128;
/// Codes have short numbers in them; a personal identity code begins with this many digits.
const DIGITS_OF_A_BIRTHDAY: usize = 6;
/// Stands for a code of which nothing may be passed on.
const NO_CODE: &str = "unspecified";

/// Why a call came to nothing, before the agency's name is put to it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: AdapterErrorKind,
    pub(super) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    /// A failure with its cause.
    pub(super) fn new(
        kind: AdapterErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { kind, source: Some(source.into()) }
    }

    /// An answer of which no sense can be made. It leaves open whether the message was taken in.
    pub(super) fn unusable() -> Self {
        Self::new(AdapterErrorKind::Unanswered, UnusableAnswer)
    }

    /// A refusal for good with the agency's own code.
    pub(super) fn rejected(agency_code: &str) -> Self {
        AdapterErrorKind::Rejected { code: code(agency_code) }.into()
    }

    /// Puts the agency's name to it.
    pub(super) fn of(self, agency: &AgencyId) -> AdapterError {
        let Self { kind, source } = self;
        AdapterError { agency: agency.clone(), kind, source }
    }
}

impl From<AdapterErrorKind> for Failure {
    fn from(kind: AdapterErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        let kind = match error.kind {
            TransportErrorKind::Unavailable => AdapterErrorKind::Unavailable { after: None },
            TransportErrorKind::Timeout => AdapterErrorKind::Timeout,
            TransportErrorKind::Unanswered => AdapterErrorKind::Unanswered,
        };
        Self::new(kind, error)
    }
}

/// Passes on an agency's code if it looks like one, whole or not at all: it is somebody else's text, which ends up in
/// logs, and what is cut out of a sentence about a person is still about that person.
pub(super) fn code(text: &str) -> String {
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let text = text.trim();
    let has_form = (1..=MAX_CHARACTERS).contains(&text.len()) && text.chars().all(|letter| allowed(&letter));
    let mut runs = text.split(|letter: char| !letter.is_ascii_digit());
    let has_birthday = runs.any(|run| run.len() >= DIGITS_OF_A_BIRTHDAY);
    let code = if has_form && !has_birthday { text } else { NO_CODE };
    code.to_owned()
}

/// Reads an agency's receipt number. One that may be more than a number is left out: it is kept unsealed, and the agency
/// has the message all the same.
pub(super) fn receipt(text: &str) -> Option<Receipt> {
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | ':' | '/' | '-');
    let has_form = text.len() <= MAX_CHARACTERS && text.chars().all(allowed) && !has_hetu(text);
    let reference = if has_form { text.to_owned() } else { String::new() };
    (!text.is_empty()).then_some(Receipt::new(reference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_number_is_passed_on_whole_or_not_at_all() {
        let read = |text: &str| receipt(text).map(|receipt| receipt.reference);
        let uuid = "aa010594-9032-7000-8000-010594a90320";
        for number in ["W-1", "TE/2026:00001234.5_a", "20261121123456", &"T".repeat(128), uuid] {
            assert_eq!(read(number).as_deref(), Some(number));
        }
        let unfit = [
            "010594Y9032",
            "W/010594Y9032",
            "TE-010594Y9032-1",
            "010594y9032",
            "Aino Esimerkki",
            "Äijälä-1",
            "aino@example.fi",
            "a\nb",
            &"T".repeat(129),
        ];
        for text in unfit {
            assert_eq!(read(text).as_deref(), Some(""), "{text}");
        }
        assert_eq!(read(""), None);
    }
}
