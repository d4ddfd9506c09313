//! Which fields of a section, and of what stands in it, are an editor's to change?

use polku_proto::v1::{PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, ReferralContent};

/// A message whose fields are looked at one by one.
pub(super) trait Fields: Clone + PartialEq + Default {
    /// Brings every field that is different in `base` and `ours` into `stored`, of which `seen` is what the editor may
    /// be told. A field that is different in all three stays, and its name is told to `clash`.
    fn bring(base: &Self, ours: &Self, seen: &Self, stored: &mut Self, clash: &mut impl FnMut(&'static str));

    /// Tells the name of every field that is different.
    fn differing(one: &Self, other: &Self, found: &mut impl FnMut(&'static str));

    /// Says whether a field is the same in both. `None` if there is no such field.
    fn is_same(one: &Self, other: &Self, field: &str) -> Option<bool>;

    /// Takes one field over. False if there is no such field.
    fn take(&mut self, from: &Self, field: &str) -> bool;

    /// Gives a copy with nothing but these fields in it.
    fn fields(&self) -> Self;
}

/// Every field stands here once, an editor's or not: with one that does not, this does not compile.
macro_rules! fields {
    ($message:ident: $($field:ident),+; apart from $($apart:ident),+) => {
        impl Fields for $message {
            fn bring(
                base: &Self,
                ours: &Self,
                seen: &Self,
                stored: &mut Self,
                clash: &mut impl FnMut(&'static str),
            ) {
                let Self { $($field,)+ $($apart: _,)+ } = stored;
                $(if ours.$field != base.$field && ours.$field != seen.$field {
                    if seen.$field == base.$field {
                        Clone::clone_from($field, &ours.$field);
                    } else {
                        clash(stringify!($field));
                    }
                })+
            }

            fn differing(one: &Self, other: &Self, found: &mut impl FnMut(&'static str)) {
                $(if one.$field != other.$field {
                    found(stringify!($field));
                })+
            }

            fn is_same(one: &Self, other: &Self, field: &str) -> Option<bool> {
                match field {
                    $(stringify!($field) => Some(one.$field == other.$field),)+
                    _ => None,
                }
            }

            fn take(&mut self, from: &Self, field: &str) -> bool {
                match field {
                    $(stringify!($field) => Clone::clone_from(&mut self.$field, &from.$field),)+
                    _ => return false,
                }
                true
            }

            fn fields(&self) -> Self {
                let mut copy = Self::default();
                $(Clone::clone_from(&mut copy.$field, &self.$field);)+
                copy
            }
        }
    };
}

fields!(PlanPart:
    reference, state, client_view, worker_view, next_review, responsible_worker;
    apart from plan, owner, revision, update_time, redacted, consent_withdrawn,
    background, needs, goals, actions, meetings, standing
);

// The identity code is the gateway's to fill in.
fields!(ReferralContent:
    given_names, family_name, contact_language, contact, reason, service_needs, education_work, social_situation,
    health_capacity, housing, benefits_income, joint_plan, service_attendance, outcome_measures, quality_of_life,
    correspondence_address, contact_wish;
    apart from identity_code
);

fields!(PlanNeed: category, text, found_in_meeting; apart from id);

fields!(PlanGoal: category, text, state, achievement, due, needs; apart from id);

fields!(PlanAction:
    category, text, state, goal, provider, ptv_service, start, end, reason;
    apart from id
);

fields!(PlanMeeting: category, time, state, place, participants, note; apart from id);
