//! Does the embedded store keep its promises?

use polku_gateway::store::sqlite::SqliteStore;
use tempfile::TempDir;

struct Opened {
    store: SqliteStore,
    _folder: TempDir,
}

async fn open() -> anyhow::Result<Opened> {
    let folder = TempDir::new()?;
    Ok(Opened { store: SqliteStore::open(&folder.path().join("polku.db"))?, _folder: folder })
}

polku_tests::store_suite!(open);
