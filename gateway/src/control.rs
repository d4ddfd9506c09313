//! How does the operator speak to a gateway that runs?
//!
//! Over a Unix socket in the folder of the store, which is the gateway's user's alone: whoever can use it holds the keys
//! and the database as well. One line is asked, some lines are answered. What is asked never gets into the log.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use polku_proto::identity::Identity;
use polku_proto::{AgencyId, YouthId, YouthName};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::Erasure;
use crate::services::status;

const SOCKET: &str = "control.sock";

/// The longest question.
const QUESTION: u64 = 512;

/// How long somebody may take to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first line of an answer.
const DONE: &str = "done";
const REFUSED: &str = "refused";

/// What a gateway is asked by its operator.
#[derive(Clone, PartialEq, Eq)]
pub enum Question {
    /// Which master keys there are, and which of them are needed.
    MasterKeys,
    /// That a person be erased.
    Erase {
        /// The controller that has decided so.
        controller: AgencyId,
        /// Who: `youths/{id}`, an identity code or a temporary id.
        person: String,
    },
}

impl fmt::Debug for Question {
    /// Whom it is about stays untold.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Question::MasterKeys => "MasterKeys",
            Question::Erase { .. } => "Erase",
        })
    }
}

/// What a gateway answers to its operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was done; what is to be said about it, line by line.
    Done(Vec<String>),
    /// It was not done, and why.
    Refused(Vec<String>),
}

/// Whether a gateway runs on the store in this folder, as far as the caller may know.
#[must_use]
pub fn is_running(store: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(store.join(SOCKET)).is_ok()
}

/// Asks the gateway whose store is in this folder. Blocks.
///
/// # Errors
/// Fails when no gateway runs there, or the caller may not speak to it.
pub fn ask(store: &Path, question: &Question) -> io::Result<Answer> {
    let mut stream = std::os::unix::net::UnixStream::connect(store.join(SOCKET))?;
    let line = match question {
        Question::MasterKeys => "keys\n".to_owned(),
        Question::Erase { controller, person } => format!("erase {controller} {person}\n"),
    };
    stream.write_all(line.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let mut lines = text.lines().map(str::to_owned);
    match lines.next().as_deref() {
        Some(DONE) => Ok(Answer::Done(lines.collect())),
        Some(REFUSED) => Ok(Answer::Refused(lines.collect())),
        Some(_) | None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the gateway has not answered")),
    }
}

/// Answers whoever asks, until dropped. A gateway that cannot be spoken to is still a gateway.
pub(crate) async fn run(gateway: Arc<Gateway>, store: std::path::PathBuf) {
    let listener = match listen(&store.join(SOCKET)) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the operator's commands cannot reach this gateway"),
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let gateway = Arc::clone(&gateway);
                tokio::spawn(async move {
                    if let Err(error) = serve(&gateway, stream).await {
                        tracing::warn!(%error, "an operator's command was not answered");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "an operator's command could not be taken");
                tokio::time::sleep(PATIENCE).await;
            }
        }
    }
}

/// One gateway at a time has the audit log of the folder: what lies there is of one that is gone.
fn listen(socket: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(socket)?;
    fs::set_permissions(socket, Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn serve(gateway: &Gateway, stream: UnixStream) -> io::Result<()> {
    let (asked, mut answered) = stream.into_split();
    let mut line = String::new();
    let mut asked = BufReader::new(asked.take(QUESTION));
    timeout(PATIENCE, asked.read_line(&mut line)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    if line.is_empty() {
        // Somebody has only looked whether a gateway is here.
        return Ok(());
    }
    let (word, lines) = match answer(gateway, line.trim_end()).await {
        Answer::Done(lines) => (DONE, lines),
        Answer::Refused(lines) => (REFUSED, lines),
    };
    let text = format!("{word}\n{}\n", lines.join("\n"));
    answered.write_all(text.as_bytes()).await?;
    answered.shutdown().await
}

async fn answer(gateway: &Gateway, line: &str) -> Answer {
    let mut words = line.split(' ');
    let answered = match (words.next(), words.next(), words.next(), words.next()) {
        (Some("keys"), None, None, None) => gateway.tell_master_keys().await.map(Answer::Done),
        (Some("erase"), Some(controller), Some(person), None) => gateway.erase(controller, person).await,
        _ => return refused("this gateway does not know the command"),
    };
    answered.unwrap_or_else(|error| {
        status::log(&error);
        refused(&error.to_string())
    })
}

fn refused(why: &str) -> Answer {
    Answer::Refused(vec![why.to_owned()])
}

impl Gateway {
    async fn erase(&self, controller: &str, person: &str) -> Result<Answer, Error> {
        let Some(controller) =
            controller.parse().ok().filter(|id: &AgencyId| self.directory.agency(id).is_some())
        else {
            return Ok(refused("no agency of the configuration is called so"));
        };
        let Some(youth) = self.find_person(person).await? else {
            return Ok(refused("nobody is known by this"));
        };
        let (leaf, told) = match self.erase_person(&controller, youth).await? {
            Erasure::Held(holds) => {
                return Ok(Answer::Refused(holds.iter().map(ToString::to_string).collect()));
            }
            Erasure::Done { leaf, told } => (leaf, told),
        };
        let mut lines = vec![format!("erased under all ids; leaf {leaf} of the audit log says so")];
        if !told.is_empty() {
            let told: Vec<String> = told.iter().map(ToString::to_string).collect();
            lines.push(format!(
                "tell those who were told something before (GDPR article 19): {}",
                told.join(", ")
            ));
        }
        lines.push(match self.scrub_if_due().await {
            Ok(()) => "no page of the database holds their bytes any more".to_owned(),
            Err(error) => {
                status::log(&error);
                "pages of the database may hold their bytes for now: the gateway tries again by itself"
                    .to_owned()
            }
        });
        lines.push(
            "backups that are older still hold them: a gateway that is restored erases them again".to_owned(),
        );
        Ok(Answer::Done(lines))
    }

    async fn find_person(&self, person: &str) -> Result<Option<YouthId>, Error> {
        if let Ok(name) = person.parse::<YouthName>() {
            return Ok(self.store.youth(name.youth).await?.map(|row| row.id));
        }
        let Ok(identity) = person.parse::<Identity>() else { return Ok(None) };
        let index = self.keys.index_of(&identity);
        Ok(self.store.youth_by_identity(&index).await?.map(|row| row.id))
    }
}
