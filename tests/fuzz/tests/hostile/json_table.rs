pub struct Case { pub name: &'static str, pub edit: fn(String) -> Vec<u8>, pub codes: [&'static str; 7] }
pub const CASES: &[Case] = &[];
