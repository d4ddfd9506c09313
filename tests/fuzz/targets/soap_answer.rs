//! What can an agency's answer over X-Road SOAP do?
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use polku_fuzz::doors::SOAP_ANSWER;

fuzz_target!(|input: &[u8]| -> Corpus {
    match polku_fuzz::fuzz(SOAP_ANSWER, input) {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
