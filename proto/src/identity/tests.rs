//! Are identity codes and organisation ids judged as their issuers define them?

use jiff::civil::date;
use proptest::prelude::{
    Just, Strategy, any, prop_assert, prop_assert_eq, prop_assume, prop_oneof, proptest,
};
use proptest::sample::select;

use super::{
    BusinessId, BusinessIdError, Hetu, HetuError, Identity, Oid, OidError, TemporaryId, TemporaryIdError,
    has_hetu,
};

/// Codes of nobody: individual numbers from 900 on are given to no one for good.
const VALID: [&str; 21] = [
    "010594Y9032",
    "010594Y9021",
    "020594X903P",
    "020594X902N",
    "030594W903B",
    "030694W9024",
    "040594V9030",
    "040594V902Y",
    "050594U903M",
    "050594U902L",
    "010516B903X",
    "010516B902W",
    "020516C903K",
    "020516C902J",
    "030516D9037",
    "030516D9026",
    "010501E9032",
    "020502E902X",
    "020503F9037",
    "020504A902E",
    "020504B904H",
];

fn error(text: &str) -> HetuError {
    text.parse::<Hetu>().unwrap_err()
}

#[test]
fn valid_codes_are_taken() {
    for code in VALID {
        let hetu: Hetu = code.parse().unwrap();
        assert_eq!(hetu.expose(), code);
        assert!(hetu.is_temporary());
    }
}

#[test]
fn the_sign_says_the_century() {
    for (sign, year) in [
        ('+', 1894),
        ('-', 1994),
        ('Y', 1994),
        ('X', 1994),
        ('W', 1994),
        ('V', 1994),
        ('U', 1994),
        ('A', 2094),
        ('B', 2094),
        ('C', 2094),
        ('D', 2094),
        ('E', 2094),
        ('F', 2094),
    ] {
        let hetu: Hetu = format!("010594{sign}9032").parse().unwrap();
        assert_eq!(hetu.birth_date(), date(year, 5, 1));
    }
    for sign in "GHIJKLMNOPQRSTZabxy0 /".chars() {
        assert_eq!(error(&format!("010594{sign}9032")), HetuError::Sign, "{sign}");
    }
}

#[test]
fn codes_with_different_signs_are_different_people() {
    let one: Hetu = "010594Y9032".parse().unwrap();
    let other: Hetu = "010594-9032".parse().unwrap();
    assert_ne!(one, other);
}

#[test]
fn days_that_do_not_exist_are_refused() {
    for code in [
        "310201A9020",
        "300296-9020",
        "290201A9020",
        "290200+9020",
        "310494Y9020",
        "000594Y9020",
        "010094Y9020",
        "011394Y9020",
        "320194Y9020",
    ] {
        assert_eq!(error(code), HetuError::Date, "{code}");
    }
    assert_ne!(error("290296-9020"), HetuError::Date);
}

#[test]
fn wrong_forms_are_refused() {
    assert_eq!(error(""), HetuError::Length);
    assert_eq!(error("010594Y903"), HetuError::Length);
    assert_eq!(error("010594Y90322"), HetuError::Length);
    assert_eq!(error(" 010594Y9032"), HetuError::Length);
    assert_eq!(error("O10594Y9032"), HetuError::Digits);
    assert_eq!(error("010594Y9O32"), HetuError::Digits);
    assert_eq!(error("０10594Y90"), HetuError::Digits);
    assert_eq!(error("010594Y0002"), HetuError::Individual);
    assert_eq!(error("010594Y0012"), HetuError::Individual);
}

#[test]
fn wrong_check_characters_are_refused() {
    for code in VALID {
        let (rest, right) = code.split_at(10);
        for check in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".chars().filter(|check| !right.contains(*check)) {
            assert_eq!(error(&format!("{rest}{check}")), HetuError::Check);
        }
        assert_eq!(error(&format!("{rest}é")), HetuError::Length);
    }
    assert_eq!(error("020594x903p"), HetuError::Sign);
    assert_eq!(error("020594X903p"), HetuError::Check);
}

#[test]
fn birth_after_a_day_is_told() {
    let hetu: Hetu = "010516B903X".parse().unwrap();
    assert!(hetu.born_after(date(2016, 4, 30)));
    assert!(!hetu.born_after(date(2016, 5, 1)));
    assert!(!hetu.born_after(date(2016, 5, 2)));
}

