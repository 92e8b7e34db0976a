//! The secret in the address of the explorer.

use std::hint::black_box;

/// A random text of 32 hexadecimal digits, 128 bits. Who does not know it gets no answer.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// Creates a token from the random numbers of the operating system.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Token(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Returns the text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Compares a text with the token, in a time that does not depend on how many digits are right.
    pub(crate) fn is(&self, text: &str) -> bool {
        let differences =
            self.0.bytes().zip(text.bytes()).fold(0, |found, (one, other)| black_box(found | (one ^ other)));
        self.0.len() == text.len() && differences == 0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_right_and_no_two_are_equal() {
        let (one, other) = (Token::random().expect("random"), Token::random().expect("random"));
        assert!(one.is(one.text()) && !one.is(other.text()) && one.text().len() == 32);
        assert!(!one.is("") && !one.is(&one.text()[..31]) && !one.is(&format!("{}0", one.text())));
        assert_eq!(format!("{one:?}"), "Token");
    }
}
