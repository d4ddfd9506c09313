//! For how long is what kept?

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

/// For how long what the gateway holds is kept, by data. Files of agencies have periods of their own, in their systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Days that content of a referral is kept after its delivery has ended.
    pub content_days: u32,
    /// Years that states and dates of a referral are kept after its last change, and tasks after theirs.
    pub referral_years: u32,
    /// Years that it is known who somebody is, of whom nothing else is kept any more, after the last leaf of the audit log
    /// about them.
    pub person_years: u32,
    /// Years that an entry of a journey is kept.
    pub entry_years: u32,
    /// Years that a joint plan is kept after it has ended.
    pub plan_years: u32,
    /// Years that the record of a consent, prohibition or legal status is kept after it has ended, and the sealed details
    /// of the audit log after they were written. The log's leaves stay.
    pub record_years: u32,
}

impl Default for RetentionSettings {
    /// Content: the gateway is not where it is kept. Referrals: as plans. People: as records. Entries: as follow-up registers of youth work keep them. Plans: as
    /// the social services' files of people of working age. Records: as the logs of social and health care.
    fn default() -> Self {
        Self {
            content_days: 30,
            referral_years: 10,
            person_years: 12,
            entry_years: 4,
            plan_years: 10,
            record_years: 12,
        }
    }
}

impl RetentionSettings {
    /// Deliveries of content that ended before are past.
    pub(crate) fn content_before(&self, now: Timestamp) -> Timestamp {
        now - SignedDuration::from_hours(24 * i64::from(self.content_days))
    }

    /// Referrals that have not changed since are past, and tasks.
    pub(crate) fn referrals_before(&self, now: Timestamp) -> Timestamp {
        years_before(now, self.referral_years)
    }

    /// Who has not been heard of since is past.
    pub(crate) fn people_before(&self, now: Timestamp) -> Timestamp {
        years_before(now, self.person_years)
    }

    /// Entries from before are past.
    pub(crate) fn entries_before(&self, now: Timestamp) -> Timestamp {
        years_before(now, self.entry_years)
    }

    /// Plans that ended before are past.
    pub(crate) fn plans_before(&self, now: Timestamp) -> Timestamp {
        years_before(now, self.plan_years)
    }

    /// Records that ended before are past.
    pub(crate) fn records_before(&self, now: Timestamp) -> Timestamp {
        years_before(now, self.record_years)
    }
}

/// By the calendar; before all time nothing is past.
fn years_before(now: Timestamp, years: u32) -> Timestamp {
    let span = Span::new().try_years(years);
    let then = span.and_then(|span| now.to_zoned(TimeZone::UTC).checked_sub(span));
    then.map_or(Timestamp::UNIX_EPOCH, |then| then.timestamp())
}
