//! Which good documents are the hostile ones made of? Seeds of the fuzz targets, with `Sana.` for a text and `ID-1` for
//! an id that the agency has chosen.

/// A good document for a door.
pub struct Base {
    /// The door.
    pub door: &'static str,
    seed: &'static str,
    /// What of the seed becomes the text.
    text: &'static str,
    /// What becomes the id.
    id: &'static str,
}

impl Base {
    /// The document.
    pub fn document(&self) -> String {
        let (_, document) = self.seed.split_once('\n').unwrap();
        document.replace(self.text, "Sana.").replace(self.id, "ID-1")
    }
}

/// A message, and the answers to a delivery and a question.
pub const SOAP: &[Base] = &[
    Base {
        door: "te message",
        seed: include_str!("../../corpus/soap_request/rejected"),
        text: "Täynnä.",
        id: "virkailija-1",
    },
    Base {
        door: "te handover",
        seed: include_str!("../../corpus/soap_answer/handover"),
        text: "TE-17",
        id: "ID-1",
    },
    Base {
        door: "te facts",
        seed: include_str!("../../corpus/soap_answer/facts"),
        text: "Alkukeskustelu",
        id: "K-1",
    },
];

/// Messages, a consent, and answers to questions.
pub const JSON: &[Base] = &[
    Base {
        door: "walmu message",
        seed: include_str!("../../corpus/webhook/walmu-accepted"),
        text: r"Sana.\nToinen.",
        id: "valmentaja-1",
    },
    Base {
        door: "kela message",
        seed: include_str!("../../corpus/webhook/kela-accepted"),
        text: "Sana.",
        id: "virkailija-1",
    },
    Base {
        door: "social message",
        seed: include_str!("../../corpus/fhir_json/rejected"),
        text: "Täynnä.",
        id: "virkailija-1",
    },
    Base {
        door: "consent R4",
        seed: include_str!("../../corpus/fhir_json/consent"),
        text: "Sana.",
        id: "Oma",
    },
    Base {
        door: "walmu facts",
        seed: include_str!("../../corpus/webhook/walmu-facts"),
        text: "Ohjaus",
        id: "P-1",
    },
    Base {
        door: "kela facts",
        seed: include_str!("../../corpus/webhook/kela-facts"),
        text: "Haettu",
        id: "E-1",
    },
    Base {
        door: "social facts",
        seed: include_str!("../../corpus/fhir_json/facts"),
        text: "Vuokralla",
        id: "e4",
    },
];
