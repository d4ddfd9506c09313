//! What can changes of a joint plan do?
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|input: &[u8]| -> Corpus {
    match polku_fuzz::plan::try_input(input).leads_somewhere() {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
