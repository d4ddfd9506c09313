//! Does the reader refuse what it must, and does the writer write what the reader reads?

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Element, XmlErrorKind> {
    read_document(text.as_bytes(), &XmlLimits::default()).map_err(|error| error.kind())
}

fn refused(text: &str) -> XmlErrorKind {
    read(text).expect_err(text)
}

#[test]
fn prefixes_default_namespaces_text_and_references_are_resolved() {
    let root = read(
        "<?xml version='1.0'?><!-- a --><a:r xmlns:a='urn:a' xmlns='urn:d' a:k='1&lt;' k='2'>\
         <a:one>x&amp;<![CDATA[<y>]]><!-- c -->&#228;\r\n</a:one><two/></a:r><!-- b -->\n",
    )
    .unwrap();
    assert!(root.is("urn:a", "r"));
    assert_eq!(root.attribute("urn:a", "k"), Some("1<"));
    assert_eq!(root.attribute("", "k"), Some("2"));
    assert_eq!(root.text_of("one"), Some("x&<y>ä\n"));
    assert!(root.children()[1].is("urn:d", "two"));
}

#[test]
fn quotes_and_line_ends_inside_attributes_are_no_separators() {
    let root = read("<a b = '1\"x' \n c=\"2'x\"\td='>' ></a>").unwrap();
    assert_eq!(root.attribute("", "b"), Some("1\"x"));
    assert_eq!(root.attribute("", "c"), Some("2'x"));
    assert_eq!(root.attribute("", "d"), Some(">"));
}

#[test]
fn a_child_of_a_foreign_namespace_is_not_the_child() {
    let root = read("<r xmlns='urn:a'><x xmlns='urn:b'>1</x><x xmlns=''>2</x></r>").unwrap();
    assert_eq!(root.required_text("x"), Ok("2"));
}

#[test]
fn the_shape_of_an_element_is_checked() {
    let root = read("<r><a>1</a><b/><b/><c><d/></c></r>").unwrap();
    assert_eq!(root.required_text("a"), Ok("1"));
    assert_eq!(root.optional_text("z"), Ok(None));
    assert_eq!(root.required_text("z"), Err(ShapeError::Missing { name: "z" }));
    assert_eq!(root.optional("b"), Err(ShapeError::Repeated { name: "b" }));
    assert_eq!(root.all("b").count(), 2);
    assert_eq!(root.required_text("c"), Err(ShapeError::NotText { name: "c" }));
}

#[test]
fn what_is_not_well_formed_is_refused() {
    use XmlErrorKind as K;
    let cases = [
        ("", K::Empty),
        ("\u{feff}", K::Empty),
        ("\u{feff}\u{feff}<a/>", K::OutsideRoot),
        ("  ", K::Empty),
        ("<!-- only -->", K::Empty),
        ("text", K::OutsideRoot),
        ("<a>", K::UnmatchedTags),
        ("<a></b>", K::UnmatchedTags),
        ("</a>", K::UnmatchedTags),
        ("<a/><b/>", K::OutsideRoot),
        ("<a/>x", K::OutsideRoot),
        ("<a/>&amp;", K::OutsideRoot),
        ("<a/><![CDATA[]]>", K::OutsideRoot),
        ("<a>]]></a>", K::Malformed),
        ("<a b='<'/>", K::InvalidAttribute),
        ("<a b='1' b='2'/>", K::InvalidAttribute),
        ("<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>", K::InvalidAttribute),
        ("<a b=1/>", K::InvalidAttribute),
        ("<a b/>", K::InvalidAttribute),
        ("<a b='1'c='2'/>", K::InvalidAttribute),
        ("<a b='1'xmlns='u'></a>", K::InvalidAttribute),
        ("<x:a/>", K::InvalidNamespace),
        ("<a x:b='1'/>", K::InvalidNamespace),
        ("<a xmlns:xmlns='u'/>", K::InvalidNamespace),
        ("<a xmlns:x='a&amp;b'/>", K::InvalidNamespace),
        ("<1a/>", K::InvalidName),
        ("<a:b:c xmlns:a='u'/>", K::InvalidName),
        ("<:a/>", K::InvalidName),
        ("<a><!-- -- --></a>", K::UnmatchedTags),
        ("<a>&nbsp;</a>", K::UnknownEntity),
        ("<a b='&nbsp;'/>", K::UnknownEntity),
        ("<a>&lt</a>", K::UnmatchedTags),
        ("<a>&#0;</a>", K::IllegalCharacter),
        ("<a>&#x1;</a>", K::IllegalCharacter),
        ("<a>&#xD800;</a>", K::IllegalCharacter),
        ("<a b='&#1;'/>", K::IllegalCharacter),
        ("<a>\u{0}</a>", K::IllegalCharacter),
        ("<a>\u{1b}</a>", K::IllegalCharacter),
        ("<a>\u{ffff}</a>", K::IllegalCharacter),
        (" <?xml version='1.0'?><a/>", K::InvalidDeclaration),
        ("<a><?xml version='1.0'?></a>", K::InvalidDeclaration),
        ("<a><?XML x?></a>", K::InvalidDeclaration),
        ("<?xml version='1.1'?><a/>", K::InvalidDeclaration),
        ("<!DOCTYPE a><a/>", K::DocumentType),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", K::DocumentType),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", K::DocumentType),
        ("<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://127.0.0.1/'> %b;]><a/>", K::DocumentType),
        ("<a><!ELEMENT b></a>", K::Malformed),
        ("<a", K::Malformed),
        ("<a><![CDATA[", K::Malformed),
        ("<a><!--", K::Malformed),
    ];
    for (text, kind) in cases {
        assert_eq!(refused(text), kind, "{text}");
    }
}

