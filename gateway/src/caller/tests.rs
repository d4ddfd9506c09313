//! Whom the registry lets call, and on whose behalf.

use super::*;

const CERTIFICATE: [u8; 32] = [1; 32];
const YOUTH: &str = "youths/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

fn callers() -> Callers {
    let set = |words: &[&str]| words.iter().map(|word| String::from(*word)).collect();
    let organisations = [
        Organisation {
            agency: "ohjaamo".parse().unwrap(),
            certificates: vec![CERTIFICATE, [2; 32]],
            units: set(&["espoo"]),
            roles: set(&["guidance_worker"]),
            actors: [ActorKind::Professional, ActorKind::Subject].into(),
        },
        Organisation {
            agency: "te".parse().unwrap(),
            certificates: vec![[3; 32]],
            units: set(&["vantaa"]),
            roles: set(&["expert"]),
            actors: [ActorKind::Representative].into(),
        },
    ];
    let operator = Operator { id: "yllapito-1".into(), certificates: vec![[4; 32], [5; 32]] };
    Callers::new(&organisations, &[operator])
}

const EVERYBODY: CallerRoles = CallerRoles::of(&[
    CallerRole::Professional,
    CallerRole::Subject,
    CallerRole::Guardian,
    CallerRole::Representative,
    CallerRole::Operator,
]);

fn professional(unit: &str, role: &str) -> Who {
    Who::Professional(v1::Professional { id: "virkailija-7".into(), unit: unit.into(), role: role.into() })
}

fn subject(youth: &str) -> Who {
    Who::Subject(v1::SubjectActor { youth: youth.into() })
}

fn representative(capacity: Capacity) -> Who {
    let capacity = i32::from(capacity);
    Who::Representative(v1::RepresentativeActor { youth: YOUTH.into(), capacity, id: "huoltaja-1".into() })
}

fn request(certificate: Option<[u8; 32]>, actors: &[&[u8]]) -> tonic::Request<()> {
    let mut request = tonic::Request::new(());
    request.extensions_mut().insert(Peer { certificate_sha256: certificate });
    request.extensions_mut().insert(EVERYBODY);
    for actor in actors {
        request.metadata_mut().append_bin(ACTOR_METADATA, tonic::metadata::MetadataValue::from_bytes(actor));
    }
    request
}

fn called(certificate: [u8; 32], who: Who) -> Result<Caller, CallerError> {
    let actor = v1::Actor { who: Some(who) }.encode_to_vec();
    callers().caller(&request(Some(certificate), &[&actor]))
}

#[test]
fn a_registered_professional_calls_for_the_agency_of_the_certificate() {
    for certificate in [CERTIFICATE, [2; 32]] {
        let caller = called(certificate, professional("espoo", "guidance_worker")).unwrap();
        assert_eq!(caller.agency.as_str(), "ohjaamo");
        let at = "ohjaamo/espoo".parse().unwrap();
        assert_eq!(caller.role(), ActorRole::Professional { at, role: "guidance_worker".into() });
        assert!(matches!(caller.actor, Actor::Professional { .. }));
    }
}

#[test]
fn subject_and_representative_stand_for_one_young_person() {
    let youth: YouthName = YOUTH.parse().unwrap();
    let caller = called(CERTIFICATE, subject(YOUTH)).unwrap();
    assert_eq!(caller.actor, Actor::Subject(youth.youth));
    assert_eq!(caller.role(), ActorRole::Subject);

    let caller = called([3; 32], representative(Capacity::Guardian)).unwrap();
    assert!(
        matches!(caller.actor, Actor::Representative { youth: represented, .. } if represented == youth.youth)
    );
    assert_eq!(caller.role(), ActorRole::Guardian);
}

#[test]
fn what_is_not_registered_does_not_call() {
    assert_eq!(called(CERTIFICATE, professional("vantaa", "guidance_worker")), Err(CallerError::UnknownUnit));
    assert_eq!(called(CERTIFICATE, professional("espoo", "expert")), Err(CallerError::UnknownRole));
    assert_eq!(
        called(CERTIFICATE, representative(Capacity::Guardian)),
        Err(CallerError::ActorNotAllowed(ActorKind::Representative))
    );
    assert_eq!(called([3; 32], subject(YOUTH)), Err(CallerError::ActorNotAllowed(ActorKind::Subject)));
    assert_eq!(called([9; 32], subject(YOUTH)), Err(CallerError::UnknownCertificate));
}

