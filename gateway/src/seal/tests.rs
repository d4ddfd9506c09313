//! Tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use polku_proto::YouthId;
use polku_proto::identity::{Hetu, Identity, TemporaryId};
use proptest::prelude::{any, proptest};
use tempfile::TempDir;
use uuid::Uuid;

use super::{KeyError, Keys, Masters, PersonKey, Place, SealError, WrappedKey, random_bytes};

const ANNA: YouthId = YouthId::from_uuid(Uuid::from_u128(1));
const EETU: YouthId = YouthId::from_uuid(Uuid::from_u128(2));

const PLACE: Place<'static> =
    Place { table: "referral", row: Uuid::from_u128(7), column: "sealed", version: 3 };

fn keys() -> Keys {
    Keys::generate_into(TempDir::new().unwrap().path()).unwrap()
}

fn person(keys: &Keys) -> PersonKey {
    keys.new_person_key(ANNA).unwrap().0
}

#[test]
fn what_is_sealed_opens_in_its_place_only() {
    let key = person(&keys());
    let sealed = key.seal(PLACE, b"a secret").unwrap();
    assert!(!sealed.windows(8).any(|window| window == b"a secret"));
    assert_eq!(key.open(PLACE, &sealed).unwrap(), b"a secret");
    for elsewhere in [
        Place { table: "instrument", ..PLACE },
        Place { row: Uuid::from_u128(8), ..PLACE },
        Place { column: "terms", ..PLACE },
        Place { version: 2, ..PLACE },
        Place { version: 4, ..PLACE },
        Place { table: "referrals", column: "ealed", ..PLACE },
        Place { table: "referra", column: "lsealed", ..PLACE },
    ] {
        assert_eq!(key.open(elsewhere, &sealed), Err(SealError::NotAuthentic), "{elsewhere:?}");
    }
}

#[test]
fn what_is_sealed_for_one_person_opens_for_no_other() {
    let keys = keys();
    let sealed = person(&keys).seal(PLACE, b"a secret").unwrap();
    assert_eq!(person(&keys).open(PLACE, &sealed), Err(SealError::NotAuthentic));
}

#[test]
fn every_altered_bit_and_every_cut_is_noticed() {
    let key = person(&keys());
    let sealed = key.seal(PLACE, b"a secret").unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key.open(PLACE, &altered), Err(SealError::NotAuthentic), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert_eq!(key.open(PLACE, &sealed[..length]), Err(SealError::NotAuthentic), "{length} bytes");
    }
}

#[test]
fn sealing_twice_gives_different_bytes() {
    let key = person(&keys());
    assert_ne!(key.seal(PLACE, b"a secret").unwrap(), key.seal(PLACE, b"a secret").unwrap());
    assert_ne!(random_bytes::<16>().unwrap(), random_bytes::<16>().unwrap());
}

#[test]
fn a_wrapped_key_unwraps_for_its_person_only() {
    let keys = keys();
    let (key, wrapped) = keys.new_person_key(ANNA).unwrap();
    let sealed = key.seal(PLACE, b"a secret").unwrap();
    let stored = WrappedKey::from_bytes(*wrapped.as_bytes());
    assert_eq!(keys.unwrap(ANNA, &stored).unwrap().open(PLACE, &sealed).unwrap(), b"a secret");
    assert_eq!(keys.unwrap(EETU, &wrapped).unwrap_err(), SealError::NotAuthentic);
    assert_eq!(super::tests::keys().unwrap(ANNA, &wrapped).unwrap_err(), SealError::NotAuthentic);
    let mut rotated = *wrapped.as_bytes();
    rotated[0] = 9;
    let unknown = keys.unwrap(ANNA, &WrappedKey::from_bytes(rotated));
    assert_eq!(unknown.unwrap_err(), SealError::UnknownMasterKey { version: 9 });
}

