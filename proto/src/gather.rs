//! Which parts may be put into which answers?

use crate::Disclose;
use crate::v1::{
    Consent, ConsentChange, ConsentReceipt, ImportConsentResponse, Journey, LegalStatus, LegalStatusChange,
    ListConsentsResponse, ListLegalStatusesResponse, ListReferralsResponse, Prohibition, ProhibitionChange,
    Referral, ReferralChange, ReferralEvent, SendReferralResponse,
};

#[cfg(test)]
mod tests;

/// An answer that takes in parts which are decided on one by one.
///
/// A list of referrals, say, has as many decisions as referrals: each is cut down by its own, and then put in here.
pub trait Gather<P>: Disclose {
    /// Takes a part in: behind the others where there can be several, in the place of the former one otherwise.
    fn gather(&mut self, part: P);
}

impl Gather<Referral> for ListReferralsResponse {
    fn gather(&mut self, part: Referral) {
        self.referrals.push(part);
    }
}

impl Gather<Consent> for ListConsentsResponse {
    fn gather(&mut self, part: Consent) {
        self.consents.push(part);
    }
}

impl Gather<Referral> for Journey {
    fn gather(&mut self, part: Referral) {
        self.referrals.push(part);
    }
}

impl Gather<Consent> for Journey {
    fn gather(&mut self, part: Consent) {
        self.consents.push(part);
    }
}

impl Gather<Prohibition> for Journey {
    fn gather(&mut self, part: Prohibition) {
        self.prohibitions.push(part);
    }
}

impl Gather<Referral> for SendReferralResponse {
    fn gather(&mut self, part: Referral) {
        self.referral = Some(part);
    }
}

impl Gather<Referral> for ReferralChange {
    fn gather(&mut self, part: Referral) {
        self.referral = Some(part);
    }
}

impl Gather<Referral> for ReferralEvent {
    fn gather(&mut self, part: Referral) {
        self.referral = Some(part);
    }
}

impl Gather<Consent> for ConsentChange {
    fn gather(&mut self, part: Consent) {
        self.consent = Some(part);
    }
}

impl Gather<Prohibition> for ProhibitionChange {
    fn gather(&mut self, part: Prohibition) {
        self.prohibition = Some(part);
    }
}

impl Gather<Consent> for ConsentReceipt {
    fn gather(&mut self, part: Consent) {
        self.consent = Some(part);
    }
}

impl Gather<Consent> for ImportConsentResponse {
    fn gather(&mut self, part: Consent) {
        self.consents.push(part);
    }
}

impl Gather<Prohibition> for ImportConsentResponse {
    fn gather(&mut self, part: Prohibition) {
        self.prohibitions.push(part);
    }
}

impl Gather<LegalStatus> for Journey {
    fn gather(&mut self, part: LegalStatus) {
        self.legal_statuses.push(part);
    }
}

impl Gather<LegalStatus> for LegalStatusChange {
    fn gather(&mut self, part: LegalStatus) {
        self.status = Some(part);
    }
}

impl Gather<LegalStatus> for ListLegalStatusesResponse {
    fn gather(&mut self, part: LegalStatus) {
        self.statuses.push(part);
    }
}
