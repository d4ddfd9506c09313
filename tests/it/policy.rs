//! Can whoever answers for the rules test, explain, compare, prove and exchange them?

mod commands;
mod failing;
mod prove;
mod record;
mod reload;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Two cases of a consent that covers what is asked for.
const CASES: &str = r#"
on = 2026-03-02
purpose = "guidance"

[[agency]]
id = "employment"
sector = "employment"
authority = true

[[agency]]
id = "workshop"
sector = "ngo"
authority = false

[[agreement]]
from = "employment"
to = "workshop"

[[case]]
title = "Housing, with a consent"
from = "employment"
to = "workshop"
consents = [{ categories = ["housing"] }]
asks = ["housing", "benefits_income"]
permits = ["housing"]

[[case]]
title = "Needs, with a consent"
from = "employment"
to = "workshop"
consents = [{ categories = ["service_needs"] }]
asks = ["service_needs"]
permits = ["service_needs"]
because = ["consent"]
"#;

/// What a rule says that lets a consent open housing, and what it says when it does not.
const HOUSING: (&str, &str) = (
    "when { context.disclosure && context.consent.own }",
    "when { context.disclosure && context.consent.own && resource != Category::\"housing\" }",
);

/// The folder of the shipped rules.
fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/rules")
}

/// A folder of rules of its own, to be changed.
struct RuleFolder {
    folder: TempDir,
}

impl RuleFolder {
    /// The shipped rules.
    fn shipped() -> RuleFolder {
        let rules = RuleFolder { folder: TempDir::new().unwrap() };
        copy(&shipped(), rules.path());
        rules
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn name(&self) -> &str {
        self.path().to_str().unwrap()
    }

    fn write(self, file: &str, text: &str) -> RuleFolder {
        std::fs::write(self.path().join(file), text).unwrap();
        self
    }

    /// With one text in a file, which stands there once, changed.
    fn changed(self, file: &str, from: &str, to: &str) -> RuleFolder {
        change(&self.path().join(file), from, to);
        self
    }

    /// Without the rule of this id.
    fn without(self, id: &str) -> RuleFolder {
        let head = format!("@id(\"{id}\")");
        for entry in std::fs::read_dir(self.path()).unwrap() {
            let file = entry.unwrap().path();
            let text = std::fs::read_to_string(&file).unwrap();
            if let Some((before, rest)) = text.split_once(&head) {
                let (_, after) = rest.split_once(";\n").unwrap();
                std::fs::write(&file, format!("{before}{after}")).unwrap();
                return self;
            }
        }
        panic!("no rule {id}");
    }
}

/// Copies the files of a folder of rules.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let file = entry.unwrap().path();
        if file.is_file() {
            std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }
}

fn change(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in {}", file.display());
    std::fs::write(file, text.replace(from, to)).unwrap();
}
