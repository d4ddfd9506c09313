//! Can every kind of question be put to the rules, in force or not, without one of them failing?
//!
//! Every value of every fact that is a word (viewer, category, actor, role, purpose, ground, capacity) is held against
//! the schema here, and never again. Ages are asked about on both sides of every limit that the rules have.
//!
//! Not every question there is can be asked here: a rule that fails where two rare facts come together is found by the
//! cases of its folder, or by `polku policy prove`, and denies everything until then.

use std::collections::BTreeSet;

use jiff::Timestamp;
use polku_proto::v1::{DataCategory, LegalGround, Purpose};
use polku_proto::{CategorySet, YouthId};

use super::facts::{Common, Facts};
use super::{ENVELOPE, Engine, EngineError};
use crate::index::{Capacity, Standing, Word};
use crate::question::{ActorRole, Channel, PurposeSet, Question, Viewer};
use crate::rules::{Action, Rules};

impl Engine {
    /// Asks every kind of question, so that none fails later for want of a word.
    pub(super) fn rehearse(&self) -> Result<(), EngineError> {
        let agency: polku_proto::AgencyId = "a".parse().map_err(|_| EngineError::PlaceMissing)?;
        let channel = Channel::between(agency.clone(), agency);
        let at = channel.to.clone();
        let ask_of = |(age, capacity), question: &Question, category| -> Result<(), EngineError> {
            let standing = Standing { capacity, ..Standing::default() };
            let common =
                Common::of(question, self.agencies.ends(&question.channel), &standing, &self.agencies, 0);
            let facts = Facts { age, ..common.with(category, &Word::default()) };
            let actions: &[Action] =
                if question.viewer == Viewer::Subject { &[Action::Disclose] } else { &Action::ALL };
            let asking = self.asking(&facts)?;
            for action in actions {
                let request = asking.checked(*action, self.rules.schema())?;
                if self.rules.fail_on(&request, self.agencies.entities()) {
                    return Err(EngineError::RulesFail);
                }
            }
            Ok(())
        };
        let unknown = (None, Capacity::NotAssessed);
        let ask = |question: &Question, category| ask_of(unknown, question, category);
        let youth = YouthId::from_uuid(uuid::Uuid::nil());
        let now = Timestamp::UNIX_EPOCH;
        let plain = |viewer| Question::new(youth, channel.clone(), viewer, Purpose::Unspecified, now);
        for viewer in [Viewer::Addressee, Viewer::Author, Viewer::Subject] {
            for category in CategorySet::ALL.difference(ENVELOPE).iter() {
                ask(&plain(viewer), category)?;
            }
        }
        for age in ages(&self.rules) {
            let aged = (age, Capacity::NotAssessed);
            for category in CategorySet::ALL.difference(ENVELOPE).iter() {
                ask_of(aged, &plain(Viewer::Addressee), category)?;
            }
            for viewer in [Viewer::Author, Viewer::Subject] {
                ask_of(aged, &plain(viewer), DataCategory::Housing)?;
            }
        }
        let role = |role: &str| ActorRole::Professional { at: at.clone(), role: role.to_owned() };
        let actors = [
            role("peer"),
            role("coordinator"),
            role("another"),
            ActorRole::Subject,
            ActorRole::Guardian,
            ActorRole::Representative,
        ];
        for actor in actors {
            ask(&Question { actor, ..plain(Viewer::Addressee) }, DataCategory::Housing)?;
        }
        for purpose in PurposeSet::ALL.iter() {
            ask(&Question { purpose, ..plain(Viewer::Addressee) }, DataCategory::Housing)?;
        }
        let grounds = (0..).map_while(|number| LegalGround::try_from(number).ok());
        for ground in grounds {
            ask(&Question { ground, ..plain(Viewer::Addressee) }, DataCategory::Housing)?;
        }
        for capacity in Capacity::ALL {
            ask_of((None, capacity), &plain(Viewer::Addressee), DataCategory::Housing)?;
        }
        Ok(())
    }
}

/// The last age before every limit and the first one at it, the lowest and the highest one; none: nobody knows it.
fn ages(rules: &Rules) -> BTreeSet<Option<u8>> {
    let limits = rules.age_limits().flat_map(|(from, below)| [from, below]);
    let sides = limits.flat_map(|limit| [limit.saturating_sub(1), limit]);
    let sides = sides.filter_map(|age| u8::try_from(age).ok());
    sides.chain([0, u8::MAX]).map(Some).chain([None]).collect()
}
