//! Is there room, and are the keys for the gateway's eyes only?

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use polku_gateway::config::Config;

use super::Finding;

const MEBIBYTE: u64 = 1024 * 1024;

/// With less than this a gateway soon stops.
const TOO_LITTLE: u64 = 64 * MEBIBYTE;

/// With less than this somebody has to look after it.
const LITTLE: u64 = 1024 * MEBIBYTE;

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut findings = vec![room(&config.store)];
    let files = std::fs::read_dir(&config.keys).into_iter().flatten().flatten();
    let open = files.filter(|file| {
        file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 != 0)
    });
    let open: Vec<String> = open.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    findings.push(if open.is_empty() {
        Finding::good("keys", "for their owner alone")
    } else {
        Finding::bad("keys", format!("others may read {}: chmod go= them", open.join(", ")))
    });
    findings
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
