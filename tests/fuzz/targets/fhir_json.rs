//! What can FHIR JSON do?
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use polku_fuzz::doors::FHIR_JSON;

fuzz_target!(|input: &[u8]| -> Corpus {
    match polku_fuzz::fuzz(FHIR_JSON, input) {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
