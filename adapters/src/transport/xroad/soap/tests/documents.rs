//! The same request in other forms, in hostile ones, and the HTTP around it.

use super::*;

#[test]
fn forms_of_the_same_message() {
    let text = Sample::request().text();
    let plain = message(&text);
    let same = [
        text.replace("xroad:", "x:").replace(":xroad=", ":x="),
        text.replace("<s:", "<SOAP-ENV:")
            .replace("</s:", "</SOAP-ENV:")
            .replace("xmlns:s=", "xmlns:SOAP-ENV="),
        text.replace("<xroad:id>", &format!("<id xmlns=\"{XROAD}\">")).replace("</xroad:id>", "</id>"),
        text.replace("m-1", "<![CDATA[m-1]]>"),
        text.replace("m-1", "m<!-- c -->-1"),
        text.replace("m-1", "m&#45;1"),
        text.replace("m-1", "m&#x2D;<![CDATA[1]]>"),
        text.replace("<xroad:id>", "\n  <xroad:id>").replace("<s:Body>", "<!-- c --><s:Body>"),
        text.replace('"', "'"),
        text.replace("\n", "\r\n"),
        text.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""),
        format!("\u{feff}{text}"),
        format!("{text}\n<!-- the end -->\n"),
    ];
    for form in same {
        let read = message(&form);
        assert_eq!(read.headers(), plain.headers(), "{form}");
        assert_eq!(read.body(), plain.body(), "{form}");
    }
    let utf16 = text.replace("UTF-8", "UTF-16");
    let utf16: Vec<u8> =
        [0xfeff].into_iter().chain(utf16.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(check_request(&utf16).unwrap().headers(), plain.headers());
    let latin = text.replace("UTF-8", "ISO-8859-1").replace("d-1", "\u{e4}");
    let latin: Vec<u8> = latin.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
    assert_eq!(check_request(&latin).unwrap().headers().issue.as_deref(), Some("ä"));
}

#[test]
fn values_are_kept_as_written() {
    let spaced = Sample::request().replaced("<xroad:issue>d-1", "<xroad:issue>\n a &lt;b&gt; \r\n");
    assert_eq!(message(&spaced.text()).headers().issue.as_deref(), Some("\n a <b> \n"));
    // Identifiers older than the rule of 2023 have other characters.
    let old = Sample::request().replaced("GOV", "G_V ä");
    assert_eq!(message(&old.text()).headers().client.member_class(), "G_V ä");
    let codes = [
        ("polku", "invalid_client_identifier"),
        (">te<", "invalid_service_identifier"),
        (">v1<", "invalid_service_identifier"),
        (">ss1<", "invalid_security_server"),
    ];
    for (from, code) in codes {
        for never in ["/", "\\", ";", ":", "%", "\u{7f}"] {
            let inside = from.trim_matches(['<', '>']);
            let to = from.replace(inside, &format!("{inside}{never}1"));
            rejects(&Sample::request().replaced(from, &to).text(), code);
        }
    }
}

#[test]
fn hostile_documents() {
    let text = Sample::request().text();
    let in_body = |inside: &str| Sample::request().with_body(&format!("<refer>{inside}</refer>")).text();
    let hostile = [
        text.replace("?>\n", "?>\n<!DOCTYPE s:Envelope>"),
        text.replace("?>\n", "?><!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]>").replace("m-1", "&c;"),
        text.replace("?>\n", "?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>")
            .replace("m-1", "&a;"),
        text.replace("m-1", "&unknown;"),
        text.replace("m-1", "m\u{0}1"),
        text.replace("m-1", "m&#0;1"),
        text.replace("<s:Header>", "<s:Header><u:x/>"),
        text.replace("</s:Header>", "</s:Headers>"),
        in_body(&"<a>".repeat(40)),
        in_body(&format!("{}{}", "<a>".repeat(30), "</a>".repeat(30))),
        in_body(&"<a>".repeat(200_000)),
        in_body(&format!("<a {}/>", (0..65).map(|index| format!("a{index}='' ")).collect::<String>())),
        in_body(&"x".repeat(1024 * 1024)),
        in_body(&"<a/>".repeat(40_000)),
        format!("{text}<s:Envelope/>"),
        format!("{text}{text}"),
    ];
    for text in hostile {
        rejects_shortly(&text);
    }
    let exact = in_body(&format!("{}{}", "<a>".repeat(29), "</a>".repeat(29)));
    accepts(&exact);
}

fn rejects_shortly(text: &str) {
    let shown: String = text.chars().take(300).collect();
    assert_eq!(verdict(text), "reject client.invalid_soap", "{shown}");
}

#[test]
fn a_refusal_says_what_was_expected_and_nothing_of_the_message() {
    let secret = Sample::request().replaced("m-1", "secret-value").doubled("id").text();
    let fault = check_request(secret.as_bytes()).unwrap_err();
    assert_eq!(fault.reason().unwrap().to_string(), "header field `id` stands more than once");
    let secret = Sample::request().text().replace("<xroad:id>m-1</xroad:id>", "<secret><value></secret>");
    let fault = check_request(secret.as_bytes()).unwrap_err();
    assert!(!format!("{fault:?} {fault} {:?}", fault.reason()).contains("secret"));
    assert!(!format!("{:?}", message(&Sample::request().text())).contains("FI123"));
}

