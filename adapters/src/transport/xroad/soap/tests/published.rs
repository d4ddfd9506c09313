//! X-Road's own messages, with the verdicts of its own test suite.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/xroad")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join("messages").join(name)).unwrap()
}

static CASES: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_slice(&std::fs::read(folder().join("cases.json")).unwrap()).unwrap());

#[test]
fn every_published_case_has_its_published_verdict() {
    assert_eq!(CASES.len(), 33);
    for case in CASES.iter() {
        let request = read(case["request"].as_str().unwrap());
        let response = case["response"].as_str().map(read);
        let expected = match case["category"].as_str().unwrap() {
            "accept" => "accept".to_owned(),
            _ => format!("reject {}", case["fault_7_8"].as_str().unwrap()),
        };
        let verdict = check_exchange(&request, response.as_deref());
        assert_eq!(verdict.to_string(), expected, "{}", case["name"]);
    }
}

#[test]
fn both_spellings_of_every_published_code_are_the_same() {
    for case in CASES.iter() {
        let new = case["fault_7_8"].as_str().unwrap();
        let old = case["fault_7_7"].as_str().unwrap();
        assert_eq!(normalise(new), normalise(old), "{new}");
        assert_eq!(classify(new), classify(old), "{new}");
    }
}

#[test]
fn the_default_namespace_and_character_data_are_read() {
    let request = check_request(&read("getstate-defaultnamespace.query")).unwrap();
    assert_eq!(request.headers().client.to_string(), "EE/BUSINESS/consumer");
    assert_eq!(request.headers().service.to_string(), "EE/BUSINESS/producer/getState");
    assert_eq!(request.headers().issue.as_deref(), Some(""));
    assert_eq!(request.body().text(), "aäõ");

    let request = check_request(&read("cdata.query")).unwrap();
    assert_eq!(request.body().text(), "<a><b><c>12345678</c></b></a>");
}

#[test]
fn an_answer_written_to_a_published_request_is_accepted() {
    for case in CASES.iter().filter(|case| case["category"] == "accept") {
        let request_bytes = read(case["request"].as_str().unwrap());
        let request = check_request(&request_bytes).unwrap();
        let answer = write_answer(request.header(), "urn:x", |writer| _ = writer.element("ok", "")).unwrap();
        assert_eq!(check_exchange(&request_bytes, Some(&answer)), Verdict::Accept, "{}", case["name"]);
        let answer = accepted(&request_bytes, &answer).unwrap();
        assert_eq!(answer.headers(), request.headers());
        assert_eq!(answer.header().elements().len(), request.header().elements().len());
    }
}

mod damaged {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn damaged_messages_never_panic(
            index in 0..CASES.len(),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..3), 1..6),
        ) {
            let case = &CASES[index];
            let mut request = read(case["request"].as_str().unwrap());
            for (place, byte, change) in changes {
                if request.is_empty() {
                    break;
                }
                let place = place.index(request.len());
                match change {
                    0 => request[place] = byte,
                    1 => request.insert(place, byte),
                    _ => _ = request.remove(place),
                }
            }
            let good = read("getstate.query");
            let _ = check_exchange(&request, Some(&good)).to_string();
            let _ = check_exchange(&good, Some(&request)).to_string();
            let _ = accepted(&good, &request);
        }

        #[test]
        fn truncated_messages_are_refused(length in any::<proptest::sample::Index>()) {
            let good = read("getstate.query");
            let root_ends = good.iter().rposition(|byte| *byte == b'>').unwrap();
            let cut = &good[..length.index(root_ends)];
            prop_assert_eq!(check_exchange(cut, None).to_string(), "reject client.invalid_soap");
        }
    }
}
