//! What is told about a young person, by a Patient and by Observations?

use polku_proto::Valid;
use polku_proto::identity::Hetu;
use polku_proto::v1::{ContactDetails, DataCategory, EducationWork, ReferralContent};

use super::super::codes;
use super::bundle::{one_of, pass_description, pass_meta};
use crate::formats::fhir::element::{read_concept, read_identifiers, read_number, read_texts};
use crate::formats::fhir::object::Object;
use crate::formats::fhir::{ImportError, Place, Problem, codes as fhir};

/// Reads a Patient: the personal identity code if it has one, and the rest into the content.
pub(super) fn patient(
    mut patient: Object,
    content: &mut ReferralContent,
) -> Result<Option<Hetu>, ImportError> {
    let place = patient.place().clone();
    pass_description(&mut patient);
    // A protected address is told otherwise.
    pass_meta(&mut patient)?;
    let mut hetu = None;
    for (system, value) in read_identifiers(&mut patient)? {
        if system == fhir::HETU {
            let read: Hetu = value.parse().map_err(|_| place.below("identifier").fault(Problem::Unknown))?;
            if hetu.replace(read).is_some() {
                return Err(place.below("identifier").fault(Problem::Twice));
            }
        }
    }
    if let Some(mut name) = only(&mut patient, "name")? {
        if name.has("use") {
            one_of(&mut name, "use", &["official", "usual"])?;
        }
        content.family_name = name.text("family")?.unwrap_or_default();
        content.given_names = read_texts(&mut name, "given")?.join(" ");
        // Which part of a name is which, nobody here can tell.
        if name.has("text") && content.family_name.is_empty() && content.given_names.is_empty() {
            return Err(name.at("text").fault(Problem::Unsupported));
        }
        name.pass_over(&["id", "text"]);
        name.end()?;
    }
    let mut contact = ContactDetails::default();
    for extension in patient.objects("extension")? {
        municipality(extension, &mut contact)?;
    }
    for mut telecom in patient.objects("telecom")? {
        let place = telecom.place().clone();
        let (system, value) = (telecom.required_text("system")?, telecom.required_text("value")?);
        let field = match system.as_str() {
            "phone" => &mut contact.phone,
            "email" => &mut contact.email,
            _ => return Err(place.fault(Problem::Unsupported)),
        };
        set(field, value, &place)?;
        if telecom.has("use") {
            one_of(&mut telecom, "use", &["home", "mobile", "work"])?;
        }
        telecom.pass_over(&["id", "rank"]);
        telecom.end()?;
    }
    for address in patient.objects("address")? {
        read_address(address, &mut contact, &mut content.correspondence_address)?;
    }
    content.contact = (contact != ContactDetails::default()).then_some(contact);
    if let Some(mut communication) = only(&mut patient, "communication")? {
        let language = communication.required_object("language")?;
        content.contact_language = read_concept(language, codes::LANGUAGES)?;
        communication.pass_over(&["id", "preferred"]);
        communication.end()?;
    }
    patient.end()?;
    Ok(hetu)
}

fn municipality(mut extension: Object, contact: &mut ContactDetails) -> Result<(), ImportError> {
    let place = extension.place().clone();
    if extension.required_text("url")? != codes::MUNICIPALITY {
        return Err(place.fault(Problem::Unsupported));
    }
    let (system, code) = crate::formats::fhir::coding(extension.required_object("valueCoding")?)?;
    if system != codes::MUNICIPALITIES {
        return Err(place.fault(Problem::Unknown));
    }
    set(&mut contact.municipality, code, &place)?;
    extension.end()
}

fn read_address(
    mut address: Object,
    contact: &mut ContactDetails,
    correspondence: &mut String,
) -> Result<(), ImportError> {
    let place = address.place().clone();
    address.pass_over(&["id"]);
    // The address where post reaches the person stands as one text, the home in its parts.
    if let Some(text) = address.text("text")? {
        one_of(&mut address, "type", &["postal"])?;
        set(correspondence, text, &place)?;
        return address.end();
    }
    one_of(&mut address, "use", &["home"])?;
    let lines = read_texts(&mut address, "line")?;
    if lines.len() > 1 {
        return Err(place.below("line").fault(Problem::Unsupported));
    }
    for line in lines {
        set(&mut contact.street_address, line, &place)?;
    }
    for (name, field) in [("postalCode", &mut contact.postal_code), ("city", &mut contact.city)] {
        if let Some(text) = address.text(name)? {
            set(field, text, &place)?;
        }
    }
    address.end()
}

