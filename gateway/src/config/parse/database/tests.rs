//! What is said about a database that cannot be used, and what never is.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::super::super::section::{Problems, Section};
use super::database;

/// The line of the settings, and of each problem what is said.
fn said(text: &str, folder: &Path) -> (Option<String>, Vec<String>) {
    let problems = Problems::default();
    let found = database(Section::top(text.parse().unwrap(), &problems), folder);
    (
        found.map(|settings| format!("{settings:?}")),
        problems.into_vec().iter().map(|problem| format!("{}: {}", problem.key, problem.expected)).collect(),
    )
}

#[test]
fn a_server_is_reached_by_a_socket_or_over_tls() {
    let folder = tempfile::TempDir::new().unwrap();
    let named = "database = \"polku\"\nuser = \"polku\"\n";
    std::fs::write(folder.path().join("secret"), "SALAISUUS\n").unwrap();
    std::fs::write(folder.path().join("empty"), " \n").unwrap();
    for secret in ["secret", "empty"] {
        let closed = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(folder.path().join(secret), closed).unwrap();
    }
    std::fs::write(folder.path().join("broken"), "no certificate").unwrap();
    let (found, problems) =
        said(&format!("{named}socket = \"/run/postgresql\"\npassword_file = \"secret\""), folder.path());
    assert_eq!(problems, [""; 0]);
    let found = found.unwrap();
    assert!(found.contains("Socket(\"/run/postgresql\")") && found.contains("port: 5432"), "{found}");
    assert!(
        found.contains("redacted") && !found.contains("SALAISUUS") && !found.contains("83, 65"),
        "{found}"
    );

    let authorities = "ca_file: the path of a PEM file with the authorities of the server's certificate";
    let password = "password_file: the path of a file with the role's password alone";
    for (text, expected) in [
        ("host = \"db.example\"", authorities),
        ("host = \"db.example\"\nca_file = \"nothing\"", authorities),
        ("host = \"db.example\"\nca_file = \"broken\"", authorities),
        ("", "socket: socket, or host with ca_file"),
        ("socket = \"/run\"\nhost = \"db.example\"", "socket: socket, or host with ca_file"),
        ("socket = \"/run\"\nca_file = \"broken\"", "socket: socket, or host with ca_file"),
        ("socket = \"/run\"\npassword_file = \"nothing\"", password),
        ("socket = \"/run\"\npassword_file = \"empty\"", password),
        ("socket = \"/run\"\nport = 0", "port: a whole number from 1 to 65535"),
        ("socket = \"/run\"\nread_connections = 0", "read_connections: a whole number from 1 to 200"),
    ] {
        let (_, problems) = said(&format!("{named}{text}"), folder.path());
        assert_eq!(problems, [expected], "{text}");
    }
    let (_, problems) = said(
        "socket = \"/run\"\nuser = \"polku\"\ndatabase = \"a\"\npassword = \"SALAISUUS\"",
        folder.path(),
    );
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert!(problem.starts_with("password: one of ") && !problem.contains("SALAISUUS"), "{problem}");
}
