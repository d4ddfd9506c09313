//! Which kinds of agencies can be spoken to, and what can each of them do?

use polku_adapters::{Kind, Matter, kinds};
use serde_json::json;

use super::table::table;
use super::{Failure, tell};

/// What to do with adapters.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Lists the kinds of agencies: `adapter` of an `[[agency]]` in the configuration.
    List {
        /// Prints a JSON array instead of a table.
        #[arg(long)]
        json: bool,
    },
}

/// The heads of the columns.
const HEADS: [&str; 6] = ["kind", "agency", "speaks", "is sent", "is asked for", "sends"];

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::List { json } = command;
    if *json { tell(as_json(kinds())) } else { tell(as_table(kinds())) }
}

fn as_json(kinds: &[Kind]) -> serde_json::Value {
    let names = |matters: &[Matter]| matters.iter().map(|matter| matter.name()).collect::<Vec<_>>();
    kinds
        .iter()
        .map(|kind| {
            json!({
                "kind": kind.id,
                "agency": kind.name,
                "speaks": kind.speaks,
                "delivers": names(kind.delivers),
                "fetches": kind.fetches.iter().map(polku_proto::name).collect::<Vec<_>>(),
                "receives": names(kind.receives),
            })
        })
        .collect()
}

fn as_table(kinds: &[Kind]) -> String {
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(kinds.iter().map(|kind| {
        [
            kind.id.to_owned(),
            kind.name.to_owned(),
            kind.speaks.to_owned(),
            listed(kind.delivers),
            or_nothing(kind.fetches.to_string()),
            listed(kind.receives),
        ]
    }));
    table(&rows)
}

fn listed(matters: &[Matter]) -> String {
    or_nothing(matters.iter().map(|matter| matter.name()).collect::<Vec<_>>().join(", "))
}

fn or_nothing(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_line_with_all_that_it_can_do() {
        let table = as_table(kinds());
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), kinds().len() + 1);
        for (line, kind) in lines.iter().skip(1).zip(kinds()) {
            assert!(line.starts_with(&format!("{} ", kind.id)), "{line}");
            let matters = kind.delivers.iter().chain(kind.receives).map(|matter| matter.name());
            for word in
                matters.chain([kind.name, kind.speaks]).chain(kind.fetches.iter().map(polku_proto::name))
            {
                assert!(line.contains(word), "{word} is not in {line}");
            }
        }
        // Each column begins at the same place in every line.
        let place = lines[0].find("speaks").unwrap();
        for (line, kind) in lines.iter().skip(1).zip(kinds()) {
            let rest: String = line.chars().skip(place).collect();
            assert!(rest.starts_with(kind.speaks), "{line}");
        }
    }

    #[test]
    fn the_same_stands_in_the_json() {
        let json = as_json(kinds());
        for (at, kind) in kinds().iter().enumerate() {
            assert_eq!(json[at]["kind"], kind.id);
            assert_eq!(json[at]["delivers"].as_array().map(Vec::len), Some(kind.delivers.len()));
            assert_eq!(json[at]["fetches"].as_array().map(Vec::len), Some(kind.fetches.iter().count()));
            assert_eq!(json[at]["receives"].as_array().map(Vec::len), Some(kind.receives.len()));
        }
    }
}
