//! What does a gateway say of itself?

use polku_tests::world::{PATIENCE, eventually};
use tonic::transport::Channel;

use super::call_path;

/// `grpc.health.v1`: field 1 of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Serving = 1,
    NotServing = 2,
}

/// Waits until all that can be asked about is said to be so.
pub(crate) async fn expect_health(channel: &Channel, health: Health) {
    for service in ["", "polku.v1.ReferralService"] {
        let mut question = vec![0x0a, u8::try_from(service.len()).unwrap()];
        question.extend(service.as_bytes());
        let said = eventually(PATIENCE, async || {
            let said = call_path(channel, "/grpc.health.v1.Health/Check", None, question.clone()).await;
            (said.unwrap() == [8, health as u8]).then_some(())
        });
        said.await.unwrap_or_else(|| panic!("{service:?} is never {health:?}"));
    }
}
