//! Do the sources keep to the rules that no compiler knows?

use std::path::{Path, PathBuf};

/// The packages of the product.
const PRODUCT: [&str; 4] = ["proto", "policy", "adapters", "gateway"];
/// The longest file of the product, in lines.
const LONGEST: usize = 500;

/// One source file, with its path from the root.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

/// The folder of the workspace.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every `.rs` file below a folder of the workspace.
fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push(Source { path, text });
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

/// What of a package is product: no tests beside it, nothing generated.
pub(super) fn product(folder: &str) -> Vec<Source> {
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("/tests.rs");
    let sources = sources(&format!("{folder}/src")).into_iter();
    sources.filter(|source| !is_test(&source.path) && !is_generated(&source.path)).collect()
}

fn is_generated(path: &str) -> bool {
    path.starts_with("proto/src/gen/")
}

/// The text without its comments and without the tests at its end.
pub(super) fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = before_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The files in which this code stands, in order.
fn holders(sources: &[Source], needle: &str) -> Vec<String> {
    let mut holders: Vec<_> = sources
        .iter()
        .filter(|source| code(&source.text).contains(needle))
        .map(|source| source.path.clone())
        .collect();
    holders.sort();
    holders
}

pub(super) fn all_product() -> Vec<Source> {
    PRODUCT.iter().flat_map(|folder| product(folder)).collect()
}

#[test]
fn every_file_says_first_what_it_is_about() {
    for folder in ["proto", "policy", "adapters", "gateway", "tests"] {
        for Source { path, text } in sources(folder) {
            if !is_generated(&path) {
                assert!(text.starts_with("//! "), "{path} does not begin with `//! `");
            }
        }
    }
}

#[test]
fn no_file_of_the_product_is_too_long_to_be_read() {
    for Source { path, text } in all_product() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{path} has {lines} lines");
    }
}

#[test]
fn what_a_message_discloses_is_generated_and_never_written() {
    let everything: Vec<Source> =
        ["proto", "policy", "adapters", "gateway", "tests"].into_iter().flat_map(sources).collect();
    let generated = everything.iter().filter(|source| is_generated(&source.path));
    assert!(generated.filter(|source| source.text.contains("Disclose for")).count() == 1);
    let written = product_of(everything);
    for needle in ["impl Disclose for", "impl polku_proto::Disclose for", "impl crate::Disclose for"] {
        assert_eq!(holders(&written, needle), Vec::<String>::new());
    }
}

/// Without the files that are about such code: this one, and the generator.
fn product_of(sources: Vec<Source>) -> Vec<Source> {
    let about = |path: &str| {
        is_generated(path) || path.starts_with("proto/tests/") || path == "tests/it/architecture/sources.rs"
    };
    sources.into_iter().filter(|source| !about(&source.path)).collect()
}

