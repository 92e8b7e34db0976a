//! A reader that has seen enough, as in `narrows inspect vae | head -1`, is no cause for a panic.

use crate::place::{Place, outcome};

#[test]
fn a_closed_standard_output_ends_no_verb_in_a_panic() {
    let place = Place::new();
    place.done("train-export vae --epochs 1 --hidden 16 --out vae");
    let lines = [
        "inspect vae",
        "inspect vae --json",
        "verify vae",
        "verify vae --json",
        "doctor",
        "train-export ae --epochs 1 --hidden 16 --out ae",
        "--help",
    ];
    let panicked = lines.into_iter().filter(|line| {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let stderr = outcome(place.command(line).stdout(writer)).stderr;
        stderr.contains("panicked")
    });
    assert_eq!(panicked.collect::<Vec<_>>(), [""; 0]);
}
