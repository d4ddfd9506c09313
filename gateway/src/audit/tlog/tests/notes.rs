//! Are notes and keys those that others read and write?

use std::os::unix::fs::PermissionsExt as _;

use super::{NAME, Store, fs, leaves, now};
use crate::audit::tlog::note::NoteError;
use crate::audit::tlog::{Checkpoint, Signature, SignedNote, SigningKey, Verifier};
use crate::seal::KeyError;

/// The example of the package `note` of the Go ecosystem.
const FOREIGN_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const FOREIGN_SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n";
const FOREIGN_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn a_note_from_elsewhere_is_read_and_made_again() {
    let verifier = Verifier::parse(FOREIGN_KEY).unwrap();
    assert_eq!(verifier.to_string(), FOREIGN_KEY);
    let note = SignedNote::parse(FOREIGN_NOTE).unwrap();
    assert_eq!(verifier.check(&note), Ok(None));
    let store = Store::new();
    let file = store.path("foreign.key");
    fs::write(&file, FOREIGN_SECRET).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let key = SigningKey::load(&file, Signature::Log).unwrap();
    assert_eq!(*key.verifier(), verifier);
    assert_eq!(format!("{}\n{}", note.text, key.line(&note.text, now()).unwrap()), FOREIGN_NOTE);
}

#[test]
fn another_text_key_or_type_is_not_signed() {
    let store = Store::with(&leaves(3));
    let (note, own) = (store.note(), store.verifier());
    assert_eq!(Checkpoint::open(&note, &own).unwrap().size, 3);
    let altered = |from: &str, to: &str| {
        let whole = note.as_str().replacen(from, to, 1);
        assert_ne!(whole, note.as_str());
        SignedNote::parse(&whole).and_then(|note| Checkpoint::open(&note, &own)).unwrap_err()
    };
    assert_eq!(altered("\n3\n", "\n4\n"), NoteError::Signature);
    assert_eq!(altered("polku\n3", "polka\n3"), NoteError::Signature);
    assert_eq!(altered("\u{2014} log", "\u{2014} log2"), NoteError::Unsigned);
    assert_eq!(altered("\n\n", "\n"), NoteError::Form);
    assert_eq!(altered("\u{2014} ", "- "), NoteError::Form);
    let other = Store::new();
    assert_eq!(Checkpoint::open(&note, &other.verifier()), Err(NoteError::Unsigned));
    // The same key as that of a witness.
    let witness = SigningKey::create(&store.path("witness.key"), NAME, Signature::Witness).unwrap();
    assert_eq!(Checkpoint::open(&note, witness.verifier()), Err(NoteError::Type));
    assert_eq!(Checkpoint::cosigned(&note, &own), Err(NoteError::Type));
    assert_eq!(Checkpoint::cosigned(&note, witness.verifier()), Err(NoteError::Unsigned));
}

#[test]
fn a_signed_text_that_is_no_checkpoint_of_the_log_is_none() {
    let key = Store::new().key();
    let opened = |text: &str| {
        let line = key.line(text, now()).unwrap();
        Checkpoint::open(&SignedNote::parse(&format!("{text}\n{line}")).unwrap(), key.verifier())
    };
    let root = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(opened(&format!("{NAME}\n7\n{root}\n")).unwrap().size, 7);
    assert_eq!(opened(&format!("{NAME}\n7\n{root}\nextension\n")).unwrap().size, 7);
    assert_eq!(opened(&format!("other.example\n7\n{root}\n")), Err(NoteError::Origin));
    for text in [
        format!("{NAME}\n07\n{root}\n"),
        format!("{NAME}\n+7\n{root}\n"),
        format!("{NAME}\n7\nAAAA\n"),
        format!("{NAME}\n7\n"),
        format!("{NAME}\n7\n{root}\n\n"),
        format!("\n7\n{root}\n"),
    ] {
        assert_eq!(opened(&text), Err(NoteError::Checkpoint), "{text:?}");
    }
}

#[test]
fn a_verifier_key_is_whole_or_none() {
    for altered in [
        FOREIGN_KEY.replace("c74f", "c74e"),
        FOREIGN_KEY.replace("Peter", "Petra"),
        FOREIGN_KEY.replace("+AR", "+AB"),
        FOREIGN_KEY.replace("TW", "Tw"),
        "PeterNeumann+c74f20a3".to_owned(),
        String::new(),
    ] {
        assert_eq!(Verifier::parse(&altered), Err(NoteError::Key), "{altered}");
    }
}

#[test]
fn a_key_file_is_kept_to_its_owner_and_its_use() {
    let store = Store::new();
    let file = store.path("log.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o400);
    assert!(matches!(SigningKey::load(&file, Signature::Witness), Err(KeyError::Signing { .. })));
    assert!(matches!(SigningKey::create(&file, NAME, Signature::Log), Err(KeyError::File { .. })));
    for name in ["", "with space", "a+b", "line\n"] {
        let refused = SigningKey::create(&store.path("other.key"), name, Signature::Log);
        assert!(matches!(refused, Err(KeyError::Signing { .. })), "{name:?}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o404)).unwrap();
    assert!(matches!(SigningKey::load(&file, Signature::Log), Err(KeyError::Exposed { mode: 0o404, .. })));
}
