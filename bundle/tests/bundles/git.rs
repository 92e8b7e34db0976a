//! A bundle in a Git repository keeps its bytes, and the error of one that Git changed names the cause.

use std::{fs, path::Path, process::Command};

use narrows_bundle::{Bundle, BundleError, ENCODER, Kind, MANIFEST};

use crate::support::{autoencoder, content};

const ATTRIBUTES: &str = ".gitattributes";
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";

fn git(folder: &Path, arguments: &str) {
    let identity =
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "core.autocrlf=true", "-c", "core.safecrlf=false"];
    let output = Command::new("git").current_dir(folder).args(identity).args(arguments.split(' ')).output();
    let output = output.expect("git is installed");
    assert!(output.status.success(), "git {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Commits the folder and clones it as `clone`, both as Git for Windows does.
fn commit_and_clone(folder: &Path) {
    git(folder, "init --quiet .");
    git(folder, "add .");
    git(folder, "commit --quiet -m bundle");
    git(folder, "clone --quiet . clone");
}

#[test]
fn a_clone_that_converts_line_endings_leaves_a_bundle_intact() {
    let folder = autoencoder(Kind::Vae);
    let expected = content(&folder.path().join("model"));
    assert_eq!(expected.get(ATTRIBUTES).map(Vec::as_slice), Some(b"* -text\n".as_slice()));
    commit_and_clone(folder.path());
    let bundle = Bundle::open(folder.path().join("clone/model")).expect("unchanged");
    bundle.files().try_for_each(|(name, _)| bundle.read(name).map(drop)).expect("unchanged");
    assert!(content(&folder.path().join("clone/model")) == expected);
}

#[test]
fn converted_line_endings_are_named_as_the_cause() {
    let folder = autoencoder(Kind::Vae);
    fs::remove_file(folder.path().join("model").join(ATTRIBUTES)).expect("written with every bundle");
    commit_and_clone(folder.path());
    let error = Bundle::open(folder.path().join("clone/model")).expect_err("the manifest has other line endings");
    assert!(matches!(&error, BundleError::LineEndings { path } if path.ends_with(MANIFEST)), "{error}");
    assert!(error.to_string().contains("converted its line endings from LF to CRLF"), "{error}");

    let intact = folder.path().join("model");
    fs::write(intact.join("README.md"), "# A model\r\n").expect("writable");
    let error = Bundle::open(&intact).expect("an intact manifest").read("README.md").expect_err("changed");
    assert!(matches!(error, BundleError::Changed { .. }), "no line ending of the original was converted: {error}");
}

#[test]
fn pointers_of_git_lfs_are_named_as_the_cause() {
    let folder = autoencoder(Kind::Ae);
    let model = folder.path().join("model");
    fs::write(model.join(ENCODER), POINTER).expect("writable");
    let error = Bundle::open(&model).expect("an intact manifest").read(ENCODER).expect_err("a pointer");
    assert!(matches!(&error, BundleError::LfsPointer { path } if path.ends_with(ENCODER)), "{error}");
    fs::write(model.join(MANIFEST), POINTER).expect("writable");
    let packed = folder.path().join("model.narrows");
    fs::write(&packed, POINTER).expect("writable");
    for path in [model, packed] {
        let error = Bundle::open(&path).expect_err("a pointer").to_string();
        assert!(error.contains("is a Git LFS pointer, not the file itself (run `git lfs pull`"), "{error}");
    }
}
