//! What may stand where a personal identity code or another id belongs, and what is always true of it?

use polku_proto::identity::{BusinessId, Hetu, Identity, Oid, TemporaryId, has_hetu};

use crate::{Led, oracle};

/// Tries an input: the text.
///
/// # Panics
/// Something is true of what was read that must never be. Says what, and nothing of the input.
pub fn try_input(input: &[u8]) -> Led {
    let Ok(text) = std::str::from_utf8(input) else { return Led::ToRefusal };
    assert!(
        has_hetu(text) || !oracle::has_identity_code(text),
        "a personal identity code is not seen in a text"
    );
    let code: Result<Hetu, _> = text.parse();
    match &code {
        Ok(code) => check_code(code, text),
        Err(error) => assert!(!oracle::has_identity_code(&error.to_string()), "an error repeats a code"),
    }
    let temporary: Result<TemporaryId, _> = text.parse();
    if let Ok(temporary) = &temporary {
        assert!(temporary.expose() == text, "a temporary id has two spellings");
        assert!(!format!("{temporary:?}").contains(text), "a temporary id is shown");
    }
    let identity: Result<Identity, _> = text.parse();
    let reads_the_same = match &identity {
        Ok(Identity::Code(read)) => code.as_ref().is_ok_and(|code| code == read) && temporary.is_err(),
        Ok(Identity::Temporary(read)) => temporary.as_ref().is_ok_and(|temporary| temporary == read),
        Err(_) => code.is_err() && temporary.is_err(),
    };
    assert!(reads_the_same, "an identity is neither a code nor a temporary id, or both");
    let business: Result<BusinessId, _> = text.parse();
    if let Ok(business) = &business {
        assert!(business.as_str() == text, "a business id has two spellings");
        assert!(business.oid().as_str().parse::<Oid>().is_ok(), "a business id makes no object identifier");
    }
    let oid: Result<Oid, _> = text.parse();
    assert!(oid.as_ref().map_or(true, |oid| oid.as_str() == text), "an object identifier has two spellings");
    match identity.is_ok() || business.is_ok() || oid.is_ok() {
        true => Led::Inside,
        false => Led::ToRefusal,
    }
}

fn check_code(code: &Hetu, text: &str) {
    assert!(code.expose() == text, "a code has two spellings");
    assert!(has_hetu(text) && has_hetu(&text.to_ascii_lowercase()), "a code is not seen in a text");
    assert!(!format!("{code:?}").contains(text), "a code is shown");
    let born = code.birth_date();
    let digits = format!("{:02}{:02}{:02}", born.day(), born.month(), born.year() % 100);
    assert!(text.starts_with(&digits), "a code says another day than its own");
    assert!((1800..2100).contains(&born.year()), "a code of a century without sign");
    assert!(!code.born_after(born), "somebody is born after their birth");
    assert!(code.is_temporary() == (text.as_bytes()[7] == b'9'), "a code is given for a time, or not");
}
