//! What may an operator give as a configuration, and what is always true of it?

use std::path::Path;

use polku_gateway::config::{Config, ConfigError, Problem};

use crate::Led;

/// Where it would stand: the files that it names are looked for beside it.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/polku.toml");

/// A value of what may be secret, as a seed has it.
const SECRET: &str = "SALAISUUS";

/// Tries an input: the text of the file.
///
/// # Panics
/// Something is true of what was read that must never be. Says what, and nothing of the input.
pub fn try_input(input: &[u8]) -> Led {
    let Ok(text) = std::str::from_utf8(input) else { return Led::ToRefusal };
    let problems = match Config::parse(text, Path::new(FILE)) {
        Ok(_) => return Led::Inside,
        Err(ConfigError::Wrong { problems, .. }) => problems,
        Err(ConfigError::Unreadable { .. }) => panic!("a file was to be read that is given"),
    };
    assert!(!problems.is_empty(), "a configuration is refused for nothing");
    let lines = text.split('\n').count();
    let hides = hides(text);
    for problem in &problems {
        let Problem { key, line, found, expected, why: _ } = problem;
        assert!(!key.is_empty() && !found.is_empty() && !expected.is_empty(), "a problem that says nothing");
        assert!(line.is_none_or(|line| (1..=lines).contains(&line)), "a line that the file does not have");
        let told = problem.to_string();
        assert!(!told.contains(char::is_control), "a problem of more than one line");
        assert!(!(hides && told.contains(SECRET)), "a problem tells a secret");
    }
    Led::ToRefusal
}

/// Whether the secret stands in its own place and nowhere else, where it may be told; or in no place at all, as the file is
/// no TOML.
fn hides(text: &str) -> bool {
    let Ok(table) = text.parse::<toml::Table>() else { return text.contains(SECRET) };
    let agencies = table.get("agency").and_then(|agencies| agencies.as_array()).into_iter().flatten();
    let mut keys = agencies.filter_map(|agency| agency.get("settings")?.get("api_key")?.as_str());
    text.matches(SECRET).count() == 1 && keys.any(|key| key == SECRET)
}