#[test]
fn payloads_leave_the_gateway_through_one_function() {
    let gateway = product("gateway");
    let services: Vec<Source> =
        gateway.into_iter().filter(|source| source.path.starts_with("gateway/src/services/")).collect();
    let mut answers = Vec::new();
    for Source { path, text } in &services {
        let found = code(text);
        let lines = found.lines().filter(|line| line.contains("Response::new("));
        answers.extend(lines.map(|line| (path.clone(), line.trim().to_owned())));
    }
    answers.sort();
    let expected = [
        // BatchVerifyConsentsResponse and VerifyConsentResponse: decisions, no payload.
        (
            "gateway/src/services/consent.rs",
            "Ok(Response::new(self.0.gateway.batch_verify_consents(&caller, requests).await?))",
        ),
        (
            "gateway/src/services/consent.rs",
            "Ok(Response::new(self.0.gateway.verify_consent(&caller, request).await?))",
        ),
        // The directory: nothing in it is about a young person.
        ("gateway/src/services/directory.rs", "Ok(Response::new(self.0.gateway.get_service(&request)?))"),
        (
            "gateway/src/services/directory.rs",
            "Ok(Response::new(self.0.gateway.get_weekly_calendar(&request)?))",
        ),
        (
            "gateway/src/services/directory.rs",
            "Ok(Response::new(self.0.gateway.search_services(&caller, request)?))",
        ),
        (
            "gateway/src/services/directory.rs",
            "Ok(Response::new(self.0.gateway.suggest_recipients(&caller, request)?))",
        ),
        // Figures about many, and what is counted without a name.
        (
            "gateway/src/services/journey.rs",
            "Ok(Response::new(self.0.gateway.count_walk_in(&caller, request).await?))",
        ),
        (
            "gateway/src/services/journey.rs",
            "Ok(Response::new(self.0.gateway.get_figures(&caller, request).await?))",
        ),
        (
            "gateway/src/services/journey.rs",
            "Ok(Response::new(self.0.gateway.give_feedback(&caller, request).await?))",
        ),
        // IdentifyYouthResponse: an opaque id.
        (
            "gateway/src/services/journey.rs",
            "Ok(Response::new(self.0.gateway.identify(&caller, request).await?))",
        ),
        // LinkIdentityResponse: the same.
        (
            "gateway/src/services/journey.rs",
            "Ok(Response::new(self.0.gateway.link_identity(&caller, request).await?))",
        ),
        // UnlinkIdentityResponse: the same.
        (
            "gateway/src/services/journey.rs",
            "Ok(Response::new(self.0.gateway.unlink_identity(&caller, request).await?))",
        ),
        // Deliveries as operators see them: ids, states and times.
        (
            "gateway/src/services/operations.rs",
            "Ok(Response::new(self.0.gateway.get_delivery(&operator, request).await?))",
        ),
        (
            "gateway/src/services/operations.rs",
            "Ok(Response::new(self.0.gateway.list_deliveries(request).await?))",
        ),
        (
            "gateway/src/services/operations.rs",
            "Ok(Response::new(self.0.gateway.resolve_delivery(&operator, request).await?))",
        ),
        (
            "gateway/src/services/operations.rs",
            "Ok(Response::new(self.0.gateway.retry_delivery(&operator, request).await?))",
        ),
        // The streams: each of their items has gone through `answer`.
        ("gateway/src/services/stream.rs", "Response::new(Box::pin(items))"),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(path, line)| ((*path).to_owned(), (*line).to_owned())).collect();
    assert_eq!(answers, expected);
    for way_around in ["Response::from_parts", ".spend(", "Response::from("] {
        assert_eq!(holders(&services, way_around), Vec::<String>::new());
    }
}

#[test]
fn permits_are_spent_in_few_places() {
    let expected = ["adapters/src/adapter.rs", "gateway/src/answer.rs", "gateway/src/journey/inbound.rs"];
    let found: Vec<String> = holders(&all_product(), ".spend(")
        .into_iter()
        .filter(|path| !path.starts_with("adapters/src/agencies/"))
        .collect();
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert!(found.iter().all(|path| expected.contains(path)), "{found:?}");
}

#[test]
fn only_adapters_send_http() {
    let sources = all_product();
    for needle in ["client::legacy", "hyper_rustls", "client::conn"] {
        for path in holders(&sources, needle) {
            assert!(path.starts_with("adapters/src/transport/"), "{needle} in {path}");
        }
    }
}

#[test]
fn only_the_gateway_serves_and_stores() {
    let sources = all_product();
    for needle in ["rusqlite::", "tonic::service::Routes", "_server::"] {
        for path in holders(&sources, needle) {
            assert!(path.starts_with("gateway/src/"), "{needle} in {path}");
        }
    }
}

#[test]
fn the_gateway_itself_proves_nothing_and_evaluates_no_rule() {
    let gateway = product("gateway");
    for needle in ["cedar_policy::", "cedar_policy_symcc::"] {
        for path in holders(&gateway, needle) {
            assert!(path.starts_with("gateway/src/cli/policy/prove/"), "{needle} in {path}");
        }
    }
}

#[test]
fn deciding_is_pure() {
    let sources = product("policy");
    for needle in ["std::fs", "std::net", "tokio", "async ", "std::env", "Timestamp::now", "SystemTime"] {
        assert_eq!(holders(&sources, needle), Vec::<String>::new(), "{needle}");
    }
}

/// What an agency is to hold and to say the tests tell it in the contract's messages, which are data. Nothing that
/// reads, checks, cuts down or writes one is shared.
#[test]
fn simulators_share_nothing_with_what_they_test() {
    let sources = sources("tests/src/simulators");
    for needle in ["polku_adapters", "polku_policy", "polku_gateway"] {
        assert_eq!(holders(&sources, needle), Vec::<String>::new(), "{needle}");
    }
    for Source { path, text } in &sources {
        for place in text.split("polku_proto").skip(1) {
            let is_data = place.starts_with("::v1::") || place.starts_with("::identity::Hetu");
            assert!(is_data, "{path} names more of polku_proto than its messages");
        }
    }
}
