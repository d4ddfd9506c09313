//! Do the committed generated files match the `.proto` files?
//!
//! `POLKU_REGENERATE=1 cargo test -p polku-proto --test codegen` writes them anew.

#![expect(clippy::wildcard_enum_match_arm, reason = "the generators refuse or skip what they do not know")]

use std::{fs, path::Path};

mod contract;
mod debug;
mod disclose;
mod messages;
mod names;
mod roles;
mod rules;
mod validate;
mod weight;

mod bad;

use contract::Contract;

/// Why a contract cannot be generated from.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

#[test]
fn generated_files_match_the_contract() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contract = Contract::read(package).expect("the .proto files compile");
    let files = generate(&contract).expect("the contract can be generated from");
    for (name, content) in files {
        let path = package.join("src/gen").join(name);
        if regenerate() {
            fs::write(&path, content).expect("the generated file can be written");
            continue;
        }
        let committed = fs::read(&path).unwrap_or_default();
        assert!(
            committed == content,
            "src/gen/{name} does not match the .proto files: run this test with POLKU_REGENERATE=1"
        );
    }
}

/// Generates every file: its name in `src/gen`, and what is in it.
fn generate(contract: &Contract) -> Result<Vec<(&'static str, Vec<u8>)>, Refused> {
    Ok(vec![
        ("disclose.rs", disclose::generate(contract)?.into_bytes()),
        ("validate.rs", validate::generate(contract)?.into_bytes()),
        ("roles.rs", roles::generate(contract)?.into_bytes()),
        ("weight.rs", weight::generate(contract)?.into_bytes()),
        ("debug.rs", debug::generate(contract)?.into_bytes()),
        ("polku.v1.rs", messages::generate(contract)?.into_bytes()),
        ("descriptor.bin", contract.descriptor.clone()),
    ])
}

#[expect(clippy::disallowed_methods, reason = "the one switch of this test, read where it is used")]
fn regenerate() -> bool {
    std::env::var("POLKU_REGENERATE").is_ok_and(|value| value == "1")
}
