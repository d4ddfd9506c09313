//! How is an exchange written down? As it was on the wire, but for what is another one each time.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

/// Headers that say nothing of the protocol.
const LEFT_OUT: [&str; 4] = ["host", "content-length", "user-agent", "date"];
/// Of this header only the name and the scheme are shown.
const VEILED: &str = "authorization";
/// It covers headers that are others each time. What stands for it is in its form, so that the page is an answer of
/// X-Road's.
const HASH: &str = "x-road-request-hash";
const ANY_HASH: [u8; 64] = [0; 64];
/// The ids of the tests' own begin with it.
const OWN_IDS: &str = "0193c5a0-0000-7000-8000-";
const ANY_ID: &str = "00000000-0000-0000-0000-";
pub(super) const ANY_PIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A request or an answer.
pub(super) fn page(first_line: &str, headers: &HeaderMap, body: &[u8]) -> String {
    let mut page = format!("{first_line}\n");
    let mut shown: Vec<String> = headers
        .iter()
        .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let scheme = value.split_once(' ').map_or("", |(scheme, _)| scheme);
            let value = match name.as_str() {
                VEILED => format!("{scheme} …"),
                HASH => STANDARD.encode(ANY_HASH),
                _ => value,
            };
            format!("{name}: {}", value.trim_start())
        })
        .collect();
    shown.sort();
    for header in shown {
        writeln!(page, "{header}").unwrap();
    }
    let mut page = without_ids(&page, |_| 0);
    // Which of them are the same is part of what a body says.
    let mut known: Vec<String> = Vec::new();
    let body = without_ids(&String::from_utf8_lossy(body), |id| {
        known.iter().position(|other| other == id).unwrap_or_else(|| {
            known.push(id.to_owned());
            known.len() - 1
        })
    });
    page.push('\n');
    if !body.is_empty() {
        writeln!(page, "{body}").unwrap();
    }
    without_tokens(&without_ports(&page))
}

pub(super) fn without_ports(text: &str) -> String {
    let mut parts = text.split("localhost:");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str("localhost");
        clean.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_digit()));
    }
    clean
}

/// RFC 6749, section 5.1.
fn without_tokens(text: &str) -> String {
    let Some((before, rest)) = text.split_once("\"access_token\":\"") else { return text.to_owned() };
    let (_, after) = rest.split_once('"').unwrap_or_default();
    format!("{before}\"access_token\":\"…\"{after}")
}

fn without_ids(text: &str, mut number: impl FnMut(&str) -> usize) -> String {
    let is_id = |text: &str| text.len() == 36 && uuid::Uuid::try_parse(text).is_ok();
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (id, behind) = rest.split_at_checked(36).filter(|(id, _)| is_id(id)).unwrap_or_default();
        if id.is_empty() {
            clean.push(first);
            rest = rest.split_at(first.len_utf8()).1;
        } else {
            match id.starts_with(OWN_IDS) {
                true => clean.push_str(id),
                false => write!(clean, "{ANY_ID}{:012}", number(id)).unwrap(),
            }
            rest = behind;
        }
    }
    clean
}
