//! Would X-Road let every sample through?

use polku_adapters::transport::xroad::{rest, soap};

use super::declared::{is_xroad, written};
use super::folder;

/// The verdict on an exchange, and whether it is that a fault is passed on as it is.
fn verdict(request: &[u8], answer: &[u8]) -> (String, bool) {
    if rest::is_rest(request) {
        let verdict = rest::check_exchange(request, Some(answer));
        let passed = matches!(&verdict, rest::RestVerdict::Reject(fault) if fault.reason().is_none());
        return (verdict.to_string(), passed);
    }
    let verdict = soap::check_exchange(request, Some(answer));
    let passed = matches!(&verdict, soap::Verdict::Reject(fault) if fault.reason().is_none());
    (verdict.to_string(), passed)
}

/// But for the two that the gateway refuses with a fault of its own, where the protocol has such faults.
#[test]
fn every_sample_over_x_road_is_let_through() {
    for kind in polku_adapters::kinds().iter().filter(|kind| is_xroad(kind)) {
        let written = written(&folder(kind));
        let (mut accepted, mut refused) = (0, Vec::new());
        for (file, request) in &written {
            let Some(name) = file.strip_suffix(".request.http") else { continue };
            let answer = &written[&format!("{name}.answer.http")];
            match verdict(request.as_bytes(), answer.as_bytes()) {
                (verdict, _) if verdict == "accept" => accepted += 1,
                (_, true) => refused.push(name),
                (verdict, false) => panic!("{}/{name}: {verdict}", kind.id),
            }
        }
        let faults: &[&str] = match kind.speaks.contains("SOAP") {
            true => &["agency-stranger-refused", "agency-unreadable-refused"],
            false => &[],
        };
        assert_eq!(refused, faults, "{}", kind.id);
        assert!(accepted > 80, "{}: only {accepted} samples", kind.id);
    }
}
