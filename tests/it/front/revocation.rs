//! Are certificates on the revocation list kept out?

use polku_gateway::front::Limits;
use polku_gateway::front::accept::Protocol;
use polku_gateway::front::tls::{CurrentTls, Tls};
use polku_tests::pki::{self, Identity, Pki};
use rustls::ClientConfig;
use tokio::io::AsyncReadExt;

use super::{Served, Site, frames, who, with_protocol};

/// Tells for two clients whether the gateway speaks with them, when this is its list.
async fn let_in(list: impl Fn(&Pki, [&Identity; 2]) -> String) -> [bool; 2] {
    let mut site = Site::new();
    let clients = [(); 2].map(|()| site.pki.issue_client("ohjaamo").unwrap());
    site.revoke(&list(&site.pki, clients.each_ref()));
    let served = site.serve(Protocol::Http2, Limits::default(), who()).await;
    let mut outcomes = [false; 2];
    for (client, spoke) in clients.iter().zip(&mut outcomes) {
        *spoke = speaks(&served, site.client(client, "h2")).await;
    }
    outcomes
}

/// Whether the gateway speaks with this client.
async fn speaks(served: &Served, config: ClientConfig) -> bool {
    let Ok(mut stream) = served.connect(config).await else { return false };
    frames::begin(&mut stream).await;
    // With TLS 1.3 the refusal comes after the client's side of the handshake.
    stream.read_u8().await.is_ok()
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

#[tokio::test]
async fn a_certificate_that_does_not_hold_yet_is_kept_out() {
    let site = Site::new();
    let served = site.serve(Protocol::Http2, Limits::default(), who()).await;
    let early = site.pki.issue_future_client("ohjaamo").unwrap();
    assert!(!speaks(&served, site.client(&early, "h2")).await);
    let now = site.pki.issue_client("ohjaamo").unwrap();
    assert!(speaks(&served, site.client(&now, "h2")).await);
}

/// A session is not taken up again: that would go past the list.
#[tokio::test]
async fn who_was_here_before_is_looked_at_again() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let mut site = Site::new();
        let [taken_back, other] = [(); 2].map(|()| site.pki.issue_client("ohjaamo").unwrap());
        site.revoke(&site.pki.revocation_list(&[], 2100).unwrap());
        let tls = CurrentTls::from(site.tls.clone());
        let served = site.serve_by(&tls, Protocol::Http2, Limits::default(), who()).await;
        // Its clones share what it keeps of sessions.
        let config = |identity| {
            let made = pki::mutual_client_config_of(&[version], site.pki.authority_pem(), identity);
            with_protocol(made.unwrap(), "h2")
        };
        let (taken_back_config, other_config) = (config(&taken_back), config(&other));
        for _ in 0..2 {
            assert!(speaks(&served, taken_back_config.clone()).await);
            assert!(speaks(&served, other_config.clone()).await);
        }
        let list = site.pki.revocation_list(&[&taken_back], 2100).unwrap();
        std::fs::write(site.files.revocations.as_ref().unwrap(), list).unwrap();
        assert!(tls.read_anew().await);
        assert!(!speaks(&served, taken_back_config).await, "{version:?}");
        assert!(speaks(&served, other_config).await, "{version:?}");
    }
}

/// An authority below the root has its own list, and stands on the root's.
#[tokio::test]
async fn every_authority_of_a_chain_needs_its_list() {
    let (root, issuing) = Pki::root_and_issuing().unwrap();
    let [one, other] = [(); 2].map(|()| {
        let mut issued = issuing.issue_client("ohjaamo").unwrap();
        issued.certificate_pem += issuing.authority_pem();
        issued
    });
    let of_root = root.revocation_list(&[], 2100).unwrap();
    let of_issuing = issuing.revocation_list(&[&one], 2100).unwrap();
    for (lists, let_in) in [
        (None, [true, true]),
        (Some(format!("{of_issuing}{of_root}")), [false, true]),
        (Some(of_issuing.clone()), [false, false]),
        (Some(of_root.clone()), [false, false]),
    ] {
        let mut site = Site::new();
        std::fs::write(&site.files.client_authorities, root.authority_pem()).unwrap();
        match &lists {
            Some(lists) => site.revoke(lists),
            None => site.tls = Tls::load(&site.files).unwrap(),
        }
        let served = site.serve(Protocol::Http2, Limits::default(), who()).await;
        let mut outcomes = [false; 2];
        for (client, spoke) in [&one, &other].into_iter().zip(&mut outcomes) {
            *spoke = speaks(&served, site.client(client, "h2")).await;
        }
        assert_eq!(outcomes, let_in, "{} lists", lists.map_or(0, |lists| lists.matches("BEGIN").count()));
    }
}
