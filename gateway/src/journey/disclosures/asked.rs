//! Between whom was it asked whether a disclosure is permitted, and on which ground?
//!
//! Questions have no details: about a person whom nobody knows there are none, and both take the same time. Their leaves
//! hold keyed hashes of the agencies instead, which are found again among the agencies that are registered.

use std::collections::HashMap;

use polku_policy::Directory;
use polku_proto::AgencyId;
use polku_proto::v1::LegalGround;

use crate::seal::Keys;
use crate::trail::{discloser_mark, recipient_mark};

/// The registered agencies by what leaves say of them.
pub(super) struct Marks {
    disclosers: HashMap<[u8; 16], (AgencyId, LegalGround)>,
    recipients: HashMap<[u8; 16], AgencyId>,
    parties: HashMap<[u8; 32], AgencyId>,
}

/// What is known of a question.
#[derive(Default)]
pub(super) struct Between {
    pub(super) discloser: String,
    pub(super) recipient: String,
    pub(super) ground: LegalGround,
}

impl Marks {
    pub(super) fn of(keys: &Keys, directory: &Directory) -> Marks {
        let mut marks =
            Marks { disclosers: HashMap::new(), recipients: HashMap::new(), parties: HashMap::new() };
        for agency in directory.agencies().map(|agency| &agency.id) {
            for ground in (0..).map_while(|number| LegalGround::try_from(number).ok()) {
                let known = (agency.clone(), ground);
                marks.disclosers.insert(discloser_mark(keys, agency, ground), known);
            }
            marks.recipients.insert(recipient_mark(keys, agency), agency.clone());
            marks.parties.insert(keys.pseudonym(b"party", agency.as_str().as_bytes()), agency.clone());
        }
        marks
    }

    /// What the leaf of one question says.
    pub(super) fn between(&self, mark: &[u8; 32]) -> Between {
        let half = |bytes: &[u8]| bytes.first_chunk::<16>().copied().unwrap_or_default();
        let (first, second) = mark.split_at(16);
        let (discloser, ground) = self
            .disclosers
            .get(&half(first))
            .map_or((String::new(), LegalGround::Unspecified), |(agency, ground)| {
                (agency.to_string(), *ground)
            });
        let recipient = self.recipients.get(&half(second)).map(ToString::to_string).unwrap_or_default();
        Between { discloser, recipient, ground }
    }

    /// The agency behind the keyed hash of a party; empty for one of its units.
    pub(super) fn party(&self, hash: &[u8; 32]) -> String {
        self.parties.get(hash).map(ToString::to_string).unwrap_or_default()
    }
}
