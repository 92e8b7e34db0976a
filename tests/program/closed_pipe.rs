//! A closed pipe on standard output, as in `narrows inspect vae | head -1`, causes no panic.

use crate::sandbox::{Sandbox, outcome};

#[test]
fn no_verb_panics_if_standard_output_is_closed() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --out vae");
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
        let stderr = outcome(sandbox.command(line).stdout(writer)).stderr;
        stderr.contains("panicked")
    });
    assert_eq!(panicked.collect::<Vec<_>>(), [""; 0]);
}
