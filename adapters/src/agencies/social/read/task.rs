//! What do social services tell about a referral, and which referrals do they send?

use jiff::Timestamp;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    LegalClaim, LegalGround, Origin, Outcome, Purpose, ReferralContent, ReferralState, RejectionReason,
};
use polku_proto::{Party, ReferralId, Valid};

use super::super::codes;
use super::Reader;
use super::bundle::{Bundle, Entry, contained, one_of, pass_description, pass_meta, points_to};
use super::content::{checked, observation, only, patient};
use crate::agencies::event::{self, Action, Details, Misfit, change};
use crate::formats::fhir::element::{
    read_code, read_concept, read_identifiers, read_redacted, read_reference, read_urn,
};
use crate::formats::fhir::object::Object;
use crate::formats::fhir::{ImportError, Place, Problem, codes as fhir, coding, identifier_of, moment};
use crate::{InboundChange, InboundMatter, InboundReferral};

/// Says what is to happen when a referral gets into a state.
fn action(state: ReferralState) -> Option<Action> {
    Some(match state {
        ReferralState::Accepted => Action::Accept,
        ReferralState::Rejected => Action::Reject,
        ReferralState::InfoRequested => Action::RequestInformation,
        ReferralState::InProgress => Action::Start,
        ReferralState::OnHold => Action::Hold,
        ReferralState::Completed => Action::Complete,
        ReferralState::Failed => Action::Fail,
        ReferralState::CancelRequested => Action::Cancel,
        ReferralState::Cancelled => Action::ConfirmCancellation,
        // What nobody but the gateway can find out, or say.
        ReferralState::Unspecified
        | ReferralState::Requested
        | ReferralState::Expired
        | ReferralState::ConsentWithdrawn
        | ReferralState::EnteredInError => return None,
    })
}

