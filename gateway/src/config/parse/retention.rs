//! For how long is what kept, as the file says?

use super::super::retention::RetentionSettings;
use super::super::section::Section;

/// Longer, and what is not to be kept would be kept for good.
const MOST_YEARS: u32 = 120;

/// Everything under `[retention]`.
pub(super) fn retention(section: Section<'_>) -> RetentionSettings {
    let default = RetentionSettings::default();
    let years = |key, default| section.number(key, (1, MOST_YEARS), default);
    let settings = RetentionSettings {
        content_days: section.number("content_days", (0, 365), default.content_days),
        referral_years: years("referral_years", default.referral_years),
        person_years: years("person_years", default.person_years),
        entry_years: years("entry_years", default.entry_years),
        plan_years: years("plan_years", default.plan_years),
        record_years: years("record_years", default.record_years),
    };
    section.finish();
    settings
}
