//! How do gateways on one database hear of each other's commits?
//!
//! A commit tells with it what there is news of, and the server tells it to every session that listens. Whoever was not
//! connected may have missed something, and is told so.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client, Connection};
use uuid::Uuid;

use super::connect::Connector;
use crate::store::Heard;

/// The name under which it is told.
const CHANNEL: &str = "polku";

/// What the names of the sessions begin with that listen.
pub(super) const SESSION: &str = "polku gateway ";

/// A message to the server is at most 8,000 bytes.
const MOST_BYTES: usize = 7_000;

/// How many messages may wait. More than that is as if they had been missed.
const WAITING: usize = 1_024;

/// How soon a lost connection is opened again.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the server is asked whether it is still there, and how long it may take to say so.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The name of the session on which a gateway listens.
pub(super) fn session(gateway: Uuid) -> String {
    format!("{SESSION}{gateway}")
}

/// The statements that tell the others, with the commit that follows them.
pub(super) fn telling(teller: Uuid, news: &BTreeSet<String>) -> String {
    let mut statements = String::new();
    let mut words = news.iter().filter(|word| is_plain(word)).peekable();
    while words.peek().is_some() {
        let mut text = teller.to_string();
        while let Some(word) = words.next_if(|word| text.len() + 1 + word.len() <= MOST_BYTES) {
            text.push('|');
            text.push_str(word);
        }
        statements.push_str(&format!("SELECT pg_notify('{CHANNEL}', '{text}'); "));
    }
    statements
}

/// A word can stand in a statement as it is.
fn is_plain(word: &str) -> bool {
    word.len() < MOST_BYTES / 2
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b' '))
}

/// What another one has told; nothing, if it is one's own word.
fn told(own: Uuid, text: &str) -> Option<Vec<String>> {
    let mut words = text.split('|');
    let is_own = words.next() == Some(own.to_string().as_str());
    (!is_own).then(|| words.map(str::to_owned).collect())
}

/// Listens until nobody wants to hear it any more.
pub(super) fn listen(connector: Connector, own: Uuid) -> mpsc::Receiver<Heard> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        while !sender.is_closed() {
            if let Err(error) = connector.listen(own, &sender).await {
                tracing::warn!(%error, "other gateways are not heard at the moment");
            }
            if sender.send(Heard::Missed).await.is_err() {
                return;
            }
            sleep(PAUSE).await;
        }
    });
    receiver
}

/// Listens on one connection until it is lost.
pub(super) async fn listen_on<S, T>(
    client: Client,
    mut connection: Connection<S, T>,
    own: Uuid,
    sender: &mpsc::Sender<Heard>,
) -> Result<(), tokio_postgres::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let listening = format!("LISTEN {CHANNEL}; SET application_name = '{}'", session(own));
    let talking = async {
        match timeout(HEARTBEAT, client.batch_execute(&listening)).await {
            Ok(answer) => answer?,
            Err(_) => return Ok(()),
        }
        // What was told before is not told again.
        drop(sender.send(Heard::Missed).await);
        while !sender.is_closed() {
            sleep(HEARTBEAT).await;
            match timeout(HEARTBEAT, client.batch_execute("SELECT 1")).await {
                Ok(answer) => answer?,
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    };
    let hearing = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            let AsyncMessage::Notification(told_us) = message? else { continue };
            if let Some(words) = told(own, told_us.payload())
                && sender.try_send(Heard::News(words)).is_err()
                && sender.send(Heard::Missed).await.is_err()
            {
                return Ok(());
            }
        }
        Ok(())
    };
    tokio::select! {
        ended = talking => ended,
        ended = hearing => ended,
    }
}

#[cfg(test)]
mod tests;
