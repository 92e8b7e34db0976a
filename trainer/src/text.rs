//! Text forms of options that consist of a word and numbers: `masking:0.25`, `step:10:0.5`.

/// Implements serde by `FromStr` and `Display`, so that a type has the same form in files as on the command line.
macro_rules! as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use as_text;

/// Splits `word:number:number` into the word and the numbers; `None` if a number is missing, invalid or not finite.
pub(crate) fn word_and_numbers(text: &str) -> Option<(&str, Vec<f64>)> {
    let mut parts = text.split(':');
    let word = parts.next()?;
    let number = |part: &str| part.parse().ok().filter(|number: &f64| number.is_finite());
    Some((word, parts.map(number).collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_followed_by_any_number_of_finite_numbers() {
        assert_eq!(word_and_numbers("cosine"), Some(("cosine", vec![])));
        assert_eq!(word_and_numbers("step:10:0.5"), Some(("step", vec![10.0, 0.5])));
        for text in ["step:", "step:x", "step:nan", "step:inf"] {
            assert_eq!(word_and_numbers(text), None, "{text}");
        }
    }
}
