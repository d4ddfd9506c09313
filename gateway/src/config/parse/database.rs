//! Which PostgreSQL database, and how is it reached?

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::super::section::{Section, quoted};
use crate::store::postgres::{PostgresSettings, Server};

#[cfg(test)]
mod tests;

/// Reads `[store.postgres]`. The server is named by `socket`, or by `host` with `ca_file`: no connection leaves the machine
/// in the clear.
pub(super) fn database(section: Section<'_>, folder: &Path) -> Option<PostgresSettings> {
    let server = server(&section, folder);
    let port = u16::try_from(section.number("port", (1, u32::from(u16::MAX)), 5432)).ok();
    let database = section.text("database", "the name of the database");
    let user = section.text("user", "the name of the role that owns the database");
    let password = match section.optional_text("password_file", PASSWORD) {
        Some(name) => Some(password(&section, &folder.join(name))?),
        None => None,
    };
    let readers = section.number("read_connections", (1, 200), 8);
    section.finish();
    Some(PostgresSettings {
        server: server?,
        port: port?,
        database: database?,
        user: user?,
        password,
        readers,
    })
}

const PASSWORD: &str = "the path of a file with the role's password alone";
const AUTHORITIES: &str = "the path of a PEM file with the authorities of the server's certificate";

fn server(section: &Section<'_>, folder: &Path) -> Option<Server> {
    let socket = section.optional_text("socket", "the path of the folder of the server's Unix socket");
    let host = section.optional_text("host", "the name in the server's certificate");
    let file = section.optional_text("ca_file", AUTHORITIES);
    match (socket, host, file) {
        (Some(socket), None, None) => Some(Server::Socket(folder.join(socket))),
        (None, Some(host), Some(file)) => {
            let authorities = Arc::new(authorities(section, &folder.join(file))?);
            Some(Server::Tls { host, authorities })
        }
        (None, Some(_), None) => {
            section.wrong("ca_file", "nothing", AUTHORITIES);
            None
        }
        (_, _, _) => {
            section.wrong("socket", "no server, or several", "socket, or host with ca_file");
            None
        }
    }
}

fn authorities(section: &Section<'_>, path: &Path) -> Option<RootCertStore> {
    let found: Result<Vec<_>, _> = match CertificateDer::pem_file_iter(path) {
        Ok(certificates) => certificates.collect(),
        Err(error) => Err(error),
    };
    let mut authorities = RootCertStore::empty();
    let all_are_good = found.is_ok_and(|found| {
        !found.is_empty() && found.into_iter().all(|certificate| authorities.add(certificate).is_ok())
    });
    if !all_are_good {
        section.wrong("ca_file", format!("{}, without usable ones", quoted(path.display())), AUTHORITIES);
        return None;
    }
    Some(authorities)
}

fn password(section: &Section<'_>, path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    super::secrets::keep(section, section.path("password_file"), path);
    let mut password = match std::fs::read(path) {
        Ok(password) => Zeroizing::new(password),
        Err(error) => {
            let found = format!("{}, which cannot be read ({error})", quoted(path.display()));
            section.wrong("password_file", found, PASSWORD);
            return None;
        }
    };
    while password.last().is_some_and(u8::is_ascii_whitespace) {
        password.pop();
    }
    if password.is_empty() {
        section.wrong("password_file", format!("{}, which is empty", quoted(path.display())), PASSWORD);
        return None;
    }
    Some(password)
}
