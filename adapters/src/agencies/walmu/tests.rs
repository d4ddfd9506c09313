//! Does the adapter speak as README.md says, and take nothing else in?

mod answers;
mod build;
mod golden;
mod received;

use super::*;
use crate::agencies::trial;
use crate::setting::read_secret;

/// A secret out of a file of its own, as the settings read it.
fn secret(text: &str) -> crate::setting::Secret {
    let file = file_with(text);
    read_secret("client_secret_file", &file, 1, "a secret").unwrap()
}

fn file_with(text: &str) -> std::path::PathBuf {
    let file = std::env::temp_dir().join(format!("polku-walmu-{}", uuid::Uuid::now_v7()));
    std::fs::write(&file, text).unwrap();
    file
}