impl Reader<'_> {
    /// Reads a Task that says how a referral stands now.
    pub(super) fn change(self, bundle: &mut Bundle) -> Result<InboundMatter, ImportError> {
        let Entry { resource: mut task, .. } = bundle.required("Task")?;
        let place = task.place().clone();
        let referral = frame_of_task(&mut task)?;
        let state = read_state(&mut task)?;
        let action =
            action(state).ok_or_else(|| place.below("businessStatus").fault(Problem::Unsupported))?;
        let (reason, note) = status_reason(&mut task)?;
        let mut outcome = None;
        for output in task.objects("output")? {
            let place = output.place().clone();
            if outcome.replace(read_outcome(output)?).is_some() {
                return Err(place.fault(Problem::Twice));
            }
        }
        task.end()?;
        let change =
            change(action, Details { reason, outcome, note }).map_err(|misfit| misplaced(misfit, &place))?;
        Ok(InboundMatter::Change { referral, change })
    }

    /// Reads a Task that answers a question.
    pub(super) fn answer(self, bundle: &mut Bundle) -> Result<InboundMatter, ImportError> {
        let Entry { resource: mut task, .. } = bundle.required("Task")?;
        let place = task.place().clone();
        let referral = frame_of_task(&mut task)?;
        let state_place = place.below("businessStatus");
        if read_state(&mut task)? != ReferralState::Requested {
            return Err(state_place.fault(Problem::Unsupported));
        }
        let mut content = ReferralContent::default();
        let person = bundle.take("Patient");
        let address = person.as_ref().and_then(|person| person.address.clone());
        if let Some(person) = person {
            let identifier = person.resource.at("identifier");
            // Whom the referral is about was said when it was sent.
            if patient(person.resource, &mut content)?.is_some() {
                return Err(identifier.fault(Problem::Unsupported));
            }
            points_to(&mut task, "for", address.as_deref().unwrap_or_default())?;
        }
        let held = contained(&mut task)?;
        let mut pointed = Vec::new();
        for mut input in task.objects("input")? {
            let kind = input.required_object("type")?;
            let kind_place = kind.place().clone();
            if read_concept(kind, codes::TASK_PART)? != "answer" {
                return Err(kind_place.fault(Problem::Unknown));
            }
            pointed.push(read_reference(input.required_object("valueReference")?)?);
            input.pass_over(&["id"]);
            input.end()?;
        }
        observations(held, &pointed, address.as_deref(), &mut content, &place)?;
        let origin = origin(&mut task)?;
        task.end()?;
        let answer = Box::new(checked(content, &place)?);
        Ok(InboundMatter::Change { referral, change: InboundChange::ProvideInformation { answer, origin } })
    }

    /// Reads a referral that social services send.
    pub(super) fn referral(self, bundle: &mut Bundle) -> Result<InboundReferral, ImportError> {
        let person = bundle.required("Patient")?;
        let request = bundle.required("ServiceRequest")?;
        let task = bundle.required("Task")?;
        let (person_address, request_address) =
            (person.address.unwrap_or_default(), request.address.unwrap_or_default());
        let mut content = ReferralContent::default();
        let identifier = person.resource.at("identifier");
        let identity = patient(person.resource, &mut content)?;
        let (respond_by, owner) = self.asked(task.resource, &person_address, &request_address)?;

        let mut request = request.resource;
        let place = request.place().clone();
        pass_description(&mut request);
        let redacted = read_redacted(&mut request)?;
        read_identifiers(&mut request)?;
        one_of(&mut request, "status", &["active"])?;
        one_of(&mut request, "intent", &["order"])?;
        points_to(&mut request, "subject", &person_address)?;
        self.own_party(&mut request, "requester")?;
        let performer = only(&mut request, "performer")?;
        let recipient = performer.map(|performer| self.party(performer)).transpose()?;
        let recipient = recipient.ok_or_else(|| place.below("performer").fault(Problem::Missing))?;
        if owner != recipient {
            return Err(place.below("performer").fault(Problem::Unrelated));
        }
        let category = only(&mut request, "category")?;
        let category_place = place.below("category");
        let category = category.ok_or_else(|| category_place.fault(Problem::Missing))?;
        let purpose = fhir::read_purpose(&read_concept(category, fhir::PURPOSE)?);
        let purpose: Purpose = purpose.ok_or_else(|| category_place.fault(Problem::Unknown))?;
        let claim = only(&mut request, "reasonCode")?.map(claim).transpose()?;
        let held = contained(&mut request)?;
        let pointed = request.objects("supportingInfo")?.into_iter().map(read_reference);
        let pointed = pointed.collect::<Result<Vec<_>, _>>()?;
        observations(held, &pointed, Some(&person_address), &mut content, &place)?;
        let origin = origin(&mut request)?;
        request.pass_over(&["priority", "authoredOn"]);
        request.end()?;
        Ok(InboundReferral {
            identity: identity.ok_or_else(|| identifier.fault(Problem::Missing))?,
            recipient,
            purpose,
            content: checked(content, &place)?,
            respond_by,
            claim,
            origin,
            redacted,
        })
    }

    /// Reads the Task of a new referral: until when an answer is expected, and from whom.
    fn asked(
        self,
        mut task: Object,
        person: &str,
        request: &str,
    ) -> Result<(Option<Timestamp>, Party), ImportError> {
        pass_description(&mut task);
        pass_meta(&mut task)?;
        read_identifiers(&mut task)?;
        one_of(&mut task, "status", &["requested"])?;
        one_of(&mut task, "intent", &["order"])?;
        let state_place = task.at("businessStatus");
        if let Some(state) = task.object("businessStatus")?
            && read_concept(state, codes::REFERRAL_STATE)? != "requested"
        {
            return Err(state_place.fault(Problem::Unsupported));
        }
        points_to(&mut task, "focus", request)?;
        points_to(&mut task, "for", person)?;
        self.own_party(&mut task, "requester")?;
        let owner = self.party(task.required_object("owner")?)?;
        let mut respond_by = None;
        if let Some(mut restriction) = task.object("restriction")? {
            let mut period = restriction.required_object("period")?;
            respond_by = read_last(&mut period)?;
            period.pass_over(&["id"]);
            period.end()?;
            restriction.pass_over(&["id"]);
            restriction.end()?;
        }
        task.pass_over(&["priority", "code", "authoredOn", "lastModified"]);
        task.end()?;
        Ok((respond_by, owner))
    }

    fn own_party(self, object: &mut Object, name: &'static str) -> Result<(), ImportError> {
        let place = object.at(name);
        let party = self.party(object.required_object(name)?)?;
        if party.agency == *self.own { Ok(()) } else { Err(place.fault(Problem::UnknownOrganisation)) }
    }
}

