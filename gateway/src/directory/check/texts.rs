//! Are texts, languages and areas of a directory as they have to be?

use polku_proto::is_plain;
use polku_proto::v1::localized_text::TextType;
use polku_proto::v1::service_area::AreaType;
use polku_proto::v1::{self, LocalizedText};

use crate::config::{Problems, quoted};
use crate::directory::file::{Area, Text};

/// The longest name, as in PTV, in characters.
pub(super) const NAME: usize = 100;
/// The longest description, in characters.
pub(super) const DESCRIPTION: usize = 4_000;
/// The longest list within something, in items.
const ITEMS: usize = 400;

const TYPES: [(&str, TextType); 4] = [
    ("Name", TextType::Name),
    ("AlternativeName", TextType::AlternativeName),
    ("Summary", TextType::Summary),
    ("Description", TextType::Description),
];
const AREAS: [(&str, AreaType); 1] = [("Municipality", AreaType::Municipality)];
const REACHES: [(&str, Reach); 2] = [("Nationwide", Reach::Nationwide), ("LimitedType", Reach::Limited)];
const LANGUAGE: &str = "a language of two lower-case letters, as in ISO 639-1";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Nationwide,
    Limited,
}

/// A place in the file.
#[derive(Debug)]
pub(super) struct At<'a> {
    path: String,
    problems: &'a Problems,
}

impl<'a> At<'a> {
    pub(super) fn top(problems: &'a Problems) -> At<'a> {
        At { path: String::new(), problems }
    }

    /// An item of a list.
    pub(super) fn item(&self, list: &str, index: usize) -> At<'a> {
        At { path: self.path(&format!("{list}[{index}]")), problems: self.problems }
    }

    pub(super) fn wrong(&self, key: &str, found: impl Into<String>, expected: impl Into<String>) {
        self.problems.add(self.path(key), found, expected);
    }

    fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A text that may be empty.
    pub(super) fn line(&self, key: &str, text: &str, longest: usize) -> String {
        if text.chars().count() > longest || !text.chars().all(is_plain) {
            self.wrong(key, quoted(text), format!("at most {longest} characters, no control characters"));
        }
        text.to_owned()
    }

    /// A word of a list.
    pub(super) fn one_of<T: Copy>(&self, key: &str, text: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(key, quoted(text), format!("one of {}", words.join(", ")));
        }
        found
    }

    /// Names, at least one of them of the type Name.
    pub(super) fn names(&self, key: &str, texts: &[Text]) -> Vec<LocalizedText> {
        let names = self.texts(key, texts, NAME);
        if !names.iter().any(|name| name.text_type() == TextType::Name) {
            self.wrong(key, "no name", "at least one text of the type Name");
        }
        names
    }

    /// Texts in several languages; none is empty.
    pub(super) fn texts(&self, key: &str, texts: &[Text], longest: usize) -> Vec<LocalizedText> {
        self.not_too_many(key, texts.len());
        let read = texts.iter().enumerate().map(|(index, text)| {
            let at = self.item(key, index);
            if text.value.trim().is_empty() {
                at.wrong("value", "an empty text", format!("1 to {longest} characters"));
            }
            let text_type = text.text_type.as_deref().and_then(|word| at.one_of("type", word, &TYPES));
            LocalizedText {
                language: at.language("language", &text.language),
                value: at.line("value", &text.value, longest),
                text_type: text_type.unwrap_or_default().into(),
            }
        });
        read.collect()
    }

    pub(super) fn language(&self, key: &str, language: &str) -> String {
        if language.len() != 2 || !language.bytes().all(|byte| byte.is_ascii_lowercase()) {
            self.wrong(key, quoted(language), LANGUAGE);
        }
        language.to_owned()
    }

    /// The languages in which something is given: one at least.
    pub(super) fn languages(&self, languages: &[String]) -> Vec<String> {
        self.not_too_many("languages", languages.len());
        if languages.is_empty() {
            self.wrong("languages", "none", format!("at least {LANGUAGE}"));
        }
        let read = languages.iter().enumerate();
        read.map(|(index, language)| self.language(&format!("languages[{index}]"), language)).collect()
    }

    /// Where something is for people from. None is listed for what is for all.
    pub(super) fn areas(&self, reach: &str, areas: &[Area]) -> Vec<v1::ServiceArea> {
        self.not_too_many("areas", areas.len());
        match (self.one_of("areaType", reach, &REACHES), areas) {
            (Some(Reach::Limited), []) => self.wrong("areas", "none", "at least one, as areaType says"),
            (Some(Reach::Nationwide), [_, ..]) => {
                self.wrong("areas", "some", "none, as areaType says");
            }
            (Some(Reach::Limited | Reach::Nationwide) | None, _) => {}
        }
        let read = areas.iter().enumerate().map(|(index, area)| {
            let at = self.item("areas", index);
            at.not_too_many("areaCodes", area.area_codes.len());
            if area.area_codes.is_empty() {
                at.wrong("areaCodes", "none", "at least one code of a municipality");
            }
            for (index, code) in area.area_codes.iter().enumerate() {
                at.municipality(&format!("areaCodes[{index}]"), code);
            }
            v1::ServiceArea {
                area_type: at.one_of("type", &area.area_type, &AREAS).unwrap_or_default().into(),
                area_codes: area.area_codes.clone(),
            }
        });
        read.collect()
    }

    pub(super) fn municipality(&self, key: &str, code: &str) -> String {
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            self.wrong(key, quoted(code), "the code of a municipality: three digits");
        }
        code.to_owned()
    }

    pub(super) fn not_too_many(&self, key: &str, items: usize) {
        if items > ITEMS {
            self.wrong(key, format!("{items} items"), format!("at most {ITEMS}"));
        }
    }
}