/// Reads an Observation about a category into the content.
pub(super) fn observation(
    mut observation: Object,
    patient: Option<&str>,
    content: &mut ReferralContent,
) -> Result<DataCategory, ImportError> {
    let place = observation.place().clone();
    pass_description(&mut observation);
    one_of(&mut observation, "status", &["final", "preliminary", "amended", "corrected"])?;
    let code = observation.required_object("code")?;
    let code_place = code.place().clone();
    let category = codes::read_category(&read_concept(code, fhir::DATA_CATEGORY)?);
    let category = category.ok_or_else(|| code_place.fault(Problem::Unknown))?;
    for named in observation.objects("category")? {
        let place = named.place().clone();
        if read_concept(named, fhir::DATA_CATEGORY)? != polku_proto::name(category) {
            return Err(place.fault(Problem::Unrelated));
        }
    }
    if observation.has("subject") {
        let address = patient.ok_or_else(|| place.below("subject").fault(Problem::Unrelated))?;
        super::bundle::points_to(&mut observation, "subject", address)?;
    }
    for component in observation.objects("component")? {
        read_component(component, category, content)?;
    }
    observation.end()?;
    Ok(category)
}

fn read_component(
    mut component: Object,
    category: DataCategory,
    content: &mut ReferralContent,
) -> Result<(), ImportError> {
    let place = component.place().clone();
    let field = read_concept(component.required_object("code")?, codes::FIELD)?;
    match (category, field.as_str()) {
        (DataCategory::EducationWork, name) => {
            let education = content.education_work.get_or_insert_default();
            read_education(&mut component, name, education, &place)?;
        }
        (DataCategory::ServiceNeeds, "service_needs") => {
            content.service_needs.push(component.required_text("valueString")?);
        }
        (category, name) => {
            let known = field_of(content, category, name);
            let field = known.ok_or_else(|| place.below("code").fault(Problem::Unknown))?;
            set(field, component.required_text("valueString")?, &place)?;
        }
    }
    component.pass_over(&["id"]);
    component.end()
}

fn read_education(
    component: &mut Object,
    name: &str,
    education: &mut EducationWork,
    place: &Place,
) -> Result<(), ImportError> {
    match name {
        "education_level" => {
            let level = read_number(component, "valueInteger")?.and_then(|level| i32::try_from(level).ok());
            let level = level.ok_or_else(|| place.below("valueInteger").fault(Problem::Form))?;
            if education.education_level.replace(level).is_some() {
                return Err(place.fault(Problem::Twice));
            }
            Ok(())
        }
        "job_seeker_status" => {
            let status = component.required_object("valueCodeableConcept")?;
            set(&mut education.job_seeker_status, read_concept(status, codes::JOB_SEEKER_STATUS)?, place)
        }
        "education" => set(&mut education.education, component.required_text("valueString")?, place),
        "work_history" => set(&mut education.work_history, component.required_text("valueString")?, place),
        _ => Err(place.below("code").fault(Problem::Unknown)),
    }
}

/// The text of the content that a component of this category and name tells.
fn field_of<'c>(
    content: &'c mut ReferralContent,
    category: DataCategory,
    name: &str,
) -> Option<&'c mut String> {
    Some(match (category, name) {
        (DataCategory::GuidanceNotes, "reason") => &mut content.reason,
        (DataCategory::SocialSituation, "social_situation") => &mut content.social_situation,
        (DataCategory::HealthCapacity, "health_capacity") => &mut content.health_capacity,
        (DataCategory::Housing, "housing") => &mut content.housing,
        (DataCategory::BenefitsIncome, "benefits_income") => &mut content.benefits_income,
        (DataCategory::JointPlan, "joint_plan") => &mut content.joint_plan,
        (DataCategory::ServiceAttendance, "service_attendance") => &mut content.service_attendance,
        (DataCategory::ServiceAttendance, "contact_wish") => &mut content.contact_wish,
        (DataCategory::OutcomeMeasures, "outcome_measures") => &mut content.outcome_measures,
        (DataCategory::QualityOfLife, "quality_of_life") => &mut content.quality_of_life,
        (_, _) => return None,
    })
}

/// Holds the content against the contract's own rules.
pub(super) fn checked(content: ReferralContent, place: &Place) -> Result<ReferralContent, ImportError> {
    let checked = Valid::check(content).map_err(|_| place.fault(Problem::TooMuch))?;
    Ok(checked.into_inner())
}

/// Takes the one element of a list that FHIR lets repeat.
pub(super) fn only(object: &mut Object, name: &'static str) -> Result<Option<Object>, ImportError> {
    let place = object.at(name);
    let mut items = object.objects(name)?.into_iter();
    match (items.next(), items.next()) {
        (item, None) => Ok(item),
        (_, Some(_)) => Err(place.fault(Problem::Unsupported)),
    }
}

/// Sets a text that is told once.
fn set(field: &mut String, value: String, place: &Place) -> Result<(), ImportError> {
    if !field.is_empty() {
        return Err(place.fault(Problem::Twice));
    }
    *field = value;
    Ok(())
}
