//! The next steps that a verb prints work as printed, in any folder.

use std::process::Command;

use crate::sandbox::{Sandbox, outcome};

/// Runs a verb in one folder and the commands that it prints in another one. Returns the number of commands.
fn follow(sandbox: &Sandbox, line: &str) -> usize {
    let printed = sandbox.run_ok(line).stdout;
    let elsewhere = Sandbox::new();
    let commands: Vec<&str> = printed.lines().skip_while(|line| *line != "next:").skip(1).collect();
    for command in &commands {
        let outcome = outcome(Command::new("sh").args(["-c", command]).current_dir(elsewhere.path("")));
        assert_eq!(outcome.code, Some(0), "narrows {line} printed {command}: {}", outcome.stderr);
    }
    commands.len()
}

#[test]
#[cfg(unix)]
fn the_next_steps_of_every_verb_work_in_another_folder() {
    let sandbox = Sandbox::new();
    let row = |row: u32| {
        format!("{},{},{},{row}\n", row % 7, row * row % 11, if row.is_multiple_of(2) { "cat" } else { "dog" })
    };
    sandbox.write("t.csv", "a,b,kind,id\n".to_owned() + &(0..200).map(row).collect::<String>());
    let data = "--data t.csv --label-column kind --ignore id";
    for (line, commands) in [
        (format!("train pca {data} --latent 1 --run run"), 1),
        ("export run --out exported".to_owned(), 3),
        (format!("train-export ae {data} --latent 1 --epochs 1 --run other --out model"), 3),
        (format!("train-export cvae {data} --latent 1 --epochs 1 --run conditional --out cvae"), 3),
        (format!("transfer model {data} --out head"), 2),
        (format!("detect fit model {data} --false-alarms 0.1 --out detector"), 3),
    ] {
        assert_eq!(follow(&sandbox, &line), commands, "{line}");
    }
}
