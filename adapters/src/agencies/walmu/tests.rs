//! Does the adapter speak as README.md says, and take nothing else in?

mod answers;
mod answers_round_trip;
mod asked;
mod build;
mod categories;
mod facts_round_trip;
mod golden;
mod moments;
mod plans;
mod received;
mod round_trip;
mod told;

use super::*;
use crate::agencies::trial;
use crate::setting::read_secret;

/// A file with a text in it, for as long as the test needs it.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn holding(text: &str) -> Self {
        let file = std::env::temp_dir().join(format!("polku-walmu-{}", Uuid::now_v7()));
        std::fs::write(&file, text).unwrap();
        Self(file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

/// A secret, read as the settings read it.
fn secret(text: &str) -> crate::setting::Secret {
    let file = Scratch::holding(text);
    read_secret("client_secret_file", &file.0, 1, "a secret").unwrap()
}
