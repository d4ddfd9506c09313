//! What is in a JSON object that an adapter has written, by a reader that is no part of the adapter?

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::agencies::event::read_code;

/// The members of an object, each of which is taken once. Absent and empty are the same, as in the contract.
pub(in crate::agencies) struct Members(Map<String, Value>);

impl Members {
    pub(in crate::agencies) fn of(value: Value) -> Self {
        let Value::Object(members) = value else { panic!("no object") };
        Self(members)
    }

    /// Takes one as it is.
    pub(in crate::agencies) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Takes those of these names together, as an object.
    pub(in crate::agencies) fn all(&mut self, names: &[&str]) -> Value {
        names.iter().filter_map(|name| self.0.remove_entry(*name)).collect::<Map<_, _>>().into()
    }

    pub(in crate::agencies) fn object(&mut self, name: &str) -> Option<Self> {
        self.value(name).map(Self::of)
    }

    pub(in crate::agencies) fn text(&mut self, name: &str) -> String {
        self.value(name).map(text).unwrap_or_default()
    }

    pub(in crate::agencies) fn flag(&mut self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.as_bool().unwrap())
    }

    pub(in crate::agencies) fn texts(&mut self, name: &str) -> Vec<String> {
        self.list(name).into_iter().map(text).collect()
    }

    /// Takes the objects of a list, reading each to its end.
    pub(in crate::agencies) fn each<T>(&mut self, name: &str, read: impl Fn(&mut Self) -> T) -> Vec<T> {
        let objects = self.list(name).into_iter().map(Self::of);
        objects.map(|mut object| object.whole(&read)).collect()
    }

    /// Reads all of it.
    pub(in crate::agencies) fn whole<T>(&mut self, read: impl Fn(&mut Self) -> T) -> T {
        let read = read(self);
        self.end();
        read
    }

    pub(in crate::agencies) fn instant(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name);
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    pub(in crate::agencies) fn code<T>(&mut self, name: &str, of: fn(T) -> Option<&'static str>) -> i32
    where
        T: Copy + TryFrom<i32> + Into<i32>,
    {
        match self.text(name).as_str() {
            "" => 0,
            code => read_code(code, of).map(T::into).unwrap(),
        }
    }

    /// Requires that nothing is left.
    pub(in crate::agencies) fn end(&self) {
        assert!(self.0.is_empty(), "{:?} left", self.0.keys());
    }

    fn list(&mut self, name: &str) -> Vec<Value> {
        match self.value(name) {
            Some(Value::Array(items)) => items,
            Some(_) => panic!("{name} is no list"),
            None => Vec::new(),
        }
    }
}

fn text(value: Value) -> String {
    let Value::String(text) = value else { panic!("no text") };
    text
}
