//! What can a SOAP message to the gateway do?
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use polku_fuzz::doors::SOAP_REQUEST;

fuzz_target!(|input: &[u8]| -> Corpus {
    match polku_fuzz::fuzz(SOAP_REQUEST, input) {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
