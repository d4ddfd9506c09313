//! In which words does the table tell a situation? Those that `clients/python/oracle.py` explains.

use std::fmt;

/// Makes an enum of words: each variant is shown as its word.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(super) enum $name { $($variant,)+ }

        impl $name {
            pub(super) const ALL: &[$name] = &[$($name::$variant,)+];
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(match self { $($name::$variant => $word,)+ })
            }
        }
    };
}

words! {
    /// Whose eyes.
    Reader {
        Recipient = "recipient",
        Sender = "sender",
        YoungPerson = "young_person",
    }
}

words! {
    /// On whose behalf it is read.
    Role {
        System = "system",
        Worker = "worker",
        Coordinator = "coordinator",
        Peer = "peer",
        Self_ = "self",
        Guardian = "guardian",
        Representative = "representative",
    }
}

words! {
    /// Where the professional works, seen from the reader's unit that has the matter.
    Unit {
        None = "none",
        Own = "own",
        Other = "other",
        OtherParty = "other_party",
    }
}

words! {
    /// What an agency is.
    Kind {
        Employment = "employment_authority",
        Kela = "kela",
        Social = "social_services",
        SocialWithAddresses = "social_services_with_protected_addresses",
        PrivateSocial = "private_social_care",
        Health = "health_authority",
        Workshop = "workshop",
        Outreach = "municipal_outreach",
        OutreachWithAddresses = "municipal_outreach_with_protected_addresses",
        OutreachAssociation = "outreach_association",
        School = "private_school",
        Unknown = "unknown",
    }
}

words! {
    /// The day, in Helsinki: the last instant of a day before a law, the first one of the others.
    Day {
        BeforeAssistance = "1998-02-28",
        FirstOfAssistance = "1998-03-01",
        BeforeChildWelfare = "2007-12-31",
        FirstOfChildWelfare = "2008-01-01",
        BeforeSocialCare = "2015-03-31",
        FirstOfSocialCare = "2015-04-01",
        BeforeOutreach = "2021-07-31",
        FirstOfOutreach = "2021-08-01",
        BeforePermits = "2023-12-31",
        FirstOfPermits = "2024-01-01",
        BeforeTheLaw = "2024-12-31",
        FirstOfTheLaw = "2025-01-01",
        Later = "2026-07-01",
    }
}

impl Day {
    /// Whether clocks in Helsinki show summer time.
    pub(super) const fn is_in_summer(self) -> bool {
        matches!(
            self,
            Day::BeforeSocialCare
                | Day::FirstOfSocialCare
                | Day::BeforeOutreach
                | Day::FirstOfOutreach
                | Day::Later
        )
    }

    /// What clocks in Helsinki show when it is asked.
    pub(super) const fn clock(self) -> &'static str {
        match self {
            Day::BeforeAssistance
            | Day::BeforeChildWelfare
            | Day::BeforeSocialCare
            | Day::BeforeOutreach
            | Day::BeforePermits
            | Day::BeforeTheLaw => "23:59:59.999999",
            Day::FirstOfAssistance
            | Day::FirstOfChildWelfare
            | Day::FirstOfSocialCare
            | Day::FirstOfOutreach
            | Day::FirstOfPermits
            | Day::FirstOfTheLaw
            | Day::Later => "00:00:00",
        }
    }
}

words! {
    /// Whose municipality the young person's home is in, as the discloser says it.
    Home {
        OfTheParties = "of_the_parties",
        Elsewhere = "elsewhere",
        Unstated = "unstated",
    }
}

words! {
    /// What a prohibition covers.
    Scope {
        None = "none",
        All = "all",
        ThisCategory = "this_category",
        OtherCategory = "other_category",
        ThisRecipient = "this_recipient",
        OtherRecipient = "other_recipient",
        ThisDiscloser = "this_discloser",
        OtherDiscloser = "other_discloser",
        Reversed = "reversed",
        TaskOfOrigin = "task_of_origin",
        OtherTask = "other_task",
        TaskOriginUnstated = "task_origin_unstated",
        DocumentOfOrigin = "document_of_origin",
        OtherDocument = "other_document",
    }
}

words! {
    /// A consent, or a permit for a domain of care.
    Instrument {
        Consent = "consent",
        SocialPermit = "permit-social",
        HealthPermit = "permit-health",
    }
}

words! {
    /// Who gave it.
    Giver {
        Self_ = "self",
        Guardian = "guardian",
        Representative = "representative",
    }
}

words! {
    /// Whether it names the category explicitly.
    Wording {
        Explicit = "explicit",
        Plain = "plain",
    }
}

words! {
    /// Why a consent may not fit.
    Flag {
        OtherPurpose = "other_purpose",
        OtherCategory = "other_category",
        OtherRecipient = "other_recipient",
        OtherDiscloser = "other_discloser",
        OtherUnit = "other_unit",
        Expired = "expired",
        NotYet = "not_yet",
        Withdrawn = "withdrawn",
        Reversed = "reversed",
        ForAMinor = "for_a_minor",
    }
}