#[test]
fn an_operator_is_no_organisation_and_an_organisation_no_operator() {
    let callers = callers();
    let operator = |certificate| callers.operator(&request(certificate, &[])).map(str::to_owned);
    assert_eq!(operator(Some([4; 32])), Ok("yllapito-1".to_owned()));
    assert_eq!(operator(Some([5; 32])), Ok("yllapito-1".to_owned()));
    for other in [CERTIFICATE, [3; 32], [9; 32]] {
        assert_eq!(operator(Some(other)), Err(CallerError::NoOperator));
    }
    assert_eq!(operator(None), Err(CallerError::NoCertificate));
    assert_eq!(called([4; 32], subject(YOUTH)), Err(CallerError::UnknownCertificate));
}

#[test]
fn without_a_certificate_nobody_calls() {
    let actor = v1::Actor { who: Some(subject(YOUTH)) }.encode_to_vec();
    assert_eq!(callers().caller(&request(None, &[&actor])), Err(CallerError::NoCertificate));
    assert_eq!(callers().caller(&tonic::Request::new(())), Err(CallerError::NoCertificate));
}

#[test]
fn the_actor_is_one_well_formed_message() {
    let from = |actors: &[&[u8]]| callers().caller(&request(Some(CERTIFICATE), actors));
    let good = v1::Actor { who: Some(subject(YOUTH)) }.encode_to_vec();
    assert!(from(&[&good]).is_ok());
    assert_eq!(from(&[]), Err(CallerError::ActorMissing));
    assert_eq!(from(&[&good, &good]), Err(CallerError::ActorUnreadable));
    assert_eq!(from(&[b"\xff\xff\xff"]), Err(CallerError::ActorUnreadable));
    assert!(matches!(from(&[b""]), Err(CallerError::ActorMalformed(_))));

    let no_youth = v1::Actor { who: Some(subject("youths/x")) }.encode_to_vec();
    assert!(matches!(from(&[&no_youth]), Err(CallerError::ActorMalformed(_))));
    let no_uuid = v1::Actor { who: Some(subject(&format!("youths/{}", "-".repeat(36)))) }.encode_to_vec();
    assert_eq!(from(&[&no_uuid]), Err(CallerError::ActorUnreadable));
    let mut request = request(Some(CERTIFICATE), &[]);
    // A value that is no base64.
    request.metadata_mut().as_mut().insert(ACTOR_METADATA, http::HeaderValue::from_static("%%%"));
    assert_eq!(callers().caller(&request), Err(CallerError::ActorUnreadable));
}

#[test]
fn no_actor_has_an_identity_code_in_its_id() {
    for id in ["010594Y9032", "tyo.010594y9032-1", "FI010594Y9032"] {
        let id = id.to_owned();
        let Who::Professional(usual) = professional("espoo", "guidance_worker") else { panic!() };
        let official = Who::Professional(v1::Professional { id: id.clone(), ..usual });
        assert_eq!(called(CERTIFICATE, official), Err(CallerError::ActorUnreadable));
        let Who::Representative(usual) = representative(Capacity::Guardian) else { panic!() };
        let guardian = Who::Representative(v1::RepresentativeActor { id, ..usual });
        assert_eq!(called([3; 32], guardian), Err(CallerError::ActorUnreadable));
    }
}

#[test]
fn an_unspecified_capacity_is_malformed() {
    let called = called([3; 32], representative(Capacity::Unspecified));
    assert!(matches!(called, Err(CallerError::ActorMalformed(_))));
}

#[test]
fn neither_debug_nor_errors_tell_who_it_is() {
    let caller = called(CERTIFICATE, professional("espoo", "guidance_worker")).unwrap();
    assert!(!format!("{caller:?}").contains("virkailija"), "{caller:?}");
    let error = called(CERTIFICATE, professional("salainen", "guidance_worker")).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("salainen"));
}

#[test]
fn a_method_is_for_whom_the_contract_says_and_an_unknown_one_for_nobody() {
    let actor = v1::Actor { who: Some(professional("espoo", "guidance_worker")) }.encode_to_vec();
    let by_roles = |roles: Option<CallerRoles>| {
        let mut request = request(Some(CERTIFICATE), &[&actor]);
        request.extensions_mut().remove::<CallerRoles>();
        if let Some(roles) = roles {
            request.extensions_mut().insert(roles);
        }
        callers().caller(&request).map(drop)
    };
    assert_eq!(by_roles(Some(CallerRoles::of(&[CallerRole::Professional]))), Ok(()));
    let others = CallerRoles::of(&[CallerRole::Subject, CallerRole::Operator]);
    assert_eq!(by_roles(Some(others)), Err(CallerError::MethodNotAllowed(others)));
    assert_eq!(by_roles(None), Err(CallerError::MethodNotAllowed(CallerRoles::NONE)));
}
