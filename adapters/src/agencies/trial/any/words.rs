//! Which texts can there be?

use polku_proto::is_plain;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What the formats have a meaning for, and what looks as if they had.
const ODD: [&str; 16] = [
    "]]>",
    " <![CDATA[ä]]> ]]> ",
    "&amp;&#0;&#xD;&nbsp;",
    "<b a='1'/><!-- x --><?y?>",
    "\"}],{\\",
    "\\u0000\\n\\\\",
    "null",
    "true",
    "{{x}} ${y} %00",
    "\r\nrivi\r\n\r\rrivi\n\r",
    "\t\n reunat\u{a0}\u{85} \n",
    " \t\r\n",
    "\u{feff}\u{2028}\u{2029}\u{200f}\u{ad}",
    "\u{80}\u{9f}\u{e000}\u{fffd}\u{1ffff}\u{10ffff}",
    "e\u{301}a\u{308}👩\u{200d}🚒",
    "Åbo, Öster- & Västerås: \"hjälp\", ’šž’",
];

/// Texts of one to `max` characters: of Finland, of any script, of the control characters that the contract allows, with
/// what looks like markup or JSON, of white space alone, and the longest, of letters of one to four bytes.
pub(in crate::agencies) fn words(max: usize) -> BoxedStrategy<String> {
    let plain = || "[a-zåäöA-ZÅÄÖ0-9 .,–]{1,40}";
    let odd = vec(prop_oneof![2 => select(&ODD[..]).prop_map(str::to_owned), 1 => plain()], 1..4);
    let longest = select(&["a", "Ö", "€", "😀", "&", "\"", "\r"][..]);
    let some = prop_oneof![
        4 => plain(),
        2 => "\\PC{1,40}",
        1 => "[\t\n\r \u{80}-\u{9f}\u{a0}\u{ad}a-ö]{1,20}",
        1 => "[\t\n\r \u{a0}]{1,3}",
        3 => odd.prop_map(|parts| parts.concat()),
        1 => longest.prop_map(move |letter| letter.repeat(max)),
    ];
    // No more than XML can express.
    some.prop_map(move |text| text.chars().filter(|letter| is_plain(*letter)).take(max).collect())
        .prop_filter("a text", |text: &String| !text.is_empty())
        .boxed()
}

/// The same, or nothing.
pub(in crate::agencies) fn maybe_words(max: usize) -> BoxedStrategy<String> {
    prop_oneof![1 => Just(String::new()), 3 => words(max)].boxed()
}
