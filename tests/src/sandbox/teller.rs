//! How is the story told, line by line, and what when something is not as told?

use std::fmt::{self, Debug, Display};
use std::io::Write;

use tonic::{Response, Status};
use tonic_types::StatusExt;

/// How wide a line may become, in characters.
const WIDTH: usize = 100;

/// Writes the story down as it happens.
pub struct Teller<'a> {
    out: &'a mut dyn Write,
    chapter: u32,
    step: u32,
}

impl Debug for Teller<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Teller").field("step", &self.step).finish_non_exhaustive()
    }
}

/// Something was not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// What is looked at.
    pub what: String,
    /// How it should be.
    pub expected: String,
    /// How it is.
    pub seen: String,
}

impl Display for Deviation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: expected {}, seen {}", self.what, self.expected, self.seen)
    }
}

impl std::error::Error for Deviation {}

impl<'a> Teller<'a> {
    /// Tells the story to whoever reads `out`.
    #[must_use]
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out, chapter: 0, step: 0 }
    }

    /// How many steps have been begun.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.step
    }

    /// Says what went otherwise, and where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn otherwise(&mut self, deviation: &Deviation) -> std::io::Result<()> {
        let Deviation { what, expected, seen } = deviation;
        writeln!(self.out, "\n   NOT AS TOLD in step {}: {what}", self.step)?;
        writeln!(self.out, "     expected: {expected}\n     seen:     {seen}")?;
        self.out.flush()
    }

    pub(super) fn chapter(&mut self, title: &str) -> Result<(), Deviation> {
        self.chapter += 1;
        self.write(&format!("\n\nCHAPTER {}: {title}\n", self.chapter))
    }

    pub(super) fn step(&mut self, title: &str) -> Result<(), Deviation> {
        self.step += 1;
        self.write(&format!("\n{}. {title}\n", self.step))
    }

    pub(super) fn title(&mut self, text: &str) -> Result<(), Deviation> {
        self.write(&format!("{text}\n"))
    }

    pub(super) fn line(&mut self, text: impl Display) -> Result<(), Deviation> {
        self.write(&format!("   {text}\n"))
    }

    /// A name and what belongs to it, over as many lines as it takes.
    pub(super) fn entry<T: AsRef<str>>(&mut self, name: &str, words: &[T]) -> Result<(), Deviation> {
        let mut line = format!("     {name:<16}");
        let margin = line.chars().count();
        for (index, word) in words.iter().enumerate() {
            let word = word.as_ref();
            let comma = if index + 1 < words.len() { "," } else { "" };
            if line.chars().count() > margin && line.chars().count() + word.chars().count() + 2 > WIDTH {
                self.write(&format!("{}\n", line.trim_end()))?;
                line = " ".repeat(margin);
            }
            line = format!("{line}{word}{comma} ");
        }
        self.write(&format!("{}\n", line.trim_end()))
    }

    fn write(&mut self, text: &str) -> Result<(), Deviation> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(|error| Deviation {
            what: "the story itself".into(),
            expected: "a reader".into(),
            seen: error.to_string(),
        })
    }
}

/// Goes on if both are the same.
pub(super) fn same<T: PartialEq + Debug>(what: &str, expected: &T, seen: &T) -> Result<(), Deviation> {
    if expected == seen { Ok(()) } else { Err(deviation(what, format!("{expected:?}"), format!("{seen:?}"))) }
}

/// Goes on if it is there.
pub(super) fn there<T>(what: &str, seen: Option<T>) -> Result<T, Deviation> {
    seen.ok_or_else(|| deviation(what, "one".into(), "none".into()))
}

/// Goes on if the gateway has answered the call.
pub(super) fn answered<T>(call: &str, seen: Result<Response<T>, Status>) -> Result<T, Deviation> {
    seen.map(Response::into_inner).map_err(|status| deviation(call, "an answer".into(), refusal(&status)))
}

/// Goes on if an agency's own message has been answered.
pub(super) fn exchanged<T>(message: &str, seen: anyhow::Result<T>) -> Result<T, Deviation> {
    seen.map_err(|error| deviation(message, "an answer".into(), format!("{error:#}")))
}

/// A status as code and reason, with the fields that are wrong; its text may be long.
pub(super) fn refusal(status: &Status) -> String {
    let details = status.get_error_details();
    let reason = details.error_info().map_or("", |info| info.reason.as_str());
    let fields = details.bad_request().map_or(&[][..], |bad| bad.field_violations.as_slice());
    let fields: Vec<String> =
        fields.iter().map(|field| format!("({}: {})", field.field, field.description)).collect();
    format!("{:?} {reason} {}", status.code(), fields.join(" ")).trim_end().to_owned()
}

fn deviation(what: &str, expected: String, seen: String) -> Deviation {
    Deviation { what: what.into(), expected, seen }
}
