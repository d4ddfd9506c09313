//! What counts before it is durable, and what only from then on?

use polku_policy::{Capacity, ConsentIndex};
use polku_proto::v1::capacity_assessment::Result as Assessed;
use polku_proto::v1::legal_status::State;
use polku_proto::v1::legal_status_terms::Status;
use polku_proto::v1::{
    CapacityAssessment, LegalStatus, LegalStatusTerms, Prohibition, ProhibitionTerms, prohibition,
};
use polku_proto::{LegalStatusId, LegalStatusName, YouthId};
use uuid::Uuid;

use super::*;
use crate::record::new_instrument;
use crate::store::InstrumentKind;

fn assessment(youth: YouthId, id: Uuid, result: Assessed, state: State) -> StatusRecord {
    let status = Status::CapacityAssessment(CapacityAssessment { result: result as i32 });
    StatusRecord {
        row: new_instrument(id, youth, InstrumentKind::LegalStatus),
        message: LegalStatus {
            terms: Some(LegalStatusTerms { status: Some(status) }),
            state: state as i32,
            ..LegalStatus::default()
        },
    }
}

#[test]
fn a_newer_assessment_counts_in_place_of_the_older_one_when_it_is_durable() {
    let youth = YouthId::from_uuid(Uuid::now_v7());
    let (old, new) = (Uuid::now_v7(), Uuid::now_v7());
    let mut index = ConsentIndex::new();
    let mut first =
        Batch::default().and_status(assessment(youth, old, Assessed::NotCapable, State::InForce), Write::New);
    assert!(first.settle());
    first.take_away(&mut index).unwrap();
    assert_eq!(index.capacity(youth), None);
    first.give(&mut index).unwrap();
    let before =
        Some((LegalStatusName { youth, status: LegalStatusId::from_uuid(old) }, Capacity::NotCapable));
    assert_eq!(index.capacity(youth), before);

    let mut second = Batch::default()
        .and_status(assessment(youth, new, Assessed::CapableForbids, State::InForce), Write::New)
        .and_status(assessment(youth, old, Assessed::NotCapable, State::Ended), Write::Next);
    assert!(second.settle());
    second.take_away(&mut index).unwrap();
    assert_eq!(index.capacity(youth), before);
    second.give(&mut index).unwrap();
    let after =
        Some((LegalStatusName { youth, status: LegalStatusId::from_uuid(new) }, Capacity::CapableHidden));
    assert_eq!(index.capacity(youth), after);
}

#[test]
fn a_prohibition_counts_at_once_and_its_end_when_it_is_durable() {
    let youth = YouthId::from_uuid(Uuid::now_v7());
    let id = Uuid::now_v7();
    let mut index = ConsentIndex::new();
    for (state, taken, given) in [(prohibition::State::InForce, 1, 1), (prohibition::State::Lifted, 1, 0)] {
        let record = ProhibitionRecord {
            row: new_instrument(id, youth, InstrumentKind::Prohibition),
            message: Prohibition {
                terms: Some(ProhibitionTerms::default()),
                state: state as i32,
                ..Prohibition::default()
            },
        };
        let mut batch = Batch::default().and_prohibition(record, Write::New);
        batch.settle();
        batch.take_away(&mut index).unwrap();
        assert_eq!(index.len(), taken);
        batch.give(&mut index).unwrap();
        assert_eq!(index.len(), given);
    }
}
