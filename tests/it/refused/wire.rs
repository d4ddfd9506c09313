//! What is answered to bytes that are no message of the contract?

use std::collections::BTreeMap;

use polku_proto::CallerRoles;
use polku_proto::v1::{CallerRole, IdentifyYouthRequest, ListReferralsRequest, ReferralContent};
use polku_tests::world::{KELA, PEOPLE, professional, referral_to, request_id};
use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use tonic::Code;

use crate::stage::{Stage, actor_bytes, assert_refused, assert_silent, call_raw, fields_of, purpose_of};

const WRONG_WIRE_TYPE: &str = "wrong wire type";

/// What can be asked without saying anything.
const NEEDS_NOTHING: [&str; 1] = ["DirectoryService/SearchServices"];

/// A method of the contract, as its descriptor has it.
struct Method {
    /// `SERVICE/METHOD`.
    name: String,
    /// Answers with a stream: it may be asked for everything that comes.
    streams: bool,
    /// What the request's first field is written as.
    first: Option<Type>,
}

/// Every method of the contract.
fn methods() -> Vec<Method> {
    let contract = FileDescriptorSet::decode(polku_proto::FILE_DESCRIPTOR_SET).unwrap();
    let messages: BTreeMap<String, &DescriptorProto> = contract
        .file
        .iter()
        .flat_map(|file| {
            file.message_type
                .iter()
                .map(|message| (format!(".{}.{}", file.package(), message.name()), message))
        })
        .collect();
    let services =
        contract.file.iter().filter(|file| file.package() == "polku.v1").flat_map(|file| &file.service);
    let methods = services.flat_map(|service| service.method.iter().map(|method| (service.name(), method)));
    methods
        .map(|(service, method)| {
            let request = messages[method.input_type()];
            let first = request.field.iter().find(|field| field.number() == 1);
            Method {
                name: format!("{service}/{}", method.name()),
                streams: method.server_streaming(),
                first: first.map(FieldDescriptorProto::r#type),
            }
        })
        .collect()
}

fn worker() -> Vec<u8> {
    actor_bytes(&professional("ohjaaja-1", "keskusta", "guidance_worker"))
}

/// One message of each kind of damage.
fn damaged() -> Vec<(&'static str, Vec<u8>)> {
    let whole = IdentifyYouthRequest {
        request_id: request_id(),
        identity_code: PEOPLE[0].into(),
        ..IdentifyYouthRequest::default()
    }
    .encode_to_vec();
    let truncated = whole[..whole.len() - 1].to_vec();
    // Field 1 as a number.
    let wrong_wire_type = vec![0x08, 0x07];
    // Group 1000, opened again and again.
    let nested = [0xc3, 0x3e].repeat(200);
    let mut not_utf8 = vec![0x0a, 0x04];
    not_utf8.extend([0xff, 0xfe, b'k', b'a']);
    let no_wire_type = vec![0x0f, 0x01];
    vec![
        ("truncated", truncated),
        (WRONG_WIRE_TYPE, wrong_wire_type),
        ("deep nesting", nested),
        ("not UTF-8", not_utf8),
        ("unknown wire type", no_wire_type),
        ("plain text", b"kanaria-vapaata-tekstia".to_vec()),
        ("longer than it is", vec![0x0a, 0xff, 0xff, 0xff, 0x0f]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_method_reads_what_is_no_message() {
    let stage = Stage::open().await;
    let channel = stage.ohjaamo().channel();
    let before = stage.next_leaf().await;
    for Method { name, first, .. } in methods() {
        let is_number = first.is_none_or(|first| !matches!(first, Type::String | Type::Message));
        for (damage, bytes) in damaged() {
            // There is such a field.
            if damage == WRONG_WIRE_TYPE && is_number {
                continue;
            }
            let result = call_raw(&channel, &name, Some(&worker()), bytes).await;
            println!("{name}: {damage}");
            let status = assert_refused(result, Code::InvalidArgument, "MESSAGE_UNREADABLE");
            assert_silent(&status, &["vapaata"]);
        }
    }
    assert_eq!(stage.next_leaf().await, before + 1, "a damaged message left a leaf");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_says_which_fields_an_empty_message_lacks() {
    let stage = Stage::open().await;
    let channel = stage.ohjaamo().channel();
    for Method { name, streams, .. } in methods() {
        // Watching takes no fields, a search that says nothing finds everything, and some are not for professionals.
        let is_for_us =
            CallerRoles::of_method(&format!("/polku.v1.{name}")).contains(CallerRole::Professional);
        if streams || NEEDS_NOTHING.contains(&name.as_str()) || !is_for_us {
            continue;
        }
        println!("{name}");
        let result = call_raw(&channel, &name, Some(&worker()), Vec::new()).await;
        // Whatever the reason is called, it names fields.
        let status = result.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{name}: {status:?}");
        let fields = fields_of(&status);
        assert!(!fields.is_empty() && fields.iter().all(|field| !field.is_empty()), "{name}: {fields:?}");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_message_is_not_taken_in() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let of_size = |wanted: usize| {
        let content = |length| ReferralContent { reason: "k".repeat(length), ..ReferralContent::default() };
        let request = referral_to(KELA, &youth, purpose_of(KELA), content(wanted));
        let too_much = request.encoded_len() - wanted;
        let request = referral_to(KELA, &youth, purpose_of(KELA), content(wanted - too_much));
        assert_eq!(request.encoded_len(), wanted);
        request
    };
    let mut ohjaamo = stage.ohjaamo();
    let result = ohjaamo.referral.send_referral(of_size(256 * 1024 + 1)).await;
    assert_refused(result, Code::InvalidArgument, "MESSAGE_TOO_LARGE");
    // The largest one is read, and its field is what is too long.
    let result = ohjaamo.referral.send_referral(of_size(256 * 1024)).await;
    let status = assert_refused(result, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(fields_of(&status), ["content.reason"]);
    let result = ohjaamo.referral.send_referral(of_size(8 * 1024 * 1024)).await;
    assert_refused(result, Code::InvalidArgument, "MESSAGE_TOO_LARGE");
    let list = ListReferralsRequest { parent: youth, ..ListReferralsRequest::default() };
    assert!(ohjaamo.referral.list_referrals(list).await.unwrap().into_inner().referrals.is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_methods_do_not_exist() {
    let stage = Stage::open().await;
    let channel = stage.ohjaamo().channel();
    for method in ["ReferralService/DeleteReferral", "NoService/SendReferral"] {
        let result = call_raw(&channel, method, Some(&worker()), Vec::new()).await;
        let status = assert_refused(result, Code::Unimplemented, "METHOD_UNKNOWN");
        assert_silent(&status, &[method]);
    }
    stage.close().await;
}
