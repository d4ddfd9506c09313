//! How long do certificates and revocation lists last?

use std::time::Duration;

use rustls::pki_types::UnixTime;
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode as _;
use x509_cert::time::Time;

use super::TlsFile;

/// The longest time before the end of a certificate at which it is said.
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// From when until when something holds (RFC 5280, 4.1.2.5 and 5.1.2.4 and 5), in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasting {
    /// In which file it stands.
    pub file: TlsFile,
    from: Duration,
    until: Duration,
}

impl Lasting {
    /// That of a certificate in DER. `None` if it cannot be parsed.
    #[must_use]
    pub fn of_certificate(file: TlsFile, der: &[u8]) -> Option<Lasting> {
        Some(Lasting::of(file, &Certificate::from_der(der).ok()?))
    }

    pub(crate) fn of(file: TlsFile, certificate: &Certificate) -> Lasting {
        let validity = certificate.tbs_certificate.validity;
        Lasting { file, from: since_1970(validity.not_before), until: since_1970(validity.not_after) }
    }

    /// That of a revocation list in DER. `None` if it cannot be parsed, or says nothing of a next one.
    #[must_use]
    pub fn of_list(file: TlsFile, der: &[u8]) -> Option<Lasting> {
        let list = CertificateList::from_der(der).ok()?.tbs_cert_list;
        Some(Lasting { file, from: since_1970(list.this_update), until: since_1970(list.next_update?) })
    }

    /// Whether it does not hold yet.
    #[must_use]
    pub fn is_early(&self, now: UnixTime) -> bool {
        Duration::from_secs(now.as_secs()) < self.from
    }

    /// How long it still lasts. `None` once it does not.
    #[must_use]
    pub fn left(&self, now: UnixTime) -> Option<Duration> {
        self.until.checked_sub(Duration::from_secs(now.as_secs())).filter(|left| !left.is_zero())
    }

    /// Whether it is time to renew it: when half of a list's life is left, because nobody is let in any more once that is
    /// over, or a third of a certificate's; of that a month before the end at the earliest.
    #[must_use]
    pub fn is_due(&self, now: UnixTime) -> bool {
        let life = self.until.saturating_sub(self.from);
        let margin = match self.file {
            TlsFile::Revocations => life / 2,
            TlsFile::Certificate | TlsFile::Key | TlsFile::ClientAuthorities => (life / 3).min(MONTH),
        };
        self.left(now).is_none_or(|left| left <= margin)
    }
}

fn since_1970(time: Time) -> Duration {
    time.to_unix_duration()
}
