//! Is a REST message of X-Road read and written as its protocol says?

mod answers;
mod calls;
mod exchanges;

use http::{HeaderMap, Method};

use super::Call;
use crate::transport::xroad::id::RepresentedParty;

/// A call of a service of the registry of examples.
fn call() -> Call {
    Call {
        method: Method::POST,
        client: "FI-TEST/ORG/9999902-0/polku".parse().unwrap(),
        service: "FI-TEST/GOV/9999903-9/etuudet/ohjaus".parse().unwrap(),
        path: Vec::new(),
        query: Vec::new(),
        id: "0193c5a0-0000-7000-8000-000000000003".to_owned(),
        user_id: "FIpolku".to_owned(),
        issue: None,
        represented_party: RepresentedParty { class: None, code: "yhteinen".to_owned() },
        accept: "application/json",
        content: None,
        headers: HeaderMap::new(),
    }
}