#[test]
fn a_code_does_not_print_itself() {
    let hetu: Hetu = VALID[0].parse().unwrap();
    assert_eq!(format!("{hetu:?}"), "Hetu(redacted)");
    for code in ["010594Y9033", "010594Z9032", "310294Y9032"] {
        let error = error(code);
        assert!(!format!("{error} {error:?}").contains("9"), "{error}");
    }
}

#[test]
fn business_ids() {
    let id: BusinessId = "0204819-8".parse().unwrap();
    assert_eq!(id.to_string(), "0204819-8");
    assert_eq!(id.oid().as_str(), "1.2.246.10.2048198");
    for check in ["0", "1", "7", "9"] {
        assert_eq!(format!("0204819-{check}").parse::<BusinessId>(), Err(BusinessIdError::Check));
    }
    for text in ["", "02048198", "204819-8", "0204819-88", "0204819-", "020481A-8", "0204819-X", " 0204819-8"]
    {
        assert_eq!(text.parse::<BusinessId>(), Err(BusinessIdError::Form), "{text}");
    }
}

#[test]
fn object_identifiers() {
    for text in ["1.2.246.10.2048198", "1.2.246.562.24.12345678901", "2.999", "0.0", "2.16.840.1.113883"] {
        assert_eq!(text.parse::<Oid>().unwrap().as_str(), text);
    }
    for text in ["", "1", "1.", ".1", "1..2", "3.1", "1.40", "0.40", "1.2.04", "1.2.a", "1.2.246 ", "1,2"] {
        assert_eq!(text.parse::<Oid>(), Err(OidError), "{text}");
    }
    assert_eq!(format!("1.2.{}", "1".repeat(125)).parse::<Oid>(), Err(OidError));
}

#[test]
fn a_code_is_found_wherever_it_stands() {
    let found = [
        "010594Y9032",
        "010594y9032",
        "(010594-9032)",
        "hetu:010594Y9032.",
        "x010594Y9032",
        "FI010594Y9032",
        "1010594Y9032",
        "TE-010594Y9032-1",
        "Ä010594Y9032ä",
        "aa010594-9032",
        "0193c5a0-0000-7000-8000-000000000001/010594Y9032",
        // Neither is a UUID.
        "aa010594-9032-7000-8000-00000000000",
        "xaa010594-9032-7000-8000-000000000000",
        "aa010594-9032-7000-8000-0000000000000",
    ];
    for text in found {
        assert!(has_hetu(text), "{text}");
    }
    let chance = ["aa010594-9032-7000-8000-000000000000", "AA010594-9032-7000-8000-010501E90320"];
    for uuid in chance {
        assert!(!has_hetu(uuid), "{uuid}");
        assert!(!has_hetu(&format!("S-{uuid}/{uuid}")));
    }
    for text in ["", "010594Y9031", "20261121123456", "010594 9032", "310294Y9032"] {
        assert!(!has_hetu(text), "{text}");
    }
}

/// Codes of any day, sign and number.
fn code() -> impl Strategy<Value = String> {
    let day = (1..=28_u32, 1..=12_u32, 0..=99_u32);
    (day, select("+-YXWVUABCDEF".chars().collect::<Vec<_>>()), 900..=999_u32).prop_map(
        |((day, month, year), sign, number)| {
            let checks = "0123456789ABCDEFHJKLMNPRSTUVWXY".chars();
            let mut codes = checks.map(|check| format!("{day:02}{month:02}{year:02}{sign}{number}{check}"));
            codes.find(|code| code.parse::<Hetu>().is_ok()).unwrap()
        },
    )
}

/// UUIDs; in many of them stands what could be a code.
fn uuid() -> impl Strategy<Value = String> {
    let random = || "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let with_code = (random(), code()).prop_map(move |(uuid, code)| {
        let (day, rest) = code.split_at(6);
        let (_, number) = rest.split_at(1);
        if is_hex(&code) {
            return format!("{}-{}0", uuid.rsplit_once('-').unwrap().0, code.to_lowercase());
        }
        match is_hex(number) {
            true => format!("aa{day}-{}-{}", number.to_lowercase(), uuid.splitn(3, '-').last().unwrap()),
            false => uuid,
        }
    });
    (prop_oneof![random().prop_map(|uuid| uuid), with_code], any::<bool>(), any::<bool>()).prop_map(
        |(uuid, plain, capital)| {
            let uuid = if plain { uuid.replace('-', "") } else { uuid };
            if capital { uuid.to_uppercase() } else { uuid }
        },
    )
}

