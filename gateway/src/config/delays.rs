//! For how long is not told what rests on a ground in law?

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::LegalGround;

/// Where telling a young person at once that something was told about them could endanger somebody, the controller may
/// wait (GDPR articles 15(4) and 23, law 1050/2018 section 34). How long is for the operator to say, by ground; nothing
/// is held back unless stated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delays(BTreeMap<LegalGround, u32>);

/// The grounds in law, as the file writes them.
pub(super) const GROUNDS: [(&str, LegalGround); 10] = [
    ("outreach_notice", LegalGround::OutreachNotice),
    ("social_care_inability", LegalGround::SocialCareInability),
    ("social_care_child_interest", LegalGround::SocialCareChildInterest),
    ("child_welfare_notice", LegalGround::ChildWelfareNotice),
    ("assistance_social_work", LegalGround::AssistanceSocialWork),
    ("assistance_supplementary", LegalGround::AssistanceSupplementary),
    ("assistance_lowered", LegalGround::AssistanceLowered),
    ("assistance_unemployed_young", LegalGround::AssistanceUnemployedYoung),
    ("assistance_unemployed", LegalGround::AssistanceUnemployed),
    ("assistance_immigrant", LegalGround::AssistanceImmigrant),
];

impl Delays {
    /// Delays in days, by ground.
    #[must_use]
    pub fn in_days(days: impl IntoIterator<Item = (LegalGround, u32)>) -> Delays {
        Delays(days.into_iter().collect())
    }

    /// Tells whether what was done on this ground at this instant is not told yet.
    #[must_use]
    pub fn hold_back(&self, ground: LegalGround, done: Timestamp, now: Timestamp) -> bool {
        let days = self.0.get(&ground).copied().unwrap_or(0);
        now.duration_since(done) < SignedDuration::from_hours(24 * i64::from(days))
    }
}
