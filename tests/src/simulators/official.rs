//! What do an agency's officials do with a referral?

/// A step taken by an official of the receiving agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The referral is accepted.
    Accept,
    /// The referral is turned down, with a reason.
    Reject,
    /// More information is asked for, with the question as note.
    AskForInformation,
    /// The service begins.
    Start,
    /// The service is interrupted.
    Interrupt,
    /// The service ends, with an outcome.
    Complete,
    /// The service comes to nothing, with an outcome.
    Fail,
    /// The agency calls the referral off.
    Cancel,
    /// The agency confirms that the sender has called the referral off.
    ConfirmCancellation,
    /// This code, whatever it means.
    Code(String),
}

impl Action {
    /// The code in the document of the employment services.
    #[must_use]
    pub fn te_code(&self) -> &str {
        match self {
            Self::Accept => "HYVAKSY",
            Self::Reject => "HYLKAA",
            Self::AskForInformation => "PYYDA_LISATIETOJA",
            Self::Start => "ALOITA",
            Self::Interrupt => "KESKEYTA",
            Self::Complete => "PAATA",
            Self::Fail => "EPAONNISTUI",
            Self::Cancel => "PERUUTA",
            Self::ConfirmCancellation => "VAHVISTA_PERUUTUS",
            Self::Code(code) => code,
        }
    }

    /// The code in the document of the case management.
    #[must_use]
    pub fn walmu_code(&self) -> &str {
        match self {
            Self::Accept => "hyvaksytty",
            Self::Reject => "hylatty",
            Self::AskForInformation => "lisatietoja_pyydetty",
            Self::Start => "aloitettu",
            Self::Interrupt => "keskeytetty",
            Self::Complete => "paattynyt",
            Self::Fail => "epaonnistunut",
            Self::Cancel => "peruutettu",
            Self::ConfirmCancellation => "peruutus_vahvistettu",
            Self::Code(code) => code,
        }
    }
}

/// Who acts for the agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Official {
    /// The agency's own id of the person.
    pub id: String,
    /// The unit.
    pub unit: String,
}

impl Official {
    /// An official of this unit.
    #[must_use]
    pub fn new(id: &str, unit: &str) -> Self {
        Self { id: id.to_owned(), unit: unit.to_owned() }
    }
}
