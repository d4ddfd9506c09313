//! polku
fn main() {}
