//! What can do what an outsider is shown of the audit log?
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|input: &[u8]| -> Corpus {
    match polku_fuzz::proof::try_input(input).leads_somewhere() {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
