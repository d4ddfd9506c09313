pub struct Case { pub name: &'static str, pub agency: &'static str, pub edit: fn(http::HeaderMap) -> http::HeaderMap, pub code: &'static str }
pub const CASES: &[Case] = &[];
