//! What do forms of feedback say, and who fills them in?

use polku_proto::v1::figure::Kind;
use polku_proto::v1::{Feedback, Figure};

use super::age;
use super::book::Line;
use super::facets::{Facets, Value, number};
use super::tell::is_few;
use super::{ACTIVITIES, CHANNELS, LEVELS, SEXES};

/// Forms, added up.
#[derive(Debug)]
pub(super) struct Forms {
    forms: u64,
    given: Facets,
    grade: Answers,
    statements: [Answers; 4],
}

/// Answers to one question.
#[derive(Debug, Default, Clone, Copy)]
struct Answers {
    sum: i64,
    count: u32,
}

impl Answers {
    fn add(&mut self, answer: Option<i32>, count: u32) {
        if let Some(answer) = answer {
            self.sum += i64::from(answer) * i64::from(count);
            self.count += count;
        }
    }

    /// The mean, where enough have answered.
    fn line(self, figure: Figure) -> Line {
        mean_line(figure, self.sum, self.count, self.count as usize)
    }
}

const STATEMENTS: [&str; 4] = ["listened_to", "supported", "took_part", "plans_clearer"];

impl Default for Forms {
    fn default() -> Self {
        Self {
            forms: 0,
            given: Facets::of([
                (age::BANDS, |value, figure| number(value, &mut figure.age)),
                (CHANNELS, |value, figure| number(value, &mut figure.channel)),
                (SEXES, |value, figure| number(value, &mut figure.sex)),
                (ACTIVITIES, |value, figure| number(value, &mut figure.activity)),
                (LEVELS, |value, figure| number(value, &mut figure.education)),
            ]),
            grade: Answers::default(),
            statements: [Answers::default(); 4],
        }
    }
}

impl Forms {
    /// Adds a form that was given so often.
    pub(super) fn add(&mut self, form: &Feedback, count: u32) {
        for _ in 0..count {
            self.forms += 1;
            let sides = [form.age, form.channel, form.sex, form.activity, form.education];
            let pair = (Value::Number(0), Value::Number(0));
            self.given.add(self.forms, sides.map(Value::Number), pair);
        }
        self.grade.add(form.grade, count);
        let answers = [form.listened_to, form.supported, form.took_part, form.plans_clearer];
        for (statement, answer) in self.statements.iter_mut().zip(answers) {
            statement.add(answer, count);
        }
    }

    pub(super) fn told(&self) -> Vec<Line> {
        let of = |kind: Kind| Figure { kind: kind.into(), ..Figure::default() };
        let mut lines: Vec<Line> =
            self.given.told(&of(Kind::FeedbackForms)).into_iter().map(Line::from).collect();
        // A mean in hundredths can say of how many it is the mean.
        let is_held = self.given.is_held();
        let line = |answers: Answers, figure: Figure| {
            if is_held { Line::from(figure) } else { answers.line(figure) }
        };
        lines.push(line(self.grade, of(Kind::FeedbackGrade)));
        for (code, answers) in STATEMENTS.iter().zip(self.statements) {
            lines.push(line(answers, Figure { code: (*code).to_owned(), ..of(Kind::FeedbackStatement) }));
        }
        lines
    }
}

/// A mean over so many, about so many persons: held back where they are too few.
pub(super) fn mean_line(figure: Figure, sum: i64, over: u32, persons: usize) -> Line {
    if is_few(persons) {
        return Line { figure: Figure { value: None, ..figure }, over: None };
    }
    Line { figure: Figure { value: Some(sum), ..figure }, over: Some(over) }
}
