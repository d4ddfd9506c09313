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

/// An agency that speaks over X-Road SOAP.
pub struct Office {
    /// A message of its own.
    pub message: Base,
    /// An answer to a delivery.
    pub receipt: Base,
    /// An answer to a question.
    pub facts: Base,
    /// The door of its failures.
    pub failure: &'static str,
}

impl Office {
    /// Its documents, in the order of the codes in `xml_table.rs`.
    pub fn bases(&self) -> [&Base; 3] {
        [&self.message, &self.receipt, &self.facts]
    }
}

/// The same table of hostile XML is tried with all of them.
pub static SOAP: [Office; 2] = [
    Office {
        message: Base {
            door: "te message",
            seed: include_str!("../../corpus/soap_request/rejected"),
            text: "Täynnä.",
            id: "virkailija-1",
        },
        receipt: Base {
            door: "te handover",
            seed: include_str!("../../corpus/soap_answer/handover"),
            text: "TE-17",
            id: "ID-1",
        },
        facts: Base {
            door: "te facts",
            seed: include_str!("../../corpus/soap_answer/facts"),
            text: "Alkukeskustelu",
            id: "K-1",
        },
        failure: "te failure",
    },
    Office {
        message: Base {
            door: "typpi message",
            seed: include_str!("../../corpus/soap_request/typpi-rejected"),
            text: "Sana &amp; &lt;toinen&gt;: &quot;hyvä&quot; ääni.",
            id: "virkailija-7",
        },
        receipt: Base {
            door: "typpi handover",
            seed: include_str!("../../corpus/soap_answer/typpi-handover"),
            text: "YR-17",
            id: "ID-1",
        },
        facts: Base {
            door: "typpi facts",
            seed: include_str!("../../corpus/soap_answer/typpi-facts"),
            text: "Rekisterin vastuuvirkailija, rivi 2",
            id: "YR-K2",
        },
        failure: "typpi failure",
    },
];

/// Messages, a consent, and answers to questions.
pub static JSON: [Base; 7] = [
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

/// Answers to deliveries.
pub static RECEIPTS: [Base; 3] = [
    Base {
        door: "walmu handover",
        seed: include_str!("../../corpus/webhook/walmu-handover"),
        text: "W-000001",
        id: "ID-1",
    },
    Base {
        door: "kela handover",
        seed: include_str!("../../corpus/webhook/kela-handover"),
        text: "W-000001",
        id: "ID-1",
    },
    Base {
        door: "social handover",
        seed: include_str!("../../corpus/fhir_json/handover"),
        text: "Patient/17/_history/1",
        id: "ID-1",
    },
];
