//! Can every kind of question be put to the rules, in every era, without one of them failing?
//!
//! Every value of every fact that is a word (viewer, category, actor, role, purpose, ground, capacity) is held against
//! the schema here, and never again.

use jiff::Timestamp;
use polku_proto::v1::{DataCategory, LegalGround, Purpose};
use polku_proto::{CategorySet, YouthId};

use super::facts::Common;
use super::{ENVELOPE, Engine, EngineError};
use crate::index::{Capacity, Standing, Word};
use crate::question::{ActorRole, Channel, PurposeSet, Question, Viewer};
use crate::rules::Action;

impl Engine {
    /// Asks every kind of question, so that none fails later for want of a word.
    pub(super) fn rehearse(&self) -> Result<(), EngineError> {
        let agency: polku_proto::AgencyId = "a".parse().map_err(|_| EngineError::PlaceMissing)?;
        let channel = Channel::between(agency.clone(), agency);
        let at = channel.to.clone();
        let ask_of = |capacity, question: &Question, category| -> Result<(), EngineError> {
            let standing = Standing { capacity, ..Standing::default() };
            let common =
                Common::of(question, self.agencies.ends(&question.channel), &standing, &self.agencies, 0);
            let facts = common.with(category, &Word::default());
            let actions: &[Action] =
                if question.viewer == Viewer::Subject { &[Action::Disclose] } else { &Action::ALL };
            let asking = self.asking(&facts)?;
            for action in actions {
                let request = asking.checked(*action, self.rules.schema())?;
                // Also by rules that are not in force yet.
                for (era, _) in (0..).zip(self.rules.eras()) {
                    let answer = self.rules.answer(*action, &request, self.agencies.entities(), era);
                    answer.map_err(|_| EngineError::RulesFail)?;
                }
            }
            Ok(())
        };
        let ask = |question: &Question, category| ask_of(Capacity::NotAssessed, question, category);
        let youth = YouthId::from_uuid(uuid::Uuid::nil());
        let now = Timestamp::UNIX_EPOCH;
        let plain = |viewer| Question::new(youth, channel.clone(), viewer, Purpose::Unspecified, now);
        for viewer in [Viewer::Addressee, Viewer::Author, Viewer::Subject] {
            for category in CategorySet::ALL.difference(ENVELOPE).iter() {
                ask(&plain(viewer), category)?;
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
            ask_of(capacity, &plain(Viewer::Addressee), DataCategory::Housing)?;
        }
        Ok(())
    }
}
