//! Longer than a test may take: many kills, over kinds, optimizers and cadences (`just kills 200`), and a
//! disk that is full at every size (`just disk-full`).

use crate::kills::{Random, Tally, survive};

/// Seed of the moments.
const SEED: u64 = 20_260_101;

const RUNS: [&str; 8] = [
    "vae --hidden 32 --epochs 30 --checkpoint-every 1",
    "ae --hidden 32 --epochs 30 --checkpoint-every 3 --optimizer sgd --momentum 0.9 --nesterov --schedule cosine",
    "cvae --hidden 16 --epochs 20 --checkpoint-every 1 --optimizer adamw --weight-decay 0.01 --average 0.99",
    "dae --hidden 32 --epochs 30 --checkpoint-every 7 --keep 1 --schedule one-cycle --warmup 20 --clip-norm 5",
    "vae --hidden 16 --epochs 30 --checkpoint-every 1 --kl-warmup linear:10 --valid-fraction 0.1 --patience 20",
    "ae --hidden 16 --epochs 40 --checkpoint-every 0.05s --tied --contractive 0.1 --batch-size 100",
    "vae --hidden 16 --epochs 20 --checkpoint-every 2 --likelihood gaussian --variance learned --binarize none",
    "pca",
];

#[test]
#[ignore = "minutes: `just kills`"]
fn every_run_survives_any_number_of_kills() {
    let wanted = std::env::var("NARROWS_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(200);
    let mut random = Random(SEED);
    let mut all = Tally::default();
    for (number, flags) in RUNS.iter().enumerate() {
        let kills = wanted / RUNS.len() + usize::from(number < wanted % RUNS.len());
        let tally = survive(flags, kills, 12.0, &mut random);
        println!("{flags}: {tally:?}");
        all += tally;
    }
    println!("{all:?}, none passed over; seed {SEED}");
    assert_eq!(all.kills, wanted);
}

/// Sizes in KiB, by the page.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "mounts file systems in a user namespace, which not every machine allows: `just disk-full`"]
fn a_file_system_that_is_full_leaves_what_it_holds_whole() {
    use std::{collections::BTreeMap, process::Command};

    use crate::place::{Place, outcome};

    const FLAGS: &str = "ae --hidden 16 --epochs 4 --checkpoint-every 5";
    // Inside, since what is mounted there is seen nowhere else. Room again lets the run go on.
    const SCRIPT: &str = r#"
        mount -t tmpfs -o size=$1k tmpfs full && cd full || exit 99
        "$2" train-export $3 --out bundle; code=$?
        find . -name '*.partial-*' -o -name '*.retired-*'
        mount -o remount,size=50m . || exit 99
        if [ $code = 1 ] && [ -d runs/ae ]; then "$2" train-export --resume runs/ae --out bundle --quiet || exit 98; fi
        if [ -d bundle ]; then cp -r bundle .. ; fi
        exit $code
    "#;
    let mut last = BTreeMap::new();
    for kilobytes in (4..240).step_by(4) {
        let place = Place::new();
        std::fs::create_dir(place.path("full")).expect("a writable folder");
        place.done(&format!("train-export {FLAGS} --run whole-run --out whole"));
        let program = place.command("").get_program().to_owned();
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh", &kilobytes.to_string()]);
        let found = outcome(command.arg(program).arg(FLAGS).current_dir(place.path("")));
        assert!(matches!(found.code, Some(0 | 1)), "{kilobytes} KiB: {found:?}");
        assert!(!found.stdout.contains(".partial-") && !found.stdout.contains(".retired-"), "{found:?}");
        if found.code == Some(1) {
            let told = found.stderr.lines().find(|line| line.starts_with("error:")).expect("a sentence");
            assert!(told.starts_with("error: cannot write `") && told.contains("No space left"), "{told}");
            *last.entry(told.split('`').nth(1).unwrap_or_default().to_owned()).or_insert(0) += 1;
        }
        if place.path("bundle").exists() {
            assert!(place.content_of("bundle") == place.content_of("whole"), "{kilobytes} KiB");
        }
    }
    println!("{last:#?}");
    assert!(
        last.keys().any(|path| path.contains("checkpoints/")) && last.keys().any(|path| path.starts_with("bundle"))
    );
}