/// Takes what every Task about a known referral has, and says which referral it is.
fn frame_of_task(task: &mut Object) -> Result<ReferralId, ImportError> {
    pass_description(task);
    pass_meta(task)?;
    one_of(task, "intent", &["order"])?;
    let place = task.at("identifier");
    let mut referral = None;
    for (system, value) in read_identifiers(task)? {
        if system == fhir::URI {
            let read = read_urn(&value).ok_or_else(|| place.fault(Problem::Unknown))?;
            if referral.replace(ReferralId::from_uuid(read)).is_some() {
                return Err(place.fault(Problem::Twice));
            }
        }
    }
    let referral = referral.ok_or_else(|| place.fault(Problem::Missing))?;
    if let Some(focus) = task.object("focus")? {
        check_focus(focus, referral)?;
    }
    // Who asked whom for what was said when the referral was sent.
    task.pass_over(&["priority", "code", "authoredOn", "lastModified", "requester", "owner"]);
    Ok(referral)
}

/// Checks that what a Task serves is no other referral than the one that it is about. The county may have an address of
/// its own for it.
fn check_focus(mut focus: Object, referral: ReferralId) -> Result<(), ImportError> {
    let place = focus.place().clone();
    let named = focus.object("identifier")?.map(identifier_of).transpose()?;
    let named = named.filter(|(system, _)| system == fhir::URI).map(|(_, value)| value);
    let pointed = focus.text("reference")?.filter(|target| read_urn(target).is_some());
    focus.pass_over(&["type", "display"]);
    focus.end()?;
    let is_other = |urn: &String| read_urn(urn) != Some(referral.uuid());
    if named.iter().chain(&pointed).any(is_other) {
        return Err(place.fault(Problem::Unrelated));
    }
    Ok(())
}

/// Takes the end of a period until which an answer is expected: a day is one on which it may still come.
fn read_last(period: &mut Object) -> Result<Option<Timestamp>, ImportError> {
    let place = period.at("end");
    let last = |text: String| {
        let read = if text.contains('T') { moment::start(&text) } else { moment::end(&text) };
        read.ok_or_else(|| place.fault(Problem::Form))
    };
    period.text("end")?.map(last).transpose()
}

/// Reads the state, which `status` must fit.
fn read_state(task: &mut Object) -> Result<ReferralState, ImportError> {
    let state = task.required_object("businessStatus")?;
    let place = state.place().clone();
    let code = read_concept(state, codes::REFERRAL_STATE)?;
    let state: Option<ReferralState> = event::read_code(&code, codes::state);
    let state = state.ok_or_else(|| place.fault(Problem::Unknown))?;
    let status = codes::task_status(state).unwrap_or_default();
    one_of(task, "status", &[status])?;
    Ok(state)
}

/// Reads the reason and the word on the state.
fn status_reason(task: &mut Object) -> Result<(Option<RejectionReason>, Option<String>), ImportError> {
    let Some(mut concept) = task.object("statusReason")? else { return Ok((None, None)) };
    let note = concept.text("text")?;
    let place = concept.place().clone();
    let reason = only(&mut concept, "coding")?.map(coding).transpose()?;
    let reason = reason.map(|(system, code)| {
        let read = event::read_code(&code, codes::reason).filter(|_| system == codes::REJECTION_REASON);
        read.ok_or_else(|| place.fault(Problem::Unknown))
    });
    concept.pass_over(&["id"]);
    concept.end()?;
    Ok((reason.transpose()?, note))
}

fn read_outcome(mut output: Object) -> Result<Outcome, ImportError> {
    let kind = output.required_object("type")?;
    let kind_place = kind.place().clone();
    if read_concept(kind, codes::TASK_PART)? != "outcome" {
        return Err(kind_place.fault(Problem::Unknown));
    }
    let value = output.required_object("valueCodeableConcept")?;
    let place = value.place().clone();
    let outcome = event::read_code(&read_concept(value, codes::OUTCOME)?, codes::outcome);
    output.pass_over(&["id"]);
    output.end()?;
    outcome.ok_or_else(|| place.fault(Problem::Unknown))
}

