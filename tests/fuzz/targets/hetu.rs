//! What can a text do that is to be a personal identity code, or another id?
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|input: &[u8]| -> Corpus {
    match polku_fuzz::hetu::try_input(input).leads_somewhere() {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