#[test]
fn a_temporary_id_has_one_spelling() {
    let text = "1.2.246.10.2048198.22.2026.17";
    let id: TemporaryId = text.parse().unwrap();
    assert_eq!(id.expose(), text);
    assert_eq!(format!("{id:?}"), "TemporaryId(redacted)");
    assert!(!id.given_after(date(2026, 1, 1)) && id.given_after(date(2025, 12, 31)));
    assert!("1.2.246.10.2048198.22.2026.0".parse::<TemporaryId>().is_ok());
    assert!("1.2.246.10.2048198.22.2026.1234567890123456".parse::<TemporaryId>().is_ok());
    for wrong in [
        "",
        "1.2.246.10.2048198.22.2026",
        "1.2.246.10.2048198.22.2026.",
        "1.2.246.10.2048198.22.2026.17.1",
        "1.2.246.10.2048198.22.2026.017",
        "1.2.246.10.2048198.22.2026.1 7",
        "1.2.246.10.2048198.22.2026.12345678901234567",
        "1.2.246.10.2048198.22.26.17",
        "1.2.246.10.2048198.22.0026.17",
        "1.2.246.10.2048198.21.2026.17",
        "1.2.246.10.02048198.22.2026.17",
        "1.2.246.10.2048197.22.2026.17",
        "1.2.246.10.120481980.22.2026.17",
        "1.2.246.10.0.22.2026.17",
        "1.2.246.21.2048198.22.2026.17",
        "01.2.246.10.2048198.22.2026.17",
        "1.2.246.10.\u{662}048198.22.2026.17",
    ] {
        assert_eq!(wrong.parse::<TemporaryId>(), Err(TemporaryIdError), "{wrong}");
    }
}

#[test]
fn an_identity_is_a_code_or_a_temporary_id() {
    let code: Identity = "010594Y9032".parse().unwrap();
    assert_eq!((code.expose(), code.birth_date()), ("010594Y9032", Some(date(1994, 5, 1))));
    let temporary: Identity = "1.2.246.10.2048198.22.2026.17".parse().unwrap();
    assert_eq!(temporary.birth_date(), None);
    assert_eq!(format!("{code:?} {temporary:?}"), "Identity(redacted) Identity(redacted)");
    assert!("010594Y9031".parse::<Identity>().is_err());
}

proptest! {
    #[test]
    fn no_uuid_is_taken_for_a_code(
        uuid in uuid(),
        before in prop_oneof![Just(""), Just("urn:uuid:"), Just("S-"), Just("Suunnitelma ("), Just("ä")],
        after in prop_oneof![Just(""), Just("/_history/1"), Just("-1"), Just(")."), Just("ö")],
    ) {
        let text = format!("{before}{uuid}{after}");
        prop_assert!(!has_hetu(&text), "{}", text);
    }

    #[test]
    fn every_code_in_a_sentence_is_found(
        code in code(),
        before in "[a-zåäöA-ZÅÄÖ0-9 .,:;()/_-]{0,30}",
        after in "[a-zåäöA-ZÅÄÖ0-9 .,:;()/_-]{0,30}",
        small in any::<bool>(),
        uuid in uuid(),
    ) {
        let code = if small { code.to_lowercase() } else { code };
        let text = format!("{before}{code}{after}");
        prop_assert!(has_hetu(&text), "{}", text);
        let text = format!("{uuid} {code} {uuid}");
        prop_assert!(has_hetu(&text), "{}", text);
    }

    #[test]
    fn any_text_is_judged(text in ".{0,14}") {
        if let Ok(hetu) = text.parse::<Hetu>() {
            prop_assert_eq!(hetu.expose(), text.as_str());
        }
        if let Ok(id) = text.parse::<BusinessId>() {
            prop_assert_eq!(id.as_str(), text.as_str());
        }
    }

    #[test]
    fn one_wrong_digit_is_noticed(which in 0..VALID.len(), place in 0..10_usize, digit in 0..10_u32) {
        let code = VALID[which];
        let digit = char::from_digit(digit, 10).unwrap();
        prop_assume!(place != 6 && code.chars().nth(place) != Some(digit));
        let wrong: String =
            code.chars().enumerate().map(|(index, letter)| if index == place { digit } else { letter }).collect();
        prop_assert!(wrong.parse::<Hetu>().is_err());
    }
}
