//! Faults, received in both spellings.

use super::*;

fn fault(inside: &str) -> Fault {
    let text = format!(
        "<s:Envelope xmlns:s=\"{ENVELOPE}\"><s:Body><s:Fault>{inside}</s:Fault></s:Body></s:Envelope>"
    );
    match parse(text.as_bytes(), &crate::transport::xml::XmlLimits::default()) {
        Ok(Envelope::Fault(fault)) => fault,
        other => panic!("not a fault: {other:?}"),
    }
}

#[test]
fn a_fault_is_read_with_and_without_namespaces() {
    let read = fault(
        "<faultcode>Server.ServerProxy.AccessDenied</faultcode><faultstring>no</faultstring><faultactor/>\
         <detail><faultDetail xmlns=\"\">7b5e</faultDetail></detail>",
    );
    assert_eq!(read.code(), "Server.ServerProxy.AccessDenied");
    assert_eq!(read.string(), "no");
    assert_eq!(read.actor(), Some(""));
    assert_eq!(read.detail(), Some("7b5e"));
    assert_eq!(read.class().failed_at, FailedAt::TheirSecurityServer);
    let read = fault("<s:faultcode>soap:Server</s:faultcode><s:detail> text </s:detail>");
    assert_eq!((read.code(), read.string(), read.detail()), ("soap:Server", "", Some("text")));
    assert_eq!(fault("").code(), "");
    assert!(!format!("{:?}", fault("<faultstring>secret</faultstring>")).contains("secret"));
}

#[test]
fn a_fault_as_answer_is_passed_on_and_as_request_refused() {
    let text = |code: &str| {
        let fault = format!("<s:Fault><faultcode>{code}</faultcode></s:Fault>");
        Sample::request().around(&format!("<s:Body>{fault}</s:Body>"))
    };
    let request = Sample::request().text();
    assert_eq!(exchange(&request, &text("CODE")), "reject CODE");
    assert_eq!(
        exchange(&request, &text("server.serverproxy.access_denied")),
        "reject server.serverproxy.access_denied"
    );
    assert_eq!(exchange(&request, &text("soap:Server")), "reject soap:Server");
    assert_eq!(verdict(&text("CODE")), "reject client.CODE");
    // What does not look like a code is not repeated.
    for code in ["", "010199-9998 is unknown", "010199-9998", "client.010199-9998", &"x".repeat(200)] {
        assert_eq!(exchange(&request, &text(code)), "reject fault", "{code}");
    }
}

