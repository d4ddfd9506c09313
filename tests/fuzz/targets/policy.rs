//! What can rules, ages and cases of an operator do?
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|input: &[u8]| -> Corpus {
    match polku_fuzz::policy::try_input(input).leads_somewhere() {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
