//! What is taken for JSON here is what `serde_json` takes for it, and the members are the same.

use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::*;

/// The members as this sees them.
fn members(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    each_member(text, |name, value| {
        found.push((name.into_owned(), value.to_owned()));
        Some(())
    })?;
    Some(found)
}

/// The same by `serde_json`, each as often as it stands there.
fn members_by_serde(text: &str) -> Option<Vec<(String, String)>> {
    struct Members;
    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, String)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                found.push((name, value.get().to_owned()));
            }
            Ok(found)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let found = serde::Deserializer::deserialize_map(&mut reader, Members).ok()?;
    reader.end().ok()?;
    Some(found)
}

/// Pieces of which JSON is made, and some of which it is not.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", " ", "\n", "\"", "\\", "\\n", "\\u00e9", "\\ud800", "\\u12", "\\x", "0", "-", "1", "01", ".", "e", "E+", "5",
            "true", "false", "null", "nul", "\"a\"", "\"type\":", "\u{1}", "\u{7f}", "é", "\u{10ffff}", "{}", "[]", "\"abcdefgh\"", "\"abcdefg\\\"h\"",
        ]).prop_map(str::to_owned),
        1 => "[ -~é\t]{0,20}",
    ]
}

/// Pieces of a string: mostly line ends, as in descriptions, now and then what is wrong or ends it.
fn escape() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        40 => prop::sample::select(vec!["\\r\\n", "\\n", "\\\"", "v=0", "a", "o=- 4611", "\\t", "\\\\", "\\u00e9", "é"]),
        1 => prop::sample::select(vec!["\"", "\\", "\\x", "\n", "\u{1}", "\\u12", "\",\"b\":\"c"]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn gp_01_what_is_put_together_of_pieces_is_json_here_if_it_is_to_serde(pieces in prop::collection::vec(piece(), 0..12), inside in any::<bool>()) {
        let pieces = pieces.concat();
        let text = if inside { format!("{{\"payload\":{pieces}}}") } else { pieces };
        prop_assert_eq!(members(&text), members_by_serde(&text), "{}", text);
    }

    #[test]
    fn gp_01_every_string_is_stepped_over(content in any::<String>(), before in 0_usize..9) {
        let text = format!("{{{}\"{}\":{}}}", " ".repeat(before), "a", serde_json::to_string(&content).unwrap());
        let found = members(&text).unwrap();
        prop_assert_eq!(string(&found[0].1).unwrap(), content);
    }

    #[test]
    fn gp_01_strings_dense_with_escapes_are_those_of_serde(pieces in prop::collection::vec(escape(), 0..60)) {
        let text = format!("{{\"a\":\"{}\"}}", pieces.concat());
        prop_assert_eq!(members(&text), members_by_serde(&text), "{}", text);
    }

    #[test]
    fn gp_01_a_byte_that_is_wrong_is_seen_wherever_it_stands(at in 0_usize..40, wrong in 0_u8..0x20) {
        let mut content = "abcdefghij".repeat(4).into_bytes();
        content[at] = wrong;
        let text = format!("{{\"a\":\"{}\"}}", String::from_utf8(content).unwrap());
        prop_assert_eq!(members(&text), None);
        prop_assert!(serde_json::from_str::<IgnoredAny>(&text).is_err());
    }
}

#[test]
fn gp_01_numbers_and_words_are_those_of_the_grammar() {
    for (value, is_one) in [
        ("0", true),
        ("-0.5e+10", true),
        ("1E9", true),
        ("01", false),
        ("-", false),
        ("1.", false),
        (".5", false),
        ("1e", false),
        ("+1", false),
        ("tru", false),
        ("truely", false),
        ("[1,]", false),
        ("[,1]", false),
        ("{\"a\"}", false),
        ("{\"a\":1,}", false),
        ("{1:1}", false),
        ("[[[]]", false),
        ("[{}]", true),
        ("", false),
    ] {
        let text = format!("{{\"v\":{value}}}");
        assert_eq!(members(&text).is_some(), is_one, "{text}");
        assert_eq!(serde_json::from_str::<IgnoredAny>(&text).is_ok(), is_one, "{text}");
    }
}
