//! Which hostile XML is there, and with which rule and code is it refused?
//!
//! Each case is made of every kind of message to the gateway, of every kind of answer to a delivery and to the question
//! whether it has arrived, and of the answer to a question about a person: of every agency that speaks over X-Road SOAP.

use super::edit::{
    after_root, attributes, before_root, body, declared, in_body, in_header, namespace, numbered, replaced,
    text, times, utf16,
};

/// A case.
pub struct Case {
    /// What is hostile about it.
    pub name: &'static str,
    /// Makes it of a good document.
    pub edit: fn(String) -> Vec<u8>,
    /// The rule of XML that it breaks. `+`: none.
    pub rule: &'static str,
    /// The code of a message. `+`: taken in.
    pub message: &'static str,
    /// What a delivery, or a question about one, comes to, and the code of its answer.
    pub receipt: &'static str,
    /// The agencies whose receipt is taken in all the same.
    pub forgiving: &'static [&'static str],
    /// What a question comes to.
    pub facts: &'static str,
}

impl Case {
    /// What a receipt of this agency comes to.
    pub fn receipt_of(&self, agency: &str) -> &'static str {
        if self.forgiving.contains(&agency) { "+" } else { self.receipt }
    }
}

/// What is not XML, or not XML that is read.
const fn xml(name: &'static str, rule: &'static str, edit: fn(String) -> Vec<u8>) -> Case {
    let answer = "UNANSWERED server.serverproxy.service_failed.invalid_soap";
    Case { name, edit, rule, message: "client.invalid_soap", receipt: answer, forgiving: &[], facts: answer }
}

/// The same, and larger than an answer may be.
const fn large(name: &'static str, rule: &'static str, edit: fn(String) -> Vec<u8>) -> Case {
    Case {
        name,
        edit,
        rule,
        message: "client.invalid_soap",
        receipt: "UNANSWERED",
        forgiving: &[],
        facts: "UNANSWERED",
    }
}

/// What is XML, and not a message.
const fn soap(
    name: &'static str,
    message: &'static str,
    answer: &'static str,
    edit: fn(String) -> Vec<u8>,
) -> Case {
    Case { name, edit, rule: "+", message, receipt: answer, forgiving: &[], facts: answer }
}

/// What is a message, and not one of the agency's document.
const fn foreign(name: &'static str, edit: fn(String) -> Vec<u8>) -> Case {
    soap(name, "client.invalid_body", "UNANSWERED", edit)
}

/// The same, but for receipts of `te`: what is said beside the number does not put a delivery in doubt there.
const fn unless_receipt(name: &'static str, edit: fn(String) -> Vec<u8>) -> Case {
    Case { forgiving: &["te"], ..foreign(name, edit) }
}

/// What looks odd and means nothing.
const fn harmless(name: &'static str, edit: fn(String) -> Vec<u8>) -> Case {
    soap(name, "+", "+", edit)
}

const LAUGHS: &str = r#"<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;"><!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;"><!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;"><!ENTITY lol4 "&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;">]>"#;

const DUPLICATE: &str = "client.duplicate_header_field";
const DUPLICATE_ANSWER: &str = "UNANSWERED server.serverproxy.service_failed.duplicate_header_field";
const BODY: &str = "client.invalid_body";
const BODY_ANSWER: &str = "UNANSWERED server.serverproxy.service_failed.invalid_body";

