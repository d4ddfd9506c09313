//! What may no rule ever permit, whoever writes it? In Cedar, for a solver to prove of the rules.

/// A limit that every set of rules keeps, for every question that can be asked.
///
/// It is a set of Cedar policies of its own that permits everything but what may never be permitted. Rules keep the
/// limit if they permit nothing that it does not. The command `polku policy prove` asks a solver; nothing of this is
/// evaluated when the gateway decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CeilingText {
    /// The name of the limit, which is that of its file.
    pub id: &'static str,
    /// What it means, in one sentence.
    pub says: &'static str,
    /// The policies.
    pub cedar: &'static str,
}

/// The limits. That no rule ever fails is another one, which needs no text.
pub const CEILINGS: [CeilingText; 10] = [
    CeilingText {
        id: "special-category",
        says: "Health and quality of life are told on the young person's word only if there is one and it names them \
               explicitly; otherwise it takes a law.",
        cedar: include_str!("../rules/ceilings/special-category.cedar"),
    },
    CeilingText {
        id: "protected-address",
        says: "A protected address is told on nobody's word, by law only to an agency that may be told such \
               addresses, and to no guardian, nor to another representative of a minor.",
        cedar: include_str!("../rules/ceilings/protected-address.cedar"),
    },
    CeilingText {
        id: "word",
        says: "What is told on the young person's word takes a word: a consent or a permit to disclose, of theirs or of \
               whoever represents them.",
        cedar: include_str!("../rules/ceilings/word.cedar"),
    },
    CeilingText {
        id: "law",
        says: "A law opens nothing by itself: a professional has stated the ground, or the young person is a customer \
               of multi-sector support; and only a notice to social care is stronger than a prohibition.",
        cedar: include_str!("../rules/ceilings/law.cedar"),
    },
    CeilingText {
        id: "agreement",
        says: "Without an agreement nothing is told on the young person's word; grounds in law need none.",
        cedar: include_str!("../rules/ceilings/agreement.cedar"),
    },
    CeilingText {
        id: "not-an-authority",
        says: "Whoever is no authority is told nothing but what a consent covers: no ground in law is theirs.",
        cedar: include_str!("../rules/ceilings/not-an-authority.cedar"),
    },
    CeilingText {
        id: "prohibition",
        says: "What the young person has prohibited is told only on a law that is stronger than a prohibition.",
        cedar: include_str!("../rules/ceilings/prohibition.cedar"),
    },
    CeilingText {
        id: "peer",
        says: "A peer worker sees nothing of a young person, not even what the own agency wrote.",
        cedar: include_str!("../rules/ceilings/peer.cedar"),
    },
    CeilingText {
        id: "statistics",
        says: "For statistics nothing is told about one person.",
        cedar: include_str!("../rules/ceilings/statistics.cedar"),
    },
    CeilingText {
        id: "unknown-agency",
        says: "An agency that is not in the directory is told nothing, and tells nothing.",
        cedar: include_str!("../rules/ceilings/unknown-agency.cedar"),
    },
];

#[cfg(test)]
mod tests {
    use super::CEILINGS;

    #[test]
    fn the_head_of_each_file_says_what_the_list_says() {
        for ceiling in CEILINGS {
            let head = format!("// @id {}\n// {}\n", ceiling.id, ceiling.says);
            assert!(ceiling.cedar.starts_with(&head), "{}", ceiling.id);
        }
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/ceilings");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut listed = CEILINGS.map(|ceiling| format!("{}.cedar", ceiling.id));
        listed.sort();
        assert_eq!(files, listed);
    }
}
