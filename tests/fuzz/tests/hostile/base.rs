//! Which good documents are the hostile ones made of? Seeds of the fuzz targets, with `Sana.` for a text and `ID-1` for
//! an id that the agency has chosen.

/// A good document for a door.
pub struct Base {
    /// The door; where more comes in by it, with a comma and what the document is about.
    pub name: &'static str,
    seed: &'static str,
    /// What of the seed becomes the text.
    text: &'static str,
    /// What becomes the id.
    id: &'static str,
}

const fn base(name: &'static str, seed: &'static str, text: &'static str, id: &'static str) -> Base {
    Base { name, seed, text, id }
}

impl Base {
    /// The door.
    pub fn door(&self) -> &'static str {
        self.name.split_once(',').map_or(self.name, |(door, _)| door)
    }

    /// The document.
    pub fn document(&self) -> String {
        let (_, document) = self.seed.split_once('\n').unwrap();
        document.replace(self.text, "Sana.").replace(self.id, "ID-1")
    }
}

/// Every good document.
pub fn all() -> impl Iterator<Item = &'static Base> {
    let soap = SOAP.iter().flat_map(|office| {
        let Office { agency: _, messages, receipts, facts, failure: _ } = office;
        messages.iter().chain(receipts).chain([facts])
    });
    soap.chain(JSON.iter().chain(&RECEIPTS).chain(&ASKED).map(|(_, base)| base))
}

/// An agency that speaks over X-Road SOAP.
pub struct Office {
    /// Its kind.
    pub agency: &'static str,
    /// Messages of its own.
    pub messages: [Base; 4],
    /// Answers to deliveries, and to the question whether one has arrived.
    pub receipts: [Base; 4],
    /// An answer to a question.
    pub facts: Base,
    /// The door of its failures.
    pub failure: &'static str,
}

/// The same table of hostile XML is tried with each.
pub static SOAP: &[Office] = &[
    Office {
        agency: "te",
        messages: [
            base("te message", include_str!("../../corpus/soap_request/rejected"), "Täynnä.", "virkailija-1"),
            base(
                "te message, answered",
                include_str!("../../corpus/soap_request/answered"),
                "Etsii alaa.",
                "virkailija-1",
            ),
            base(
                "te message, referral",
                include_str!("../../corpus/soap_request/referral"),
                "Koulutus keskeytyi.",
                "virkailija-1",
            ),
            base(
                "te message, plan",
                include_str!("../../corpus/soap_request/plan"),
                "Ohjausta",
                "virkailija-1",
            ),
        ],
        receipts: [
            base("te handover", include_str!("../../corpus/soap_answer/handover"), "TE-17", "ID-1"),
            base("te notice", include_str!("../../corpus/soap_answer/notice"), "TE-17", "ID-1"),
            base("te plan", include_str!("../../corpus/soap_answer/plan"), "TE-17", "ID-1"),
            base("te status", include_str!("../../corpus/soap_answer/status"), "TE-17", "ID-1"),
        ],
        facts: base("te facts", include_str!("../../corpus/soap_answer/facts"), "Alkukeskustelu", "K-1"),
        failure: "te failure",
    },
    Office {
        agency: "typpi",
        messages: [
            base(
                "typpi message",
                include_str!("../../corpus/soap_request/typpi-rejected"),
                "Sana &amp; &lt;toinen&gt;: &quot;hyvä&quot; ääni.",
                "virkailija-7",
            ),
            base(
                "typpi message, answered",
                include_str!("../../corpus/soap_request/typpi-answered"),
                "so-p0tt6",
                "virkailija-7",
            ),
            base(
                "typpi message, referral",
                include_str!("../../corpus/soap_request/typpi-referral"),
                "Huoli.",
                "virkailija-7",
            ),
            base(
                "typpi message, plan",
                include_str!("../../corpus/soap_request/typpi-plan"),
                "Haluan rakennukselle.",
                "virkailija-7",
            ),
        ],
        receipts: [
            base("typpi handover", include_str!("../../corpus/soap_answer/typpi-handover"), "YR-17", "ID-1"),
            base("typpi notice", include_str!("../../corpus/soap_answer/typpi-notice"), "YR-17", "ID-1"),
            base("typpi plan", include_str!("../../corpus/soap_answer/typpi-plan"), "YR-17", "ID-1"),
            base("typpi status", include_str!("../../corpus/soap_answer/typpi-status"), "YR-17", "ID-1"),
        ],
        facts: base(
            "typpi facts",
            include_str!("../../corpus/soap_answer/typpi-facts"),
            "Rekisterin vastuuvirkailija, rivi 2",
            "YR-K2",
        ),
        failure: "typpi failure",
    },
];

