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
//! Every category is decided on its own. The envelope (identifiers, routing, states, dates) is what both parties hold
//! anyway: it is permitted to the young person, and to a party where the directory knows both agencies, and no rule is
//! asked. A payload never leaves without its envelope: if that is withheld, all of it is. Every other category goes
//! through four layers:
//!
//! 1. The consent index finds what the young person has said ([`ConsentIndex`]): which grants cover the category now,
//!    who gave them, and whether a prohibition stands against it.
//! 2. The rules, in Cedar, decide on that and on law (`policy/rules`). They see the young person's word as a few yes or
//!    no, the two agencies as the directory has them, and the person's age and legal statuses; never who it is.
//! 3. A memory holds what the rules have answered to the same facts. A request to Cedar is made of those facts alone, so
//!    nothing can make a difference that is not part of the key.
//! 4. Obligations and explanation: what has to be done with a permission, on what it rests, until when it holds.
//!
//! # In which order grounds and restrictions count
//!
//! | stands above | what | action in the rules |
//! | --- | --- | --- |
//! | everything | a law that is stronger than a prohibition, such as a child-welfare notice | `disclose_by_law_despite_prohibition` |
//! | the rest | a prohibition of the young person (kielto) | `forbid` for the other two |
//! | what it ends | a withdrawal: what is withdrawn is not in the index | |
//! | nothing | the young person's word: any grant that matches is enough | `disclose` |
//! | nothing | any other law, each by itself | `disclose_by_law` |
//!
//! The rules are asked in this order: on a law above a prohibition, on the young person's word, on any other law; the first
//! that permits is the ground. So a notice that the law demands has its obligations, also where a consent covers it. For one
//! action a rule that forbids beats every rule that permits. Which of the two actions of law a ground names is data of
//! the ground: it yields to a prohibition unless it says otherwise. Some restrictions stand for all three: an unknown
//! agency, a role without access, another unit, a reader without the young person as a customer, statistics, and a
//! protected address (turvakielto). That one never goes by consent; by law it goes where a ground in law covers the address
//! and the directory says that the recipient may be told protected addresses. A notice to outreach youth work, which tells
//! the home municipality by who gets it, goes to no other recipient then. A guardian does not see it either, nor does another
//! representative of a minor.
//!
//! Among grants, any that matches is enough: a newer consent that is narrower does not take an older one away. A grant
//! matches when its purpose, category, discloser, recipient and period all match. One that names a unit is for that
//! unit, one that names an agency for all of its units. The category `REFERRAL_STATUS` is read in both directions of
//! the channel, for consents and prohibitions alike. The special categories ([`SPECIAL`]) need a grant that names them
//! explicitly. A permit to disclose (luovutuslupa) is for the care domain of the discloser. A guardian's word counts
//! until the eighteenth birthday, and not for social and health data of a minor who is able to decide; what another
//! representative gave for a minor has the same limits, as soon as it is known how old the young person was then. A
//! minor's own word counts as long as an assessment says that the minor is able to decide (domain.md, P7): not before
//! there is one, and no more once it has ended. Whoever is of unknown age gives alone unless assessed as not able to
//! decide; in everything else such a one may be a minor where that closes.
//!
//! A prohibition of a service task or of documents reaches data whose origin says so, and all data of the discloser as
//! long as nobody says where they stem from: they may stem from there. An origin that names neither a task nor a
//! document says nothing. One that names either has been looked up, and says of the other that there is none: so a task
//! without documents is not told from the prohibited document, and documents without a task are of no prohibited task.
//!
//! # Since when a law is a ground
//!
//! Every ground in law is versioned data: a rule in `policy/rules` with the section and the dates between which it holds,
//! from midnight in Finland. What these are in the rules that ship with the crate:
//!
//! | rule | law | since |
//! | --- | --- | --- |
//! | `outreach-notice` | 1285/2016 § 11 | 2021-08-01 |
//! | `social-care-contact` | 1301/2014 § 35 | 2015-04-01 |
//! | `child-welfare-notice` | 417/2007 § 25 | 2008-01-01 |
//! | `multi-sector-support` | 381/2023, 339/2022 § 9 | 2025-01-01 |
//! | `assistance-need` | 1412/1997 | 1998-03-01 |
//! | `assistance-lowered` | 1412/1997 | 1998-03-01 |
//! | `assistance-long` | 1412/1997 | 1998-03-01 |
//! | `disclosure-permit` | 703/2023 | 2024-01-01 |
//! | `disclosure-permit-of-guardian` | 703/2023, 812/2000 § 9 | 2024-01-01 |
//! | `disclosure-permit-of-representative` | 703/2023, 442/1999 § 29 | 2024-01-01 |
//!
//! A permit to disclose opens nothing before law 703/2023 came into force, whenever it is recorded. A consent for the case
//! rests on the young person's word, and has no such date.
//!
//! # What is not decided here
//!
//! - Whether the reader has the young person as a customer (P16) comes with the question. The gateway asks only for
//!   those who are party to a referral or a plan, or have taken the young person's matter up: to others there is nothing to
//!   ask about. [`Relation::None`] is for whoever asks otherwise.
//! - That figures are of many (P18) and walk-ins without a name (P19) are done where figures and journeys are. Here
//!   statistics open nobody's data, and an obligation asks for the second look at a notice (P21).
//! - The ages that services have without a rule here (Ohjaamo, Nuotti) are those of their customers: no ground in law rests
//!   on them.
//!
//! # Three values
//!
//! [`Outcome`] tells "denied" from "no consent". The difference stays inside, for the audit log: shown to an agency it
//! would reveal a prohibition. For the same reason neither [`Decision::reasons`] nor the text of a reason leaves the
//! gateway except to those entitled to an explanation, and [`Decision::valid_until`] takes no notice of consents that a
//! prohibition makes idle, nor of birthdays.
//!
//! # Time
//!
//! Instants are arguments. Periods are half-open: the first instant belongs to them, the last does not; both are read to
//! the microsecond. Ages are counted by the date in Finland. `valid_until` is the nearest edge of a matching consent, of
//! one that is not in force yet, or of a rule with a date. Where a law that speaks of ages, or the word of a guardian or of
//! another representative, is the ground, and where a guardian reads, it is the next midnight in Finland at the latest:
//! ages change at no other time, and midnight tells nobody's birthday. Until then the same question has the same answer,
//! unless a consent, a prohibition, a legal status, the rules or the directory change; a refusal may end earlier, when a
//! birthday brings a person under a law.
//!
//! # FHIR Consent
//!
//! Imported FHIR resources (`polku-adapters`) are read in one of two ways, which the importer states: R4 literally (the
//! base stands at the root, every nested provision says permit or deny) or as R5 does (every level negates the one above
//! it). A root that has both a type and a policy rule contradicts itself and is refused, not guessed.
//!
//! # Errors
//!
//! Rules are refused when they do not parse, contradict the schema, speak of ages that are not there, lack what explains
//! them, permit by an action of the law on another ground than a law, or fail on an ordinary question, at both sides of
//! every limit of age too. What none of these is like can still fail. A rule that fails while it is evaluated is skipped
//! by Cedar, also when it forbids; so a single error denies everything, the envelope included, with
//! [`Reason::RulesFailed`]. That is never remembered.
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
pub use directory::{
    Agency, Agreement, Directory, DirectoryError, Municipality, NotAMunicipality, Sector, Standing, Task,
};
pub use engine::{Change, Engine, EngineError, Recorded, Replayed, SPECIAL, Shift, difference, replay};
pub use explain::{CategoryExplanation, Explanation, Language, Missing, UnknownLanguage};
pub use index::{
    Capacity, ConsentIndex, EmptyPeriod, GivenBy, Grant, GrantBatch, GrantKind, LegalStatus, Period,
    Prohibition, Snapshot,
};
pub use permit::{Authorised, Mismatch};
pub use question::{
    ActorRole, Channel, Origin, PurposeSet, Question, Reader, Relation, UnknownPurpose, Viewer, purpose_name,
};
pub use rules::{MINOR, OF_AGE, Rule, RuleSource, Rules, RulesError};
