//! Which TLS holds now, when its files change while the gateway runs?
//!
//! Files that were changed are read anew within seconds, and at SIGHUP. All or nothing: where anything is wrong with them the
//! last good ones stay, loudly. What takes their place counts for every new connection, and for those that are there: a
//! connection whose certificate would not be let in any more is cut.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use polku_adapters::transport::stamp::Stamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::{Tls, TlsFiles};

/// How often the files are looked at. Files that differ from one look to the next are still being written.
const LOOK: Duration = Duration::from_secs(1);

/// How often a connection's certificate is looked at again when no file has changed: it may have expired, or the list.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// How often is said again what is wrong, or ends soon.
const SAY_AGAIN: Duration = Duration::from_secs(60 * 60);

/// TLS as its files said when they were last good. All clones are the same.
#[derive(Clone)]
pub struct CurrentTls {
    current: Arc<watch::Sender<Arc<Tls>>>,
}

impl fmt::Debug for CurrentTls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CurrentTls(redacted)")
    }
}

impl From<Tls> for CurrentTls {
    fn from(tls: Tls) -> CurrentTls {
        CurrentTls { current: Arc::new(watch::Sender::new(Arc::new(tls))) }
    }
}

impl CurrentTls {
    /// What holds now.
    #[must_use]
    pub fn now(&self) -> Arc<Tls> {
        Arc::clone(&self.current.borrow())
    }

    /// Ends when a certificate that was let in by `then` would not be any more. Never, if there is none.
    pub(in crate::front) async fn distrusted(&self, then: &Arc<Tls>, chain: Vec<CertificateDer<'static>>) {
        if chain.is_empty() {
            return std::future::pending().await;
        }
        let mut changes = self.current.subscribe();
        // Files may have changed during the handshake.
        let mut seen = Arc::clone(then);
        loop {
            let now = Arc::clone(&changes.borrow_and_update());
            let is_news = !Arc::ptr_eq(&now, &seen);
            seen = now;
            if is_news && !seen.trusts(&chain, UnixTime::now()) {
                return;
            }
            tokio::select! {
                // The sender lives as long as this does.
                _ = changes.changed() => {}
                () = sleep(LOOK_AGAIN) => if !seen.trusts(&chain, UnixTime::now()) { return },
            }
        }
    }

    /// Reads the files. Whether they are good.
    fn read(&self) -> bool {
        let files = self.now().files().clone();
        match Tls::load(&files) {
            Ok(tls) => {
                tls.warn(UnixTime::now());
                self.current.send_replace(Arc::new(tls));
                tracing::info!("certificates, authorities and revocation lists read");
                true
            }
            Err(problems) => {
                for problem in problems {
                    tracing::error!(
                        found = problem.found,
                        expected = problem.expected,
                        "certificates, authorities or revocation lists refused, the last good ones stay"
                    );
                }
                false
            }
        }
    }

    /// Reads the files anew, all or nothing, and tells whether they are good.
    pub async fn read_anew(&self) -> bool {
        let current = self.clone();
        match tokio::task::spawn_blocking(move || current.read()).await {
            Ok(is_good) => is_good,
            Err(error) => {
                tracing::error!(%error, "reading certificates ended abnormally");
                false
            }
        }
    }

    /// Reads the files anew whenever they have changed, and says what ends soon, until it is dropped.
    pub async fn follow(self) {
        self.now().warn(UnixTime::now());
        let mut seen = self.stamps().await;
        let mut read = seen.clone();
        let mut is_good = true;
        let mut said = Instant::now();
        loop {
            sleep(LOOK).await;
            let found = self.stamps().await;
            let is_quiet = found == seen;
            seen = found;
            if is_quiet && seen != read {
                read.clone_from(&seen);
                is_good = self.read_anew().await;
                said = Instant::now();
            } else if said.elapsed() > SAY_AGAIN {
                self.now().warn(UnixTime::now());
                is_good = is_good || self.read_anew().await;
                said = Instant::now();
            }
        }
    }

    /// What tells whether a file has changed.
    async fn stamps(&self) -> Vec<Option<Stamp>> {
        let files = self.now().files().clone();
        // A disk that does not answer holds up nobody else.
        tokio::task::spawn_blocking(move || stamps(&files)).await.unwrap_or_default()
    }
}

fn stamps(files: &TlsFiles) -> Vec<Option<Stamp>> {
    let all = [
        Some(&files.certificate),
        Some(&files.key),
        Some(&files.client_authorities),
        files.revocations.as_ref(),
    ];
    all.into_iter().flatten().map(|path| Stamp::of(path)).collect()
}
