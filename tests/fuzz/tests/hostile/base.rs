//! Which good documents are the hostile ones made of? Seeds of the fuzz targets, with `Sana.` for a text and `ID-1` for
//! an id that the agency has chosen.

/// A good document for a door.
pub struct Base {
    /// The door, and what the document is about where more comes in by it.
    pub name: &'static str,
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

/// Every good document.
pub fn all() -> impl Iterator<Item = &'static Base> {
    let soap = SOAP.iter().flat_map(|office| {
        let Office { messages, receipts, facts, failure: _ } = office;
        messages.iter().chain(receipts).chain([facts])
    });
    soap.chain(JSON.iter().chain(&RECEIPTS).chain(&ASKED).map(|(_, base)| base))
}

/// An agency that speaks over X-Road SOAP.
pub struct Office {
    /// Messages of its own.
    pub messages: [Base; 4],
    /// Answers to deliveries, and to the question whether one has arrived.
    pub receipts: [Base; 4],
    /// An answer to a question.
    pub facts: Base,
    /// The door of its failures.
    pub failure: &'static str,
}

/// The same table of hostile XML is tried with both.
pub static SOAP: [Office; 2] = [
    Office {
        messages: [
            Base {
                name: "te message",
                door: "te message",
                seed: include_str!("../../corpus/soap_request/rejected"),
                text: "Täynnä.",
                id: "virkailija-1",
            },
            Base {
                name: "te message, answered",
                door: "te message",
                seed: include_str!("../../corpus/soap_request/answered"),
                text: "Etsii alaa.",
                id: "virkailija-1",
            },
            Base {
                name: "te message, referral",
                door: "te message",
                seed: include_str!("../../corpus/soap_request/referral"),
                text: "Koulutus keskeytyi.",
                id: "virkailija-1",
            },
            Base {
                name: "te message, plan",
                door: "te message",
                seed: include_str!("../../corpus/soap_request/plan"),
                text: "Ohjausta",
                id: "virkailija-1",
            },
        ],
        receipts: [
            Base {
                name: "te handover",
                door: "te handover",
                seed: include_str!("../../corpus/soap_answer/handover"),
                text: "TE-17",
                id: "ID-1",
            },
            Base {
                name: "te notice",
                door: "te notice",
                seed: include_str!("../../corpus/soap_answer/notice"),
                text: "TE-17",
                id: "ID-1",
            },
            Base {
                name: "te plan",
                door: "te plan",
                seed: include_str!("../../corpus/soap_answer/plan"),
                text: "TE-17",
                id: "ID-1",
            },
            Base {
                name: "te status",
                door: "te status",
                seed: include_str!("../../corpus/soap_answer/status"),
                text: "TE-17",
                id: "ID-1",
            },
        ],
        facts: Base {
            name: "te facts",
            door: "te facts",
            seed: include_str!("../../corpus/soap_answer/facts"),
            text: "Alkukeskustelu",
            id: "K-1",
        },
        failure: "te failure",
    },
    Office {
        messages: [
            Base {
                name: "typpi message",
                door: "typpi message",
                seed: include_str!("../../corpus/soap_request/typpi-rejected"),
                text: "Sana &amp; &lt;toinen&gt;: &quot;hyvä&quot; ääni.",
                id: "virkailija-7",
            },
            Base {
                name: "typpi message, answered",
                door: "typpi message",
                seed: include_str!("../../corpus/soap_request/typpi-answered"),
                text: "so-p0tt6",
                id: "virkailija-7",
            },
            Base {
                name: "typpi message, referral",
                door: "typpi message",
                seed: include_str!("../../corpus/soap_request/typpi-referral"),
                text: "Huoli.",
                id: "virkailija-7",
            },
            Base {
                name: "typpi message, plan",
                door: "typpi message",
                seed: include_str!("../../corpus/soap_request/typpi-plan"),
                text: "Haluan rakennukselle.",
                id: "virkailija-7",
            },
        ],
        receipts: [
            Base {
                name: "typpi handover",
                door: "typpi handover",
                seed: include_str!("../../corpus/soap_answer/typpi-handover"),
                text: "YR-17",
                id: "ID-1",
            },
            Base {
                name: "typpi notice",
                door: "typpi notice",
                seed: include_str!("../../corpus/soap_answer/typpi-notice"),
                text: "YR-17",
                id: "ID-1",
            },
            Base {
                name: "typpi plan",
                door: "typpi plan",
                seed: include_str!("../../corpus/soap_answer/typpi-plan"),
                text: "YR-17",
                id: "ID-1",
            },
            Base {
                name: "typpi status",
                door: "typpi status",
                seed: include_str!("../../corpus/soap_answer/typpi-status"),
                text: "YR-17",
                id: "ID-1",
            },
        ],
        facts: Base {
            name: "typpi facts",
            door: "typpi facts",
            seed: include_str!("../../corpus/soap_answer/typpi-facts"),
            text: "Rekisterin vastuuvirkailija, rivi 2",
            id: "YR-K2",
        },
        failure: "typpi failure",
    },
];

