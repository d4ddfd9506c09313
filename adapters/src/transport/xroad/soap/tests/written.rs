//! What is written is read again, by this reader and by the rules of the protocol.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::transport::xml::XmlWriteError;
use crate::transport::xroad::id::{ClientId, SecurityServerId, ServiceId};

fn headers() -> Headers {
    let client: ClientId = "FI-TEST/GOV/0245437-2/polku".parse().unwrap();
    let service: ServiceId = "FI-TEST/GOV/2858394-9/te/refer/v1".parse().unwrap();
    Headers::new(client, service, "019ab2f0-0000-7000-8000-000000000001")
}

#[test]
fn a_request_with_every_field_is_read_again() {
    let written = Headers {
        security_server: Some(SecurityServerId::new("FI-TEST", "GOV", "2858394-9", "ss1").unwrap()),
        user_id: Some("FI<&>\"'\r\n".to_owned()),
        represented_party: Some(RepresentedParty {
            class: Some("COM".to_owned()),
            code: "1234567-1".to_owned(),
        }),
        issue: Some(String::new()),
        ..headers()
    };
    let bytes = write_request(&written, "urn:te", |writer| {
        writer.element("tns:reason", "a < b & c").start("tns:empty", &[]).end();
    })
    .unwrap();
    let request = check_request(&bytes).unwrap();
    assert_eq!(*request.headers(), written);
    assert!(request.body().is("urn:te", "refer"));
    assert_eq!(request.body().text_of("reason"), Some("a < b & c"));

    let plain = write_request(&headers(), "urn:te", |_| ()).unwrap();
    assert_eq!(*check_request(&plain).unwrap().headers(), headers());
}

#[test]
fn an_answer_repeats_every_header_in_its_order() {
    let mut sample = Sample::request();
    let extra = "<o:extra xmlns:o=\"urn:o\" xmlns:p=\"urn:p\" p:k=\"&quot;\" xml:lang=\"fi\">\
                 <o:in> a <![CDATA[<b>]]></o:in><plain/></o:extra>";
    sample.fields.push(("extra", extra.to_owned()));
    let hash = "<xroad:requestHash algorithmId=\"a\">b</xroad:requestHash>";
    sample.fields.insert(0, ("requestHash", hash.to_owned()));
    let text = sample.text();
    let request = message(&text);
    let bytes = write_answer(request.header(), "urn:te", |writer| _ = writer.element("tns:ok", "")).unwrap();
    let answer = accepted(text.as_bytes(), &bytes).unwrap();
    assert_eq!(answer.header().elements(), &request.header().elements()[1..]);
    assert_eq!(answer.headers().request_hash, None);
    assert!(answer.body().is("urn:te", "referResponse"));
}

#[test]
fn faults_are_written_as_x_road_writes_them() {
    let detail = Uuid::from_u128(1);
    let bytes = write_fault("server.serverproxy.access_denied", "not <allowed>", detail).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("<faultactor></faultactor>"));
    assert!(
        text.contains("<detail><faultDetail>00000000-0000-0000-0000-000000000001</faultDetail></detail>")
    );
    let Ok(Envelope::Fault(fault)) = parse(text.as_bytes(), &Default::default()) else {
        panic!("not a fault")
    };
    assert_eq!((fault.code(), fault.string()), ("server.serverproxy.access_denied", "not <allowed>"));

    let request = Sample::request().text();
    let bytes =
        write_non_technical_fault(message(&request).header(), "urn:te", "closed", "the unit is closed")
            .unwrap();
    let answer = accepted(request.as_bytes(), &bytes).unwrap();
    assert_eq!(answer.non_technical_fault().unwrap().code(), "closed");
}

#[test]
fn what_cannot_be_said_is_not_written() {
    let illegal = Headers { issue: Some("\u{1}".to_owned()), ..headers() };
    let error = write_request(&illegal, "urn:te", |_| ()).unwrap_err();
    assert_eq!(error, SoapWriteError::Xml(XmlWriteError::IllegalCharacter));
    let unbalanced = write_request(&headers(), "urn:te", |writer| _ = writer.start("a", &[])).unwrap_err();
    assert_eq!(unbalanced, SoapWriteError::Xml(XmlWriteError::Unbalanced));
    let old = message(&Sample::request().replaced("GOV", "G_V").text()).headers().clone();
    let written = write_request(&old, "urn:te", |_| ()).unwrap();
    assert_eq!(check_request(&written).unwrap().headers().client, old.client);
}

#[test]
fn identifiers_are_parsed_and_refused() {
    assert!("FI/GOV/1'()+,-.=?z".parse::<ClientId>().is_ok());
    // Older than the rule of 2023.
    for text in ["FI/GOV/ä", "FI/G V/1", "FI/GOV/1_2", "FI/GOV/1/polku_1"] {
        assert_eq!(text.parse::<ClientId>().unwrap().to_string(), text);
    }
    for text in ["", "FI/GOV", "FI/GOV/1/2/3", "FI//1", "FI/ /1", "FI/GOV/1:2", "FI/GOV/1;", "FI/GOV/a\\b"] {
        assert!(text.parse::<ClientId>().is_err(), "{text}");
    }
    for text in ["FI/GOV/100%", "FI/GOV/1\n", "FI/GOV/\u{85}"] {
        assert!(text.parse::<ClientId>().is_err(), "{text:?}");
    }
    assert!("FI/GOV/1/sub/refer".parse::<ServiceId>().is_ok());
    assert!("FI/GOV/1/refer".parse::<ServiceId>().is_err());
}

proptest! {
    #[test]
    fn any_value_that_xml_can_carry_comes_back(
        id in "\\PC{1,40}", user in "\\PC{0,40}", issue in "[ -~\\n\\t]{0,40}", text in "\\PC{0,80}",
    ) {
        let written = Headers { id, user_id: Some(user), issue: Some(issue), ..headers() };
        if let Ok(bytes) = write_request(&written, "urn:te", |writer| _ = writer.element("tns:t", &text)) {
            let request = check_request(&bytes).unwrap();
            prop_assert_eq!(request.headers(), &written);
            prop_assert_eq!(request.body().text_of("t"), Some(text.as_str()));
            let answer = write_answer(request.header(), "urn:te", |_| ()).unwrap();
            let answer = accepted(&bytes, &answer).unwrap();
            prop_assert_eq!(answer.headers(), &written);
        }
    }
}
