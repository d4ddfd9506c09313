//! Is what stands beside a message judged as agreed?

use super::{Agreed, Beside, Party, Said, holds_identity_code};

fn beside() -> Beside {
    Beside {
        party: Some(Party { class: Some("MUN".to_owned()), code: "9999906-0".to_owned() }),
        user_id: Some("FIohjaaja-1".to_owned()),
        issue: Some("a".to_owned()),
    }
}

const SAID: Said<'_> = Said { sender: Some("ohjaamo"), professional: Some("ohjaaja-1"), about: Some("a") };

#[test]
fn only_what_was_agreed_is_admitted() {
    let agreed = Agreed::default();
    assert!(agreed.admits(&beside(), SAID) && agreed.admits(&beside(), Said::default()));
    let other = Some(agreed.otherwise.clone());
    let wrong = [
        Beside { party: None, ..beside() },
        Beside { party: other.clone(), ..beside() },
        Beside { user_id: None, ..beside() },
        Beside { user_id: Some("FIpolku".to_owned()), ..beside() },
        Beside { issue: None, ..beside() },
        Beside { issue: Some("b".to_owned()), ..beside() },
    ];
    for wrong in wrong {
        assert!(!agreed.admits(&wrong, SAID), "{wrong:?}");
    }
    let foreign = Beside { user_id: Some("SE1".to_owned()), ..beside() };
    let unknown = Party { class: None, code: "9999906-0".to_owned() };
    for wrong in [foreign, Beside { party: Some(unknown), ..beside() }, Beside::default()] {
        assert!(!agreed.admits(&wrong, Said::default()), "{wrong:?}");
    }
    let te = Said { sender: Some("te"), ..SAID };
    assert!(!agreed.admits(&beside(), te) && agreed.admits(&Beside { party: other.clone(), ..beside() }, te));

    let own = Beside { party: other, user_id: Some("FIpolku".to_owned()), issue: None };
    assert!(agreed.admits_own(&own) && !agreed.admits_own(&beside()));
}

#[test]
fn an_identity_code_is_found_wherever_it_stands() {
    for text in ["010594Y9032", "FI010594Y9032", "FItyo.010594y9032-1", "a/b/010594Y9032"] {
        assert!(holds_identity_code(text), "{text}");
    }
    for text in ["", "FIohjaaja-1", "010594Y9031", "0193c5a0-0000-7000-8000-000000000001"] {
        assert!(!holds_identity_code(text), "{text}");
    }
}
