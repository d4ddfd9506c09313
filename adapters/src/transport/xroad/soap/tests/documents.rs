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
    let old = Sample::request().replaced("GOV", "G:V/ä");
    assert_eq!(message(&old.text()).headers().client.member_class(), "G:V/ä");
    assert!(message(&old.text()).headers().client.check().is_err());
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
    for text in ["--", "--b1", "--b1\n", "--b1\n--b1--"] {
        rejects(text, "invalid_content_type");
    }
    rejects(&format!("--b1\nContent-Type: text/xml\n\n{soap}<more/>"), "invalid_soap");
}
