//! A place that cannot be written to is refused before any work is done for it, and left as it was.

use std::fs;

use crate::{
    place::Place,
    refusal::{assert_none, complaint},
};

fn place() -> Place {
    let place = Place::new();
    place.done("train-export vae --epochs 1 --hidden 16 --out vae");
    fs::create_dir(place.path("thesis")).expect("a writable folder");
    place.write("thesis/chapter.txt", "years of work");
    place.write("file", "in the way");
    place
}

#[test]
fn what_stands_where_the_output_should_go_is_left_alone() {
    let place = place();
    place.write("vae/notes.txt", "mine");
    let cases: [(&str, &[&str]); 10] = [
        ("train-export ae --epochs 1 --out vae", &["vae", "`notes.txt`", "--out"]),
        ("train-export ae --epochs 1 --out thesis", &["thesis", "not a bundle", "--out"]),
        ("train-export ae --epochs 1 --out file", &["file", "not a bundle"]),
        ("train-export ae --epochs 1 --out file/below", &["file"]),
        ("encode vae --out file/z.npy", &["file"]),
        ("encode vae --out missing/z.npy", &["missing"]),
        ("generate vae --out thesis", &["thesis"]),
        ("encode vae --out z.png", &["z.png", ".npy or .csv"]),
        ("generate vae --out x.jpeg", &["x.jpeg", ".npy or .csv or .png"]),
        ("reconstruct vae --out x", &["`x`", ".npy or .csv or .png"]),
    ];
    assert_none(cases.map(|(line, mentions)| complaint(&place, line, mentions)));
}

#[test]
fn the_working_directory_is_filled_or_refused_before_training() {
    let place = Place::new();
    let outcome = place.run("train-export ae --epochs 1 --hidden 16 --out .");
    let is_filled = outcome.code == Some(0) && place.path("manifest.json").is_file();
    let is_refused = outcome.code == Some(1) && !outcome.stderr.contains("epoch ");
    assert!(is_filled || is_refused, "{outcome:?}");
}

#[test]
fn a_failed_run_takes_the_folders_that_it_made_with_it() {
    let place = Place::new();
    let line = "train-export ae --likelihood gaussian --learning-rate 1e10 --out deep/er/new";
    assert_none([complaint(&place, line, &["diverged"])]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_place_where_nobody_can_write_is_named() {
    let place = place();
    let cases: [(&str, &[&str]); 3] = [
        ("train-export ae --epochs 1 --out /proc/narrows", &["/proc/narrows", "cannot create"]),
        ("train-export ae --epochs 1 --out /proc/narrows/deep", &["/proc/narrows", "cannot create"]),
        ("encode vae --out /proc/z.npy", &["/proc/z.npy", "cannot write"]),
    ];
    assert_none(cases.map(|(line, mentions)| complaint(&place, line, mentions)));
}

#[test]
#[cfg(unix)]
fn a_folder_without_the_right_to_write_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let place = place();
    let locked = place.path("locked");
    fs::create_dir(&locked).expect("a writable folder");
    let permit = |mode| fs::set_permissions(&locked, fs::Permissions::from_mode(mode)).expect("our own folder");
    permit(0o555);
    // The superuser may write everywhere.
    if fs::write(locked.join("probe"), "").is_err() {
        let cases: [(&str, &[&str]); 2] = [
            ("train-export ae --epochs 1 --out locked/new", &["locked", "cannot create"]),
            ("generate vae --out locked/x.npy", &["locked", "cannot write"]),
        ];
        assert_none(cases.map(|(line, mentions)| complaint(&place, line, mentions)));
    }
    permit(0o755);
}
