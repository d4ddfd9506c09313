//! How soon must a delivery go, by the law that it rests on?
//!
//! | obligation of the decision | the delivery |
//! | --- | --- |
//! | high priority, send at once | is taken before all others that are due |
//! | send at once, on the same day, on the next day | is given up at the end of that day in Finland, so that its sender hears of it in time and can ring; never within an hour |
//!
//! What is to go at once is not tried for longer than what may wait until the evening. The next day is that after the
//! sending: a notice is due the day after a decision, and is sent on the day of the decision at the earliest.

use jiff::{SignedDuration, Timestamp};
use polku_policy::Obligation;
use polku_proto::time::{finnish_date, start_of_finnish_date};

use crate::store::{DeliveryRow, Priority};

/// What is decided right before midnight is tried for so long all the same.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The delivery as the obligations of its decision want it.
pub(crate) fn hurried(row: DeliveryRow, obligations: &[Obligation], now: Timestamp) -> DeliveryRow {
    let mut hurried = row;
    for obligation in obligations {
        match obligation {
            Obligation::HighPriority => hurried.priority = Priority::Urgent,
            Obligation::SendAtOnce => {
                hurried.priority = Priority::Urgent;
                hurried.deadline = earlier(hurried.deadline, now, Day::This);
            }
            Obligation::SendSameDay => hurried.deadline = earlier(hurried.deadline, now, Day::This),
            Obligation::SendNextDay => hurried.deadline = earlier(hurried.deadline, now, Day::Next),
            Obligation::MarkRedacted
            | Obligation::DisclosureNotice
            | Obligation::RecordGround
            | Obligation::SecondPersonReview => {}
        }
    }
    hurried
}

#[derive(Clone, Copy)]
enum Day {
    This,
    Next,
}

/// The deadline, or the end of the day if that comes before.
fn earlier(deadline: Timestamp, now: Timestamp, day: Day) -> Timestamp {
    let last = match day {
        Day::This => Ok(finnish_date(now)),
        Day::Next => finnish_date(now).tomorrow(),
    };
    let end = last.and_then(|last| last.tomorrow()).ok().and_then(|after| start_of_finnish_date(after).ok());
    end.map_or(deadline, |end| deadline.min(end.max(now + TRIED_FOR)))
}

#[cfg(test)]
mod tests {
    use polku_proto::v1::DeliveryState;
    use polku_proto::{MessageId, ReferralId, YouthId};
    use uuid::Uuid;

    use super::*;
    use crate::store::{About, DeliveryItem};

    fn hurry(now: &str, hours: i64, obligations: &[Obligation]) -> (Priority, String) {
        let now: Timestamp = now.parse().unwrap();
        let row = DeliveryRow {
            message: MessageId::from_uuid(Uuid::nil()),
            item: DeliveryItem::Handover,
            about: About::Referral(ReferralId::from_uuid(Uuid::nil())),
            youth: YouthId::from_uuid(Uuid::nil()),
            agency: "social".parse().unwrap(),
            priority: Priority::Ordinary,
            state: DeliveryState::Queued,
            attempts: 0,
            due: now,
            deadline: now + SignedDuration::from_hours(hours),
            fence: 0,
            leased_until: None,
            intent: None,
            reference: None,
        };
        let row = hurried(row, obligations, now);
        assert_eq!(row.due, now);
        (row.priority, row.deadline.to_string())
    }

    #[test]
    fn what_the_law_wants_at_once_is_urgent() {
        let noon = "2026-03-02T10:00:00Z";
        let usual = "2026-03-05T10:00:00Z".to_owned();
        for obligation in Obligation::ALL {
            let urgent = matches!(obligation, Obligation::HighPriority | Obligation::SendAtOnce);
            let priority = if urgent { Priority::Urgent } else { Priority::Ordinary };
            assert_eq!(hurry(noon, 72, &[obligation]).0, priority, "{obligation:?}");
        }
        assert_eq!(hurry(noon, 72, &[Obligation::RecordGround]), (Priority::Ordinary, usual.clone()));
        assert_eq!(hurry(noon, 72, &[Obligation::HighPriority]), (Priority::Urgent, usual));
    }

    #[test]
    fn a_day_ends_at_midnight_in_finland() {
        let ends = |now, hours, obligation| hurry(now, hours, &[obligation]).1;
        let same = Obligation::SendSameDay;
        // Winter, summer, and after midnight in Finland where it is the day before elsewhere.
        assert_eq!(ends("2026-03-02T10:00:00Z", 72, same), "2026-03-02T22:00:00Z");
        assert_eq!(ends("2026-07-02T10:00:00Z", 72, same), "2026-07-02T21:00:00Z");
        assert_eq!(ends("2026-03-02T22:30:00Z", 72, same), "2026-03-03T22:00:00Z");
        assert_eq!(ends("2026-03-02T10:00:00Z", 72, Obligation::SendNextDay), "2026-03-03T22:00:00Z");
        assert_eq!(ends("2026-03-02T10:00:00Z", 72, Obligation::SendAtOnce), "2026-03-02T22:00:00Z");
        // An operator who gives up sooner still does.
        assert_eq!(ends("2026-03-02T10:00:00Z", 2, same), "2026-03-02T12:00:00Z");
        assert_eq!(ends("2026-03-02T21:59:00Z", 72, same), "2026-03-02T22:59:00Z");
        let both = [Obligation::SendSameDay, Obligation::SendNextDay];
        assert_eq!(hurry("2026-03-02T10:00:00Z", 72, &both).1, "2026-03-02T22:00:00Z");
    }
}
