//! Is there room, and are the keys for the gateway's eyes only?

use std::path::Path;

use polku_gateway::audit::tlog::{self, Signature, SigningKey};
use polku_gateway::config::Config;
use polku_gateway::seal::Keys;

use super::super::chain;
use super::Finding;

const MEBIBYTE: u64 = 1024 * 1024;

/// With less than this a gateway soon stops.
const TOO_LITTLE: u64 = 64 * MEBIBYTE;

/// With less than this somebody has to look after it.
const LITTLE: u64 = 1024 * MEBIBYTE;

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    vec![room(&config.store), keys(&config.keys)]
}

/// They are whole, and nobody else's to read.
fn keys(folder: &Path) -> Finding {
    let loaded = Keys::load(folder).map(drop);
    let loaded =
        loaded.and_then(|()| SigningKey::load(&folder.join(tlog::KEY_FILE), Signature::Log).map(drop));
    match loaded {
        Ok(()) => Finding::good("keys", "whole, and for their owner alone"),
        Err(error) => Finding::bad("keys", chain(&error.into())),
    }
}

fn room(store: &Path) -> Finding {
    // Before the first start there is only the folder above it.
    let there = if store.exists() { Some(store) } else { store.parent() };
    let there = there.filter(|there| !there.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let what = format!("disk of {}", store.display());
    let found = match rustix::fs::statvfs(there) {
        Ok(found) => found,
        Err(error) => return Finding::bad(what, error.to_string()),
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let said = format!("{} MiB free", free / MEBIBYTE);
    if found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        Finding::bad(what, "is mounted read-only")
    } else if free < TOO_LITTLE || found.f_favail == 0 && found.f_files > 0 {
        Finding::bad(what, said)
    } else if free < LITTLE {
        Finding::warning(what, said)
    } else {
        Finding::good(what, said)
    }
}