/// Messages, a consent, and answers to questions, each with its column of codes in `json_table.rs`.
pub static JSON: [(usize, Base); 16] = [
    (
        0,
        Base {
            name: "walmu message",
            door: "walmu message",
            seed: include_str!("../../corpus/webhook/walmu-accepted"),
            text: r"Sana.\nToinen.",
            id: "valmentaja-1",
        },
    ),
    (
        0,
        Base {
            name: "walmu message, answered",
            door: "walmu message",
            seed: include_str!("../../corpus/webhook/walmu-answered"),
            text: "Etsii alaa.",
            id: "valmentaja-1",
        },
    ),
    (
        0,
        Base {
            name: "walmu message, referral",
            door: "walmu message",
            seed: include_str!("../../corpus/webhook/walmu-referral"),
            text: "Keskeytyi.",
            id: "valmentaja-1",
        },
    ),
    (
        0,
        Base {
            name: "walmu message, plan",
            door: "walmu message",
            seed: include_str!("../../corpus/webhook/walmu-plan"),
            text: "S-1",
            id: "valmentaja-1",
        },
    ),
    (
        1,
        Base {
            name: "kela message",
            door: "kela message",
            seed: include_str!("../../corpus/webhook/kela-accepted"),
            text: "Sana.",
            id: "virkailija-1",
        },
    ),
    (
        1,
        Base {
            name: "kela message, answered",
            door: "kela message",
            seed: include_str!("../../corpus/webhook/kela-answered"),
            text: "Etsii.",
            id: "virkailija-1",
        },
    ),
    (
        1,
        Base {
            name: "kela message, referral",
            door: "kela message",
            seed: include_str!("../../corpus/webhook/kela-referral"),
            text: "Keskeytyi.",
            id: "virkailija-1",
        },
    ),
    (
        1,
        Base {
            name: "kela message, notice",
            door: "kela message",
            seed: include_str!("../../corpus/webhook/kela-notice"),
            text: "Tarve.",
            id: "virkailija-1",
        },
    ),
    (
        2,
        Base {
            name: "social message",
            door: "social message",
            seed: include_str!("../../corpus/fhir_json/rejected"),
            text: "Täynnä.",
            id: "virkailija-1",
        },
    ),
    (
        2,
        Base {
            name: "social message, answered",
            door: "social message",
            seed: include_str!("../../corpus/fhir_json/answered"),
            text: "Etsii alaa.",
            id: "virkailija-1",
        },
    ),
    (
        2,
        Base {
            name: "social message, referral",
            door: "social message",
            seed: include_str!("../../corpus/fhir_json/referral"),
            text: "Etsii alaa.",
            id: "virkailija-1",
        },
    ),
    (
        2,
        Base {
            name: "social message, plan",
            door: "social message",
            seed: include_str!("../../corpus/fhir_json/plan"),
            text: "Hyvä.",
            id: "virkailija-1",
        },
    ),
    (
        3,
        Base {
            name: "consent R4",
            door: "consent R4",
            seed: include_str!("../../corpus/fhir_json/consent"),
            text: "Sana.",
            id: "Oma",
        },
    ),
    (
        4,
        Base {
            name: "walmu facts",
            door: "walmu facts",
            seed: include_str!("../../corpus/webhook/walmu-facts"),
            text: "Ohjaus",
            id: "P-1",
        },
    ),
    (
        5,
        Base {
            name: "kela facts",
            door: "kela facts",
            seed: include_str!("../../corpus/webhook/kela-facts"),
            text: "Haettu",
            id: "E-1",
        },
    ),
    (
        6,
        Base {
            name: "social facts",
            door: "social facts",
            seed: include_str!("../../corpus/fhir_json/facts"),
            text: "Vuokralla",
            id: "e4",
        },
    ),
];