fn misplaced(misfit: Misfit, task: &Place) -> ImportError {
    let (name, problem) = match misfit {
        Misfit::Official | Misfit::Unit => ("identifier", Problem::Unknown),
        Misfit::ReasonMissing | Misfit::NoteMissing => ("statusReason", Problem::Missing),
        Misfit::ReasonUnexpected => ("statusReason", Problem::Unsupported),
        Misfit::OutcomeMissing => ("output", Problem::Missing),
        Misfit::OutcomeUnexpected => ("output", Problem::Unsupported),
        Misfit::Note => ("statusReason", Problem::TooMuch),
    };
    task.below(name).fault(problem)
}

/// Reads Observations that a resource holds, every one of which it must point to.
fn observations(
    held: Vec<(String, Object)>,
    pointed: &[String],
    patient: Option<&str>,
    content: &mut ReferralContent,
    place: &Place,
) -> Result<(), ImportError> {
    if held.len() != pointed.len() {
        return Err(place.below("contained").fault(Problem::Unrelated));
    }
    let mut told = Vec::new();
    for (id, mut resource) in held {
        let place = resource.place().clone();
        if !pointed.contains(&format!("#{id}")) {
            return Err(place.fault(Problem::Unrelated));
        }
        one_of(&mut resource, "resourceType", &["Observation"])?;
        let category = observation(resource, patient, content)?;
        if told.contains(&category) {
            return Err(place.fault(Problem::Twice));
        }
        told.push(category);
    }
    Ok(())
}

fn claim(mut concept: Object) -> Result<LegalClaim, ImportError> {
    let place = concept.place().clone();
    let mut asked: Option<ConsentAsked> = None;
    for mut extension in concept.objects("extension")? {
        let place = extension.place().clone();
        if extension.required_text("url")? != codes::CONSENT_ASKED || asked.is_some() {
            return Err(place.fault(Problem::Unsupported));
        }
        let read = |code: &str| event::read_code(code, codes::consent_asked);
        asked = Some(read_code(&mut extension, "valueCode", read)?);
        extension.end()?;
    }
    let statement = concept.text("text")?.unwrap_or_default();
    let ground = only(&mut concept, "coding")?.map(coding).transpose()?;
    let ground = ground.filter(|(system, _)| system == codes::LEGAL_GROUND);
    let ground: Option<LegalGround> = ground.and_then(|(_, code)| event::read_code(&code, codes::ground));
    concept.pass_over(&["id"]);
    concept.end()?;
    let claim = LegalClaim {
        ground: ground.ok_or_else(|| place.below("coding").fault(Problem::Unknown))?.into(),
        statement,
        consent_asked: asked.ok_or_else(|| place.below("extension").fault(Problem::Missing))?.into(),
    };
    let checked = Valid::check(claim).map_err(|_| place.fault(Problem::TooMuch))?;
    Ok(checked.into_inner())
}

/// Reads the service task and documents that what is told stems from.
fn origin(resource: &mut Object) -> Result<Option<Origin>, ImportError> {
    let place = resource.at("extension");
    let mut origin = Origin::default();
    let mut said = false;
    for mut extension in resource.objects("extension")? {
        let place = extension.place().clone();
        match extension.required_text("url")?.as_str() {
            codes::SERVICE_TASK if origin.service_task.is_empty() => {
                let (system, code) = coding(extension.required_object("valueCoding")?)?;
                if system != codes::SERVICE_TASKS {
                    return Err(place.fault(Problem::Unknown));
                }
                origin.service_task = code;
            }
            codes::DOCUMENT => origin.documents.push(extension.required_text("valueString")?),
            _ => return Err(place.fault(Problem::Unsupported)),
        }
        said = true;
        extension.end()?;
    }
    let checked = Valid::check(origin).map_err(|_| place.fault(Problem::TooMuch))?;
    Ok(said.then(|| checked.into_inner()))
}
