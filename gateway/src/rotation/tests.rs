//! Is it told which master key is wrong or missing?

use jiff::Timestamp;
use polku_proto::YouthId;
use tempfile::TempDir;
use uuid::Uuid;

use super::{MasterKeyError, check};
use crate::seal::{Keys, MasterKey};
use crate::store::sqlite::SqliteStore;
use crate::store::{Change, Store as _, Upkeep as _, YouthRow};

const ANNA: YouthId = YouthId::from_uuid(Uuid::from_u128(1));

fn keys() -> Keys {
    Keys::generate_into(TempDir::new().unwrap().path()).unwrap()
}

fn only(keys: &Keys) -> MasterKey {
    let known = keys.masters().known();
    assert_eq!(known.len(), 1);
    known[0]
}

/// A store with one person, whose key these keys have wrapped.
async fn used(folder: &TempDir, keys: &Keys) -> SqliteStore {
    let store = SqliteStore::open(&folder.path().join("polku.db")).unwrap();
    let (_, key) = keys.new_person_key(ANNA).unwrap();
    let identity = keys.identity_index(&"010594Y9032".parse().unwrap());
    let mut change = Change::announced_by(0);
    change.youth =
        Some(YouthRow { id: ANNA, identity, key, sealed_identity: vec![1], created: Timestamp::UNIX_EPOCH });
    store.commit(change).await.unwrap();
    store
}

#[tokio::test]
async fn a_wrong_master_key_is_told_from_the_right_one_with_and_without_its_check_value() {
    let (folder, right, wrong) = (TempDir::new().unwrap(), keys(), keys());
    let store = used(&folder, &right).await;
    check(&store, &right).await.unwrap();
    let found_in = only(&wrong).check;
    let error = check(&store, &wrong).await.unwrap_err();
    let MasterKeyError::Wrong { version: 1, found, expected: None } = error else { panic!("{error:?}") };
    assert_eq!(found, found_in);
    store.note_master_key(only(&right)).await.unwrap();
    check(&store, &right).await.unwrap();
    let error = check(&store, &wrong).await.unwrap_err();
    let MasterKeyError::Wrong { version: 1, found, expected: Some(expected) } = error else {
        panic!("{error:?}")
    };
    assert_eq!((found, expected), (found_in, only(&right).check));
}

#[tokio::test]
async fn a_missing_master_key_is_named_unless_nobody_needs_it() {
    let (folder, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = used(&folder, &Keys::generate_into(place.path()).unwrap()).await;
    let second = Keys::rotate(place.path()).unwrap();
    std::fs::remove_file(place.path().join("master.key")).unwrap();
    let newer = Keys::load(place.path()).unwrap();
    assert_eq!(only(&newer), second);
    let error = check(&store, &newer).await.unwrap_err();
    assert_eq!(error.to_string(), "master key 1 is not here; keys of people wrapped by it: 1");
    let empty = SqliteStore::open(&place.path().join("polku.db")).unwrap();
    check(&empty, &newer).await.unwrap();
}
