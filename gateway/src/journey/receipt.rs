//! What does the young person take home of a consent? The record, and the same as a Kantara Consent Receipt.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use polku_policy::{Authorised, SPECIAL, purpose_name};
use polku_proto::v1::consent_evidence::Form;
use polku_proto::v1::{Consent, ConsentEvidence, ConsentReceipt, ConsentTerms, GetConsentReceiptRequest};
use polku_proto::{AgencyId, CategorySet, ConsentName, Party, Valid};
use serde_json::{Value, json};

use super::consent::is_in_force;
use super::read::name;
use super::refer::mismatch;
use super::terms::time;
use crate::caller::{Actor, Caller};
use crate::config::Controller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::record::grant::given;

/// The version of the receipt's form that is written.
const VERSION: &str = "KI-CR-v1.1.0";
/// Under whose law the consent is.
const JURISDICTION: &str = "FI";
/// What the parties do with the data, as a whole.
const SERVICE: &str = "Guidance of young people by several agencies";
/// Without the data the service cannot be given (Kantara appendix of purpose categories).
const PURPOSE_CATEGORY: &str = "Core Function";

impl Gateway {
    /// Gives the receipt of a consent that was given: to the young person, to whoever represents them and to the
    /// recorder, who hands it out.
    pub(crate) async fn get_consent_receipt(
        &self,
        caller: &Caller,
        request: Valid<GetConsentReceiptRequest>,
    ) -> Result<Authorised<ConsentReceipt>, Error> {
        let now = self.now();
        let name: ConsentName = name(&request.get().name, "name")?;
        self.check_reader(caller, name.youth)?;
        let person = self.person(name.youth).await?;
        let consent = self.consent_of(&person, name, now).await?.message;
        if matches!(caller.actor, Actor::Professional { .. }) && consent.recorder != caller.agency.as_str() {
            return Err(Error::NotFound);
        }
        let kantara_json = self.kantara(name, &consent)?;
        let view = self.view_consent(caller, &person, consent, now)?;
        self.note_reading(caller, name.youth, &name.to_string(), &view).await?;
        self.shell(caller, ConsentReceipt { consent: None, kantara_json })?.gather(view).map_err(mismatch)
    }

    /// The consent as a Kantara Consent Receipt 1.1. Holds nothing personal beyond the consent's terms: the person is
    /// named by their id.
    fn kantara(&self, name: ConsentName, consent: &Consent) -> Result<String, Error> {
        const BROKEN: Error = Error::Inconsistent("a consent without terms");
        let was_given = consent.events.iter().any(|event| is_in_force(event.state()));
        let (true, Some(evidence)) = (was_given, &consent.evidence) else {
            return Err(Error::RecordState { expected: "a consent that was given has a receipt" });
        };
        let terms = consent.terms.as_ref().ok_or(BROKEN)?;
        let given = given(consent)?.ok_or(BROKEN)?;
        let categories = CategorySet::from_wire(&terms.categories).map_err(|_| BROKEN)?;
        let controllers: Vec<Value> = self.agencies_of(&terms.disclosers).map(controller_json).collect();
        let receipt = json!({
            "version": VERSION,
            "jurisdiction": JURISDICTION,
            "consentTimestamp": given.as_second(),
            "collectionMethod": collection_method(evidence.form()),
            "consentReceiptID": name.consent.to_string(),
            "language": evidence.notice_language,
            "piiPrincipalId": format!("youths/{}", name.youth),
            "piiControllers": controllers,
            "policyUrl": self.policy_url(terms, evidence),
            "services": [{ "service": SERVICE, "purposes": self.purposes_json(terms, categories)? }],
            "sensitive": !categories.intersection(SPECIAL).is_empty(),
            "spiCat": names_of(categories.intersection(SPECIAL)),
        });
        Ok(receipt.to_string())
    }

    fn purposes_json(&self, terms: &ConsentTerms, categories: CategorySet) -> Result<Vec<Value>, Error> {
        let recipients: Vec<String> =
            self.agencies_of(&terms.recipients).map(|(id, controller)| shown_name(&id, controller)).collect();
        let termination = match &terms.valid_until {
            Some(until) => format!(
                "Ends on {}, or earlier when the young person withdraws it, at any time and without giving a reason.",
                time(until, "terms.valid_until")?
            ),
            None => {
                "Runs until the young person withdraws it, at any time and without giving a reason.".into()
            }
        };
        let purposes = terms.purposes().enumerate().map(|(place, purpose)| {
            json!({
                "purpose": purpose_name(purpose),
                "purposeCategory": [PURPOSE_CATEGORY],
                "consentType": "EXPLICIT",
                "piiCategory": names_of(categories),
                "primaryPurpose": place == 0,
                "termination": termination,
                "thirdPartyDisclosure": true,
                "thirdPartyName": recipients.join(", "),
            })
        });
        Ok(purposes.collect())
    }

    /// Where the privacy notice stands; where nobody has said that, the notice itself, by its digest (RFC 6920).
    fn policy_url(&self, terms: &ConsentTerms, evidence: &ConsentEvidence) -> String {
        let stated =
            self.agencies_of(&terms.disclosers).find_map(|(_, controller)| controller?.policy_url.clone());
        stated.unwrap_or_else(|| format!("ni:///sha-256;{}", URL_SAFE_NO_PAD.encode(&evidence.notice_sha256)))
    }

    /// The agencies among parties, each once, with who answers for their data.
    fn agencies_of(&self, parties: &[String]) -> impl Iterator<Item = (AgencyId, Option<&Controller>)> {
        let mut agencies: Vec<AgencyId> = Vec::new();
        for party in parties.iter().filter_map(|party| party.parse::<Party>().ok()) {
            if !agencies.contains(&party.agency) {
                agencies.push(party.agency);
            }
        }
        agencies.into_iter().map(|agency| {
            let controller = self.controllers.get(&agency);
            (agency, controller)
        })
    }
}

fn controller_json((agency, controller): (AgencyId, Option<&Controller>)) -> Value {
    let name = shown_name(&agency, controller);
    let stated = controller.cloned().unwrap_or_default();
    let mut json = json!({
        "piiController": name,
        "contact": name,
        "address": { "streetAddress": stated.address.unwrap_or_default(), "addressCountry": JURISDICTION },
        "email": stated.email.unwrap_or_default(),
        "phone": stated.phone.unwrap_or_default(),
    });
    if let (Some(json), Some(url)) = (json.as_object_mut(), stated.policy_url) {
        json.insert("piiControllerUrl".into(), url.into());
    }
    json
}

/// The controller's name, with the business id where there is one; the agency's id where nobody has named it.
fn shown_name(agency: &AgencyId, controller: Option<&Controller>) -> String {
    let name =
        controller.and_then(|controller| controller.name.clone()).unwrap_or_else(|| agency.to_string());
    match controller.and_then(|controller| controller.business_id.as_ref()) {
        Some(id) => format!("{name} ({})", id.as_str()),
        None => name,
    }
}

fn collection_method(form: Form) -> &'static str {
    match form {
        Form::Unspecified => "not stated",
        Form::Written => "written and signed form",
        Form::Electronic => "electronic form",
        Form::OralRecorded => "oral, written down by the recorder",
    }
}

fn names_of(categories: CategorySet) -> Vec<&'static str> {
    categories.iter().map(polku_proto::name).collect()
}