/// Answers to deliveries, and to the question of social services whether one has arrived, each with its column of codes.
pub static RECEIPTS: [(usize, Base); 11] = [
    (
        0,
        Base {
            name: "walmu handover",
            door: "walmu handover",
            seed: include_str!("../../corpus/webhook/walmu-handover"),
            text: "W-000001",
            id: "ID-1",
        },
    ),
    (
        0,
        Base {
            name: "walmu notice",
            door: "walmu notice",
            seed: include_str!("../../corpus/webhook/walmu-notice-taken"),
            text: "W-000001",
            id: "ID-1",
        },
    ),
    (
        0,
        Base {
            name: "walmu plan",
            door: "walmu plan",
            seed: include_str!("../../corpus/webhook/walmu-plan-taken"),
            text: "W-000001",
            id: "ID-1",
        },
    ),
    (
        1,
        Base {
            name: "kela handover",
            door: "kela handover",
            seed: include_str!("../../corpus/webhook/kela-handover"),
            text: "W-000001",
            id: "ID-1",
        },
    ),
    (
        1,
        Base {
            name: "kela notice",
            door: "kela notice",
            seed: include_str!("../../corpus/webhook/kela-notice-taken"),
            text: "W-000001",
            id: "ID-1",
        },
    ),
    (
        1,
        Base {
            name: "kela plan",
            door: "kela plan",
            seed: include_str!("../../corpus/webhook/kela-plan-taken"),
            text: "W-000001",
            id: "ID-1",
        },
    ),
    (
        2,
        Base {
            name: "social handover",
            door: "social handover",
            seed: include_str!("../../corpus/fhir_json/handover"),
            text: "Patient/17/_history/1",
            id: "ID-1",
        },
    ),
    (
        2,
        Base {
            name: "social notice",
            door: "social notice",
            seed: include_str!("../../corpus/fhir_json/notice-taken"),
            text: "Task/17/_history/1",
            id: "ID-1",
        },
    ),
    (
        2,
        Base {
            name: "social plan",
            door: "social plan",
            seed: include_str!("../../corpus/fhir_json/plan-taken"),
            text: "Patient/17/_history/1",
            id: "ID-1",
        },
    ),
    (
        2,
        Base {
            name: "social disclosure",
            door: "social disclosure",
            seed: include_str!("../../corpus/fhir_json/disclosure-taken"),
            text: "AuditEvent/17/_history/1",
            id: "ID-1",
        },
    ),
    (
        3,
        Base {
            name: "social status",
            door: "social status",
            seed: include_str!("../../corpus/fhir_json/status"),
            text: "17",
            id: "ID-1",
        },
    ),
];

/// Answers to the question whether a delivery has arrived that are receipts as well, each with the column of the receipt.
pub static ASKED: [(usize, Base); 2] = [
    (
        0,
        Base {
            name: "walmu status",
            door: "walmu status",
            seed: include_str!("../../corpus/webhook/walmu-status"),
            text: "W-000001",
            id: "ID-1",
        },
    ),
    (
        1,
        Base {
            name: "kela status",
            door: "kela status",
            seed: include_str!("../../corpus/webhook/kela-status"),
            text: "W-000001",
            id: "ID-1",
        },
    ),
];
