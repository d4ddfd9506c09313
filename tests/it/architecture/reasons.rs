//! Is every reason for which the gateway refuses a call explained, and nothing else?

use std::collections::BTreeMap;

use super::sources::{code, product, root};

/// The texts between quotes.
fn quoted(code: &str) -> impl Iterator<Item = &str> {
    code.split('"').skip(1).step_by(2)
}

/// What stands in the body of each function of this name, which is one of a block.
fn bodies<'c>(code: &'c str, function: &'c str) -> impl Iterator<Item = &'c str> {
    code.split(function).skip(1).filter_map(|rest| rest.split("\n    }\n").next())
}

/// Every reason in the sources, with a file that has it: as a field's value, or as what a function `reason` answers.
fn given() -> BTreeMap<String, String> {
    let mut given = BTreeMap::new();
    for source in product("gateway") {
        let code = code(&source.text);
        let fields = code.split("reason: \"").skip(1).filter_map(|rest| rest.split('"').next());
        let answers = bodies(&code, "fn reason(").flat_map(quoted);
        given.extend(fields.chain(answers).map(|reason| (reason.to_owned(), source.path.clone())));
    }
    given
}

#[test]
fn every_reason_of_a_refusal_is_explained_once() {
    let given = given();
    for known in ["INVALID_FIELDS", "RECORD_STATE", "CERTIFICATE_NOT_OPERATOR", "SHUTTING_DOWN", "NO_PARTY"] {
        assert!(given.contains_key(known), "{known} is not found in the sources");
    }
    let page = std::fs::read_to_string(root().join("proto/REASONS.md")).unwrap();
    let mut explained = BTreeMap::new();
    for table in page.split("\n## ").skip(1) {
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
        assert!(rows.is_sorted(), "the rows are not in order: {}", table.lines().next().unwrap());
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [reason, means, helps] = cells[..] else { panic!("{row} has not three cells") };
            assert!(!means.is_empty() && !helps.is_empty(), "{row} explains nothing");
            let twice = explained.insert(reason.trim_matches('`').to_owned(), row);
            assert_eq!(twice, None, "{reason} is explained twice");
        }
    }
    for (reason, path) in &given {
        assert!(explained.contains_key(reason), "{reason} of {path} is not in proto/REASONS.md");
    }
    for reason in explained.keys() {
        assert!(given.contains_key(reason), "{reason} of proto/REASONS.md is nowhere in the gateway");
    }
}