/// Every case.
pub const CASES: &[Case] = &[
    // Document types and entities.
    xml("billion laughs", "DocumentType", |d| text_and_type(&d, LAUGHS, "&lol4;")),
    xml("quadratic blow-up", "DocumentType", |d| {
        text_and_type(
            &d,
            &format!(r#"<!DOCTYPE a [<!ENTITY a "{}">]>"#, times("a", 50_000)),
            &times("&a;", 20_000),
        )
    }),
    xml("entity of itself", "DocumentType", |d| {
        text_and_type(&d, r#"<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]>"#, "&a;")
    }),
    xml("external entity, file", "DocumentType", |d| {
        text_and_type(&d, r#"<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>"#, "&a;")
    }),
    xml("external entity, http", "DocumentType", |d| {
        text_and_type(&d, r#"<!DOCTYPE a [<!ENTITY a SYSTEM "http://127.0.0.1:1/">]>"#, "&a;")
    }),
    xml("external entity, public", "DocumentType", |d| {
        text_and_type(&d, r#"<!DOCTYPE a [<!ENTITY a PUBLIC "a" "file:///etc/passwd">]>"#, "&a;")
    }),
    xml("parameter entity", "DocumentType", |d| {
        before_root(&d, r#"<!DOCTYPE a [<!ENTITY % a SYSTEM "http://127.0.0.1:1/a.dtd"> %a;]>"#)
    }),
    xml("external document type", "DocumentType", |d| {
        before_root(&d, r#"<!DOCTYPE a SYSTEM "file:///dev/random">"#)
    }),
    xml("empty document type", "DocumentType", |d| before_root(&d, "<!DOCTYPE a>")),
    xml("document type in lower case", "DocumentType", |d| before_root(&d, "<!doctype a>")),
    xml("document type inside the root", "DocumentType", |d| text(&d, "<!DOCTYPE a>")),
    xml("document type behind the root", "DocumentType", |d| after_root(&d, "<!DOCTYPE a>")),
    xml("attribute default", "DocumentType", |d| {
        before_root(&d, r#"<!DOCTYPE a [<!ATTLIST a b CDATA "c">]>"#)
    }),
    xml("unknown entity", "UnknownEntity", |d| text(&d, "&nbsp;")),
    xml("unknown entity in an attribute", "UnknownEntity", |d| attributes(&d, r#"a="&nbsp;""#)),
    xml("1000 unknown entities", "UnknownEntity", |d| text(&d, &times("&a;", 1000))),
    xml("reference without end", "UnmatchedTags", |d| text(&d, "&amp")),
    xml("bare ampersand", "UnmatchedTags", |d| text(&d, "a & b")),
    xml("reference to NUL", "IllegalCharacter", |d| text(&d, "&#0;")),
    xml("reference to a control character", "IllegalCharacter", |d| text(&d, "&#x1b;")),
    xml("reference to a surrogate", "IllegalCharacter", |d| text(&d, "&#xd800;")),
    xml("reference beyond Unicode", "IllegalCharacter", |d| text(&d, "&#x110000;")),
    xml("reference with 100,000 digits", "IllegalCharacter", |d| {
        text(&d, &format!("&#{};", times("9", 100_000)))
    }),
    // Size.
    large("50 MB of text", "TooLarge", |d| text(&d, &times("a", 50_000_000))),
    large("a byte more than a mebibyte", "TooLarge", |d| {
        let rest = 1024 * 1024 + 1 - d.len();
        after_root(&d, &times(" ", rest))
    }),
    large("1,000,000 elements inside each other", "TooLarge", |d| text(&d, &times("<a>", 1_000_000))),
    xml("300,000 elements inside each other", "TooDeep", |d| text(&d, &times("<a>", 300_000))),
    xml("80,000 elements inside each other", "TooDeep", |d| text(&d, &times("<a>", 80_000))),
    xml("33 elements inside each other", "TooDeep", |d| {
        text(&d, &format!("{}{}", times("<a>", 33), times("</a>", 33)))
    }),
    large("200,000 attributes", "TooLarge", |d| attributes(&d, &numbered("a", "='' ", 200_000))),
    xml("80,000 attributes", "TooManyAttributes", |d| attributes(&d, &numbered("a", "='' ", 80_000))),
    xml("20,000 attributes", "TooManyAttributes", |d| attributes(&d, &numbered("a", "='' ", 20_000))),
    xml("65 attributes", "TooManyAttributes", |d| attributes(&d, &numbered("a", "='' ", 65))),
    xml("300 namespaces", "TooManyNamespaces", |d| attributes(&d, &numbered("xmlns:a", "='b' ", 300))),
    xml("129 namespaces in scope", "TooManyNamespaces", |d| {
        let open = |from: usize| {
            let bound: String = (from..from + 60).map(|number| format!(" xmlns:a{number}='b'")).collect();
            format!("<a{bound}>")
        };
        text(&d, &format!("{}{}{}</a></a></a>", open(0), open(60), open(120)))
    }),
    xml("170,000 elements", "TooManyNodes", |d| text(&d, &times("<a/>", 170_000))),
    xml("60,000 elements", "TooManyNodes", |d| text(&d, &times("<a/>", 60_000))),
    xml("name of 257 bytes", "NameTooLong", |d| text(&d, &format!("<{}/>", times("a", 257)))),
    xml("name of 500,000 bytes", "NameTooLong", |d| text(&d, &format!("<{}/>", times("a", 500_000)))),
    xml("namespace of 257 bytes", "NameTooLong", |d| {
        attributes(&d, &format!("xmlns:a='{}'", times("a", 257)))
    }),
    unless_receipt("1,000,000 characters in an attribute", |d| {
        attributes(&d, &format!("a='{}'", times("a", 1_000_000)))
    }),
    Case {
        forgiving: &["te", "typpi"],
        ..foreign("1,000,000 characters of text", |d| text(&d, &times("a", 1_000_000)))
    },
    harmless("1,000,000 characters of comment", |d| {
        before_root(&d, &format!("<!--{}-->", times("a", 1_000_000)))
    }),
    harmless("200,000 processing instructions", |d| before_root(&d, &times("<?a?>", 200_000))),
    // Encodings.
    xml("empty", "Empty", |_| Vec::new()),
    xml("white space only", "Empty", |_| b" \n ".to_vec()),
    xml("zeros only", "IllegalCharacter", |_| vec![0; 1000]),
    xml("UTF-16 that says it is UTF-8", "EncodingMismatch", |d| [b"\xff\xfe".to_vec(), utf16(&d)].concat()),
    xml("UTF-16 without mark that says it is UTF-8", "EncodingMismatch", |d| utf16(&d)),
    xml("UTF-16 with half a character", "InvalidEncoding", |d| {
        [b"\xff\xfe".to_vec(), utf16(&declared(&d, "")), b"<".to_vec()].concat()
    }),
    xml("UTF-16 with a lone surrogate", "InvalidEncoding", |d| {
        [b"\xff\xfe".to_vec(), utf16(&declared(&d, "")), b"\x00\xd8".to_vec()].concat()
    }),
    harmless("UTF-16", |d| [b"\xff\xfe".to_vec(), utf16(&declared(&d, ""))].concat()),
    xml("UTF-8 that says it is UTF-16", "EncodingMismatch", |d| {
        declared(&d, r#"<?xml version="1.0" encoding="UTF-16"?>"#).into()
    }),
    xml("mark of UTF-8, and Latin 1 declared", "EncodingMismatch", |d| {
        ["\u{feff}".to_owned(), declared(&d, r#"<?xml version="1.0" encoding="ISO-8859-1"?>"#)]
            .concat()
            .into()
    }),
    harmless("mark of UTF-8", |d| format!("\u{feff}{d}").into()),
    xml("two marks of UTF-8", "OutsideRoot", |d| format!("\u{feff}\u{feff}{}", declared(&d, "")).into()),
    xml("UTF-7", "UnsupportedEncoding", |d| declared(&d, r#"<?xml version="1.0" encoding="UTF-7"?>"#).into()),
    xml("EBCDIC", "UnsupportedEncoding", |d| {
        declared(&d, r#"<?xml version="1.0" encoding="cp037"?>"#).into()
    }),
    xml("UTF-32", "IllegalCharacter", |d| {
        declared(&d, "").chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect()
    }),
    xml("no UTF-8", "InvalidEncoding", |d| spliced(&d, b"\xff")),
    xml("overlong UTF-8", "InvalidEncoding", |d| spliced(&d, b"\xc0\xbc")),
    xml("surrogate in UTF-8", "InvalidEncoding", |d| spliced(&d, b"\xed\xa0\x80")),
    xml("NUL in text", "IllegalCharacter", |d| text(&d, "a\0b")),
    xml("NUL behind the root", "IllegalCharacter", |d| after_root(&d, "\0")),
    xml("control character", "IllegalCharacter", |d| text(&d, "\u{7}")),
    xml("U+FFFE", "IllegalCharacter", |d| text(&d, "\u{fffe}")),
    xml("XML 1.1", "InvalidDeclaration", |d| declared(&d, r#"<?xml version="1.1"?>"#).into()),
    xml("declaration behind a space", "InvalidDeclaration", |d| format!(" {d}").into()),
    xml("second declaration", "InvalidDeclaration", |d| before_root(&d, r#"<?xml version="1.0"?>"#)),
    xml("declaration in upper case", "InvalidDeclaration", |d| before_root(&d, "<?XML version='1.0'?>")),
    xml("compressed", "InvalidEncoding", |_| b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0".to_vec()),
    xml("JSON", "OutsideRoot", |_| b"{}".to_vec()),
    // Well-formedness.
    xml("end missing", "UnmatchedTags", |d| d.trim_end_matches("</SOAP-ENV:Envelope>").into()),
    xml("cut in a tag", "Malformed", |d| d.trim_end_matches('>').into()),
    xml("ends crossed", "UnmatchedTags", |d| text(&d, "<a><b></a></b>")),
    xml("two roots", "OutsideRoot", |d| after_root(&d, "<a/>")),
    xml("text behind the root", "OutsideRoot", |d| after_root(&d, "a")),
    xml("attribute twice", "InvalidAttribute", |d| attributes(&d, "a='' a=''")),
    xml("attribute twice by two prefixes", "InvalidAttribute", |d| {
        attributes(&d, "xmlns:a='c' xmlns:b='c' a:d='' b:d=''")
    }),
    xml("attribute without quotes", "InvalidAttribute", |d| attributes(&d, "a=b")),
    xml("attributes without space", "InvalidAttribute", |d| attributes(&d, "a=''b=''")),
    xml("angle bracket in an attribute", "InvalidAttribute", |d| attributes(&d, "a='<'")),
    xml("prefix that nobody declares", "InvalidNamespace", |d| text(&d, "<b:a/>")),
    xml("prefix xmlns declared", "InvalidNamespace", |d| attributes(&d, "xmlns:xmlns='b'")),
    xml("prefix xml bound otherwise", "InvalidNamespace", |d| attributes(&d, "xmlns:xml='b'")),
    xml("reference in a namespace", "InvalidNamespace", |d| attributes(&d, "xmlns:a='&#97;'")),
    xml("name with two colons", "InvalidName", |d| text(&d, "<a:b:c/>")),
    xml("name that begins with a digit", "InvalidName", |d| text(&d, "<1/>")),
    xml("CDATA without end", "Malformed", |d| text(&d, "<![CDATA[a")),
    xml("end of CDATA in text", "Malformed", |d| text(&d, "a]]>b")),
    xml("CDATA outside the root", "OutsideRoot", |d| after_root(&d, "<![CDATA[a]]>")),
    xml("comment with two hyphens", "UnmatchedTags", |d| text(&d, "<!-- a -- b -->")),
    xml("comment without end", "Malformed", |d| text(&d, "<!-- a")),
    xml("instruction without end", "Malformed", |d| text(&d, "<?a")),
    xml("instruction without target", "InvalidDeclaration", |d| text(&d, "<? a?>")),
    // Envelopes.
    soap(
        "another root",
        "client.invalid_soap",
        "UNANSWERED server.serverproxy.service_failed.invalid_soap",
        |_| b"<a/>".to_vec(),
    ),
    soap(
        "SOAP 1.2",
        "client.invalid_soap",
        "UNANSWERED server.serverproxy.service_failed.invalid_soap",
        |d| {
            replaced(
                &d,
                "http://schemas.xmlsoap.org/soap/envelope/",
                "http://www.w3.org/2003/05/soap-envelope",
            )
        },
    ),
    soap("header twice", DUPLICATE, DUPLICATE_ANSWER, |d| {
        replaced(&d, "<SOAP-ENV:Body>", "<SOAP-ENV:Header/><SOAP-ENV:Body>")
    }),
    soap("body twice", BODY, BODY_ANSWER, |d| {
        let second = format!("<SOAP-ENV:Body>{}</SOAP-ENV:Body></SOAP-ENV:Envelope>", body(&d));
        replaced(&d, "</SOAP-ENV:Envelope>", &second)
    }),
    soap("element of the body twice", BODY, BODY_ANSWER, |d| in_body(&d, body(&d))),
    soap("another element beside that of the body", BODY, BODY_ANSWER, |d| in_body(&d, "<a Id='body'/>")),
    soap("empty body", BODY, BODY_ANSWER, |d| replaced(&d, body(&d), "")),
    soap(
        "no header",
        "client.missing_header",
        "UNANSWERED server.serverproxy.service_failed.missing_header",
        |d| {
            let (before, rest) = d.split_once("<SOAP-ENV:Header>").unwrap();
            [before, rest.split_once("</SOAP-ENV:Header>").unwrap().1].concat().into()
        },
    ),
    soap("id twice", DUPLICATE, DUPLICATE_ANSWER, |d| in_header(&d, "<xroad:id>2</xroad:id>")),
    soap("client twice", DUPLICATE, DUPLICATE_ANSWER, |d| in_header(&d, "<xroad:client/>")),
    soap("service twice", DUPLICATE, DUPLICATE_ANSWER, |d| in_header(&d, "<xroad:service/>")),
    soap("user twice", DUPLICATE, DUPLICATE_ANSWER, |d| in_header(&d, "<xroad:userId>FIb</xroad:userId>")),
    soap("part of the client twice", DUPLICATE, DUPLICATE_ANSWER, |d| {
        replaced(&d, "</xroad:client>", "<id:memberCode>1</id:memberCode></xroad:client>")
    }),
    soap(
        "no object type",
        "client.invalid_xml",
        "UNANSWERED server.serverproxy.service_failed.invalid_xml",
        |d| replaced(&d, " id:objectType=\"SUBSYSTEM\"", ""),
    ),
    soap(
        "version 3 of the protocol",
        "client.invalid_protocol_version",
        "UNANSWERED server.serverproxy.service_failed.invalid_protocol_version",
        |d| replaced(&d, ">4.0<", ">3.1<"),
    ),
    // What a signature once covered stands elsewhere, and something else in its place.
    soap("signed body wrapped into the header", BODY, BODY_ANSWER, |d| {
        let wrapped = format!("<a Id='body'>{}</a>", body(&d));
        let document = String::from_utf8(in_header(&d, &wrapped)).unwrap();
        let (before, rest) = document.rsplit_once("<SOAP-ENV:Body>").unwrap();
        let (_, after) = rest.split_once("</SOAP-ENV:Body>").unwrap();
        format!("{before}<SOAP-ENV:Body></SOAP-ENV:Body>{after}").into()
    }),
    soap("envelope inside the body", BODY, BODY_ANSWER, |d| {
        let inner = declared(&d, "");
        in_body(&d, &inner)
    }),
    harmless("signature and wrapped body in a header of others", |d| {
        in_header(
            &d,
            &format!("<Security xmlns='wsse'><Signature/><Wrapper>{}</Wrapper></Security>", body(&d)),
        )
    }),
    // What the agency's document does not have.
    foreign("elements in a text", |d| text(&d, "<a/>")),
    foreign("comment around an element in a text", |d| text(&d, "<!-- --><a/><!-- -->")),
    unless_receipt("attribute on a text", |d| attributes(&d, "a='b'")),
    unless_receipt("xsi:nil", |d| {
        attributes(&d, "xmlns:x='http://www.w3.org/2001/XMLSchema-instance' x:nil='true'")
    }),
    foreign("the element in another namespace", |d| namespace(&d, "http://other.example")),
    harmless("text in CDATA", |d| text(&d, "<![CDATA[Sana.]]>")),
    harmless("text in pieces", |d| text(&d, "Sa<!-- -->na<?a?><![CDATA[.]]>")),
    harmless("text as references", |d| text(&d, "&#83;&#x61;na.")),
    harmless("another prefix", |d| d.replace("tns:", "b:").replace("xmlns:tns", "xmlns:b").into()),
];

fn text_and_type(document: &str, document_type: &str, what: &str) -> Vec<u8> {
    let document = String::from_utf8(before_root(document, document_type)).unwrap();
    text(&document, what)
}

/// Puts bytes in place of the text.
fn spliced(document: &str, bytes: &[u8]) -> Vec<u8> {
    let (before, after) = document.split_once("Sana.").unwrap();
    [before.as_bytes(), bytes, after.as_bytes()].concat()
}