#[test]
fn every_character_is_let_in_or_refused_wherever_it_stands() {
    let limits = XmlLimits::default();
    for character in ('\0'..='\u{1ffff}').chain('\u{10fff0}'..='\u{10ffff}') {
        for before in ["<a>", "<a>ﬁ"] {
            let read = decode(format!("{before}{character}ä</a>").as_bytes(), &limits).map(drop);
            let at = u64::try_from(before.len()).unwrap();
            let illegal = Err(XmlError::new(XmlErrorKind::IllegalCharacter, at));
            assert_eq!(read, if is_allowed(character) { Ok(()) } else { illegal }, "{character:?}");
        }
    }
}

#[test]
fn nested_entities_are_refused_before_they_grow() {
    let mut bomb = String::from("<!DOCTYPE lolz [<!ENTITY lol 'lol'>");
    for level in 1..10 {
        let below = if level == 1 { "&lol;".repeat(10) } else { format!("&lol{};", level - 1).repeat(10) };
        bomb.push_str(&format!("<!ENTITY lol{level} '{below}'>"));
    }
    bomb.push_str("]><lolz>&lol9;</lolz>");
    assert_eq!(refused(&bomb), XmlErrorKind::DocumentType);
}

#[test]
fn every_limit_holds_at_its_edge() {
    let limits = XmlLimits::default();
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(read(&nested(limits.depth)).is_ok());
    assert_eq!(refused(&nested(limits.depth + 1)), XmlErrorKind::TooDeep { limit: 32 });
    assert_eq!(refused(&"<a>".repeat(200_000)), XmlErrorKind::TooDeep { limit: 32 });

    let attributes = |count: usize| {
        let attributes: String = (0..count).map(|index| format!(" a{index}=''")).collect();
        format!("<a{attributes}/>")
    };
    assert!(read(&attributes(64)).is_ok());
    assert_eq!(refused(&attributes(65)), XmlErrorKind::TooManyAttributes { limit: 64 });
    assert_eq!(refused(&attributes(60_000)), XmlErrorKind::TooManyAttributes { limit: 64 });

    let namespaces: String = (0..300).map(|index| format!(" xmlns:n{index}='u'")).collect();
    assert_eq!(refused(&format!("<a{namespaces}/>")), XmlErrorKind::TooManyNamespaces { limit: 128 });

    assert_eq!(refused(&format!("<{}/>", "a".repeat(257))), XmlErrorKind::NameTooLong { limit: 256 });
    assert_eq!(
        refused(&format!("<a xmlns='{}'/>", "u".repeat(257))),
        XmlErrorKind::NameTooLong { limit: 256 }
    );
    let many = format!("<a>{}</a>", "<b/>".repeat(limits.nodes));
    assert_eq!(refused(&many), XmlErrorKind::TooManyNodes { limit: 32_768 });

    let text = format!("<a>{}</a>", "x".repeat(limits.bytes - 7));
    assert!(read(&text).is_ok());
    assert_eq!(refused(&format!("{text} ")), XmlErrorKind::TooLarge { limit: 1_048_576 });
}

