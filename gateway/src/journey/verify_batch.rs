//! Would each of these disclosures be permitted, at one and the same state of all consents?
//!
//! All questions of a batch have one leaf in the audit log. It names no person, purpose or verdict; its commitment is
//! the Merkle tree hash (RFC 6962, section 2.1) over the items, in their order. The bytes of an item, version 1, with
//! numbers big-endian:
//!
//! | offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 1 | version: 1 |
//! | 1 | 1 | the verdict as in a leaf: 1 permitted, 2 not permitted; 0 for a question without an answer |
//! | 2 | 2 | number of the item, from 0 |
//! | 4 | 2 | purpose: number of the contract's `Purpose` |
//! | 6 | 2 | stated ground: number of the contract's `LegalGround`, 0 for none |
//! | 8 | 4 | permitted categories: bit n for number n of the contract's `DataCategory` |
//! | 12 | 4 | withheld categories, likewise |
//! | 16 | 8 | consent revision |
//! | 24 | 32 | pseudonym of the young person, as in a leaf |
//! | 56 | 32 | SHA-256 of the policy |
//! | 88 | 32 | keyed hash of the discloser, as the question names it |
//! | 120 | 32 | keyed hash of the recipient |
//! | 152 | | reason code of a question without an answer, in ASCII |
//!
//! A question without an answer has zeros instead of everything that it asked. The items are kept in the store, by leaf
//! and by pseudonym: so it is found who has asked about a person, and can be shown that these questions were meant.
//!
//! The id of the decision on item n is a UUID of the first half of SHA-256 over the hash of the leaf and n in two
//! bytes: whoever has the receipt can tell it.

use polku_policy::Decision;
use polku_proto::v1::{
    BatchVerifyConsentsResponse, VerifyConsentError, VerifyConsentRequest, VerifyConsentResult,
    verify_consent_result,
};
use polku_proto::{Valid, Violations};

use super::verify::{Asked, by_party};
use crate::answer::wire_item_decision;
use crate::audit::{Tree, leaf_hash};
use crate::caller::Caller;
use crate::error::{Error, check_decided};
use crate::gateway::Gateway;
use crate::seal::Keys;
use crate::services::status;
use crate::store::{BatchItem, Change};
use crate::trail::{receipt, verdict};

/// Version of the bytes of an item.
const ITEM_VERSION: u8 = 1;

/// Where the reason code stands in an item.
const REASON_OFFSET: usize = 152;

/// A question of a batch: well formed or not, by itself.
pub(crate) type Question = Result<Valid<VerifyConsentRequest>, Violations>;

/// What became of one question.
type Item = Result<(Asked, Decision), Error>;

impl Gateway {
    /// Decides many questions. Each is answered, or refused, as if it had been asked alone.
    pub(crate) async fn batch_verify_consents(
        &self,
        caller: &Caller,
        requests: Vec<Question>,
    ) -> Result<BatchVerifyConsentsResponse, Error> {
        let now = self.now();
        self.learn().await?;
        // Who represents whom is looked up in the index as well, so all of it comes before the index is held.
        let mut asked: Vec<Result<Asked, Error>> = Vec::with_capacity(requests.len());
        for request in requests {
            asked.push(match request {
                Ok(request) => self.asked(caller, request, by_party, now).await,
                Err(violations) => Err(violations.into()),
            });
        }
        self.learn().await?;
        let engine = self.engine();
        let items: Vec<Item> = {
            let index = self.index();
            let decide = |asked: Asked| {
                let decision = asked.decide(&engine, &index)?;
                check_decided(&decision)?;
                Ok((asked, decision))
            };
            asked.into_iter().map(|asked| asked.and_then(decide)).collect()
        };
        if let Some(Err(failed)) = items.iter().find(|item| matches!(item, Err(Error::RulesFailed))) {
            status::log(failed);
        }
        let mut kept = Vec::with_capacity(items.len());
        let mut tree = Tree::new();
        for (number, item) in (0_u16..).zip(&items) {
            let subject =
                item.as_ref().map_or([0; 32], |(asked, _)| self.subject_pseudonym(asked.question.youth));
            let bytes = item_bytes(&self.keys, number, item, &subject)?;
            tree.push(leaf_hash(&bytes));
            kept.push(BatchItem { subject, bytes });
        }
        let noted = self.note_batch(caller, tree.root(), engine.policy_digest(), now).await?;
        let mut change = Change::announced_by(noted.sequence);
        change.items = kept;
        self.commit(change).await?;
        let mut results = Vec::with_capacity(items.len());
        for (number, item) in (0_u16..).zip(items) {
            let result = match item {
                Ok((asked, decision)) => {
                    let decision = wire_item_decision(&decision, asked.question.youth, &noted, number)?;
                    verify_consent_result::Result::Decision(decision)
                }
                Err(error) => verify_consent_result::Result::Error(told(&error)),
            };
            results.push(VerifyConsentResult { result: Some(result) });
        }
        Ok(BatchVerifyConsentsResponse { results, receipt: Some(receipt(&noted)) })
    }
}

