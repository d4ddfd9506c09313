//! What do forms of feedback say?

use std::collections::BTreeMap;

use polku_proto::v1::figure::Kind;
use polku_proto::v1::{Feedback, Figure};

use super::outcomes::mean;
use super::tell::is_few;

/// Forms, added up.
#[derive(Debug, Default)]
pub(super) struct Forms {
    forms: usize,
    grade: Answers,
    statements: BTreeMap<usize, Answers>,
}

/// Answers to one question.
#[derive(Debug, Default, Clone, Copy)]
struct Answers {
    sum: i64,
    count: usize,
}

impl Answers {
    fn add(&mut self, answer: Option<i32>, count: u32) {
        if let Some(answer) = answer {
            self.sum += i64::from(answer) * i64::from(count);
            self.count += count as usize;
        }
    }
}

const STATEMENTS: [&str; 4] = ["listened_to", "supported", "took_part", "plans_clearer"];

impl Forms {
    /// Adds a form that was given so often.
    pub(super) fn add(&mut self, form: &Feedback, count: u32) {
        self.forms += count as usize;
        self.grade.add(form.grade, count);
        let answers = [form.listened_to, form.supported, form.took_part, form.plans_clearer];
        for (number, answer) in answers.into_iter().enumerate() {
            self.statements.entry(number).or_default().add(answer, count);
        }
    }

    pub(super) fn told(&self) -> Vec<Figure> {
        let of = |kind: Kind, code: &str, value| Figure {
            kind: kind.into(),
            code: code.to_owned(),
            value,
            ..Figure::default()
        };
        let forms = i64::try_from(self.forms).ok().filter(|_| !is_few(self.forms));
        let mut figures = vec![
            of(Kind::FeedbackForms, "", forms),
            of(Kind::FeedbackGrade, "", mean(self.grade.sum, self.grade.count)),
        ];
        for (number, code) in STATEMENTS.iter().enumerate() {
            let Answers { sum, count } = self.statements.get(&number).copied().unwrap_or_default();
            figures.push(of(Kind::FeedbackStatement, code, mean(sum, count)));
        }
        figures
    }
}
