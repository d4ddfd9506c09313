//! Does a change ring for those whom it concerns, and does nothing stay behind?

use jiff::Timestamp;
use polku_proto::v1::task::State;
use polku_proto::{ReferralId, TaskId, YouthId};
use uuid::Uuid;

use super::*;
use crate::store::{NewEvent, NewNotice, NewPlanEvent, TaskRow, TaskWrite};

fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

fn plan(number: u128) -> PlanId {
    PlanId::from_uuid(Uuid::from_u128(number))
}

#[test]
fn a_change_has_news_for_those_whom_it_concerns() {
    let youth = YouthId::from_uuid(Uuid::nil());
    let time = Timestamp::UNIX_EPOCH;
    let event = |recipient: Option<&str>| NewEvent {
        kind: 1,
        referral: ReferralId::from_uuid(Uuid::nil()),
        sender: agency("te"),
        recipient: recipient.map(agency),
        time,
    };
    assert_eq!(topics(&Change::announced_by(1)), HashSet::new());
    let mut change = Change::announced_by(1);
    change.events = vec![event(None)];
    assert_eq!(topics(&change), HashSet::from([Topic::Referrals(agency("te"))]));
    change.events.push(event(Some("kela")));
    change.notices.push(NewNotice { youth, agency: [3; 32], revision: 1, time });
    let event = NewPlanEvent { plan: plan(6), youth, revision: 1, agency: agency("social"), time };
    change.plan_events.push(event);
    let row = TaskRow {
        id: TaskId::from_uuid(Uuid::nil()),
        youth,
        agency: agency("walmu"),
        plan: Some(plan(7)),
        state: State::Open,
        version: 1,
        created: time,
        updated: time,
        sealed: Vec::new(),
    };
    change.tasks.push(TaskWrite { row, expected: None });
    let expected = HashSet::from([
        Topic::Referrals(agency("te")),
        Topic::Referrals(agency("kela")),
        Topic::Consents([3; 32]),
        Topic::Plans(agency("social")),
        Topic::Plan(agency("social"), plan(6)),
        Topic::Tasks(agency("walmu")),
    ]);
    assert_eq!(topics(&change), expected);
}

#[tokio::test]
async fn a_bell_is_heard_by_its_own_watchers_alone() {
    let news = Arc::new(News::default());
    let mine = Topic::Plan(agency("te"), plan(1));
    let other = Topic::Plan(agency("te"), plan(2));
    let (first, second) = (news.listen(mine.clone()), news.listen(mine.clone()));
    let third = news.listen(other.clone());
    let mut bells: Vec<_> =
        [&first, &second, &third].iter().map(|listener| Box::pin(listener.bell().notified())).collect();
    for bell in &mut bells {
        assert!(!bell.as_mut().enable());
    }
    news.ring(&HashSet::from([mine, Topic::Plans(agency("te")), Topic::Referrals(agency("te"))]));
    let heard: Vec<bool> = bells.iter_mut().map(|bell| bell.as_mut().enable()).collect();
    assert_eq!(heard, [true, true, false]);
}

#[test]
fn a_topic_goes_away_with_its_last_watcher() {
    let news = Arc::new(News::default());
    let topic = |number| Topic::Plan(agency("te"), plan(number));
    let mut listeners: Vec<Listener> = (0..1000).map(|number| news.listen(topic(number % 100))).collect();
    assert_eq!(news.topics().len(), 100);
    listeners.truncate(100);
    assert_eq!(news.topics().len(), 100);
    listeners.truncate(1);
    assert_eq!(news.topics().len(), 1);
    drop(listeners);
    assert_eq!(news.topics().len(), 0);
    // Ringing keeps nothing.
    news.ring(&HashSet::from([topic(1)]));
    assert_eq!(news.topics().len(), 0);
}

/// Those who were woken by one ring read once, and nobody has what was read before the ring.
#[test]
fn what_is_read_after_a_ring_is_read_together() {
    let news = Arc::new(News::default());
    let topic = Topic::Plan(agency("te"), plan(6));
    let (one, other) = (news.listen(topic.clone()), news.listen(topic.clone()));
    let before = one.shared::<u8>(one.rings(), 3);
    assert!(Arc::ptr_eq(&before, &other.shared(other.rings(), 3)));
    // Whoever is further takes what is behind an earlier position; the other way round something would be missed.
    assert!(Arc::ptr_eq(&before, &other.shared(other.rings(), 5)));
    let further_back = other.shared::<u8>(other.rings(), 2);
    assert!(!Arc::ptr_eq(&before, &further_back));
    assert!(Arc::ptr_eq(&further_back, &one.shared(one.rings(), 3)));

    news.ring(&HashSet::from([topic]));
    assert_eq!((one.rings(), other.rings()), (1, 1));
    let after = one.shared::<u8>(one.rings(), 3);
    assert!(!Arc::ptr_eq(&further_back, &after));
    // When nobody has it any more it is gone.
    let weak = Arc::downgrade(&after);
    drop(after);
    assert!(weak.upgrade().is_none());
    assert!(!one.shared::<u8>(one.rings(), 3).initialized());
}

#[test]
fn other_gateways_understand_the_word_of_every_topic() {
    let agency: AgencyId = "te".parse().unwrap();
    let plan = PlanId::from_uuid(Uuid::from_u128(7));
    let topics = [
        Topic::Referrals(agency.clone()),
        Topic::Consents([0xa7; 32]),
        Topic::Tasks(agency.clone()),
        Topic::Plans(agency.clone()),
        Topic::Plan(agency, plan),
    ];
    for topic in topics {
        let word = topic.word();
        assert!(
            word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b' ')),
            "{word}"
        );
        assert_eq!(Topic::of_word(&word), Some(topic), "{word}");
    }
    for word in ["", "d", "k", "r", "x te", "r te te", "c a7", "c zz", "p te plan", "r te x y"] {
        assert_eq!(Topic::of_word(word), None, "{word}");
    }
}
