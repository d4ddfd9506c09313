//! Is a message cut down as its descriptor says? The model here reads the options and knows no generated code.

use std::{cell::RefCell, collections::HashMap, thread::LocalKey};

use proptest::{
    collection::vec,
    prelude::any,
    prop_assert, prop_assert_eq,
    test_runner::{Config, TestCaseError, TestRunner},
};
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value,
};

use crate::{CategorySet, Disclose, FILE_DESCRIPTOR_SET, v1, v1::DataCategory};

mod every_set;

use every_set::every_set;

/// Runs a check for every payload message of the contract.
macro_rules! every_payload {
    ($($message:ident),* $(,)?) => {
        const PAYLOADS: &[&str] = &[$(concat!("polku.v1.", stringify!($message))),*];

        /// Random content, random sets of categories.
        #[test]
        fn random_content_is_cut_down_as_the_descriptor_says() {
            $(random_content::<v1::$message>(concat!("polku.v1.", stringify!($message)));)*
        }

        /// Content in every field; every category alone, and every category alone missing.
        #[test]
        fn full_content_is_cut_down_as_the_descriptor_says() {
            $(full_content::<v1::$message>(concat!("polku.v1.", stringify!($message)));)*
        }

        /// Content of each, as full as it goes, and every set of categories that there is.
        #[test]
        fn content_is_cut_down_as_the_descriptor_says_to_every_set_of_categories() {
            let checks: &[fn(&str)] = &[$(every_set::<v1::$message>),*];
            let all: Vec<_> = checks.iter().zip(PAYLOADS).collect();
            std::thread::scope(|scope| {
                for half in 0..2 {
                    let own: Vec<_> = all.iter().skip(half).step_by(2).collect();
                    scope.spawn(move || own.iter().for_each(|(check, name)| check(name)));
                }
            });
        }
    };
}

every_payload!(
    AddJourneyEntryResponse,
    AgencyFacts,
    Background,
    Consent,
    ConsentChange,
    ConsentDocument,
    ConsentEvent,
    ConsentEvidence,
    ConsentNotice,
    ConsentReceipt,
    ConsentSource,
    ConsentTerms,
    CurrentWorker,
    Delivery,
    Disclosure,
    DisclosureExplanation,
    DisclosureNotice,
    Encounter,
    Fact,
    FactsQuery,
    FollowUp,
    ImportConsentResponse,
    InformationExchange,
    Journey,
    JourneyEntry,
    LegalClaim,
    LegalStatus,
    LegalStatusChange,
    LegalStatusTerms,
    ListConsentsResponse,
    ListDisclosuresResponse,
    ListLegalStatusesResponse,
    ListPlanRevisionsResponse,
    ListPlansResponse,
    ListReferralsResponse,
    ListTasksResponse,
    MeetingRecord,
    MergePlanResponse,
    NextStep,
    Plan,
    PlanAction,
    PlanActivity,
    PlanAround,
    PlanChange,
    PlanComment,
    PlanConflict,
    PlanDuplicate,
    PlanEvent,
    PlanFieldChange,
    PlanGoal,
    PlanMeeting,
    PlanNeed,
    PlanPart,
    PlanRevision,
    PlanSection,
    PlanSource,
    PlanStanding,
    Prohibition,
    ProhibitionChange,
    ProhibitionTerms,
    Referral,
    ReferralChange,
    ReferralContent,
    ReferralEvent,
    ReferralHandover,
    ReferralNotice,
    ResolveTaskResponse,
    SendReferralResponse,
    StarReading,
    Task,
    TaskEvent,
    WhoqolReading,
);

#[test]
fn every_payload_message_is_tested() {
    let pool = pool();
    let mut payloads: Vec<_> = pool.all_messages().filter(is_payload).collect();
    payloads.sort_by(|one, other| one.full_name().cmp(other.full_name()));
    let names: Vec<_> = payloads.iter().map(MessageDescriptor::full_name).collect();
    assert_eq!(names, PAYLOADS);
}

