//! Is what the README names there?

use std::path::PathBuf;
use std::process::Command;

use polku_tests::world::binary;

use super::sources::root;

/// Every test that a line of the table names is a module of this binary or a file.
#[test]
fn every_test_that_the_readme_names_exists() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let table =
        text.split("## What always holds").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let mut named = 0;
    for row in table.lines().filter(|line| line.starts_with("| ")) {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap();
        for name in cell.split('`').skip(1).step_by(2) {
            let candidates: [PathBuf; 3] = [
                root().join(name),
                root().join("tests/it").join(name.replace("::", "/")).with_extension("rs"),
                root().join("tests/it").join(format!("{}.rs", name.replace("::", "/"))),
            ];
            assert!(
                candidates.iter().any(|file| file.is_file()),
                "the README names {name}, which is not there"
            );
            named += 1;
        }
    }
    assert!(named >= 10, "only {named} tests found in the table");
}

/// Every command is one, as far as its name goes.
#[test]
fn every_command_that_the_readme_names_exists() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut named = 0;
    for command in text.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("polku ")) {
        let is_name = |word: &&str| word.starts_with(|first: char| first.is_ascii_lowercase());
        let names: Vec<&str> = command.split(' ').take_while(is_name).collect();
        let output = Command::new(binary("polku").unwrap()).args(&names).arg("--help").output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let usage = format!("Usage: polku {}", names.join(" "));
        assert!(output.status.success() && help.contains(&usage), "the README names polku {command}");
        named += 1;
    }
    assert!(named >= 9, "only {named} commands found");
}

/// The table of agencies has a line for each kind that there is, and for nothing else but agencies without an adapter.
#[test]
fn the_readme_names_every_kind_of_agency() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let section = text.split("## Agencies").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(2);
    let mut named: Vec<&str> = rows.filter_map(|row| row.strip_prefix("| `")?.split('`').next()).collect();
    let mut kinds: Vec<&str> = polku_adapters::kinds().iter().map(|kind| kind.id).collect();
    named.sort_unstable();
    kinds.sort_unstable();
    assert_eq!(named, kinds);
    for kind in polku_adapters::kinds() {
        let page = format!("adapters/src/agencies/{}/README.md", kind.id);
        assert!(section.contains(&page), "no link to {page}");
    }
}

/// Every relative link leads somewhere, in the README and in the page of every folder of an agency that there is.
#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let agencies = root().join("adapters/src/agencies");
    let folders = std::fs::read_dir(agencies).unwrap().map(|entry| entry.unwrap().path());
    let pages: Vec<PathBuf> =
        folders.map(|folder| folder.join("README.md")).filter(|page| page.is_file()).collect();
    for kind in polku_adapters::kinds() {
        let own = root().join("adapters/src/agencies").join(kind.id).join("README.md");
        assert!(pages.contains(&own), "{} has no page", kind.id);
    }
    for file in pages.into_iter().chain(["README.md", "proto/REASONS.md"].map(|page| root().join(page))) {
        let text = std::fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = file.parent().unwrap().join(link);
            assert!(target.exists(), "{} links to {link}, which is not there", file.display());
        }
    }
}

/// Each key that an agency of the kind is set up with in the samples stands on its page, and each of `connection` here.
#[test]
fn every_key_of_an_agencys_settings_is_explained() {
    let section = |page: &str, head: &str| -> String {
        let (_, rest) = page.split_once(head).unwrap_or_else(|| panic!("no {head}"));
        rest.split("\n## ").next().unwrap().to_owned()
    };
    let readme = section(&std::fs::read_to_string(root().join("README.md")).unwrap(), "\n## Agencies\n");
    for kind in polku_adapters::kinds() {
        let page = root().join("adapters/src/agencies").join(kind.id).join("README.md");
        let page = section(&std::fs::read_to_string(page).unwrap(), "\n## Settings\n");
        let golden = std::fs::read_dir(root().join("tests/golden").join(kind.id)).unwrap();
        let files = golden.map(|entry| entry.unwrap().path());
        let mut seen = 0;
        for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
            let settings: toml::Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
            for key in settings.keys() {
                assert!(page.contains(&format!("`{key}`")), "{key} is not on the page of {}", kind.id);
                seen += 1;
            }
            for key in settings["connection"].as_table().unwrap().keys() {
                assert!(readme.contains(&format!("`{key}`")), "the README does not say what {key} is");
            }
        }
        assert!(seen >= 4, "only {seen} settings of {}", kind.id);
    }
}
