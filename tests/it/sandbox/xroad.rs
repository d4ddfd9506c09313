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

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_rest_is_known_by_its_path_or_its_client() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let line = "POST /r1/FI-TEST/GOV/9999903-9/etuudet/ohjaus/haku HTTP/1.1\r\n";
    let client = "X-Road-Client: FI-TEST/ORG/9999902-0/polku\r\nX-Road-Id: 1\r\n";
    let rest = "Content-Type: application/json\r\n\r\n{}";
    let request = file("request", &format!("{line}{client}{rest}"));
    let nobody = file("nobody", &format!("{line}{rest}"));
    let service = "X-Road-Service: FI-TEST/GOV/9999903-9/etuudet/ohjaus\r\n";
    let answer = file("answer", &format!("HTTP/1.1 200 OK\r\n{client}{service}{rest}"));
    let foreign = file("foreign", &format!("HTTP/1.1 200 OK\r\n{service}{rest}"));
    let arrived = file("arrived", &format!("POST /inbound/kela HTTP/1.1\r\n{client}{service}{rest}"));
    let answered = file("answered", &format!("HTTP/1.1 200 OK\r\n{rest}"));
    let cases = [
        (vec![&arrived, &answered], 0, "accept\n"),
        (vec![&request], 0, "accept\n"),
        (vec![&request, &answer], 0, "accept\n"),
        (vec![&nobody], 1, "reject client.missing_header_field\n"),
        (vec![&request, &foreign], 1, "reject server.clientproxy.service_failed.missing_header_field\n"),
    ];
    for (files, code, out) in cases {
        let mut arguments = vec![PathBuf::from("xroad"), PathBuf::from("check")];
        arguments.extend(files.into_iter().cloned());
        let ran = run("polku", &arguments).await.unwrap();
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), out), "{ran:?}");
        assert_eq!(ran.err.is_empty(), code == 0, "{ran:?}");
    }
}
