//! What exactly is an agency asked of which nobody knows whether it has got a message?
//!
//! Which message, when it was sent, what kind of thing to look for, and what its own number of it is. Nobody is named: the
//! message is found by its id.

use jiff::Timestamp;
use polku_proto::time::finnish_time;
use polku_proto::v1::LocalizedText;

use crate::store::{DeliveryItem, DeliveryRow};

/// The question in Finnish, Swedish and English.
pub(super) fn question(row: &DeliveryRow, sent: Option<Timestamp>) -> Vec<LocalizedText> {
    let [fi, sv, en] = thing(row.item);
    let (message, agency) = (row.message, &row.agency);
    let (day, time) = match sent.map(finnish_time) {
        Some(shown) => (
            format!("{}.{}.{}", shown.day(), shown.month(), shown.year()),
            format!("{}.{:02}", shown.hour(), shown.minute()),
        ),
        None => (String::from("-"), String::from("-")),
    };
    let texts = [
        (
            "fi",
            format!(
                "Onko järjestelmäänne ({agency}) saapunut sanoma {message}? Se on {fi}, ja se lähetettiin {day} klo {time}. \
                 Etsikää sitä sanoman tunnisteella. Jos se on saapunut, mikä on sen numero teillä?"
            ),
        ),
        (
            "sv",
            format!(
                "Har meddelandet {message} kommit in i ert system ({agency})? Det är {sv} och skickades {day} kl. {time}. \
                 Sök med meddelandets identifierare. Om det har kommit in, vilket nummer har det hos er?"
            ),
        ),
        (
            "en",
            format!(
                "Has message {message} come into your system ({agency})? It is {en}, and was sent on {day} at {time}, \
                 Finnish time. Look for it by the id of the message. If it has come in, what is your number of it?"
            ),
        ),
    ];
    let text = |(language, value): (&str, String)| LocalizedText {
        language: language.to_owned(),
        value,
        ..LocalizedText::default()
    };
    texts.into_iter().map(text).collect()
}

/// What is looked for, in the same languages.
fn thing(item: DeliveryItem) -> [&'static str; 3] {
    match item {
        DeliveryItem::Handover => ["lähete", "en remiss", "a referral"],
        DeliveryItem::StateChange => {
            ["ilmoitus lähetteen tilasta", "ett meddelande om en remiss status", "news of a referral's state"]
        }
        DeliveryItem::Information(_) => {
            ["lähetteen lisätieto", "en tilläggsuppgift till en remiss", "an answer about a referral"]
        }
        DeliveryItem::ConsentWithdrawn => [
            "ilmoitus siitä, ettei lähetteelle enää ole lupaa",
            "ett meddelande om att en remiss inte längre har tillstånd",
            "the news that nothing permits a referral any more",
        ],
        DeliveryItem::DisclosureNotice { .. } => {
            ["luovutusilmoitus", "en anmälan om utlämnande", "the notice of a disclosure"]
        }
        DeliveryItem::PlanPart => {
            ["yhteisen suunnitelman osa", "en del av en gemensam plan", "a section of a joint plan"]
        }
        DeliveryItem::PlanEnded => [
            "ilmoitus siitä, ettei suunnitelman osasta enää kerrota",
            "ett meddelande om att en del av en plan inte längre delges",
            "the news that a section of a joint plan is told no more",
        ],
    }
}

#[cfg(test)]
mod tests;
