//! What can a webhook, or another agency's plain JSON, do?
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use polku_fuzz::doors::WEBHOOK;

fuzz_target!(|input: &[u8]| -> Corpus {
    match polku_fuzz::fuzz(WEBHOOK, input) {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
