//! `polku xroad check` says of X-Road's own messages what X-Road says of them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::run;

#[tokio::test(flavor = "multi_thread")]
async fn every_published_case_has_its_published_verdict() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/tests/xroad");
    let cases: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.join("cases.json")).unwrap()).unwrap();
    assert_eq!(cases.len(), 33);
    for case in cases {
        let name = &case["name"];
        let messages = ["request", "response"].iter().filter_map(|key| case[*key].as_str());
        let messages: Vec<PathBuf> = messages.map(|file| folder.join("messages").join(file)).collect();
        let mut arguments = vec![PathBuf::from("xroad"), PathBuf::from("check")];
        arguments.extend(messages);
        let ran = run("polku", &arguments).await.unwrap();
        if case["category"] == "accept" {
            assert_eq!((ran.code, ran.out.as_str()), (Some(0), "accept\n"), "{name}");
            assert_eq!(ran.err, "", "{name}");
        } else {
            let fault = case["fault_7_8"].as_str().unwrap();
            assert_eq!((ran.code, ran.out), (Some(1), format!("reject {fault}\n")), "{name}");
            assert!(!ran.err.is_empty(), "{name}: nothing says why");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_is_no_verdict() {
    let ran = run("polku", &["xroad", "check", "no-such.query"]).await.unwrap();
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.starts_with("polku: cannot read no-such.query"), "{ran:?}");
}
