//! Does a whole, good configuration load as it is written?

use std::path::Path;
use std::time::Duration;

use polku_gateway::config::{ActorKind, Config, ConfigError};
use polku_policy::{Sector, Standing};
use polku_tests::pki::Pki;
use tempfile::TempDir;

const TEXT: &str = r#"
[listen]
grpc = "127.0.0.1:8443"
inbound = "[::1]:8444"

[tls]
certificate_file = "gateway.crt.pem"
key_file = "gateway.key.pem"
client_ca_file = "ca.crt.pem"

[store]
directory = "data"

[keys]
directory = "keys"

[delivery]
give_up_after_hours = 1

[[agency]]
id = "ohjaamo"
sector = "youth_work"
standing = "authority"

[[agency]]
id = "paja"
sector = "ngo"
standing = "not_authority"
adapter = "walmu"
[agency.settings]
url = "https://localhost:1"

[[organisation]]
agency = "ohjaamo"
certificates_sha256 = ["CERTIFICATE"]
units = ["espoo", "vantaa"]
roles = ["guidance_worker"]
actors = ["professional", "subject", "representative"]

[[agreement]]
from = "ohjaamo"
to = "paja"
"#;

fn written(folder: &Path, pki: &Pki) -> String {
    pki.issue_server(&["localhost"]).unwrap().write(folder, "gateway").unwrap();
    pki.write_authority(folder, "ca").unwrap();
    std::fs::create_dir(folder.join("keys")).unwrap();
    TEXT.replace("CERTIFICATE", &"a5".repeat(32))
}

#[test]
fn a_good_configuration_says_what_is_written() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("polku.toml");
    std::fs::write(&path, written(folder.path(), &Pki::new().unwrap())).unwrap();
    let config = Config::load(&path).unwrap_or_else(|error| panic!("{error}"));

    assert_eq!(config.listen.grpc.to_string(), "127.0.0.1:8443");
    assert_eq!(config.listen.inbound.to_string(), "[::1]:8444");
    assert_eq!(config.folder, folder.path());
    assert_eq!(config.store, folder.path().join("data"));
    assert_eq!(config.keys, folder.path().join("keys"));
    assert_eq!(config.quota.usual.burst.get(), 400);
    assert_eq!((config.delivery.concurrency, config.delivery.give_up_after), (64, Duration::from_secs(3600)));

    let [ohjaamo, paja] = config.agencies.as_slice() else { panic!("{:?}", config.agencies) };
    assert_eq!((ohjaamo.sector, ohjaamo.standing), (Sector::YouthWork, Standing::Authority));
    assert!(ohjaamo.adapter.is_none());
    assert_eq!((paja.sector, paja.standing), (Sector::Ngo, Standing::NotAuthority));
    let adapter = paja.adapter.as_ref().unwrap();
    assert_eq!((adapter.kind.as_str(), adapter.settings.len()), ("walmu", 1));

    let [organisation] = config.organisations.as_slice() else { panic!("{:?}", config.organisations) };
    assert_eq!(organisation.agency, ohjaamo.id);
    assert_eq!(organisation.certificates, [[0xa5; 32]]);
    assert_eq!(organisation.units.len(), 2);
    assert!(organisation.actors.contains(&ActorKind::Representative));

    assert!(
        config.directory.agreed(&ohjaamo.id, &paja.id) && !config.directory.agreed(&paja.id, &ohjaamo.id)
    );
}

#[test]
fn the_tls_files_are_reported_by_key_and_line() {
    let folder = TempDir::new().unwrap();
    let pki = Pki::new().unwrap();
    let text = written(folder.path(), &pki).replace("\"ca.crt.pem\"", "\"gateway.key.pem\"");
    let other = pki.issue_server(&["other"]).unwrap();
    std::fs::write(folder.path().join("gateway.key.pem"), &other.key_pem).unwrap();
    let path = folder.path().join("polku.toml");
    std::fs::write(&path, text).unwrap();
    let Err(ConfigError::Wrong { problems, .. }) = Config::load(&path) else { panic!("it is not good") };
    let places: Vec<_> = problems.iter().map(|problem| (problem.key.as_str(), problem.line)).collect();
    assert_eq!(places, [("tls.client_ca_file", Some(9)), ("tls.key_file", Some(8))]);
    let report = format!("{problems:?}");
    for line in other.key_pem.lines().filter(|line| !line.starts_with('-')) {
        assert!(!report.contains(line));
    }
}
