//! What is said of files that cannot be used. Files that can are tried over real connections elsewhere.

use super::*;

#[test]
fn every_file_is_reported_without_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let files = TlsFiles {
        certificate: folder.path().join("absent.pem"),
        key: file("key.pem", "-----BEGIN PRIVATE KEY-----\nSALAISUUS"),
        client_authorities: file("ca.pem", "no PEM at all"),
        revocations: Some(file("crl.pem", "")),
    };
    let problems = Tls::load(&files).unwrap_err();
    let reported: Vec<TlsFile> = problems.iter().map(|problem| problem.file).collect();
    assert_eq!(
        reported,
        [TlsFile::Certificate, TlsFile::Key, TlsFile::ClientAuthorities, TlsFile::Revocations]
    );
    let text = format!("{problems:?}");
    assert!(text.contains("absent.pem, which cannot be read (No such file"), "{text}");
    assert!(text.contains("key.pem without a usable private key"), "{text}");
    assert!(text.contains("ca.pem without any certificate"), "{text}");
    assert!(text.contains("crl.pem without any revocation list"), "{text}");
    assert!(!text.contains("SALAISUUS"), "{text}");
}

#[test]
fn garbage_inside_pem_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, garbage).unwrap();
    let key = folder.path().join("key.pem");
    std::fs::write(&key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    let files = TlsFiles { certificate: path.clone(), key, client_authorities: path, revocations: None };
    let problems = Tls::load(&files).unwrap_err();
    let found: Vec<&str> = problems.iter().map(|problem| problem.found.as_str()).collect();
    assert_eq!(found, ["a key of an unknown kind", "a certificate that cannot be a trust anchor"]);
}