#[test]
fn a_token_is_good_for_its_caller_only() {
    let keys = keys();
    let token = keys.seal_token("te", b"page 2").unwrap();
    assert_eq!(token.len(), 70 + 8);
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
    assert_eq!(keys.open_token("te", &token).unwrap(), b"page 2");
    assert_eq!(keys.open_token("kela", &token), Err(SealError::NotAuthentic));
    assert_eq!(super::tests::keys().open_token("te", &token), Err(SealError::NotAuthentic));
    let mut shorter = token.clone();
    shorter.pop();
    for bad in ["", "AAAA", "not base64!", &token.repeat(2), &shorter] {
        assert_eq!(keys.open_token("te", bad), Err(SealError::NotAuthentic), "{bad}");
    }
    for at in 0..token.len() {
        let mut altered = token.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert_eq!(keys.open_token("te", &altered), Err(SealError::NotAuthentic), "character {at}");
    }
}

#[test]
fn keyed_hashes_depend_on_key_domain_and_value() {
    let keys = keys();
    let code: Hetu = "010594Y9032".parse().unwrap();
    let other: Hetu = "010594Y9021".parse().unwrap();
    assert_eq!(keys.identity_index(&code), keys.identity_index(&code));
    assert_ne!(keys.identity_index(&code), keys.identity_index(&other));
    let temporary: TemporaryId = "1.2.246.10.2048198.22.2026.17".parse().unwrap();
    let next: TemporaryId = "1.2.246.10.2048198.22.2026.18".parse().unwrap();
    assert_eq!(keys.temporary_index(&temporary), keys.index_of(&Identity::Temporary(temporary.clone())));
    assert_ne!(keys.temporary_index(&temporary), keys.temporary_index(&next));
    assert_ne!(keys.identity_index(&code), super::tests::keys().identity_index(&code));
    assert_eq!(keys.pseudonym(b"actor", b"1"), keys.pseudonym(b"actor", b"1"));
    assert_ne!(keys.pseudonym(b"actor", b"1"), keys.pseudonym(b"actor", b"2"));
    assert_ne!(keys.pseudonym(b"actor", b"1"), keys.pseudonym(b"youth", b"1"));
    assert_ne!(keys.pseudonym(b"ab", b"c"), keys.pseudonym(b"a", b"bc"));
}

#[test]
fn nothing_secret_is_printed() {
    let keys = keys();
    let (key, wrapped) = keys.new_person_key(ANNA).unwrap();
    let index = keys.identity_index(&"010594Y9032".parse().unwrap());
    let printed = format!("{keys:?} {key:?} {wrapped:?} {index:?}");
    assert_eq!(printed, "Keys(redacted) PersonKey(redacted) WrappedKey(redacted) IdentityIndex(redacted)");
}

#[test]
fn generated_keys_are_private_and_load_again() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("keys");
    let made = Keys::generate_into(&folder).unwrap();
    let loaded = Keys::load(&folder).unwrap();
    assert_eq!(made.pseudonym(b"a", b"b"), loaded.pseudonym(b"a", b"b"));
    let (key, wrapped) = made.new_person_key(ANNA).unwrap();
    let sealed = key.seal(PLACE, b"a secret").unwrap();
    assert!(loaded.unwrap(ANNA, &wrapped).unwrap().open(PLACE, &sealed).is_ok());
    assert!(loaded.open_token("te", &made.seal_token("te", b"").unwrap()).is_ok());

    assert_eq!(mode(&folder), 0o700);
    let names = ["identity.key", "master.key", "pseudonym.key", "token.key"];
    for name in names {
        assert_eq!(mode(&folder.join(name)), 0o400, "{name}");
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap().len(), 65, "{name}");
    }
    let again = Keys::generate_into(&folder);
    assert!(matches!(again, Err(KeyError::File { path, .. }) if path.ends_with("master.key")));
    assert!(Keys::load(&folder).is_ok());
}

