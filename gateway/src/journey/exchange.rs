//! A consent leaves as a document of another format, and consents and prohibitions come in as one.

use jiff::Timestamp;
use polku_adapters::formats::fhir::{Giver, Imported, Permission};
use polku_policy::Authorised;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::{
    ConsentDocument, ConsentEvidence, ConsentSource, ExportConsentRequest, ImportConsentRequest,
    ImportConsentResponse,
};
use polku_proto::{ConsentName, Disclose, ProhibitionName, Valid};

use super::commit::{Batch, Mark, Write};
use super::consent::give;
use super::consent_party::decides_for_a_minor;
use super::consent_view::may_read;
use super::fhir::is_about;
use super::read::{name, youth_id};
use super::refer::mismatch;
use super::terms::time;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::{Begun, Call};
use crate::person::Person;

#[cfg(test)]
mod tests;

/// Who speaks for a minor permits, and does not deny.
const NOT_FOR_A_MINOR: Error = Error::Field {
    field: "content",
    reason: "GUARDIAN_PROHIBITS",
    expected: "permissions only: the young person or a legal representative of an adult prohibits, who speaks for a minor \
               does not",
};

/// The document and whoever brings it say the same of who has given it.
fn check_giver(imported: &Imported, given_by: GivenBy) -> Result<(), Error> {
    const MISMATCH: Error = Error::Field {
        field: "evidence.given_by",
        reason: "GIVER_MISMATCH",
        expected: "whom the document names as performer: SELF for the patient, GUARDIAN or OTHER_REPRESENTATIVE for a \
                   related person",
    };
    let fits = match imported.given_by {
        None => true,
        Some(Giver::Patient) => given_by == GivenBy::Self_,
        Some(Giver::RelatedPerson) => matches!(given_by, GivenBy::Guardian | GivenBy::OtherRepresentative),
    };
    if fits { Ok(()) } else { Err(MISMATCH) }
}

/// What has been given and recorded elsewhere was so before it comes in.
fn check_source(source: &ConsentSource, now: Timestamp) -> Result<(), Error> {
    for told in [&source.give_time, &source.record_time].into_iter().flatten() {
        if time(told, "content")? > now {
            return Err(Error::Field {
                field: "content",
                reason: "TERMS_INVALID",
                expected: "a consent that was given and recorded by now, not in the future",
            });
        }
    }
    Ok(())
}

impl Gateway {
    /// Gives a consent as a document, to those who may read it, with what they may read of it.
    pub(crate) async fn export_consent(
        &self,
        caller: &Caller,
        request: Valid<ExportConsentRequest>,
    ) -> Result<Authorised<ConsentDocument>, Error> {
        let now = self.now();
        let request = request.into_inner();
        let name: ConsentName = name(&request.name, "name")?;
        self.check_reader(caller, name.youth)?;
        let person = self.person(name.youth).await?;
        let mut consent = self.consent_of(&person, name, now).await?.message;
        if !may_read(caller, &consent) {
            return Err(Error::NotFound);
        }
        let view = self.view_consent(caller, &person, consent.clone(), now)?;
        consent.restrict(view.decision().permitted());
        let document = self.export_fhir(caller, &person, &consent, request.form())?;
        self.note_reading(caller, name.youth, &name.to_string(), &view).await?;
        self.shell(caller, document)
    }

    /// Records what a document says: all of it or nothing. What is wrong with it is said in the words of
    /// `RecordConsent` and `RecordProhibition`.
    pub(crate) async fn import_consent(
        &self,
        caller: &Caller,
        request: Valid<ImportConsentRequest>,
    ) -> Result<Authorised<ImportConsentResponse>, Error> {
        let mut request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        self.check_subject(caller, youth)?;
        let call = self.call(caller, "ImportConsent", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return self.import_again(caller, &person, earlier, now);
        }
        self.check_relation(caller, youth).await?;
        let evidence = request.evidence.take().unwrap_or_default();
        let imported = self.import_fhir(&request.content, request.reading())?;
        self.record_imported(&call, &person, imported, &evidence, now).await
    }

    async fn record_imported(
        &self,
        call: &Call<'_>,
        person: &Person,
        imported: Imported,
        evidence: &ConsentEvidence,
        now: Timestamp,
    ) -> Result<Authorised<ImportConsentResponse>, Error> {
        if !is_about(&imported.patient, person)? {
            return Err(Error::Field {
                field: "content",
                reason: "PATIENT_MISMATCH",
                expected: "a document about the person that `youth` names",
            });
        }
        if imported.consents.is_empty() && imported.prohibitions.is_empty() {
            return Err(Error::Field {
                field: "content",
                reason: "NOTHING_STATED",
                expected: "a document that permits or prohibits something",
            });
        }
        check_giver(&imported, evidence.given_by())?;
        if !imported.prohibitions.is_empty() && decides_for_a_minor(person, evidence.given_by(), now)? {
            return Err(NOT_FOR_A_MINOR);
        }
        let mut batch = Batch::default();
        for Permission { terms, source } in imported.consents {
            // What a document says has been through no rule of the contract yet.
            let terms = self.check_terms(call.caller, Valid::check(terms)?.into_inner(), now)?;
            check_source(&source, now)?;
            let evidence = self.check_evidence(call.caller, person, &terms, evidence.clone(), now)?;
            let evidence = self.check_able_then(person, &source, evidence).await?;
            // A document may say nothing of it.
            let source = (source != ConsentSource::default()).then_some(source);
            let evidence = ConsentEvidence { source, ..evidence };
            let mut record = self.new_consent(call.caller, person.id, terms, now)?;
            give(&mut record, call.caller, evidence, now)?;
            batch = batch.and(record, Write::New);
        }
        for terms in imported.prohibitions {
            let terms = Valid::check(terms)?.into_inner();
            let record = self.new_prohibition(call.caller, person, terms, now)?;
            batch = batch.and_prohibition(record, Write::New);
        }
        let response = |batch: &Batch, mark: Mark| ImportConsentResponse {
            consents: batch.consents().cloned().collect(),
            prohibitions: batch.prohibitions().cloned().collect(),
            revision: mark.revision,
            receipt: Some(mark.receipt),
            stopped: mark.effect.stopped,
            under_way: mark.effect.under_way,
        };
        let answer = self.commit_batch(call, person, batch, now, response).await?;
        self.import_again(call.caller, person, answer, now)
    }

    /// The answer of an earlier call, as it may be seen now.
    fn import_again(
        &self,
        caller: &Caller,
        person: &Person,
        mut earlier: ImportConsentResponse,
        now: Timestamp,
    ) -> Result<Authorised<ImportConsentResponse>, Error> {
        const UNNAMED: Error = Error::Inconsistent("a kept answer has a record without name");
        let consents = std::mem::take(&mut earlier.consents);
        let prohibitions = std::mem::take(&mut earlier.prohibitions);
        let mut answer = self.shell(caller, earlier)?;
        for consent in consents {
            answer = answer.gather(self.view_consent(caller, person, consent, now)?).map_err(mismatch)?;
        }
        for prohibition in prohibitions {
            let name: ProhibitionName = prohibition.name.parse().map_err(|_| UNNAMED)?;
            let view = self.view_prohibition(caller, name.youth, prohibition, now)?;
            answer = answer.gather(view).map_err(mismatch)?;
        }
        Ok(answer)
    }
}
