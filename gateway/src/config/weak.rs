//! What in a configuration would work, and should not be so?
//!
//! `polku check-config` asks it beside what keeps a gateway from starting: what is wrong here must not go into service, but a
//! gateway that is in service starts with it again.

use std::collections::BTreeMap;
use std::path::Path;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use toml::Value;
use x509_cert::Certificate;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{Decode as _, Reader as _, SliceReader};
use x509_cert::ext::pkix::ExtendedKeyUsage;

use super::{Config, Problem, parse};
use crate::front::tls::{Lasting, TlsFile};

const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_BITS: usize = 2048;

/// The prefixes of the largest networks that an agency's system may stand in.
const SHORTEST_V4: u8 = 8;
const SHORTEST_V6: u8 = 16;

/// What is weak.
#[derive(Debug, Default)]
pub struct Weak {
    /// What must be put right.
    pub wrong: Vec<Problem>,
    /// What may be meant.
    pub doubtful: Vec<Problem>,
}

impl Config {
    /// Looks for what is weak. Lines are those of the file as it is now.
    #[must_use]
    pub fn weak(&self) -> Weak {
        let mut weak = Weak::default();
        self.own_certificate(&mut weak);
        self.authorities(&mut weak);
        if self.tls.files().revocations.is_none() {
            weak.doubtful.push(problem(
                "tls.crl_file",
                "nothing",
                "the revocation lists of the authorities of client certificates",
                "a certificate that is taken back is let in until the registry of organisations is another one",
            ));
        }
        self.connections(&mut weak);
        self.pins(&mut weak);
        let Weak { wrong, doubtful } = weak;
        Weak { wrong: self.located(wrong), doubtful: self.located(doubtful) }
    }

    /// Adds the lines of the file to problems.
    #[must_use]
    pub fn located(&self, problems: Vec<Problem>) -> Vec<Problem> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        parse::located(&text, problems)
    }

    fn own_certificate(&self, weak: &mut Weak) {
        let key = "tls.certificate_file";
        let chain = certificates(&self.tls.files().certificate);
        for (place, certificate) in chain.iter().enumerate() {
            // Clients may know another way from it to an authority than through those that come with it.
            let of_age = if place == 0 { &mut weak.wrong } else { &mut weak.doubtful };
            of_age.extend(outdated(key, certificate));
            weak.wrong.extend(short(key, certificate));
        }
        let usage =
            chain.first().and_then(|own| own.tbs_certificate.get::<ExtendedKeyUsage>().ok().flatten());
        if let Some((_, ExtendedKeyUsage(usages))) = usage
            && !usages.iter().any(|usage| usage.to_string() == SERVER_AUTH)
        {
            weak.wrong.push(problem(
                key,
                "a certificate that is not for a server",
                "one whose extended key usage has serverAuth",
                "no client accepts another one",
            ));
        }
    }

    /// One of several may have had its day: those that it has certified have, too. Without any nobody is let in.
    fn authorities(&self, weak: &mut Weak) {
        let key = "tls.client_ca_file";
        let all = certificates(&self.tls.files().client_authorities);
        let outdated: Vec<Problem> = all.iter().filter_map(|authority| outdated(key, authority)).collect();
        if outdated.len() == all.len() {
            weak.wrong.extend(outdated);
        } else {
            weak.doubtful.extend(outdated);
        }
        weak.wrong.extend(all.iter().filter_map(|authority| short(key, authority)));
    }

    /// Where the names of agencies' systems may lead.
    fn connections(&self, weak: &mut Weak) {
        for (index, agency) in self.agencies.iter().enumerate() {
            let settings = agency.adapter.as_ref().map(|adapter| &adapter.settings);
            let connection = settings.and_then(|settings| settings.get("connection")?.as_table());
            let Some(connection) = connection else { continue };
            let key = format!("agency[{index}].settings.connection.addresses");
            let expected = "the networks in which the agency's system stands, such as 192.0.2.0/28";
            let why = "whoever answers for the name in the DNS can lead the gateway anywhere";
            match connection.get("addresses").and_then(Value::as_array) {
                Some(networks) if !networks.is_empty() => {
                    let wide = networks.iter().filter_map(Value::as_str).filter(|network| is_wide(network));
                    weak.wrong.extend(wide.map(|wide| problem(&key, &format!("{wide:?}"), expected, why)));
                }
                Some(_) | None => weak.doubtful.push(problem(&key, "nothing", expected, why)),
            }
        }
    }

    /// A pinned certificate says which agency speaks.
    fn pins(&self, weak: &mut Weak) {
        let mut holders: BTreeMap<String, usize> = BTreeMap::new();
        for (index, agency) in self.agencies.iter().enumerate() {
            let settings = agency.adapter.as_ref().map(|adapter| &adapter.settings);
            let pins = settings.and_then(|settings| settings.get("inbound_certificate_sha256")?.as_array());
            for pin in pins.into_iter().flatten().filter_map(Value::as_str) {
                let first = *holders.entry(pin.to_ascii_lowercase()).or_insert(index);
                if first != index {
                    weak.doubtful.push(problem(
                        &format!("agency[{index}].settings.inbound_certificate_sha256"),
                        &format!("a certificate that agency[{first}] is known by, too"),
                        "a certificate of this agency alone, unless both speak through one security server",
                        "whoever holds it can speak for both of them",
                    ));
                }
            }
        }
    }
}

fn problem(key: &str, found: &str, expected: &str, why: &'static str) -> Problem {
    Problem { key: key.to_owned(), line: None, found: found.to_owned(), expected: expected.to_owned(), why }
}

/// Whether a network is larger than any that belongs to one organisation. Two halves are all there is as well.
fn is_wide(network: &str) -> bool {
    let Some((address, length)) = network.split_once('/') else { return false };
    let shortest = if address.contains(':') { SHORTEST_V6 } else { SHORTEST_V4 };
    length.parse().is_ok_and(|length: u8| length < shortest)
}

/// Those that can be read: what cannot be has been reported.
fn certificates(path: &Path) -> Vec<Certificate> {
    let found = CertificateDer::pem_file_iter(path).into_iter().flatten().flatten();
    found.filter_map(|der| Certificate::from_der(&der).ok()).collect()
}

fn outdated(key: &str, certificate: &Certificate) -> Option<Problem> {
    let lasting = Lasting::of(TlsFile::Certificate, certificate);
    let now = UnixTime::now();
    let found = if lasting.is_early(now) {
        "a certificate that does not hold yet"
    } else if lasting.left(now).is_none() {
        "a certificate that has expired"
    } else {
        return None;
    };
    Some(problem(key, found, "one that holds now", "nobody accepts it, and nobody whom it has certified"))
}

fn short(key: &str, certificate: &Certificate) -> Option<Problem> {
    let public = &certificate.tbs_certificate.subject_public_key_info;
    if public.algorithm.oid.to_string() != RSA {
        return None;
    }
    let mut reader = SliceReader::new(public.subject_public_key.raw_bytes()).ok()?;
    let modulus = reader.sequence(|inside| {
        let modulus = UintRef::decode(inside)?.as_bytes().len();
        UintRef::decode(inside)?;
        Ok::<_, x509_cert::der::Error>(modulus)
    });
    let bits = modulus.ok()? * 8;
    let found = format!("a certificate with an RSA key of {bits} bits");
    let why = "shorter ones can be broken, and nothing that is signed by them is accepted";
    (bits < RSA_BITS).then(|| problem(key, &found, "an ECDSA key, or an RSA key of 2048 bits at least", why))
}