#[test]
fn codes_in_both_spellings_tell_the_same() {
    use {FailedAt as F, Reached as E, Retry as R};
    let table = [
        ("client.missing_header", "Client.MissingHeader", F::Client, R::Never, E::No),
        ("client.network_error", "Client.NetworkError", F::Client, R::Never, E::No),
        (
            "server.clientproxy.unknown_member",
            "Server.ClientProxy.UnknownMember",
            F::OurSecurityServer,
            R::Never,
            E::No,
        ),
        (
            "server.clientproxy.network_error",
            "Server.ClientProxy.NetworkError",
            F::OurSecurityServer,
            R::Later,
            E::Possibly,
        ),
        (
            "server.clientproxy.io_error",
            "Server.ClientProxy.IOError",
            F::OurSecurityServer,
            R::Later,
            E::Possibly,
        ),
        (
            "server.clientproxy.ssl_authentication_failed",
            "Server.ClientProxy.SslAuthenticationFailed",
            F::OurSecurityServer,
            R::Later,
            E::No,
        ),
        (
            "server.clientproxy.global_conf_outdated",
            "Server.ClientProxy.OutdatedGlobalConf",
            F::OurSecurityServer,
            R::Later,
            E::No,
        ),
        (
            "server.clientproxy.inconsistent_response",
            "Server.ClientProxy.InconsistentResponse",
            F::OurSecurityServer,
            R::Never,
            E::Possibly,
        ),
        (
            "server.serverproxy.access_denied",
            "Server.ServerProxy.AccessDenied",
            F::TheirSecurityServer,
            R::Never,
            E::No,
        ),
        (
            "server.serverproxy.unknown_service",
            "Server.ServerProxy.UnknownService",
            F::TheirSecurityServer,
            R::Never,
            E::No,
        ),
        (
            "server.serverproxy.service_type",
            "Server.ServerProxy.ServiceType",
            F::TheirSecurityServer,
            R::Never,
            E::No,
        ),
        (
            "server.serverproxy.service_disabled",
            "Server.ServerProxy.ServiceDisabled",
            F::TheirSecurityServer,
            R::Later,
            E::No,
        ),
        (
            "server.serverproxy.maintenance_mode",
            "Server.ServerProxy.MaintenanceMode",
            F::TheirSecurityServer,
            R::Later,
            E::No,
        ),
        (
            "server.serverproxy.timestamping_failed.timestamper_failed",
            "Server.ServerProxy.TimestampingFailed.TimestamperFailed",
            F::TheirSecurityServer,
            R::Later,
            E::Possibly,
        ),
        (
            "server.serverproxy.service_failed.network_error",
            "Server.ServerProxy.ServiceFailed.NetworkError",
            F::Backend,
            R::Later,
            E::Possibly,
        ),
        (
            "server.serverproxy.service_failed.unknown_host",
            "Server.ServerProxy.ServiceFailed.UnknownHost",
            F::Backend,
            R::Later,
            E::Possibly,
        ),
        (
            "server.serverproxy.service_failed.missing_body",
            "Server.ServerProxy.ServiceFailed.MissingBody",
            F::Backend,
            R::Never,
            E::Possibly,
        ),
        (
            "server.clientproxy.service_failed.inconsistent_response",
            "Server.ClientProxy.ServiceFailed.InconsistentResponse",
            F::Backend,
            R::Never,
            E::Possibly,
        ),
        (
            "server.serverproxy.brand_new",
            "Server.ServerProxy.BrandNew",
            F::TheirSecurityServer,
            R::Never,
            E::Possibly,
        ),
        ("soap:Server", "SOAP:server", F::Provider, R::Never, E::Possibly),
        ("network_error", "NetworkError", F::Provider, R::Never, E::Possibly),
        ("", "", F::Provider, R::Never, E::Possibly),
    ];
    for (new, old, failed_at, retry, reached) in table {
        let expected = FaultClass { failed_at, retry, reached };
        assert_eq!(classify(new), expected, "{new}");
        assert_eq!(classify(old), expected, "{old}");
        assert_eq!(normalise(new), normalise(old));
    }
}

#[test]
fn non_technical_faults_are_found_inside_answers() {
    let answer = |inside: &str| {
        let body = format!("<te:referResponse xmlns:te='urn:te'>{inside}</te:referResponse>");
        message(&Sample::answer().with_body(&body).text()).non_technical_fault()
    };
    let fault = "<fault><faultCode>12</faultCode><faultString>closed</faultString></fault>";
    for inside in [fault.to_owned(), format!("<request/><te:response>{fault}</te:response>")] {
        let found = answer(&inside).unwrap();
        assert_eq!((found.code(), found.string()), ("12", "closed"));
        assert!(!format!("{found:?}").contains("closed"));
    }
    assert_eq!(answer("<te:ok/>"), None);
    assert_eq!(answer("<fault/>"), None);
}

/// Of the answers of a service X-Road passes on those under 200 and 500: SOAP 1.1 has no other status for a fault.
#[test]
fn a_fault_under_another_status_does_not_come_through() {
    let request = Sample::request().text();
    let fault = "<s:Fault><faultcode>server.x</faultcode></s:Fault>";
    let fault = Sample::request().around(&format!("<s:Body>{fault}</s:Body>"));
    let under = |status: &str| {
        exchange(&request, &format!("HTTP/1.1 {status}\r\nContent-Type: text/xml\r\n\r\n{fault}"))
    };
    for status in ["200 OK", "500 Internal Server Error", "500"] {
        assert_eq!(under(status), "reject server.x", "{status}");
    }
    for status in ["403 Forbidden", "400", "503 Service Unavailable", "5000", ""] {
        assert_eq!(under(status), "reject server.serverproxy.service_failed.http_error", "{status}");
    }
}
