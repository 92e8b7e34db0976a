//! Text of files on its way to a terminal: names of classes, columns and files.

#[path = "../../../cli/src/printable.rs"]
mod printable;

use printable::printable;

/// Text with any characters. No control character except for line feeds and tabs reaches the terminal, and text without
/// them stays as it is.
pub fn terminal(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let printed = printable(&text);
    let is_control = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    assert!(!printed.contains(is_control), "a control character of {text:?} reaches the terminal");
    assert_eq!(printed == text, !text.contains(is_control));
    assert_eq!(printable(&printed), printed, "printable text stays as it is");
    assert_eq!(printed.matches('\n').count(), text.matches('\n').count());
}
