//! How is a personal value found, however it is written?

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use polku_tests::world::canaries;

use crate::stage::files_under;

/// Values in all the ways in which they are looked for.
pub(super) struct Search {
    /// Found in whatever case.
    needles: Vec<Vec<u8>>,
    /// Found as they are: Base64 knows upper and lower case.
    exact: Vec<Vec<u8>>,
}

impl Search {
    pub(super) fn for_everything() -> Self {
        let mut search = Self { needles: Vec::new(), exact: Vec::new() };
        for value in canaries() {
            let plain: String = value.to_lowercase();
            search.needles.push(plain.clone().into_bytes());
            search.needles.push(url_encoded(&plain).into_bytes());
            search.needles.push(every_byte_encoded(&plain).into_bytes());
            search.needles.push(plain.replace(' ', "+").into_bytes());
            search
                .needles
                .push(plain.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes());
            search.needles.push(plain.escape_unicode().to_string().into_bytes());
            search.needles.push(plain.encode_utf16().flat_map(u16::to_le_bytes).collect());
            // As a list of numbers, as bytes look in a debug output.
            search
                .needles
                .push(plain.bytes().map(|byte| format!("{byte}, ")).collect::<String>().into_bytes());
            search
                .needles
                .push(value.bytes().map(|byte| format!("{byte}, ")).collect::<String>().into_bytes());
            for offset in 0..3 {
                search.exact.push(inside_base64(value.as_bytes(), offset));
            }
            if let Some((birthday, rest)) = identity_code(&plain) {
                let (_, rest_without_sign) = rest.split_at(1);
                search.needles.push(format!("{birthday}{rest_without_sign}").into_bytes());
                search.needles.push(format!("{birthday} {rest}").into_bytes());
            }
        }
        search.needles.push(b"358400000000".to_vec());
        search.exact.retain(|needle| needle.len() >= 7);
        search.needles.sort();
        search.needles.dedup();
        search
    }

    pub(super) fn written_in_all_ways(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.needles.iter().chain(&self.exact)
    }

    /// Where something is found in these bytes.
    pub(super) fn found_in(&self, bytes: &[u8]) -> Vec<String> {
        let hay = as_text(bytes);
        let lower = hay.to_ascii_lowercase();
        let plain = self.needles.iter().filter_map(|needle| place(&lower, needle));
        plain.chain(self.exact.iter().filter_map(|needle| place(&hay, needle))).collect()
    }

    pub(super) fn nowhere_in(&self, what: &str, bytes: &[u8]) {
        let found = self.found_in(bytes);
        assert!(found.is_empty(), "in {what}: {found:#?}");
    }

    pub(super) fn nowhere_in_file(&self, file: &Path) {
        self.nowhere_in(&file.to_string_lossy(), &std::fs::read(file).unwrap());
    }

    pub(super) fn nowhere_under(&self, folder: &Path) {
        let files = files_under(folder);
        assert!(files.len() >= 2, "{files:?}");
        for file in files {
            self.nowhere_in_file(&file);
        }
    }

    pub(super) fn found_in_names_under(&self, folder: &Path) -> Vec<String> {
        let names = files_under(folder).into_iter();
        names.flat_map(|file| self.found_in(file.to_string_lossy().as_bytes())).collect()
    }

    pub(super) fn in_no_name_under(&self, folder: &Path) {
        let found = self.found_in_names_under(folder);
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// Birthday and rest, the sign of the century first.
fn identity_code(value: &str) -> Option<(&str, &str)> {
    let (birthday, rest) = value.split_at_checked(6)?;
    (rest.len() == 5 && birthday.bytes().all(|byte| byte.is_ascii_digit())).then_some((birthday, rest))
}

/// Each byte as one character: the standard library searches texts fast, also in a debug build.
fn as_text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Where it stands; what it is stays untold, because this ends in the output of the suite.
fn place(hay: &str, needle: &[u8]) -> Option<String> {
    let (before, _) = hay.split_at(hay.find(&as_text(needle))?);
    Some(format!("line {}, character {}", before.lines().count(), before.chars().count()))
}

fn url_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02x}"),
    };
    text.bytes().map(encode).collect()
}

fn every_byte_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// The characters that these bytes have in Base64, whatever stands before and after them.
fn inside_base64(value: &[u8], offset: usize) -> Vec<u8> {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(value);
    let whole = padded.len() / 3 * 3;
    let first = if offset == 0 { 0 } else { 4 };
    STANDARD.encode(&padded[..whole]).into_bytes().split_off(first)
}
