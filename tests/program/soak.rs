//! Tests that take too long for every run: many kills, over kinds, optimizers and checkpoint intervals (`just kills
//! 200`), and file systems of many sizes that become full (`just disk-full`).

use crate::kills::{Random, Resumable, Tally, survive};

/// Seed of the times of the kills.
const SEED: u64 = 20_260_101;

const RUNS: [&str; 12] = [
    "vae --hidden 32 --epochs 30 --checkpoint-every 1",
    "ae --hidden 32 --epochs 30 --checkpoint-every 3 --optimizer sgd --momentum 0.9 --nesterov --schedule cosine",
    "cvae --hidden 16 --epochs 20 --checkpoint-every 1 --optimizer adamw --weight-decay 0.01 --average 0.99",
    "dae --hidden 32 --epochs 30 --checkpoint-every 7 --keep 1 --schedule one-cycle --warmup 20 --clip-norm 5",
    "vae --hidden 16 --epochs 30 --checkpoint-every 1 --kl-warmup linear:10 --valid-fraction 0.1 --patience 20",
    "ae --hidden 16 --epochs 40 --checkpoint-every 0.05s --tied --contractive 0.1 --batch-size 100",
    "vae --hidden 16 --epochs 20 --checkpoint-every 2 --likelihood gaussian --variance learned --binarize none",
    "cvae --architecture conv --filters 4,6 --epochs 8 --checkpoint-every 1 --average 0.9",
    "vae --architecture resnet --filters 4 --normalisation batch --augment shift:1 --epochs 5 --checkpoint-every 3",
    "pca",
    "transfer --data digits --head mlp:32,16 --epochs 60 --patience 0 --checkpoint-every 5",
    "transfer --data digits --head mlp:16 --fine-tune --epochs 40 --augment shift:1 --checkpoint-every 1",
];

#[test]
#[ignore = "minutes: `just kills`"]
fn every_run_survives_any_number_of_kills() {
    let total = std::env::var("NARROWS_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(200);
    let mut random = Random(SEED);
    let mut all = Tally::default();
    for (number, flags) in RUNS.iter().enumerate() {
        let kills = total / RUNS.len() + usize::from(number < total % RUNS.len());
        let of = match flags.strip_prefix("transfer ") {
            Some(flags) => Resumable::transfer("vae", flags),
            None => Resumable::training(flags),
        };
        let tally = survive(&of, kills, 12.0, &mut random);
        println!("{flags}: {tally:?}");
        all += tally;
    }
    println!("{all:?}, no checkpoint skipped; seed {SEED}");
    assert_eq!(all.kills, total);
}

/// Sizes are in KiB, in steps of one page.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "mounts file systems in a user namespace, which not every machine allows: `just disk-full`"]
fn a_full_file_system_contains_only_complete_files() {
    use std::{collections::BTreeMap, process::Command};

    use crate::sandbox::{Sandbox, outcome};

    const FLAGS: &str = "ae --hidden 16 --epochs 4 --checkpoint-every 5";
    // The checks run inside the script, because the mount is visible only there. After the file system is enlarged, the
    // run must resume.
    const SCRIPT: &str = r#"
        mount -t tmpfs -o size=$1k tmpfs full && cd full || exit 99
        "$2" train-export $3 --out bundle; code=$?
        find . -name '*.partial-*' -o -name '*.retired-*'
        mount -o remount,size=50m . || exit 99
        if [ $code = 1 ] && [ -d runs/ae ]; then "$2" train-export --resume runs/ae --out bundle --quiet || exit 98; fi
        if [ -d bundle ]; then cp -r bundle .. ; fi
        exit $code
    "#;
    let mut failed_paths = BTreeMap::new();
    for kilobytes in (4..240).step_by(4) {
        let sandbox = Sandbox::new();
        std::fs::create_dir(sandbox.path("full")).expect("a writable folder");
        sandbox.run_ok(&format!("train-export {FLAGS} --run reference-run --out reference"));
        let program = sandbox.command("").get_program().to_owned();
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh", &kilobytes.to_string()]);
        let outcome = outcome(command.arg(program).arg(FLAGS).current_dir(sandbox.path("")));
        assert!(matches!(outcome.code, Some(0 | 1)), "{kilobytes} KiB: {outcome:?}");
        assert!(!outcome.stdout.contains(".partial-") && !outcome.stdout.contains(".retired-"), "{outcome:?}");
        if outcome.code == Some(1) {
            let error = outcome.stderr.lines().find(|line| line.starts_with("error:")).expect("an error");
            assert!(error.starts_with("error: cannot write `") && error.contains("No space left"), "{error}");
            *failed_paths.entry(error.split('`').nth(1).unwrap_or_default().to_owned()).or_insert(0) += 1;
        }
        if sandbox.path("bundle").exists() {
            assert!(sandbox.content_of("bundle") == sandbox.content_of("reference"), "{kilobytes} KiB");
        }
    }
    println!("{failed_paths:#?}");
    assert!(
        failed_paths.keys().any(|path| path.contains("checkpoints/"))
            && failed_paths.keys().any(|path| path.starts_with("bundle"))
    );
}
