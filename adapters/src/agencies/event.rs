//! Does what an agency tells about a referral fit the contract?
//!
//! The limits are those of the contract's own requests, so that nothing is taken in here that the contract refuses, and
//! every text that it takes but one: where a note explains a step, white space alone explains nothing.

use polku_proto::identity::has_hetu;
use polku_proto::is_plain;
use polku_proto::v1::{Outcome, RejectionReason};

use crate::InboundChange;

/// Longest free text, in characters.
const MAX_NOTE: usize = 2000;
/// Longest id of an official or unit, in characters.
const MAX_ID: usize = 64;
/// No enum of the contract that agencies have codes for goes beyond this number.
const MAX_NUMBER: i32 = 99;

/// What an agency wants to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Accept,
    Reject,
    RequestInformation,
    Start,
    Hold,
    Complete,
    Fail,
    Cancel,
    ConfirmCancellation,
}

/// What beside the action was told.
#[derive(Default)]
pub(super) struct Details {
    pub(super) reason: Option<RejectionReason>,
    pub(super) outcome: Option<Outcome>,
    pub(super) note: Option<String>,
}

/// Which part does not fit. Each agency words it with its own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    Official,
    Unit,
    ReasonMissing,
    ReasonUnexpected,
    OutcomeMissing,
    OutcomeUnexpected,
    NoteMissing,
    Note,
}

/// Reads the id of an official: `Professional.id`. One with a personal identity code in it is refused.
pub(super) fn official(text: &str) -> Result<String, Misfit> {
    if is_id(text, "._:@-") {
        return Ok(text.to_owned());
    }
    Err(Misfit::Official)
}

/// Reads the id of a unit: `Professional.unit`. A personal identity code is refused.
pub(super) fn unit(text: &str) -> Result<String, Misfit> {
    if is_id(text, "._:-") { Ok(text.to_owned()) } else { Err(Misfit::Unit) }
}

/// Reads a code: the value of the contract for which the agency writes it.
pub(super) fn read_code<T>(code: &str, written: fn(T) -> Option<&'static str>) -> Option<T>
where
    T: Copy + TryFrom<i32>,
{
    let mut values = (0..=MAX_NUMBER).filter_map(|number| T::try_from(number).ok());
    values.find(|value| written(*value) == Some(code))
}

/// Puts an action and its details together.
pub(super) fn change(action: Action, details: Details) -> Result<InboundChange, Misfit> {
    let Details { reason, outcome, note } = details;
    match (action == Action::Reject, reason) {
        (true, None) => return Err(Misfit::ReasonMissing),
        (false, Some(_)) => return Err(Misfit::ReasonUnexpected),
        (true, Some(_)) | (false, None) => {}
    }
    match (matches!(action, Action::Complete | Action::Fail), outcome) {
        (true, None) => return Err(Misfit::OutcomeMissing),
        (false, Some(_)) => return Err(Misfit::OutcomeUnexpected),
        (true, Some(_)) | (false, None) => {}
    }
    let note = note.unwrap_or_default();
    if note.chars().count() > MAX_NOTE || !note.chars().all(is_plain) {
        return Err(Misfit::Note);
    }
    let explains = matches!(action, Action::RequestInformation | Action::Hold | Action::Fail);
    if explains && note.trim().is_empty() {
        return Err(Misfit::NoteMissing);
    }
    Ok(match action {
        Action::Accept => InboundChange::Accept { note },
        Action::Reject => InboundChange::Reject { reason: reason.ok_or(Misfit::ReasonMissing)?, note },
        Action::RequestInformation => InboundChange::RequestInformation { question: note },
        Action::Start => InboundChange::Start { note },
        Action::Hold => InboundChange::Hold { note },
        Action::Complete => InboundChange::Complete { outcome: outcome.ok_or(Misfit::OutcomeMissing)?, note },
        Action::Fail => InboundChange::Fail { outcome: outcome.ok_or(Misfit::OutcomeMissing)?, note },
        Action::Cancel => InboundChange::Cancel { note },
        Action::ConfirmCancellation => InboundChange::ConfirmCancellation { note },
    })
}

fn is_id(text: &str, punctuation: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || punctuation.contains(letter);
    (1..=MAX_ID).contains(&text.len()) && text.chars().all(allowed) && !has_hetu(text)
}
