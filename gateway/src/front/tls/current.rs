//! Which TLS holds now, when its files change while the gateway runs?
//!
//! Files that were changed are read anew within seconds, and at SIGHUP. All or nothing: where anything is wrong with them the
//! last good ones stay, loudly. What takes their place counts for every new connection, and for those that are there: a
//! connection whose certificate would not be let in any more is cut.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use polku_adapters::transport::stamp::Stamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::{Tls, stamps};

/// How often the files are looked at. Files that differ from one look to the next are still being written.
const LOOK: Duration = Duration::from_secs(1);

/// How often a connection's certificate is looked at again when no file has changed: it may have expired, or the list.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// How often is said again what is wrong, or ends soon.
const SAY_AGAIN: Duration = Duration::from_secs(60 * 60);

/// TLS as its files said when they were last good. All clones are the same.
#[derive(Clone)]
pub struct CurrentTls {
    shared: Arc<Shared>,
}

struct Shared {
    current: watch::Sender<Arc<Tls>>,
    /// Of the files when they were last read, whether or not they were good. Held by whoever reads them.
    read: Mutex<Vec<Option<Stamp>>>,
}

impl fmt::Debug for CurrentTls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CurrentTls(redacted)")
    }
}

impl From<Tls> for CurrentTls {
    fn from(tls: Tls) -> CurrentTls {
        let read = Mutex::new(tls.stamps.clone());
        CurrentTls { shared: Arc::new(Shared { current: watch::Sender::new(Arc::new(tls)), read }) }
    }
}

impl CurrentTls {
    /// What holds now.
    #[must_use]
    pub fn now(&self) -> Arc<Tls> {
        Arc::clone(&self.shared.current.borrow())
    }

    /// Waits until a certificate that was let in by `then` would not be any more: for ever, if there is none.
    pub(in crate::front) async fn until_distrusted(
        &self,
        then: &Arc<Tls>,
        chain: Vec<CertificateDer<'static>>,
    ) {
        if chain.is_empty() {
            return std::future::pending().await;
        }
        let mut changes = self.shared.current.subscribe();
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
        // Whoever reads later reads what is newer.
        let mut read = self.shared.read.lock().unwrap_or_else(PoisonError::into_inner);
        *read = stamps(&files);
        match Tls::load(&files) {
            Ok(tls) => {
                tls.warn(UnixTime::now());
                self.shared.current.send_replace(Arc::new(tls));
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
        let mut seen = Vec::new();
        let mut is_good = true;
        let mut said = Instant::now();
        loop {
            sleep(LOOK).await;
            let found = self.stamps().await;
            let is_quiet = found == seen;
            seen = found;
            if is_quiet && self.is_news(&seen) {
                is_good = self.read_anew().await;
                said = Instant::now();
            } else if said.elapsed() > SAY_AGAIN {
                self.now().warn(UnixTime::now());
                is_good = is_good || self.read_anew().await;
                said = Instant::now();
            }
        }
    }

    /// Whether the files are others than those that were read.
    fn is_news(&self, found: &[Option<Stamp>]) -> bool {
        *self.shared.read.lock().unwrap_or_else(PoisonError::into_inner) != found
    }

    async fn stamps(&self) -> Vec<Option<Stamp>> {
        let files = self.now().files().clone();
        // A disk that does not answer holds up nobody else.
        tokio::task::spawn_blocking(move || stamps(&files)).await.unwrap_or_default()
    }
}
