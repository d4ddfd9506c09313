//! Which hostile JSON is there, and with which code is it refused at every door where JSON comes in?

use super::edit::{after_root, member, numbered, replaced, text, times, utf16, value};

/// A case.
pub struct Case {
    /// What is hostile about it.
    pub name: &'static str,
    /// Makes it of a good document.
    pub edit: fn(String) -> Vec<u8>,
    /// The code of messages of the case management, of Kela and of social services, of a consent, and of what the three
    /// hold on a person: the columns of `base::JSON`. `+`: taken in.
    pub codes: [&'static str; 7],
    /// What a delivery to the three comes to, and the question of social services whether it has arrived: the columns of
    /// `base::RECEIPTS`. None: there is nothing in a receipt to be edited so.
    pub receipts: Option<[&'static str; 4]>,
    /// What the question comes to that the case management and Kela are asked by GET, where it is something else than with
    /// a receipt: no answer is in doubt, for it can be asked again.
    pub asked: Option<&'static str>,
}

const fn case(name: &'static str, codes: [&'static str; 7], edit: fn(String) -> Vec<u8>) -> Case {
    Case { name, edit, codes, receipts: Some([OPEN; 4]), asked: None }
}

impl Case {
    /// With receipts that are good all the same: what stands beside the number is not read everywhere, and a number that may
    /// be more than one is left out, so that a delivery is not in doubt for it.
    const fn received(self, receipts: [&'static str; 4]) -> Self {
        Self { receipts: Some(receipts), ..self }
    }

    /// With more than is read of an answer.
    const fn too_much(self) -> Self {
        Self { asked: Some("UNAVAILABLE"), ..self }
    }

    /// Without receipts.
    const fn not_in_receipts(self) -> Self {
        Self { receipts: None, ..self }
    }
}

/// What is no JSON, or not JSON that is read.
const fn no_json(name: &'static str, edit: fn(String) -> Vec<u8>) -> Case {
    case(name, [INVALID, INVALID, FORM, "NotJson", OPEN, OPEN, OPEN], edit)
}

/// What is no text. A consent comes in as text, and not at all then.
const fn no_text(name: &'static str, edit: fn(String) -> Vec<u8>) -> Case {
    case(name, [INVALID, INVALID, FORM, "NO_TEXT", OPEN, OPEN, OPEN], edit)
}

/// What is JSON, and no document.
const fn no_document(name: &'static str, edit: fn(String) -> Vec<u8>) -> Case {
    case(name, [INVALID, INVALID, FORM, "Form", OPEN, OPEN, OPEN], edit)
}

/// A number that is none of a computer's, in an unknown member.
const fn no_number(name: &'static str, edit: fn(String) -> Vec<u8>) -> Case {
    case(name, ["+", INVALID, FORM, "NotJson", "+", OPEN, OPEN], edit).received(["+", OPEN, OPEN, OPEN])
}

/// A member that the document does not have. The case management and the answers of social services may have others.
const fn unknown(name: &'static str, edit: fn(String) -> Vec<u8>) -> Case {
    case(name, ["+", INVALID, NOT_SUPPORTED, "Unsupported", "+", OPEN, "+"], edit)
        .received(["+", OPEN, "+", "+"])
}

/// Walmu's and Kela's code.
const INVALID: &str = "VIRHEELLINEN_SISALTO";
/// FHIR's code for what is no JSON or has another form.
const FORM: &str = "structure";
/// FHIR's code for what is not known.
const NOT_SUPPORTED: &str = "not-supported";
/// An answer that cannot be used.
const OPEN: &str = "UNANSWERED";

/// Every case.
pub const CASES: &[Case] = &[
    // Bytes.
    no_json("empty", |_| Vec::new()),
    no_json("white space only", |_| b" \n ".to_vec()),
    no_json("zeros only", |_| vec![0; 1000]),
    no_json("mark of UTF-8", |d| format!("\u{feff}{d}").into()),
    no_json("UTF-16", |d| utf16(&d)),
    no_text("UTF-16 with mark", |d| [b"\xff\xfe".to_vec(), utf16(&d)].concat()),
    no_text("no UTF-8", |d| spliced(&d, b"\xff")),
    no_text("overlong UTF-8", |d| spliced(&d, b"\xc0\xa2")),
    no_text("surrogate in UTF-8", |d| spliced(&d, b"\xed\xa0\x80")),
    no_json("NUL behind the document", |d| after_root(&d, "\0")),
    no_json("NUL in a text", |d| text(&d, "a\0b")),
    no_json("line end in a text", |d| text(&d, "a\nb")),
    no_text("compressed", |_| b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0".to_vec()),
    no_json("XML", |_| b"<?xml version='1.0'?><a/>".to_vec()),
    no_json("a form", |_| b"tapahtumaId=1&tapahtuma=hyvaksytty".to_vec()),
    no_json("multipart", |d| format!("--a\r\nContent-Type: application/json\r\n\r\n{d}\r\n--a--\r\n").into()),
    // Syntax.
    no_json("cut", |d| d.strip_suffix('}').unwrap().into()),
    no_json("cut in a text", |d| d.split("Sana.").next().unwrap().into()),
    no_json("two documents", |d| after_root(&d, &d)),
    no_json("something behind it", |d| after_root(&d, " x")),
    no_json("comma behind the last member", |d| format!("{},}}", d.strip_suffix('}').unwrap()).into()),
    no_json("comment", |d| format!("/* a */{d}").into()),
    no_json("other quotes", |d| d.replace('"', "'").into()),
    no_json("name without quotes", |d| member(&d, "a: 1")),
    no_json("name that is a number", |d| member(&d, "1: 1")),
    no_json("not a number", |d| member(&d, r#""a": NaN"#)),
    no_json("infinity", |d| member(&d, r#""a": -Infinity"#)),
    no_json("hexadecimal number", |d| member(&d, r#""a": 0x10"#)),
    no_json("number with a zero before it", |d| member(&d, r#""a": 01"#)),
    no_json("lone surrogate", |d| text(&d, r"\ud800")),
    no_json("surrogates the wrong way round", |d| text(&d, r"\udc00\ud800")),
    no_json("unknown escape", |d| text(&d, r"\x41")),
    no_json("escape without digits", |d| text(&d, r"\u00g0")),
    // Nesting and size.
    case(
        "200,000 lists inside each other",
        [INVALID, "client.invalid_body", FORM, "TooLong", OPEN, OPEN, OPEN],
        |_| times("[", 200_000).into(),
    ),
    no_json("60,000 lists inside each other", |_| times("[", 60_000).into()),
    no_json("10,000 objects inside each other", |_| times("{\"a\":", 10_000).into()),
    no_json("128 lists in place of a text", |d| {
        value(&d, &format!("{}{}", times("[", 128), times("]", 128)))
    }),
    unknown("100 lists inside each other in an unknown member", |d| {
        member(&d, &format!(r#""a": {}{}"#, times("[", 100), times("]", 100)))
    }),
    case(
        "20,000 lists inside each other in an unknown member",
        ["+", INVALID, FORM, "NotJson", "+", OPEN, OPEN],
        |d| member(&d, &format!(r#""a": {}{}"#, times("[", 20_000), times("]", 20_000))),
    )
    .received(["+", OPEN, OPEN, OPEN]),
    unknown("10,000 items in an unknown member", |d| {
        member(&d, &format!(r#""a": [{}1]"#, times("1,", 10_000)))
    }),
    case(
        "1,000,000 items in an unknown member",
        ["UNAUTHENTICATED", "client.invalid_body", "client.invalid_body", "TooLong", OPEN, OPEN, OPEN],
        |d| member(&d, &format!(r#""a": [{}1]"#, times("1,", 1_000_000))),
    )
    .too_much(),
    case(
        "120,000 items in an unknown member",
        ["+", "client.invalid_body", NOT_SUPPORTED, "TooLong", "+", OPEN, "+"],
        |d| member(&d, &format!(r#""a": [{}1]"#, times("1,", 120_000))),
    )
    .received(["+", OPEN, "+", "+"]),
    case(
        "30,000 objects in an unknown member",
        ["+", "client.invalid_body", NOT_SUPPORTED, "TooLong", "+", OPEN, "+"],
        |d| member(&d, &format!(r#""a": [{}{{}}]"#, times("{\"b\":1},", 30_000))),
    )
    .received(["+", OPEN, "+", "+"]),
    case(
        "15,000 unknown members",
        ["+", "client.invalid_body", NOT_SUPPORTED, "TooLong", "+", OPEN, "+"],
        |d| member(&d, numbered("\"a", "\":1,", 15_000).trim_end_matches(',')),
    )
    .received(["+", OPEN, "+", "+"]),
    case(
        "50 MB of text",
        ["UNAUTHENTICATED", "client.invalid_body", "client.invalid_body", "TooLong", OPEN, OPEN, OPEN],
        |d| text(&d, &times("a", 50_000_000)),
    )
    .too_much(),
    case("60,000 characters of text", [INVALID, INVALID, "value", "+", OPEN, OPEN, OPEN], |d| {
        text(&d, &times("a", 60_000))
    })
    .received(["+", "+", "+", OPEN]),
    case(
        "50 MB of spaces",
        ["UNAUTHENTICATED", "client.invalid_body", "client.invalid_body", "TooLong", OPEN, OPEN, OPEN],
        |d| after_root(&d, &times(" ", 50_000_000)),
    )
    .too_much(),
    // Meaning.
    no_document("null", |_| b"null".to_vec()),
    no_document("list", |_| b"[]".to_vec()),
    no_document("text", |_| b"\"a\"".to_vec()),
    no_document("empty object", |_| b"{}".to_vec()),
    unknown("unknown member", |d| member(&d, r#""zebra": 1"#)),
    unknown("member of the prototype", |d| member(&d, r#""__proto__": {"a": 1}"#)),
    unknown("name of 50,000 characters", |d| member(&d, &format!(r#""{}": 1"#, times("a", 50_000)))),
    no_number("number of 50,000 digits", |d| member(&d, &format!(r#""a": {}"#, times("9", 50_000)))),
    no_number("exponent of nine digits", |d| member(&d, r#""a": 1e999999999"#)),
    unknown("fraction of 50,000 digits", |d| member(&d, &format!(r#""a": 0.{}"#, times("9", 50_000)))),
    case("unknown member twice", ["+", INVALID, FORM, "Twice", "+", OPEN, OPEN], |d| {
        member(&d, r#""zebra": 1, "zebra": 2"#)
    })
    .received(["+", OPEN, OPEN, OPEN]),
    case("first member twice", [INVALID, INVALID, FORM, "Twice", OPEN, OPEN, OPEN], |d| {
        let (first, _) = d.split_once(':').unwrap();
        member(&d, &format!(r#""{}": 1"#, first.trim_start_matches(['{', '"']).trim_end_matches('"')))
    }),
    case("first member twice, once escaped", [INVALID, INVALID, FORM, "Twice", OPEN, OPEN, OPEN], |d| {
        let (first, _) = d.split_once("\":").unwrap();
        let name: String =
            first.trim_start_matches("{\"").bytes().map(|byte| format!(r"\u{byte:04x}")).collect();
        member(&d, &format!(r#""{name}": 1"#))
    }),
    case("number in place of a text", [INVALID, INVALID, FORM, "+", OPEN, OPEN, "+"], |d| value(&d, "1"))
        .received([OPEN, OPEN, "+", OPEN]),
    case("null in place of a text", [INVALID, INVALID, FORM, "+", OPEN, OPEN, "+"], |d| value(&d, "null"))
        .received([OPEN, OPEN, "+", OPEN]),
    case("object in place of a text", [INVALID, INVALID, FORM, "+", OPEN, OPEN, "+"], |d| value(&d, "{}"))
        .received([OPEN, OPEN, "+", OPEN]),
    case("list in place of a text", [INVALID, INVALID, FORM, "+", OPEN, OPEN, "+"], |d| {
        value(&d, r#"["a"]"#)
    })
    .received([OPEN, OPEN, "+", OPEN]),
    case("NUL as an escape", [INVALID, INVALID, "value", "+", OPEN, OPEN, OPEN], |d| text(&d, r"a\u0000b"))
        .received(["+", "+", "+", OPEN]),
    case("control character as an escape", [INVALID, INVALID, "value", "+", OPEN, OPEN, OPEN], |d| {
        text(&d, r"\u0007")
    })
    .received(["+", "+", "+", OPEN]),
    case("U+FFFE", [INVALID, INVALID, "value", "+", OPEN, OPEN, OPEN], |d| text(&d, "\u{fffe}"))
        .received(["+", "+", "+", OPEN]),
    case("U+FFFF as an escape", [INVALID, INVALID, "value", "+", OPEN, OPEN, OPEN], |d| text(&d, r"\uffff"))
        .received(["+", "+", "+", OPEN]),
    // An identity code where an id belongs.
    case("identity code as an id", [INVALID, INVALID, "code-invalid", "+", OPEN, OPEN, "+"], |d| {
        replaced(&d, "ID-1", "010594Y9032")
    })
    .not_in_receipts(),
    case(
        "identity code as an id, in lower case",
        [INVALID, INVALID, "code-invalid", "+", OPEN, OPEN, "+"],
        |d| replaced(&d, "ID-1", "010594y9032"),
    )
    .not_in_receipts(),
    case("identity code within an id", [INVALID, INVALID, "code-invalid", "+", OPEN, OPEN, "+"], |d| {
        replaced(&d, "ID-1", "a-010594Y9032")
    })
    .not_in_receipts(),
    case("name of a person as an id", [INVALID, INVALID, "code-invalid", "+", OPEN, OPEN, OPEN], |d| {
        replaced(&d, "ID-1", "Aino Esimerkki")
    })
    .not_in_receipts(),
    case("id of 129 characters", [INVALID, INVALID, "code-invalid", "+", OPEN, OPEN, OPEN], |d| {
        replaced(&d, "ID-1", &times("a", 129))
    })
    .not_in_receipts(),
    case("empty id", [INVALID, INVALID, FORM, "+", "+", OPEN, "+"], |d| replaced(&d, "ID-1", ""))
        .not_in_receipts(),
];

/// Puts bytes in place of the text.
fn spliced(document: &str, bytes: &[u8]) -> Vec<u8> {
    let (before, after) = document.split_once("Sana.").unwrap();
    [before.as_bytes(), bytes, after.as_bytes()].concat()
}