#[test]
fn a_referral_is_cut_down() {
    let mut referral = v1::Referral {
        sender: String::from("te"),
        outcome: v1::Outcome::GotService.into(),
        content: Some(v1::ReferralContent {
            given_names: String::from("Aino"),
            health_capacity: String::from("secret"),
            contact: Some(v1::ContactDetails::default()),
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_eq!(
        referral.categories(),
        CategorySet::of(&[
            DataCategory::Envelope,
            DataCategory::IdentityContact,
            DataCategory::HealthCapacity,
            DataCategory::AddressContact,
            DataCategory::ReferralStatus,
        ])
    );
    referral.restrict(CategorySet::of(&[DataCategory::IdentityContact]));
    assert_eq!(
        referral,
        v1::Referral {
            sender: String::from("te"),
            content: Some(v1::ReferralContent { given_names: String::from("Aino"), ..Default::default() }),
            ..Default::default()
        }
    );
    referral.restrict(CategorySet::EMPTY);
    assert_eq!(referral, v1::Referral { sender: String::from("te"), ..Default::default() });
}

#[test]
fn what_may_not_be_told_is_not_referred_to() {
    let need = |id: &str, category: DataCategory| v1::PlanNeed {
        id: id.to_owned(),
        category: category.into(),
        ..Default::default()
    };
    let mut part = v1::PlanPart {
        needs: vec![need("n1", DataCategory::HealthCapacity), need("n2", DataCategory::JointPlan)],
        goals: vec![v1::PlanGoal {
            id: String::from("g1"),
            category: DataCategory::JointPlan.into(),
            needs: ["n1", "n2", "n3"].map(String::from).to_vec(),
            ..Default::default()
        }],
        actions: ["g1", "g2"]
            .map(|goal| v1::PlanAction {
                category: DataCategory::JointPlan.into(),
                goal: goal.to_owned(),
                ..Default::default()
            })
            .to_vec(),
        ..Default::default()
    };
    part.restrict(CategorySet::ALL);
    assert_eq!(part.goals[0].needs, ["n1", "n2"]);
    assert_eq!([&part.actions[0].goal, &part.actions[1].goal], ["g1", ""]);
    part.restrict(CategorySet::of(&[DataCategory::JointPlan]));
    assert_eq!(part.goals[0].needs, ["n2"]);
    assert_eq!(part.actions[0].goal, "g1");
    part.goals[0].category = DataCategory::HealthCapacity.into();
    part.restrict(CategorySet::of(&[DataCategory::JointPlan]));
    assert_eq!(part.actions[0].goal, "");
}

#[test]
fn debug_shows_no_content() {
    let content = v1::ReferralContent { given_names: String::from("Aino"), ..Default::default() };
    assert_eq!(format!("{content:?}"), "ReferralContent(redacted)");
    let item = v1::delivery::Item::Notice(v1::ReferralNotice::default());
    assert_eq!(format!("{item:?}"), "Item(redacted)");
}

fn random_content<X: Disclose>(name: &str) {
    let descriptor = pool().get_message_by_name(name).expect("the message is in the contract");
    let config = Config { cases: 128, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(vec(any::<u8>(), 0..500), any::<u32>()), |(entropy, bits)| {
            let mut entropy = entropy.into_iter();
            let message = sent(&filled(&descriptor, &mut || entropy.next().unwrap_or(0)));
            holds::<X>(&message, CategorySet::from_bits_truncate(bits))
        })
        .unwrap_or_else(|failure| panic!("{name}: {failure}"));
}

fn full_content<X: Disclose>(name: &str) {
    let descriptor = pool().get_message_by_name(name).expect("the message is in the contract");
    let message = sent(&filled(&descriptor, &mut || 7));
    for category in CategorySet::ALL.iter() {
        let alone = CategorySet::of(&[category]);
        holds::<X>(&message, alone).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let others = CategorySet::ALL.difference(alone);
        holds::<X>(&message, others).unwrap_or_else(|failure| panic!("{name}: {failure}"));
    }
}

fn holds<X: Disclose>(message: &DynamicMessage, permitted: CategorySet) -> Result<(), TestCaseError> {
    let mut generated: X = message.transcode_to().expect("both read the same bytes");
    prop_assert_eq!(generated.categories(), present(message));

    generated.restrict(permitted);
    let mut cut = DynamicMessage::new(message.descriptor());
    cut.transcode_from(&generated).expect("both read the same bytes");

    let kept = permitted.union(CategorySet::of(&[DataCategory::Envelope]));
    prop_assert!(present(&cut).is_subset(kept), "something that is not permitted is left");
    let expected = expected(message, kept);
    prop_assert!(cut == expected, "something else than what is not permitted has changed");
    // What names its category goes as a whole, with what else would have been permitted of it.
    if !has_named_parts(&message.descriptor(), &mut Vec::new()) {
        prop_assert_eq!(present(&cut), present(message).intersection(kept));
    }
    prop_assert_eq!(generated.categories(), present(&cut));

    let once = generated.clone();
    generated.restrict(permitted);
    prop_assert!(generated == once, "cutting down twice is not the same as once");
    Ok(())
}

/// The categories of what is present.
fn present(message: &DynamicMessage) -> CategorySet {
    let mut set = named(message).unwrap_or(CategorySet::EMPTY);
    for field in message.descriptor().fields().filter(|field| message.has_field(field)) {
        match category(&field) {
            Category::Own(category) => set.insert(category),
            Category::OfMessage => {}
            Category::Inside => {
                parts(&message.get_field(&field)).iter().for_each(|part| set.extend(present(part)));
            }
        }
    }
    set
}

/// The message without what is not kept.
fn expected(message: &DynamicMessage, kept: CategorySet) -> DynamicMessage {
    let mut cut = DynamicMessage::new(message.descriptor());
    if named(message).is_some_and(|named| named.is_empty() || !named.is_subset(kept)) {
        return cut;
    }
    for field in message.descriptor().fields().filter(|field| message.has_field(field)) {
        let value = message.get_field(&field);
        match category(&field) {
            Category::OfMessage => cut.set_field(&field, value.into_owned()),
            Category::Own(category) if kept.contains(category) => cut.set_field(&field, value.into_owned()),
            Category::Own(_) => {}
            Category::Inside => {
                let mut parts: Vec<_> = parts(&value).iter().map(|part| expected(part, kept)).collect();
                if field.is_list() {
                    parts.retain(|part| named(part).is_none() || !present(part).is_empty());
                    let elements: Vec<_> = parts.into_iter().map(Value::Message).collect();
                    if !elements.is_empty() {
                        cut.set_field(&field, Value::List(elements));
                    }
                } else if let Some(part) = parts.into_iter().find(|part| !present(part).is_empty()) {
                    cut.set_field(&field, Value::Message(part));
                }
            }
        }
    }
    without_loose_references(cut)
}

/// Takes out the ids that elements of lists name and no element of the list that they refer to has.
fn without_loose_references(mut message: DynamicMessage) -> DynamicMessage {
    let descriptor = message.descriptor();
    for list in descriptor.fields().filter(FieldDescriptor::is_list) {
        for reference in list.kind().as_message().iter().flat_map(|element| element.fields()) {
            let Some(target) = refers_to(&reference) else {
                continue;
            };
            let targets = message.get_field_by_name(&target).expect("a list").into_owned();
            let ids: Vec<Value> = parts(&targets)
                .iter()
                .map(|part| part.get_field_by_name("id").expect("an id").into_owned())
                .collect();
            let mut elements: Vec<DynamicMessage> =
                parts(&message.get_field(&list)).into_iter().cloned().collect();
            for element in elements.iter_mut().filter(|element| element.has_field(&reference)) {
                let value = element.get_field(&reference).into_owned();
                if let Value::List(mut named) = value {
                    named.retain(|id| ids.contains(id));
                    element.clear_field(&reference);
                    if !named.is_empty() {
                        element.set_field(&reference, Value::List(named));
                    }
                } else if !ids.contains(&value) {
                    element.clear_field(&reference);
                }
            }
            if !elements.is_empty() {
                message.set_field(&list, Value::List(elements.into_iter().map(Value::Message).collect()));
            }
        }
    }
    message
}

/// The name of the list that a field refers to.
fn refers_to(field: &FieldDescriptor) -> Option<String> {
    remembered(&REFERENCES, field.full_name(), || refers_to_by_option(field))
}

fn refers_to_by_option(field: &FieldDescriptor) -> Option<String> {
    let option = field.parent_message().parent_pool().get_extension_by_name("polku.v1.refers_to");
    let list =
        field.options().get_extension(&option.expect("the option is in the contract")).as_str()?.to_owned();
    Some(list).filter(|list| !list.is_empty())
}

/// The messages that a field holds.
fn parts(value: &Value) -> Vec<&DynamicMessage> {
    let elements = value.as_list().unwrap_or_default().iter();
    value.as_message().into_iter().chain(elements.filter_map(Value::as_message)).collect()
}

thread_local! {
    static REFERENCES: Memo<Option<String>> = Memo::default();
    static CATEGORIES: Memo<Category> = Memo::default();
    static LABELS: Memo<Option<u32>> = Memo::default();
}

/// What options say, by name of field or message: they would be read again for every field of every message.
type Memo<T> = RefCell<HashMap<String, T>>;

fn remembered<T: Clone>(memo: &'static LocalKey<Memo<T>>, name: &str, read: impl FnOnce() -> T) -> T {
    let known = memo.with_borrow(|memo| memo.get(name).cloned());
    known.unwrap_or_else(|| {
        let read = read();
        memo.with_borrow_mut(|memo| memo.insert(name.to_owned(), read.clone()));
        read
    })
}

/// Where the category of a field stands.
#[derive(Clone)]
enum Category {
    Own(DataCategory),
    /// Its message names one for all that have none of their own.
    OfMessage,
    /// In the payload message that is its type.
    Inside,
}

fn category(field: &FieldDescriptor) -> Category {
    remembered(&CATEGORIES, field.full_name(), || category_by_option(field))
}

fn category_by_option(field: &FieldDescriptor) -> Category {
    if field.kind().as_message().is_some_and(is_payload) {
        return Category::Inside;
    }
    let pool = field.parent_message().parent_pool().clone();
    let option = pool.get_extension_by_name("polku.v1.category").expect("the option is in the contract");
    let number = field.options().get_extension(&option).as_enum_number();
    let category = number.and_then(|number| DataCategory::try_from(number).ok());
    match category.filter(|found| *found != DataCategory::Unspecified) {
        Some(category) => Category::Own(category),
        None => {
            assert!(label(field.parent_message()).is_some(), "{} has no category", field.full_name());
            Category::OfMessage
        }
    }
}

/// The field whose value is the category of the whole message.
fn label(message: &MessageDescriptor) -> Option<FieldDescriptor> {
    let number = remembered(&LABELS, message.full_name(), || Some(label_by_option(message)?.number()));
    message.get_field(number?)
}

fn label_by_option(message: &MessageDescriptor) -> Option<FieldDescriptor> {
    let option = message.parent_pool().get_extension_by_name("polku.v1.names_category");
    let option = option.expect("the option is in the contract");
    message.fields().find(|field| field.options().get_extension(&option).as_bool() == Some(true))
}

/// The category that a message names for itself: none where it names none, empty where it names no category.
fn named(message: &DynamicMessage) -> Option<CategorySet> {
    let label = label(&message.descriptor())?;
    let number = message.get_field(&label).as_enum_number().expect("a category");
    let category = DataCategory::try_from(number).unwrap_or(DataCategory::Unspecified);
    let unfit = matches!(category, DataCategory::Unspecified | DataCategory::Envelope);
    Some(if unfit { CategorySet::EMPTY } else { CategorySet::of(&[category]) })
}

/// Whether the message, or anything inside, names its category.
fn has_named_parts(message: &MessageDescriptor, seen: &mut Vec<String>) -> bool {
    if seen.iter().any(|name| name == message.full_name()) {
        return false;
    }
    seen.push(message.full_name().to_owned());
    let inside = |field: FieldDescriptor| field.kind().as_message().cloned();
    label(message).is_some() || message.fields().filter_map(inside).any(|inner| has_named_parts(&inner, seen))
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the descriptor can be read")
}

fn is_payload(message: &MessageDescriptor) -> bool {
    let option = message.parent_pool().get_extension_by_name("polku.v1.payload");
    let option = option.expect("the option is in the contract");
    message.options().get_extension(&option).as_bool() == Some(true)
}

/// The message as it arrives: fields that were set to what they are anyway are not set.
fn sent(message: &DynamicMessage) -> DynamicMessage {
    DynamicMessage::decode(message.descriptor(), message.encode_to_vec().as_slice()).expect("it was encoded")
}

/// A message with the content that the draws say: nothing where a draw is 0.
fn filled(descriptor: &MessageDescriptor, draw: &mut impl FnMut() -> u8) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        let drawn = draw();
        if drawn.is_multiple_of(4) {
            continue;
        }
        let value = if field.is_list() {
            Value::List((0..drawn % 4).map(|_| single(&field, draw)).collect())
        } else {
            single(&field, draw)
        };
        message.set_field(&field, value);
    }
    message
}

fn single(field: &FieldDescriptor, draw: &mut impl FnMut() -> u8) -> Value {
    match field.kind() {
        Kind::Message(message) => Value::Message(filled(&message, &mut *draw)),
        Kind::Enum(_) => Value::EnumNumber(i32::from(draw() % 20)),
        Kind::String => Value::String("ä".repeat(usize::from(draw() % 8))),
        Kind::Bytes => Value::Bytes(vec![draw(); 3].into()),
        Kind::Bool => Value::Bool(draw() % 2 == 1),
        Kind::Int32 => Value::I32(i32::from(draw())),
        Kind::Int64 => Value::I64(i64::from(draw())),
        Kind::Uint64 => Value::U64(u64::from(draw())),
        kind @ (Kind::Double
        | Kind::Float
        | Kind::Uint32
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Fixed32
        | Kind::Fixed64
        | Kind::Sfixed32
        | Kind::Sfixed64) => panic!("{}: no content for {kind:?}", field.full_name()),
    }
}
