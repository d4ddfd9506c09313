//! Is it said what is wrong with how fast agencies are sent to, and with who looks after that?

use super::{DeliverySettings, said};

const END: &str = "to = \"te\"";

/// The good configuration with this behind its end: what is said of it.
fn said_of(more: &str) -> Vec<String> {
    said(END, &format!("{END}\n{more}"))
}

#[test]
fn pauses_grow_to_ten_hours_and_one_failure_in_ten_is_tried_again() {
    let delivery = DeliverySettings::default();
    let pauses: Vec<u64> = delivery.pauses.iter().map(std::time::Duration::as_secs).collect();
    assert_eq!(pauses, [5, 30, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600]);
    assert_eq!((delivery.breaker_failures, delivery.probe_after.as_secs()), (5, 30));
    assert_eq!((delivery.retry_percent, delivery.retries_per_second), (10, 10));
}

#[test]
fn what_is_out_of_bounds_is_named() {
    let good = "[delivery]\nbreaker_failures = 1\nprobe_seconds = 3600\nretry_percent = 0\nretries_per_second = 10000";
    assert_eq!(said_of(good), [""; 0]);
    for (wrong, expected) in [
        (
            "breaker_failures = 0",
            "delivery.breaker_failures: found 0, expected a whole number from 1 to 1000",
        ),
        ("probe_seconds = 0", "delivery.probe_seconds: found 0, expected a whole number from 1 to 3600"),
        (
            "retry_seconds = [3600]\ngive_up_after_hours = 1",
            "delivery.retry_seconds: found 3600, expected less than give_up_after_hours, which are 3600 seconds: \
             nothing would be tried twice",
        ),
        (
            "settle_seconds = 41",
            "delivery.settle_seconds: found 41, expected at most lease_seconds less attempt_seconds, which is 40: after \
             a crash only the lease is waited for",
        ),
        ("retry_percent = 101", "delivery.retry_percent: found 101, expected a whole number from 0 to 100"),
        (
            "retries_per_second = 0",
            "delivery.retries_per_second: found 0, expected a whole number from 1 to 10000",
        ),
    ] {
        let told = said_of(&format!("[delivery]\n{wrong}"));
        assert!(told.len() == 1 && told[0].ends_with(expected), "{told:?}");
    }
}

#[test]
fn an_operator_has_a_name_and_certificates_of_nobody_else() {
    let own = "certificates_sha256 = [\"aa112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"]";
    let taken =
        "certificates_sha256 = [\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"]";
    assert_eq!(said_of(&format!("[[operator]]\nid = \"yllapito-1\"\n{own}")), [""; 0]);
    let second =
        format!("[[operator]]\nid = \"a\"\n{own}\n[[operator]]\nid = \"a\"\n{}", own.replace("aa", "bb"));
    for (wrong, expected) in [
        (format!("[[operator]]\nid = \"a\"\n{taken}"), "a second time, expected every certificate once"),
        (format!("[[operator]]\nid = \"kaksi sanaa\"\n{own}"), "operator[0].id: found \"kaksi sanaa\""),
        (format!("[[operator]]\nid = \"010594Y9032\"\n{own}"), "operator[0].id: found \"010594Y9032\""),
        ("[[operator]]\nid = \"a\"".to_owned(), "operator[0].certificates_sha256: found nothing usable"),
        (second, "operator[1].id: found \"a\" a second time, expected every operator once"),
    ] {
        let told = said_of(&wrong);
        assert!(told.iter().any(|line| line.contains(expected)), "{expected} is not in {told:?}");
    }
}