#[test]
fn http_headers() {
    for accepted in
        ["text/xml", "Text/XML; charset=utf-8", "application/xop+xml", "multipart/related; boundary=b"]
    {
        assert_eq!(check_content_type(Some(accepted)), Ok(()), "{accepted}");
    }
    for refused in [None, Some("application/soap+xml"), Some("application/json"), Some("")] {
        assert_eq!(
            check_content_type(refused).map_err(|error| error.code()),
            Err(FaultCode::InvalidContentType)
        );
    }
    for accepted in [None, Some(""), Some("\"\""), Some("\"urn:x#refer\"")] {
        assert_eq!(check_soap_action(accepted), Ok(()), "{accepted:?}");
    }
    for refused in ["urn:x", "\"urn:x", "\"", "\"a b\"", "'urn:x'"] {
        assert_eq!(
            check_soap_action(Some(refused)).map_err(|error| error.code()),
            Err(FaultCode::InvalidSoapAction)
        );
    }
    assert_eq!(soap_action("urn:x").as_deref(), Ok("\"urn:x\""));
}

#[test]
fn the_first_part_of_a_message_with_attachments_is_read() {
    let soap = Sample::request().text();
    let with = |part: &str, soap: &str| {
        format!("--b1\n{part}\n\n{soap}\n--b1\nContent-Type: text/plain\n\nblaah\n--b1--\n")
    };
    for part in
        ["Content-Type: text/xml; charset=utf-8", "X: y\ncontent-type:application/xop+xml; type=\"a\""]
    {
        accepts(&with(part, &soap));
        accepts(&with(part, &soap).replace('\n', "\r\n"));
        rejects(&with(part, "<x/>"), "invalid_soap");
        rejects(&with(part, ""), "invalid_soap");
    }
    for part in ["X: y", "Content-Type: text/plain", "Content-Type: multipart/mixed; boundary=b2", ""] {
        rejects(&with(part, &soap), "invalid_content_type");
    }
    rejects("--b1\n--b1--", "invalid_content_type");
    let xml = "Content-Type: text/xml";
    // A boundary that stands only once is not the message's: no part can be found.
    for text in ["--", "--b1", "--b1\n", &format!("--b1\n{xml}\n\n{soap}\n--b12\n")] {
        rejects(text, "missing_soap");
        assert_eq!(exchange(&soap, text), "reject server.serverproxy.service_failed.invalid_message");
    }
    accepts(&format!("\u{feff}{}", with(xml, &soap)));
    accepts(&with(xml, &format!("\u{feff}{soap}")));
    let untyped = |soap: &str| with(xml, soap).replace("Content-Type: text/plain", "Content-Id: a");
    rejects(&untyped(&soap), "invalid_content_type");
    rejects(&untyped("<x/>"), "invalid_soap");
}

#[test]
fn a_message_may_be_recorded_with_its_http_headers() {
    let soap = Sample::request().text();
    for head in [
        "Content-Type: text/xml",
        "content-type:application/xop+xml; charset=utf-8\nX-Other: a:b",
        "POST /cgi-bin/consumer_proxy HTTP/1.1\nHost: ss1\nContent-Type: text/xml;\n charset=UTF-8\nSOAPAction: \"\"",
        "HTTP/1.1 200 OK",
        "Date: now",
    ] {
        let recorded = format!("{head}\n\n{soap}");
        accepts(&recorded);
        accepts(&recorded.replace('\n', "\r\n"));
    }
    rejects(&format!("Content-Type: text/html\n\n{soap}"), "invalid_content_type");
    rejects(&format!("Content-Type: text/xml\n\n--b1\n{soap}"), "invalid_soap");
    rejects(&format!("Content-Type: text/xml\nSOAPAction: urn:x\n\n{soap}"), "invalid_soap_action");
    for text in ["Content-Type: text/xml", "Content-Type: text/xml\n\n", "a:", "HTTP/1.1 500", ":"] {
        rejects(text, "invalid_soap");
    }
    assert!(check_request(format!("Content-Type: text/xml\n\n{soap}").as_bytes()).is_err());

    let parts = format!("preamble\n--b 1\nContent-Type: text/xml\n\n{soap}\n--b 1--\n");
    for boundary in ["b 1", "\"b 1\"; charset=UTF-8"] {
        accepts(&format!("Content-Type: Multipart/Related; Boundary={boundary}\n\n{parts}"));
    }
    accepts(&format!("Content-Type: multipart/related;\n\tboundary=\"b 1\"\n\n{parts}"));
    accepts(&format!("Content-Type: multipart/related\n\n{}", parts.replace("preamble\n", "")));
    for wrong in ["boundary=b", ""] {
        let recorded = format!("Content-Type: multipart/related; {wrong}\n\n");
        rejects(&format!("{recorded}{}", if wrong.is_empty() { "--b\n" } else { &parts }), "missing_soap");
    }
}

#[test]
fn other_bytes_before_and_after_a_message() {
    let text = Sample::request().text();
    rejects(&format!("\n{text}"), "invalid_soap");
    rejects(&format!(" {text}"), "invalid_soap");
    rejects("\u{feff}", "invalid_soap");
    let undeclared = Sample::request().text().replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "");
    accepts(&format!("\r\n {undeclared}\r\n"));
}
