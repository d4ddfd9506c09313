//! What kind of method is called?
//!
//! By the name that the contract gives it: what one kind uses up, of a quota or of the gateway's time, is not missing
//! for another one. A test holds it against every method of the contract.

use std::fmt;

/// What ends a consent, or prohibits something.
const WITHDRAWALS: [&str; 4] = ["WithdrawConsent", "RevokeConsent", "InvalidateConsent", "RecordProhibition"];

/// A kind of method. What is not known is a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MethodClass {
    /// Answers what is there.
    Reads,
    /// Answers whether something may be disclosed, and why.
    Verifications,
    /// Changes something.
    Writes,
    /// Stops disclosures. It is never refused for want of room.
    Withdrawals,
    /// Goes on answering.
    Streams,
    /// Of operators.
    Operations,
}

impl MethodClass {
    /// All of them.
    pub const ALL: [MethodClass; 6] = [
        MethodClass::Reads,
        MethodClass::Verifications,
        MethodClass::Writes,
        MethodClass::Withdrawals,
        MethodClass::Streams,
        MethodClass::Operations,
    ];

    /// The kind of the method of this path (`/polku.v1.ReferralService/SendReferral`).
    #[must_use]
    pub fn of_method(path: &str) -> MethodClass {
        let (service, method) = path.rsplit_once('/').unwrap_or_default();
        let begins = |words: &[&str]| words.iter().any(|word| method.starts_with(word));
        if service.ends_with(".OperationsService") {
            MethodClass::Operations
        } else if WITHDRAWALS.contains(&method) {
            MethodClass::Withdrawals
        } else if begins(&["Watch"]) {
            MethodClass::Streams
        } else if begins(&["Verify", "BatchVerify", "Explain"]) {
            MethodClass::Verifications
        } else if begins(&["Get", "List", "Search", "Suggest", "Export"]) {
            MethodClass::Reads
        } else {
            MethodClass::Writes
        }
    }

    /// As the configuration names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            MethodClass::Reads => "reads",
            MethodClass::Verifications => "verifications",
            MethodClass::Writes => "writes",
            MethodClass::Withdrawals => "withdrawals",
            MethodClass::Streams => "streams",
            MethodClass::Operations => "operations",
        }
    }
}

impl fmt::Display for MethodClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use prost::Message;
    use prost_types::FileDescriptorSet;

    use super::MethodClass;

    /// By class, every method of the contract. A new method is put here by hand, after a thought about its class.
    const CLASSES: &str = "\
reads: ExportConsent GetConsent GetConsentReceipt GetFigures GetJourney GetNextStep GetPlan GetReferral GetService \
GetWeeklyCalendar ListConsents ListDisclosures ListLegalStatuses ListPlanRevisions ListPlans ListReferrals ListTasks \
SearchServices SuggestRecipients
verifications: BatchVerifyConsents ExplainDisclosure VerifyConsent
writes: AcceptPlan AcceptReferral AcknowledgePlan AddJourneyEntry AddPlanParty CancelReferral CommentPlanItem \
CompletePlan CompleteReferral ConfirmCancellation CountWalkIn CreatePlan EndLegalStatus FailReferral FlagPlanStep \
GiveFeedback HoldPlan HoldReferral IdentifyYouth ImportConsent ImportPlan LiftProhibition LinkIdentity \
LinkPlanItems MarkPlanEnteredInError MarkReferralEnteredInError MergePlan ProvideInformation \
RecordConsent RecordLegalStatus RecordMeasure RecordMeeting RefuseConsent RejectReferral RemovePlanParty RenewConsent \
RequestConsent RequestInformation RerouteReferral ResolveTask ResumePlan RevokePlan SendReferral StartReferral \
TransferPlan UnlinkIdentity UnlinkPlanItems
withdrawals: InvalidateConsent RecordProhibition RevokeConsent WithdrawConsent
streams: WatchConsents WatchPlans WatchReferrals WatchTasks
operations: GetDelivery ListDeliveries ResolveDelivery RetryDelivery";

    #[test]
    fn every_method_of_the_contract_has_its_class() {
        let files = FileDescriptorSet::decode(polku_proto::FILE_DESCRIPTOR_SET).unwrap().file;
        let mut found: BTreeMap<MethodClass, Vec<String>> = BTreeMap::new();
        for file in files.iter().filter(|file| file.package() == "polku.v1") {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/polku.v1.{}/{}", service.name(), method.name());
                    let class = MethodClass::of_method(&path);
                    assert_eq!(class == MethodClass::Streams, method.server_streaming(), "{path}");
                    assert!(!method.client_streaming(), "{path}: a request is one message");
                    found.entry(class).or_default().push(method.name().to_owned());
                }
            }
        }
        let lines = found.iter_mut().map(|(class, methods)| {
            methods.sort();
            format!("{class}: {}", methods.join(" "))
        });
        assert_eq!(lines.collect::<Vec<_>>().join("\n"), CLASSES);
    }

    #[test]
    fn what_is_not_known_is_a_write() {
        for path in ["", "/", "Get", "/polku.v1.ReferralService/Nothing"] {
            assert_eq!(MethodClass::of_method(path), MethodClass::Writes, "{path}");
        }
    }
}
