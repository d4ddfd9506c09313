//! Which terms and which evidence are refused, and with nothing half recorded?

use jiff::SignedDuration;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{
    ConsentEvidence, ConsentTerms, DataCategory as Data, ListConsentsRequest, PermitDomain, ProhibitionTerms,
    Purpose,
};
use polku_tests::world::{KELA, OHJAAMO, PAJA, PEOPLE, TE, WorldSettings, evidence, professional, terms};
use tonic::Code;

use super::changes::{Ask, given_by, prohibit, record, record_with};
use crate::stage::{BASIC, Stage, assert_refused, fields_of, purpose_of, wire};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Kela works in social services here, and te in health care.
pub(super) async fn stage_of_care() -> Stage {
    Stage::with(&WorldSettings::default(), |text| {
        let social = text.replace("sector = \"benefits\"", "sector = \"social\"");
        let health = social.replace("sector = \"employment\"", "sector = \"health\"");
        format!("{health}\n[[agreement]]\nfrom = \"{KELA}\"\nto = \"{TE}\"\n")
    })
    .await
}

pub(super) fn permit(stage: &Stage) -> (ConsentTerms, ConsentEvidence) {
    let terms = ConsentTerms {
        kind: ConsentKind::DisclosurePermit as i32,
        valid_until: None,
        permit_domain: PermitDomain::Social as i32,
        ..terms(KELA, TE, Purpose::SocialServices, &BASIC)
    };
    (terms, ConsentEvidence { inform_time: Some(wire(stage.now() - HOUR)), ..evidence() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_to_disclose_opens_the_data_of_its_domain_until_it_is_withdrawn() {
    let stage = stage_of_care().await;
    let kela = stage.kela();
    let youth = kela.clone().identify(PEOPLE[0]).await.unwrap();
    let (terms, evidence) = permit(&stage);
    let given = record_with(&kela, &youth, terms, evidence).await.unwrap().consent.unwrap();
    assert_eq!(given.terms.unwrap().valid_until, None);
    let categories = [Data::IdentityContact];
    let ask =
        Ask { youth: &youth, from: KELA, to: TE, purpose: Purpose::SocialServices, categories: &categories };
    let decision = ask.by(&kela).await.unwrap();
    assert_eq!(decision.permitted().collect::<Vec<_>>(), categories);
    assert_eq!(decision.bases[0].rule, "disclosure-permit");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_that_could_never_open_anything_is_refused() {
    let stage = stage_of_care().await;
    let kela = stage.kela();
    let youth = kela.clone().identify(PEOPLE[0]).await.unwrap();
    let now = stage.now();
    let refused = async |field: &str, spoil: fn(&mut ConsentTerms, &mut ConsentEvidence, jiff::Timestamp)| {
        let (mut terms, mut evidence) = permit(&stage);
        spoil(&mut terms, &mut evidence, now);
        let status = assert_refused(
            record_with(&kela, &youth, terms, evidence).await,
            Code::InvalidArgument,
            "TERMS_INVALID",
        );
        assert_eq!(fields_of(&status), [field]);
    };
    refused("terms.permit_domain", |terms, _, _| terms.permit_domain = 0).await;
    refused("terms.permit_domain", |terms, _, now| {
        terms.kind = ConsentKind::Consent as i32;
        terms.valid_until = Some(wire(now + HOUR));
    })
    .await;
    refused("terms.disclosers", |terms, _, _| terms.permit_domain = PermitDomain::Health as i32).await;
    refused("terms.disclosers", |terms, _, _| terms.disclosers.push(OHJAAMO.into())).await;
    refused("terms.recipients", |terms, _, _| terms.recipients = vec![OHJAAMO.into()]).await;
    refused("terms.recipients", |terms, _, _| terms.recipients.push(PAJA.into())).await;
    refused("evidence.inform_time", |_, evidence, _| evidence.inform_time = None).await;
    refused("evidence.inform_time", |_, evidence, now| evidence.inform_time = Some(wire(now + HOUR))).await;
    refused("evidence.receipt_time", |_, evidence, now| evidence.receipt_time = Some(wire(now + HOUR))).await;
    refused("evidence.receipt_time", |_, evidence, now| {
        evidence.receipt_time = Some(wire(now - HOUR * 2));
    })
    .await;
    assert_none(&stage, &youth).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_that_make_no_sense_are_refused() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let now = stage.now();
    let good = || ConsentTerms {
        valid_until: Some(wire(now + HOUR * 2)),
        ..terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC)
    };
    let refused = async |field: &str, spoil: fn(&mut ConsentTerms, jiff::Timestamp)| {
        let mut terms = good();
        spoil(&mut terms, now);
        let recorded = record(&ohjaamo, &youth, terms.clone()).await;
        let requested = super::changes::request(&ohjaamo, &youth, terms).await;
        for result in [recorded, requested] {
            let status = assert_refused(result, Code::InvalidArgument, "TERMS_INVALID");
            assert_eq!(fields_of(&status), [field]);
        }
    };
    refused("terms.recipients", |terms, _| terms.recipients = vec![OHJAAMO.into()]).await;
    refused("terms.recipients", |terms, _| terms.recipients = vec![format!("{OHJAAMO}/keskusta")]).await;
    refused("terms.explicit_categories", |terms, _| {
        terms.explicit_categories = vec![Data::ServiceNeeds as i32];
    })
    .await;
    refused("terms.review_time", |terms, now| terms.review_time = Some(wire(now))).await;
    refused("terms.review_time", |terms, now| terms.review_time = Some(wire(now + HOUR * 2))).await;
    refused("terms.permit_domain", |terms, _| terms.permit_domain = PermitDomain::Social as i32).await;
    assert_none(&stage, &youth).await;

    let both = ConsentTerms {
        disclosers: vec![OHJAAMO.into(), KELA.into()],
        recipients: vec![KELA.into(), OHJAAMO.into()],
        review_time: Some(wire(now + HOUR)),
        ..good()
    };
    let told = ConsentEvidence { inform_time: Some(wire(now)), receipt_time: Some(wire(now)), ..evidence() };
    let given = record_with(&ohjaamo, &youth, both, told).await.unwrap().consent.unwrap();
    assert_eq!(given.terms.unwrap().review_time, Some(wire(now + HOUR)), "each may tell the other");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_service_tasks_are_somebodys() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let narrow = [
        ProhibitionTerms { service_tasks: vec!["perhepalvelut".into()], ..ProhibitionTerms::default() },
        ProhibitionTerms { documents: vec!["asiakirja-1".into()], ..ProhibitionTerms::default() },
    ];
    for terms in narrow {
        let status = assert_refused(
            prohibit(&ohjaamo, &youth, terms.clone()).await,
            Code::InvalidArgument,
            "TERMS_INVALID",
        );
        assert_eq!(fields_of(&status), ["terms.disclosers"]);
        let terms = ProhibitionTerms { disclosers: vec![OHJAAMO.into()], ..terms };
        prohibit(&ohjaamo, &youth, terms).await.unwrap();
    }
    stage.close().await;
}

async fn assert_none(stage: &Stage, youth: &str) {
    let request = ListConsentsRequest { parent: youth.into(), ..ListConsentsRequest::default() };
    let list = stage.subject(youth).consent.list_consents(request).await.unwrap().into_inner();
    assert!(list.consents.is_empty(), "something was recorded");
}

/// What a renewal gives again is looked at as what is new, by the registry and the clock of today.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_of_terms_that_could_be_recorded_today() {
    let stage = stage_of_care().await;
    let (kela, ohjaamo) = (stage.kela(), stage.ohjaamo());
    let youth = kela.clone().identify(PEOPLE[0]).await.unwrap();
    ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let (social, evidence) = permit(&stage);
    let permit = record_with(&kela, &youth, social, evidence.clone()).await.unwrap().consent.unwrap();
    let to_unit = terms(OHJAAMO, "kela/kuntoutus", purpose_of(KELA), &BASIC);
    let consent = record(&ohjaamo, &youth, to_unit).await.unwrap().consent.unwrap();

    // Kela works in benefits again, and its unit has another name.
    let config = stage.world.config_file();
    let stage = stage.restart_after(|| {
        let text = std::fs::read_to_string(&config).unwrap();
        let social = "id = \"kela\"\nsector = \"social\"";
        assert!(text.contains(social) && text.contains("\"kuntoutus\""));
        let text = text.replace(social, "id = \"kela\"\nsector = \"benefits\"");
        std::fs::write(&config, text.replace("\"kuntoutus\"", "\"etuudet\"")).unwrap();
    });
    let stage = stage.await;
    let kela =
        stage.caller(&stage.world.identities.kela, &professional("virkailija-1", "etuudet", "official"));
    let later = Some(wire(stage.now() + HOUR * 24));
    let renewed = super::history::renew_as(&kela, &permit, None, evidence).await;
    let status = assert_refused(renewed, Code::InvalidArgument, "TERMS_INVALID");
    assert_eq!(fields_of(&status), ["terms.disclosers"]);
    let renewed =
        super::history::renew_as(&stage.ohjaamo(), &consent, later, polku_tests::world::evidence()).await;
    let status = assert_refused(renewed, Code::InvalidArgument, "UNKNOWN_UNIT");
    assert_eq!(fields_of(&status), ["name"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_has_been_is_over_with_the_renewal() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let start = stage.now();
    let reviewed = ConsentTerms {
        valid_until: Some(wire(start + HOUR * 3)),
        review_time: Some(wire(start + HOUR * 2)),
        ..terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC)
    };
    let given = record(&ohjaamo, &youth, reviewed).await.unwrap().consent.unwrap();
    let renew = async |until: SignedDuration| {
        let etag = super::changes::get(&ohjaamo, &given.name).await.unwrap().etag;
        super::changes::renew(&ohjaamo, &given, &etag, wire(start + until)).await
    };
    let ahead = renew(HOUR * 4).await.unwrap().consent.unwrap().terms.unwrap();
    assert_eq!(ahead.review_time, Some(wire(start + HOUR * 2)));
    stage.advance(HOUR * 2);
    let over = renew(HOUR * 5).await.unwrap().consent.unwrap().terms.unwrap();
    assert_eq!(over.review_time, None);
    // Nor is anything left to be looked at behind the end.
    let reviewed = ConsentTerms {
        valid_until: Some(wire(start + HOUR * 6)),
        review_time: Some(wire(start + HOUR * 5)),
        ..terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC)
    };
    let given = record(&ohjaamo, &youth, reviewed).await.unwrap().consent.unwrap();
    let etag = super::changes::get(&ohjaamo, &given.name).await.unwrap().etag;
    let sooner = super::changes::renew(&ohjaamo, &given, &etag, wire(start + HOUR * 4)).await.unwrap();
    assert_eq!(sooner.consent.unwrap().terms.unwrap().review_time, None);
    stage.close().await;
}

/// Who decides for somebody else without being a guardian is appointed: the record says where the proof is.
#[tokio::test(flavor = "multi_thread")]
async fn another_representative_than_a_guardian_shows_the_appointment() {
    let stage = Stage::open().await;
    let youth = stage.ohjaamo().identify(PEOPLE[0]).await.unwrap();
    let (ohjaamo, representative) = (stage.ohjaamo(), stage.representative(&youth));
    let terms = || terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
    for client in [&ohjaamo, &representative] {
        for nowhere in ["", " \t"] {
            let evidence =
                ConsentEvidence { reference: nowhere.into(), ..given_by(GivenBy::OtherRepresentative) };
            let status = assert_refused(
                record_with(client, &youth, terms(), evidence).await,
                Code::InvalidArgument,
                "REPRESENTATION_NOT_SHOWN",
            );
            assert_eq!(fields_of(&status), ["evidence.reference"]);
        }
        record_with(client, &youth, terms(), given_by(GivenBy::OtherRepresentative)).await.unwrap();
    }
    // The young person's own word needs none.
    let own = ConsentEvidence { reference: String::new(), ..evidence() };
    let given = record_with(&ohjaamo, &youth, terms(), own).await.unwrap().consent.unwrap();
    let evidence = ConsentEvidence { reference: String::new(), ..given_by(GivenBy::OtherRepresentative) };
    let later = Some(wire(stage.now() + HOUR * 24));
    let renewed = super::history::renew_as(&ohjaamo, &given, later, evidence).await;
    assert_refused(renewed, Code::InvalidArgument, "REPRESENTATION_NOT_SHOWN");
    stage.close().await;
}
