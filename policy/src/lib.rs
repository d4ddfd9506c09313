//! The decision: may this reader see these data of this young person, now, and on what ground?
//!
//! Data in, data out. The crate reads no clock, no file and no socket; instants are arguments. The consents come as a
//! [`ConsentIndex`], the agencies and their agreements as a [`Directory`], the legal grounds as [`Rules`] (Cedar text
//! with a schema). An [`Engine`] puts them together and answers a [`Question`] with a [`Decision`].
//!
//! # Viewers
//!
//! A question is about one matter, whose [`Channel`] says who discloses to whom, and about one pair of eyes:
//!
//! | [`Viewer`] | who | own data | everything else |
//! | --- | --- | --- | --- |
//! | `Addressee` | the receiving agency | the referral's status: its own word | is disclosed to it by the author |
//! | `Author` | the disclosing agency | all but the status: its own word | the status is disclosed to it by the addressee |
//! | `Subject` | the young person | all of it | nothing |
//!
//! Own data is no disclosure: it needs no consent, and no prohibition stands against it. Only a reader that the
//! directory does not know, or a role without access, is kept from it.
//!
//! # How an answer comes about
//!
//! Every category is decided on its own, in this order:
//!
//! 1. The envelope (identifiers, routing, states, dates) is what both parties hold anyway. It is always permitted to
//!    the young person, and to a party where the directory knows both agencies. No rule is asked. A payload never
//!    leaves without its envelope: if that is withheld, all of it is.
//! 2. A rule that forbids beats every rule that permits. A prohibition of the young person is such a rule; so are a
//!    missing agreement, an unknown agency, a special category that no consent names, and a role without access.
//! 3. Among the rules that permit, each stands by itself, and so does each consent: any one that matches is enough.
//!    A newer consent that is narrower does not take an older one away.
//! 4. What nothing permits is withheld.
//!
//! A consent matches when its purpose, category, discloser, recipient and period all match. The category
//! `REFERRAL_STATUS` is read in both directions of the channel, for consents and prohibitions alike. The special
//! categories ([`SPECIAL`]) need a consent that names them explicitly; only such a consent is a ground for them.
//!
//! # Three values
//!
//! [`Outcome`] tells "denied" from "no consent". The difference stays inside, for the audit log: shown to an agency it
//! would reveal a prohibition. For the same reason neither [`Decision::reasons`] nor the text of a reason leaves the
//! gateway, and [`Decision::valid_until`] takes no notice of consents that a prohibition makes idle.
//!
//! # Time
//!
//! Periods are half-open: the first instant belongs to them, the last does not. `valid_until` is the nearest edge of a
//! matching consent, of one that is not in force yet, or of a rule with a date. Until then the same question has the
//! same answer, unless a consent, a prohibition, the rules or the directory change.
//!
//! # Errors
//!
//! Rules are refused when they do not parse, contradict the schema, or lack what explains them. A rule that fails
//! while it is evaluated is skipped by Cedar, also when it forbids; so a single error denies everything, the envelope
//! included, with [`Reason::RulesFailed`].
//!
//! # Permits
//!
//! [`Engine::authorise`] and [`Engine::envelope`] are the only makers of [`Authorised`]. It holds the payload, already
//! cut down, and is spent once, by the reader that it was made for, before the decision is out of date.

mod cases;
mod ceilings;
mod decision;
mod directory;
mod engine;
mod explain;
mod index;
mod permit;
mod question;
mod rules;
mod spelling;

pub use cases::{CaseError, CaseFile, CaseResult, Difference};
pub use ceilings::{CEILINGS, CeilingText};
pub use decision::{Basis, BasisKind, Decision, Denied, Obligation, Outcome, Reason};
pub use directory::{Agency, Agreement, Directory, DirectoryError, Sector, Standing, Task};
pub use engine::{Change, Engine, EngineError, Recorded, Replayed, SPECIAL, Shift, difference, replay};
pub use explain::{CategoryExplanation, Explanation, Language, Missing, UnknownLanguage};
pub use index::{
    Capacity, ConsentIndex, EmptyPeriod, GivenBy, Grant, GrantKind, LegalStatus, Period, Prohibition,
    Snapshot,
};
pub use permit::{Authorised, Mismatch};
pub use question::{
    ActorRole, Channel, Origin, PurposeSet, Question, Reader, Relation, UnknownPurpose, Viewer, purpose_name,
};
pub use rules::{RuleSource, Rules, RulesError};
