//! How is a thing of the contract named on the wire?

use std::{fmt, str::FromStr};

use super::{ConsentId, EntryId, LegalStatusId, PlanId, ProhibitionId, ReferralId, TaskId, YouthId};

/// A text that is no resource name of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a name of the form {form}")]
pub struct NameError {
    /// The form that was expected.
    pub form: &'static str,
}

/// `youths/{youth}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct YouthName {
    /// The young person.
    pub youth: YouthId,
}

impl fmt::Display for YouthName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "youths/{}", self.youth)
    }
}

impl FromStr for YouthName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<YouthName, NameError> {
        let youth = text.strip_prefix("youths/").and_then(|id| id.parse().ok());
        Ok(YouthName { youth: youth.ok_or(NameError { form: "youths/{youth}" })? })
    }
}

macro_rules! names {
    ($($(#[$comment:meta])* $name:ident { $(#[$field_comment:meta])* $field:ident: $id:ident } $part:literal $form:literal)*) => {$(
        $(#[$comment])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            /// The young person.
            pub youth: YouthId,
            $(#[$field_comment])*
            pub $field: $id,
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!("youths/{}", $part, "{}"), self.youth, self.$field)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<$name, NameError> {
                let parse = || {
                    let (youth, own) = text.strip_prefix("youths/")?.split_once($part)?;
                    Some($name { youth: youth.parse().ok()?, $field: own.parse().ok()? })
                };
                parse().ok_or(NameError { form: $form })
            }
        }
    )*};
}

names! {
    /// `youths/{youth}/referrals/{referral}`.
    ReferralName {
        /// The referral.
        referral: ReferralId
    } "/referrals/" "youths/{youth}/referrals/{referral}"

    /// `youths/{youth}/consents/{consent}`.
    ConsentName {
        /// The consent.
        consent: ConsentId
    } "/consents/" "youths/{youth}/consents/{consent}"

    /// `youths/{youth}/prohibitions/{prohibition}`.
    ProhibitionName {
        /// The prohibition.
        prohibition: ProhibitionId
    } "/prohibitions/" "youths/{youth}/prohibitions/{prohibition}"

    /// `youths/{youth}/legalStatuses/{status}`.
    LegalStatusName {
        /// The status.
        status: LegalStatusId
    } "/legalStatuses/" "youths/{youth}/legalStatuses/{status}"

    /// `youths/{youth}/plans/{plan}`.
    PlanName {
        /// The plan.
        plan: PlanId
    } "/plans/" "youths/{youth}/plans/{plan}"

    /// `youths/{youth}/tasks/{task}`.
    TaskName {
        /// The task.
        task: TaskId
    } "/tasks/" "youths/{youth}/tasks/{task}"

    /// `youths/{youth}/entries/{entry}`.
    EntryName {
        /// The entry.
        entry: EntryId
    } "/entries/" "youths/{youth}/entries/{entry}"
}
