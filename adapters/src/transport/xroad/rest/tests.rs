//! Is a REST message of X-Road read and written as its protocol says?

mod answers;
mod calls;
mod exchanges;

use super::Call;

/// A call of a service of the registry of examples.
fn call() -> Call {
    let service = "FI-TEST/GOV/9999903-9/etuudet/ohjaus".parse().unwrap();
    let client = "FI-TEST/ORG/9999902-0/polku".parse().unwrap();
    Call::new(http::Method::POST, client, service, "0193c5a0-0000-7000-8000-000000000003")
}