fn item_bytes(keys: &Keys, number: u16, item: &Item, subject: &[u8; 32]) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![ITEM_VERSION];
    match item {
        Ok((asked, decision)) => {
            let question = &asked.question;
            bytes.push(verdict(decision) as u8);
            bytes.extend(number.to_be_bytes());
            bytes.extend(wire_number(question.purpose as i32)?);
            bytes.extend(wire_number(question.ground as i32)?);
            bytes.extend(decision.permitted().bits().to_be_bytes());
            bytes.extend(decision.withheld().bits().to_be_bytes());
            bytes.extend(decision.revision().to_be_bytes());
            bytes.extend(subject);
            bytes.extend(decision.policy_digest());
            for party in [&question.channel.from, &question.channel.to] {
                bytes.extend(keys.pseudonym(b"party", party.to_string().as_bytes()));
            }
        }
        Err(error) => {
            bytes.push(0);
            bytes.extend(number.to_be_bytes());
            bytes.resize(REASON_OFFSET, 0);
            bytes.extend(error.reason().as_bytes());
        }
    }
    Ok(bytes)
}

/// What an item with an answer says.
pub(super) struct ReadItem {
    pub(super) verdict: u8,
    pub(super) purpose: u16,
    pub(super) ground: u16,
    pub(super) permitted: u32,
    pub(super) withheld: u32,
    pub(super) discloser: [u8; 32],
    pub(super) recipient: [u8; 32],
}

impl ReadItem {
    /// Reads the bytes of an item; nothing, if it has no answer.
    pub(super) fn of(bytes: &[u8]) -> Option<ReadItem> {
        let (&[version, verdict], rest) = bytes.split_first_chunk()?;
        if version != ITEM_VERSION || verdict == 0 {
            return None;
        }
        let (_number, rest) = rest.split_first_chunk::<2>()?;
        let (purpose, rest) = rest.split_first_chunk()?;
        let (ground, rest) = rest.split_first_chunk()?;
        let (permitted, rest) = rest.split_first_chunk()?;
        let (withheld, rest) = rest.split_first_chunk()?;
        // Consent revision, pseudonym, policy.
        let (_, rest) = rest.split_first_chunk::<72>()?;
        let (discloser, rest) = rest.split_first_chunk()?;
        Some(ReadItem {
            verdict,
            purpose: u16::from_be_bytes(*purpose),
            ground: u16::from_be_bytes(*ground),
            permitted: u32::from_be_bytes(*permitted),
            withheld: u32::from_be_bytes(*withheld),
            discloser: *discloser,
            recipient: *rest.first_chunk()?,
        })
    }
}

fn wire_number(number: i32) -> Result<[u8; 2], Error> {
    let number =
        u16::try_from(number).map_err(|_| Error::Inconsistent("a number of the contract is too large"))?;
    Ok(number.to_be_bytes())
}

/// The error as a single question would have been told it.
fn told(error: &Error) -> VerifyConsentError {
    let first = if let Error::Invalid(violations) = error { violations.iter().next() } else { None };
    let (field, expected) = match (first, error) {
        (Some(violation), _) => (violation.field.clone(), violation.expected.clone()),
        (None, Error::Field { field, expected, .. }) => ((*field).to_owned(), (*expected).to_owned()),
        (None, error) => (String::new(), error.hint()),
    };
    VerifyConsentError { reason: error.reason().to_owned(), field, expected }
}
