//! Is everything weighed that a message holds in lists, and nothing else?

use prost::Message;

use super::*;
use crate::codec::LARGEST_LISTS;
use crate::v1::{
    BatchVerifyConsentsRequest, MergePlanRequest, Origin, PlanAction, PlanCommitment, PlanGoal, PlanMeeting,
    PlanNeed, PlanPart, PlanStanding, ReferralContent, SendReferralRequest, VerifyConsentRequest,
};

fn merge() -> MergePlanRequest {
    let goal = PlanGoal { id: "g1".into(), needs: vec!["n1".into(), String::new()], ..PlanGoal::default() };
    let standing =
        PlanStanding { commitments: vec![PlanCommitment::default(); 3], ..PlanStanding::default() };
    let section = PlanPart {
        goals: vec![goal; 2],
        actions: vec![PlanAction::default()],
        standing: Some(standing),
        ..PlanPart::default()
    };
    MergePlanRequest { sections: vec![section, PlanPart::default()], ..MergePlanRequest::default() }
}

/// What the lists of [`merge`] take.
fn memory() -> usize {
    2 * size_of::<PlanPart>()
        + 2 * size_of::<PlanGoal>()
        + 4 * size_of::<String>()
        + size_of::<PlanAction>()
        + 3 * size_of::<PlanCommitment>()
}

#[test]
fn every_list_of_a_message_counts_and_nothing_else() {
    let bytes = merge().encode_to_vec();
    assert!(fits::<MergePlanRequest>(&bytes, memory()));
    assert!(!fits::<MergePlanRequest>(&bytes, memory() - 1));

    let origin = Origin { documents: vec!["d1".into(); 5], ..Origin::default() };
    let question = VerifyConsentRequest { origin: Some(origin), ..VerifyConsentRequest::default() };
    let batch = BatchVerifyConsentsRequest { requests: vec![question; 3] };
    let memory = 3 * size_of::<VerifyConsentRequest>() + 15 * size_of::<String>();
    assert!(fits::<BatchVerifyConsentsRequest>(&batch.encode_to_vec(), memory));
    assert!(!fits::<BatchVerifyConsentsRequest>(&batch.encode_to_vec(), memory - 1));

    let content = ReferralContent { reason: "x".repeat(4000), ..ReferralContent::default() };
    let referral = SendReferralRequest { content: Some(content), ..SendReferralRequest::default() };
    assert!(fits::<SendReferralRequest>(&referral.encode_to_vec(), 0));
}

/// Sent in two halves, a message that is there once is put together again.
#[test]
fn parts_of_one_message_count_together() {
    let bytes = merge().encode_to_vec().repeat(2);
    assert!(MergePlanRequest::decode(bytes.as_slice()).unwrap().sections.len() == 4);
    assert!(fits::<MergePlanRequest>(&bytes, 2 * memory()));
    assert!(!fits::<MergePlanRequest>(&bytes, 2 * memory() - 1));
}

#[test]
fn what_is_not_known_weighs_nothing() {
    // Field 1000: a number, four and eight bytes, a text, a group with a number in it.
    let unknown: [&[u8]; 5] = [
        b"\xc0\x3e\x01",
        b"\xc5\x3e\0\0\0\0",
        b"\xc1\x3e\0\0\0\0\0\0\0\0",
        b"\xc2\x3e\x02ab",
        b"\xc3\x3e\x08\x01\xc4\x3e",
    ];
    for field in unknown {
        let bytes = [field, &merge().encode_to_vec(), field].concat();
        assert!(MergePlanRequest::decode(bytes.as_slice()).is_ok());
        assert!(
            fits::<MergePlanRequest>(&bytes, memory()) && !fits::<MergePlanRequest>(&bytes, memory() - 1)
        );
    }
}

/// Wherever a message breaks off, the rest of it weighs nothing, and nothing goes wrong.
#[test]
fn of_what_is_no_message_only_what_comes_before_is_weighed() {
    let bytes = merge().encode_to_vec();
    for end in 0..bytes.len() {
        assert!(fits::<MergePlanRequest>(&bytes[..end], memory()), "{end}");
    }
    let empty = b"\x22\x00";
    for broken in
        [b"\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".as_slice(), b"\x22\x05ab", b"\x0c", b"\x22", b"\x80"]
    {
        let bytes = [empty.as_slice(), broken].concat();
        assert!(MergePlanRequest::decode(bytes.as_slice()).is_err());
        assert!(fits::<MergePlanRequest>(&bytes, 2 * size_of::<PlanPart>()));
        assert!(!fits::<MergePlanRequest>(&bytes, size_of::<PlanPart>() - 1));
    }
}

#[test]
fn as_much_as_an_agency_can_keep_in_a_plan_fits_five_times() {
    let goal = PlanGoal { needs: vec![String::new(); 20], ..PlanGoal::default() };
    let meeting = PlanMeeting { participants: vec![String::new(); 20], ..PlanMeeting::default() };
    let section = PlanPart {
        needs: vec![PlanNeed::default(); 100],
        goals: vec![goal; 200],
        actions: vec![PlanAction::default(); 500],
        meetings: vec![meeting; 200],
        ..PlanPart::default()
    };
    let request = MergePlanRequest { sections: vec![section; 5], ..MergePlanRequest::default() };
    assert!(fits::<MergePlanRequest>(&request.encode_to_vec(), LARGEST_LISTS));
}