#[test]
fn encodings_are_read_or_refused() {
    let limits = XmlLimits::default();
    let declared = |encoding: &str| format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?><a>äö€</a>");
    let kind = |bytes: &[u8]| read_document(bytes, &limits).map(drop).map_err(|error| error.kind());
    let text_of = |bytes: &[u8]| read_document(bytes, &limits).unwrap().text().to_owned();
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let with = |mark: &[u8], rest: &[u8]| [mark, rest].concat();

    assert_eq!(text_of(declared("utf-8").as_bytes()), "äö€");
    assert_eq!(text_of(&with(b"\xef\xbb\xbf", declared("UTF-8").as_bytes())), "äö€");
    for encoding in ["utf-16", "UTF-16LE"] {
        assert_eq!(text_of(&with(b"\xff\xfe", &little(&declared(encoding)))), "äö€");
        assert_eq!(text_of(&little(&declared(encoding))), "äö€");
    }
    assert_eq!(text_of(&with(b"\xfe\xff", &big(&declared("utf-16")))), "äö€");
    assert_eq!(text_of(&big("<a>ä</a>")), "ä");
    assert_eq!(text_of(b"<?xml version='1.0' encoding = 'ISO-8859-1'?><a>\xe4</a>"), "ä");

    let mismatch = Err(XmlErrorKind::EncodingMismatch);
    assert_eq!(kind(declared("utf-16").as_bytes()), mismatch);
    assert_eq!(kind(&little(&declared("utf-8"))), mismatch);
    assert_eq!(kind(&with(b"\xef\xbb\xbf", declared("ISO-8859-1").as_bytes())), mismatch);
    assert_eq!(kind(declared("windows-1252").as_bytes()), Err(XmlErrorKind::UnsupportedEncoding));
    assert_eq!(kind(b"<a>\xe4</a>"), Err(XmlErrorKind::InvalidEncoding));
    assert_eq!(kind(b"<a>\xc0\x80</a>"), Err(XmlErrorKind::InvalidEncoding));
    assert_eq!(kind(&with(&little("<a/>"), b" ")), Err(XmlErrorKind::InvalidEncoding));
    assert_eq!(kind(b"\xff\xfe\x00\xd8\x00\xd8"), Err(XmlErrorKind::InvalidEncoding));
}

#[test]
fn the_writer_escapes_and_refuses() {
    let mut writer = XmlWriter::document();
    writer.start("a:r", &[("xmlns:a", "urn:a"), ("k", "\"<&>\t\r\n'")]);
    writer.element("b", "<&>\"'\r\n").optional("c", None).optional("d", Some("x")).end();
    let text = writer.finish().unwrap();
    let root = read(&text).unwrap();
    assert_eq!(root.attribute("", "k"), Some("\"<&>\t\r\n'"));
    assert_eq!(root.text_of("b"), Some("<&>\"'\r\n"));
    assert_eq!(root.children().len(), 2);

    let finish = |write: fn(&mut XmlWriter)| {
        let mut writer = XmlWriter::fragment();
        write(&mut writer);
        writer.finish()
    };
    assert_eq!(finish(|w| _ = w.element("a", "\u{0}")), Err(XmlWriteError::IllegalCharacter));
    assert_eq!(finish(|w| _ = w.element("a b", "")), Err(XmlWriteError::InvalidName));
    assert_eq!(finish(|w| _ = w.start("a", &[("b><c", "")]).end()), Err(XmlWriteError::InvalidName));
    assert_eq!(finish(|w| _ = w.start("a", &[])), Err(XmlWriteError::Unbalanced));
    assert_eq!(finish(|w| _ = w.end()), Err(XmlWriteError::Unbalanced));
}

#[test]
fn debug_and_errors_show_no_content() {
    let root = read("<a b='secret'>secret<c>secret</c></a>").unwrap();
    assert!(!format!("{root:?}").contains("secret"));
    let error = read_document(b"<secret><b></secret>", &XmlLimits::default()).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("secret"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_document(&bytes, &XmlLimits::default());
    }

    #[test]
    fn arbitrary_markup_never_panics(text in "[<>/&;'\"=!?a-c:x\\[\\]\\- ]{0,200}") {
        let _ = read_document(text.as_bytes(), &XmlLimits::default());
    }

    #[test]
    fn what_is_written_is_read_again(text in "\\PC{0,60}", value in "\\PC{0,60}") {
        let mut writer = XmlWriter::document();
        writer.start("r", &[("xmlns", "urn:r"), ("k", &value)]).element("t", &text).end();
        if let Ok(written) = writer.finish() {
            let root = read(&written).unwrap();
            prop_assert_eq!(root.attribute("", "k"), Some(value.as_str()));
            prop_assert_eq!(root.text_of("t"), Some(text.as_str()));
            let mut copy = XmlWriter::document();
            copy.tree(&root);
            prop_assert_eq!(read(&copy.finish().unwrap()).unwrap(), root);
        }
    }
}