#[test]
fn bad_key_files_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("master.key");
    drop(Keys::generate_into(folder.path()).unwrap());
    let good = fs::read_to_string(&path).unwrap();

    for mode in [0o404, 0o402, 0o420, 0o644, 0o777] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refused = Keys::load(folder.path());
        assert!(matches!(refused, Err(KeyError::Exposed { mode: found, .. }) if found == mode), "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    for content in ["", "00", &good.replace('\n', "00"), &format!("{good}\n"), &"g".repeat(64)] {
        fs::write(&path, content).unwrap();
        let refused = Keys::load(folder.path()).unwrap_err();
        assert!(matches!(refused, KeyError::Content { .. }), "{content}");
        assert!(content.is_empty() || !format!("{refused} {refused:?}").contains(content));
    }
    fs::write(&path, good.trim().to_uppercase()).unwrap();
    assert!(Keys::load(folder.path()).is_ok());
    fs::copy(folder.path().join("token.key"), folder.path().join("copy")).unwrap();
    fs::rename(folder.path().join("copy"), &path).unwrap();
    assert!(matches!(Keys::load(folder.path()), Err(KeyError::Repeated { .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(Keys::load(folder.path()), Err(KeyError::File { .. })));
}

proptest! {
    #[test]
    fn every_length_comes_back(plain in any::<Vec<u8>>()) {
        let key = PersonKey { secret: zeroize::Zeroizing::new([5; 32]) };
        let sealed = key.seal(PLACE, &plain).unwrap();
        assert_eq!(sealed.len(), plain.len() + 28);
        assert_eq!(key.open(PLACE, &sealed).unwrap(), plain);
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_newest_master_key_wraps_and_the_older_ones_unwrap() {
    let folder = TempDir::new().unwrap();
    let first = Keys::generate_into(folder.path()).unwrap();
    let (key, wrapped) = first.new_person_key(ANNA).unwrap();
    let sealed = key.seal(PLACE, b"a secret").unwrap();
    assert_eq!(wrapped.master_version(), 1);
    let made = Keys::rotate(folder.path()).unwrap();
    assert_eq!((made.version, mode(&folder.path().join("master-2.key"))), (2, 0o400));
    assert_eq!(Keys::rotate(folder.path()).unwrap().version, 3);

    let keys = Keys::load(folder.path()).unwrap();
    assert_eq!(keys.masters().known().iter().map(|key| key.version).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(keys.masters().known()[1], made);
    assert_eq!(keys.new_person_key(EETU).unwrap().1.master_version(), 3);
    assert_eq!(keys.unwrap(ANNA, &wrapped).unwrap().open(PLACE, &sealed).unwrap(), b"a secret");
    let rewrapped = keys.rewrap(ANNA, &wrapped).unwrap();
    assert_eq!(rewrapped.master_version(), 3);
    assert_eq!(keys.unwrap(ANNA, &rewrapped).unwrap().open(PLACE, &sealed).unwrap(), b"a secret");
    assert_eq!(keys.rewrap(EETU, &wrapped).unwrap_err(), SealError::NotAuthentic);
    assert_eq!(first.unwrap(ANNA, &rewrapped).unwrap_err(), SealError::UnknownMasterKey { version: 3 });

    // What was in use under a version stays so.
    first.use_masters(Masters::load(folder.path()).unwrap()).unwrap();
    assert_eq!(first.unwrap(ANNA, &rewrapped).unwrap().open(PLACE, &sealed).unwrap(), b"a secret");
    let other = TempDir::new().unwrap();
    Keys::generate_into(other.path()).unwrap();
    let refused = first.use_masters(Masters::load(other.path()).unwrap());
    assert!(matches!(refused, Err(KeyError::Changed { version: 1 })), "{refused:?}");
    assert_eq!(first.masters().newest(), 3);
}

#[test]
fn a_check_value_tells_keys_apart_and_says_nothing() {
    let check = |keys: &Keys| keys.masters().known()[0].check;
    let folder = TempDir::new().unwrap();
    let made = Keys::generate_into(folder.path()).unwrap();
    assert_eq!(check(&made), check(&Keys::load(folder.path()).unwrap()));
    assert_ne!(check(&made), check(&keys()));
    let said = format!("{:?}", Masters::load(folder.path()).unwrap());
    let digits = fs::read_to_string(folder.path().join("master.key")).unwrap();
    assert!(said.contains("version: 1") && !said.contains(digits.get(..16).unwrap()), "{said}");
    // What only looks like a master key is none.
    for name in ["master-1.key", "master-02.key", "master-300.key", "master-x.key", "master-2.key.old"] {
        fs::write(folder.path().join(name), "no key").unwrap();
    }
    assert_eq!(Masters::load(folder.path()).unwrap().known().len(), 1);
}
