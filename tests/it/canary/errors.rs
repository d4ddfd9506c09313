//! What goes wrong on such a journey, with personal values wherever they fit?

use polku_proto::v1::import_consent_request::Reading;
use polku_proto::v1::{
    AcceptReferralRequest, CancelReferralRequest, GetConsentRequest, GetJourneyRequest, GetReferralRequest,
    HoldReferralRequest, IdentifyYouthRequest, ImportConsentRequest, ListConsentsRequest,
    ListReferralsRequest, ProvideInformationRequest, Purpose, RecordConsentRequest, RecordProhibitionRequest,
    ReferralContent, RequestInformationRequest, RevokeConsentRequest, SendReferralRequest,
    VerifyConsentRequest, WatchReferralsRequest, WithdrawConsentRequest,
};
use polku_tests::simulators::{Fault, Operation};
use polku_tests::world::{KELA, OHJAAMO, PAJA, TE, evidence, professional, referral_to, request_id, terms};

use super::journey::{ALL, Journey, content};

pub(super) fn purpose(agency: &str) -> Purpose {
    match agency {
        TE => Purpose::EmploymentServices,
        PAJA => Purpose::WorkshopCoaching,
        _ => Purpose::Rehabilitation,
    }
}

/// Requests that break the contract, or that nothing permits.
pub(super) async fn in_calls(journey: &mut Journey<'_>) {
    let mut ohjaamo = journey.ohjaamo.clone();
    for code in ["310294Y9032", "010594Y9033", "kanaria-tun", "010594Y903", "010594Y9032 ", "010594y9032"] {
        let request = IdentifyYouthRequest {
            request_id: request_id(),
            identity_code: code.into(),
            ..IdentifyYouthRequest::default()
        };
        journey.refused(code, ohjaamo.journey.identify_youth(request).await);
    }
    let request = IdentifyYouthRequest {
        request_id: "kanaria-pyynto".into(),
        identity_code: "010594Y9032".into(),
        ..IdentifyYouthRequest::default()
    };
    journey.refused("request id", ohjaamo.journey.identify_youth(request).await);
    let once = request_id();
    let request = |code: &str| IdentifyYouthRequest {
        request_id: once.clone(),
        identity_code: code.into(),
        ..IdentifyYouthRequest::default()
    };
    ohjaamo.journey.identify_youth(request("010594Y9032")).await.unwrap();
    journey.refused("request id again", ohjaamo.journey.identify_youth(request("020594X903P")).await);

    let changes: [fn(&mut SendReferralRequest, &mut ReferralContent); 16] = [
        |_, content| content.identity_code = "010594Y9032".into(),
        |_, content| content.identity_code = "kanaria-liian-pitka".into(),
        |_, content| content.given_names = "Testi Kanarialintu ".repeat(40),
        |_, content| content.family_name = "Esimerkkinen\u{0}kanaria-".into(),
        |_, content| content.contact_language = "kanaria-kieli".into(),
        |_, content| content.contact.as_mut().unwrap().phone = "kanaria-puhelin".into(),
        |_, content| content.contact.as_mut().unwrap().municipality = "kanaria-kunta".into(),
        |_, content| content.contact.as_mut().unwrap().postal_code = "kanaria-postinumero".into(),
        |_, content| content.contact.as_mut().unwrap().email = "kanarialintu@example.fi".repeat(30),
        |_, content| content.reason = "kanaria-perustelu ".repeat(400),
        |_, content| content.service_needs = vec!["kanaria-tarve".into(); 30],
        |_, content| content.education_work.as_mut().unwrap().job_seeker_status = "kanaria-tila".into(),
        |request, _| request.youth = "youths/kanaria-010594Y9032".into(),
        |request, _| request.recipient = "kanaria-vastaanottaja".into(),
        |request, _| request.recipient = "Kanaria Vastaanottaja".into(),
        |request, _| request.request_id = "kanaria-010594Y9032".into(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut request = journey.request(TE);
        let mut content = content();
        change(&mut request, &mut content);
        request.content = Some(content);
        // A NUL may stand in a name: then it is an agency's format that cannot carry it.
        match ohjaamo.referral.send_referral(request).await {
            Ok(_) if number == 3 => {}
            result => journey.refused(&format!("field {number}"), result),
        }
    }
    for number in [Purpose::Guidance, Purpose::SocialServices] {
        let request = referral_to(TE, &journey.youth, number, content());
        journey.refused("not permitted", ohjaamo.referral.send_referral(request).await);
    }
    let mut reused = journey.request(TE);
    ohjaamo.referral.send_referral(reused.clone()).await.unwrap();
    reused.content = Some(ReferralContent { reason: "kanaria-toinen".into(), ..content() });
    journey.refused("referral again", ohjaamo.referral.send_referral(reused).await);
    in_names(journey).await;
    in_consents(journey).await;
    by_actors(journey).await;
}

/// Names, tokens and marks that are none.
async fn in_names(journey: &mut Journey<'_>) {
    let mut ohjaamo = journey.ohjaamo.clone();
    for name in ["youths/010594Y9032", "youths/Esimerkkinen/referrals/kanaria-", "kanaria-"] {
        let request = GetReferralRequest { name: name.into() };
        journey.refused(name, ohjaamo.referral.get_referral(request).await);
        let request = GetConsentRequest { name: name.into() };
        journey.refused(name, ohjaamo.consent.get_consent(request).await);
        let request = GetJourneyRequest { youth: name.into(), ..GetJourneyRequest::default() };
        journey.refused(name, ohjaamo.journey.get_journey(request).await);
    }
    let token = "kanaria-merkki".to_owned();
    let request = ListReferralsRequest {
        parent: "youths/-".into(),
        page_token: token.clone(),
        ..ListReferralsRequest::default()
    };
    journey.refused("page token", ohjaamo.referral.list_referrals(request).await);
    let request = ListConsentsRequest {
        parent: journey.youth.clone(),
        page_token: token.clone(),
        ..ListConsentsRequest::default()
    };
    journey.refused("page token of consents", ohjaamo.consent.list_consents(request).await);
    let request = WatchReferralsRequest { resume_token: token };
    journey.refused("resume token", ohjaamo.referral.watch_referrals(request).await);
}

async fn in_consents(journey: &mut Journey<'_>) {
    let mut ohjaamo = journey.ohjaamo.clone();
    let record = |change: fn(&mut RecordConsentRequest)| {
        let mut request = RecordConsentRequest {
            request_id: request_id(),
            youth: journey.youth.clone(),
            terms: Some(terms(OHJAAMO, TE, purpose(TE), &ALL)),
            evidence: Some(evidence()),
            ..RecordConsentRequest::default()
        };
        change(&mut request);
        request
    };
    let requests = [
        record(|request| request.evidence.as_mut().unwrap().reference = "kanaria-viite ".repeat(40)),
        record(|request| request.evidence.as_mut().unwrap().notice_language = "kanaria-kieli".into()),
        record(|request| request.evidence.as_mut().unwrap().notice_sha256 = b"kanaria-tiiviste".to_vec()),
        record(|request| request.terms.as_mut().unwrap().recipients = vec!["kanaria-taho".into()]),
        record(|request| request.terms.as_mut().unwrap().recipients = vec!["Esimerkkinen".into()]),
        record(|request| request.requested = "youths/010594Y9032/consents/kanaria-".into()),
        record(|request| request.supersedes = "youths/010594Y9032/consents/kanaria-".into()),
        record(|request| request.evidence.as_mut().unwrap().capacity = "kanaria-arvio".into()),
    ];
    for (number, request) in requests.into_iter().enumerate() {
        journey.refused(&format!("consent {number}"), ohjaamo.consent.record_consent(request).await);
    }
    let import = ImportConsentRequest {
        request_id: request_id(),
        youth: journey.youth.clone(),
        content: "{\"patient\": \"kanaria-asiakirja 010594Y9032\"}".into(),
        reading: Reading::R4Literal as i32,
        evidence: Some(evidence()),
    };
    journey.refused("document", ohjaamo.consent.import_consent(import).await);
    let consent = journey.consent(&journey.youth, KELA, &ALL[..1]).await;
    let revoke = RevokeConsentRequest {
        request_id: request_id(),
        name: consent.name.clone(),
        etag: "kanaria-etag".into(),
        reason: "kanaria-poistosyy".into(),
    };
    journey.refused("etag", ohjaamo.consent.revoke_consent(revoke.clone()).await);
    let revoke = RevokeConsentRequest { request_id: request_id(), etag: consent.etag, ..revoke };
    ohjaamo.consent.revoke_consent(revoke).await.unwrap();
    let withdraw = WithdrawConsentRequest {
        request_id: request_id(),
        name: consent.name,
        reason: "kanaria-toistamiseen".into(),
        ..WithdrawConsentRequest::default()
    };
    journey.refused("withdrawn again", ohjaamo.consent.withdraw_consent(withdraw).await);
    let prohibit = RecordProhibitionRequest {
        request_id: "kanaria-".into(),
        youth: journey.youth.clone(),
        ..RecordProhibitionRequest::default()
    };
    journey.refused("prohibition", ohjaamo.consent.record_prohibition(prohibit).await);
    let verify = VerifyConsentRequest {
        youth: journey.youth.clone(),
        discloser: "kanaria-taho".into(),
        recipient: TE.into(),
        purpose: purpose(TE) as i32,
        categories: vec![2],
        ..VerifyConsentRequest::default()
    };
    journey.refused("verification", ohjaamo.consent.verify_consent(verify).await);
}

/// Callers who are not who they should be.
async fn by_actors(journey: &mut Journey<'_>) {
    for (id, unit, role) in [
        ("010594Y9032", "keskusta", "kanaria-rooli"),
        ("Testi Kanarialintu", "keskusta", "guidance_worker"),
        ("kanaria.ohjaaja", "kanaria-yksikko", "guidance_worker"),
        ("kanaria.ohjaaja", "kanaria yksikko", "guidance_worker"),
        ("kanaria.ohjaaja", "keskusta", "Kanaria-Rooli"),
    ] {
        let mut client = journey.ohjaamo.acting(&professional(id, unit, role));
        let request = IdentifyYouthRequest {
            request_id: request_id(),
            identity_code: "010594Y9032".into(),
            ..IdentifyYouthRequest::default()
        };
        journey.refused(id, client.journey.identify_youth(request).await);
    }
    let stranger = journey.world.client(journey.address, &journey.world.identities.stranger).unwrap();
    let mut stranger = stranger.acting(&professional("kanaria.ohjaaja", "keskusta", "guidance_worker"));
    let request = IdentifyYouthRequest {
        request_id: request_id(),
        identity_code: "010594Y9032".into(),
        ..IdentifyYouthRequest::default()
    };
    journey.refused("stranger", stranger.journey.identify_youth(request).await);
    let mut nobody = journey.world.client(journey.address, &journey.world.identities.ohjaamo).unwrap();
    let request = IdentifyYouthRequest {
        request_id: request_id(),
        identity_code: "010594Y9032".into(),
        ..IdentifyYouthRequest::default()
    };
    journey.refused("nobody", nobody.journey.identify_youth(request).await);
}

/// Steps that a referral's state does not allow.
pub(super) async fn in_states(journey: &mut Journey<'_>) {
    let referral = journey.send(TE).await.name;
    let mut ohjaamo = journey.ohjaamo.referral.clone();
    let official = professional("kanaria.virkailija", "nuorten-palvelut", "official");
    let te = journey.world.client(journey.address, &journey.world.identities.te).unwrap().acting(&official);
    let mut te = te.referral;
    let completion = journey.completion(&referral);
    journey.refused("completed by the recipient", te.complete_referral(completion.clone()).await);
    journey.refused("completed by the sender", ohjaamo.complete_referral(completion).await);
    let hold = HoldReferralRequest {
        request_id: request_id(),
        name: referral.clone(),
        note: "kanaria-tauko".into(),
        ..HoldReferralRequest::default()
    };
    journey.refused("held", te.hold_referral(hold).await);
    let answer = ProvideInformationRequest {
        request_id: request_id(),
        name: referral.clone(),
        answer: Some(content()),
        ..ProvideInformationRequest::default()
    };
    journey.refused("answered", ohjaamo.provide_information(answer).await);
    let accept = AcceptReferralRequest {
        request_id: request_id(),
        name: referral.clone(),
        etag: "kanaria-etag".into(),
        note: "kanaria-hyvaksynta".into(),
    };
    journey.refused("accepted", te.accept_referral(accept).await);
    let ask = RequestInformationRequest {
        request_id: request_id(),
        name: referral.clone(),
        question: "kanaria-kysymys ".repeat(200),
        ..RequestInformationRequest::default()
    };
    journey.refused("asked", te.request_information(ask).await);
    let cancel = || CancelReferralRequest {
        request_id: request_id(),
        name: referral.clone(),
        note: "kanaria-peruutus".into(),
        ..CancelReferralRequest::default()
    };
    ohjaamo.cancel_referral(cancel()).await.unwrap();
    journey.refused("cancelled", ohjaamo.cancel_referral(cancel()).await);
}

/// Agencies that answer with what they should keep to themselves.
pub(super) async fn at_agencies(journey: &mut Journey<'_>) {
    let texts = [
        "kanaria koodi: Testi Kanarialintu Esimerkkinen 010594Y9032",
        "kanariä.010594Y9032",
        "010594Y9032",
        "server.serverproxy.service_disabled.010594Y9032",
        "Client.Kanaria 010594Y9032",
    ];
    for agency in [TE, PAJA] {
        let faults = if agency == TE { journey.world.te.faults() } else { journey.world.walmu.faults() };
        for text in texts {
            for fault in [Fault::BusinessFault(text.into()), Fault::TechnicalFault(text.into())] {
                faults.once_on(Operation::Deliver, fault);
                journey.send(agency).await;
            }
        }
        for fault in [
            Fault::Garbage,
            Fault::Doctype,
            Fault::WrongEcho,
            Fault::HugeAnswer(2 << 20),
            Fault::ResetAfterEffect,
            Fault::ResetBeforeEffect,
            Fault::HalfAnswer,
            Fault::FailAfterEffect(500),
            Fault::Redirect,
        ] {
            faults.once_on(Operation::Deliver, fault);
            journey.send(agency).await;
        }
        assert_eq!(faults.waiting(), 0);
    }
}