/// Messages, a consent, and answers to questions, each with its column of codes in `json_table.rs`.
pub static JSON: [(usize, Base); 16] = [
    (
        0,
        base(
            "walmu message",
            include_str!("../../corpus/webhook/walmu-accepted"),
            r"Sana.\nToinen.",
            "valmentaja-1",
        ),
    ),
    (
        0,
        base(
            "walmu message, answered",
            include_str!("../../corpus/webhook/walmu-answered"),
            "Etsii alaa.",
            "valmentaja-1",
        ),
    ),
    (
        0,
        base(
            "walmu message, referral",
            include_str!("../../corpus/webhook/walmu-referral"),
            "Keskeytyi.",
            "valmentaja-1",
        ),
    ),
    (0, base("walmu message, plan", include_str!("../../corpus/webhook/walmu-plan"), "S-1", "valmentaja-1")),
    (1, base("kela message", include_str!("../../corpus/webhook/kela-accepted"), "Sana.", "virkailija-1")),
    (
        1,
        base(
            "kela message, answered",
            include_str!("../../corpus/webhook/kela-answered"),
            "Etsii.",
            "virkailija-1",
        ),
    ),
    (
        1,
        base(
            "kela message, referral",
            include_str!("../../corpus/webhook/kela-referral"),
            "Keskeytyi.",
            "virkailija-1",
        ),
    ),
    (
        1,
        base(
            "kela message, notice",
            include_str!("../../corpus/webhook/kela-notice"),
            "Tarve.",
            "virkailija-1",
        ),
    ),
    (2, base("social message", include_str!("../../corpus/fhir_json/rejected"), "Täynnä.", "virkailija-1")),
    (
        2,
        base(
            "social message, answered",
            include_str!("../../corpus/fhir_json/answered"),
            "Etsii alaa.",
            "virkailija-1",
        ),
    ),
    (
        2,
        base(
            "social message, referral",
            include_str!("../../corpus/fhir_json/referral"),
            "Etsii alaa.",
            "virkailija-1",
        ),
    ),
    (2, base("social message, plan", include_str!("../../corpus/fhir_json/plan"), "Hyvä.", "virkailija-1")),
    (3, base("consent R4", include_str!("../../corpus/fhir_json/consent"), "Sana.", "Oma")),
    (4, base("walmu facts", include_str!("../../corpus/webhook/walmu-facts"), "Ohjaus", "P-1")),
    (5, base("kela facts", include_str!("../../corpus/webhook/kela-facts"), "Haettu", "E-1")),
    (6, base("social facts", include_str!("../../corpus/fhir_json/facts"), "Vuokralla", "e4")),
];

/// Answers to deliveries, and to the question of social services whether one has arrived, each with its column of codes.
pub static RECEIPTS: [(usize, Base); 11] = [
    (0, base("walmu handover", include_str!("../../corpus/webhook/walmu-handover"), "W-000001", "ID-1")),
    (0, base("walmu notice", include_str!("../../corpus/webhook/walmu-notice-taken"), "W-000001", "ID-1")),
    (0, base("walmu plan", include_str!("../../corpus/webhook/walmu-plan-taken"), "W-000001", "ID-1")),
    (1, base("kela handover", include_str!("../../corpus/webhook/kela-handover"), "W-000001", "ID-1")),
    (1, base("kela notice", include_str!("../../corpus/webhook/kela-notice-taken"), "W-000001", "ID-1")),
    (1, base("kela plan", include_str!("../../corpus/webhook/kela-plan-taken"), "W-000001", "ID-1")),
    (
        2,
        base(
            "social handover",
            include_str!("../../corpus/fhir_json/handover"),
            "Patient/17/_history/1",
            "ID-1",
        ),
    ),
    (
        2,
        base(
            "social notice",
            include_str!("../../corpus/fhir_json/notice-taken"),
            "Task/17/_history/1",
            "ID-1",
        ),
    ),
    (
        2,
        base(
            "social plan",
            include_str!("../../corpus/fhir_json/plan-taken"),
            "Patient/17/_history/1",
            "ID-1",
        ),
    ),
    (
        2,
        base(
            "social disclosure",
            include_str!("../../corpus/fhir_json/disclosure-taken"),
            "AuditEvent/17/_history/1",
            "ID-1",
        ),
    ),
    (3, base("social status", include_str!("../../corpus/fhir_json/status"), "17", "ID-1")),
];

/// Answers to the question whether a delivery has arrived that are receipts as well, each with the column of the receipt.
pub static ASKED: [(usize, Base); 2] = [
    (0, base("walmu status", include_str!("../../corpus/webhook/walmu-status"), "W-000001", "ID-1")),
    (1, base("kela status", include_str!("../../corpus/webhook/kela-status"), "W-000001", "ID-1")),
];
