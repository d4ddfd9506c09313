//! For how long do certificates and lists still last?

use std::path::Path;

use polku_gateway::front::tls::{Lasting, Tls, TlsFile};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};

use super::Finding;

const DAY: u64 = 24 * 60 * 60;

/// Those that `[tls]` names.
pub(super) fn of_listeners(tls: &Tls) -> Vec<Finding> {
    let all = tls.lasting().iter().filter_map(|lasting| {
        let path = lasting.file.path(tls.files())?;
        Some(of(lasting, path))
    });
    let mut findings: Vec<Finding> = all.collect();
    if tls.files().revocations.is_none() {
        let found = "no list is named: a certificate is only kept out by the registry of organisations, after a restart";
        findings.push(Finding::warning("tls.crl_file", found));
    }
    findings
}

/// Those in a file of a connection to an agency.
pub(super) fn of_file(path: &Path) -> Vec<Finding> {
    let found = CertificateDer::pem_file_iter(path).map(Iterator::collect::<Result<Vec<_>, _>>);
    let Ok(Ok(certificates)) = found else {
        return vec![Finding::bad(format!("certificate {}", path.display()), "cannot be read")];
    };
    let lasting = certificates.iter().filter_map(|one| Lasting::of_certificate(TlsFile::Certificate, one));
    lasting.map(|lasting| of(&lasting, path)).collect()
}

fn of(lasting: &Lasting, path: &Path) -> Finding {
    let now = UnixTime::now();
    let kind = match lasting.file {
        TlsFile::Revocations => "revocation list",
        TlsFile::Certificate | TlsFile::Key | TlsFile::ClientAuthorities => "certificate",
    };
    let what = format!("{kind} {}", path.display());
    match lasting.left(now) {
        None => Finding::bad(what, "has expired"),
        Some(left) => {
            let found = format!("{} days left", left.as_secs() / DAY);
            if lasting.is_due(now) { Finding::warning(what, found) } else { Finding::good(what, found) }
        }
    }
}
