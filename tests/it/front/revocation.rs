//! Are certificates on the revocation list kept out?

use polku_gateway::front::Limits;
use polku_gateway::front::accept::Protocol;
use polku_tests::pki::Pki;
use tokio::io::AsyncReadExt;

use super::{Site, frames, who};

/// Tells for two clients whether the gateway speaks with them, when this is its list.
async fn let_in(list: impl Fn(&Pki, [&polku_tests::pki::Identity; 2]) -> String) -> [bool; 2] {
    let mut site = Site::new();
    let clients = [(); 2].map(|()| site.pki.issue_client("ohjaamo").unwrap());
    site.revoke(&list(&site.pki, clients.each_ref()));
    let served = site.serve(Protocol::Http2, Limits::default(), who()).await;
    let mut outcomes = [false; 2];
    for (client, spoke) in clients.iter().zip(&mut outcomes) {
        if let Ok(mut stream) = served.connect(site.client(client, "h2")).await {
            frames::begin(&mut stream).await;
            // With TLS 1.3 the refusal comes after the client's side of the handshake.
            *spoke = stream.read_u8().await.is_ok();
        }
    }
    outcomes
}

#[tokio::test]
async fn a_revoked_certificate_is_kept_out() {
    assert_eq!(let_in(|pki, [one, _]| pki.revocation_list(&[one], 2100).unwrap()).await, [false, true]);
}

#[tokio::test]
async fn an_expired_list_keeps_everybody_out() {
    assert_eq!(let_in(|pki, [one, _]| pki.revocation_list(&[one], 2021).unwrap()).await, [false, false]);
}

#[tokio::test]
async fn a_list_of_another_authority_keeps_everybody_out() {
    let of_another = |_: &Pki, _: [&_; 2]| Pki::new().unwrap().revocation_list(&[], 2100).unwrap();
    assert_eq!(let_in(of_another).await, [false, false]);
}
