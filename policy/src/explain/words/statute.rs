//! How is a section of law cited in each language?

use super::Language;

/// Puts the citation of a rule (`621/1999 § 26, § 29` or `GDPR article 15`, with commas between) into a language. What
/// is not written in that way stays as it is.
pub(super) fn cited(statute: &str, language: Language) -> String {
    let mut text = String::new();
    for (place, part) in statute.split(',').map(str::trim).enumerate() {
        if place > 0 {
            text.push_str(", ");
        }
        text.push_str(&one(part, language));
    }
    text
}

fn one(part: &str, language: Language) -> String {
    if let Some(article) = part.strip_prefix("GDPR ") {
        return format!("{} {}", regulation(language), self::article(article, language));
    }
    if part.starts_with("article ") {
        return article(part, language);
    }
    match part.split_once('§') {
        Some((act, section)) if act.trim().is_empty() => self::section(section.trim(), language),
        Some((act, section)) => {
            format!("{} {}", self::act(act.trim(), language), self::section(section.trim(), language))
        }
        None => act(part, language),
    }
}

fn section(number: &str, language: Language) -> String {
    match language {
        Language::Finnish | Language::Swedish => format!("{number} §"),
        Language::English => format!("section {number}"),
    }
}

fn article(words: &str, language: Language) -> String {
    let number = words.strip_prefix("article ").unwrap_or(words);
    match language {
        Language::Finnish => format!("artikla {number}"),
        Language::Swedish => format!("artikel {number}"),
        Language::English => format!("article {number}"),
    }
}

const fn regulation(language: Language) -> &'static str {
    match language {
        Language::Finnish => "EU:n tietosuoja-asetus,",
        Language::Swedish => "EU:s dataskyddsförordning,",
        Language::English => "the GDPR,",
    }
}

/// Names an act by its usual short name, or by its number.
fn act(number: &str, language: Language) -> String {
    let names = match number {
        "1285/2016" => ["nuorisolaki", "ungdomslagen", "the Youth Act"],
        "1301/2014" => ["sosiaalihuoltolaki", "socialvårdslagen", "the Social Welfare Act"],
        "1412/1997" => ["toimeentulotukilaki", "lagen om utkomststöd", "the Social Assistance Act"],
        "417/2007" => ["lastensuojelulaki", "barnskyddslagen", "the Child Welfare Act"],
        "442/1999" => ["holhoustoimilaki", "lagen om förmyndarverksamhet", "the Guardianship Services Act"],
        "621/1999" => {
            ["julkisuuslaki", "offentlighetslagen", "the Act on the Openness of Government Activities"]
        }
        "661/2009" => [
            "väestötietolaki",
            "lagen om befolkningsdatasystemet",
            "the Act on the Population Information System",
        ],
        "703/2023" => ["asiakastietolaki", "kunduppgiftslagen", "the Client Data Act"],
        "812/2000" => [
            "sosiaalihuollon asiakaslaki",
            "klientlagen inom socialvården",
            "the Act on the Status and Rights of Social Welfare Clients",
        ],
        "906/2019" => ["tiedonhallintalaki", "informationshanteringslagen", "the Information Management Act"],
        _ if number.starts_with(|first: char| first.is_ascii_digit()) => {
            let word = match language {
                Language::Finnish => "laki",
                Language::Swedish => "lag",
                Language::English => "act",
            };
            return format!("{word} {number}");
        }
        _ => return number.to_owned(),
    };
    let [finnish, swedish, english] = names;
    match language {
        Language::Finnish => finnish,
        Language::Swedish => swedish,
        Language::English => english,
    }
    .to_owned()
}
