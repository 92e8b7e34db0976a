//! The search for ONNX Runtime, tested in child processes: its result depends on the folder and the environment of the
//! program, and a process can load only one library.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use narrows_runtime::{
    Autoencoder, Options,
    bundle::Kind,
    library::{Candidate, LibraryError, Verdict, candidates, locate},
};
use tempfile::TempDir;

mod support;

/// Passes the value of [`Options::library`] to a child.
const OPTION: &str = "NARROWS_TEST_LIBRARY";
/// Passes the library to a child with which it opens a bundle after a failed search.
const THEN: &str = "NARROWS_TEST_LIBRARY_THEN";
const NAME: &str = "libonnxruntime.so";

/// Not a test itself: the code of the child process. It prints the result of the search (`found` or `refused`), and
/// the results of opening a bundle.
#[test]
#[ignore = "run by the other tests, in a child process"]
fn child() {
    let options = env::var_os(OPTION).map_or_else(Options::default, |path| Options::default().library(path));
    match locate(&options) {
        Ok(located) => println!("\nfound {} by {}: {}", located.version, located.found_by, located.path.display()),
        Err(error) => println!("\nrefused {error}"),
    }
    let opened = Autoencoder::open_with(support::Fixture::new(Kind::Ae).path(), &options);
    println!("\nopened {}", opened.map_or_else(|error| error.to_string(), |_| "well".to_owned()));
    if let Some(path) = env::var_os(THEN) {
        let opened = Autoencoder::open_with(support::Fixture::new(Kind::Ae).path(), &Options::default().library(path));
        println!("\nthen {}", opened.map_or_else(|error| error.to_string(), |_| "well".to_owned()));
    }
}

/// A copy of the test program in a temporary folder without ONNX Runtime.
struct Program {
    folder: TempDir,
}

impl Program {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = Program { folder };
        fs::create_dir_all(program.path("bin/deep")).expect("a writable folder");
        fs::copy(env::current_exe().expect("this program"), program.path("bin/deep/program")).expect("a copy");
        program
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Copies the real library to this path.
    fn install(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::copy(real_library(), &path).expect("a copy");
        path
    }

    /// Returns the command of the child.
    fn command(&self) -> Command {
        let mut command = Command::new(self.path("bin/deep/program"));
        command
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .current_dir(self.folder.path())
            .env_remove("ORT_DYLIB_PATH")
            .env_remove("LD_LIBRARY_PATH");
        command
    }

    fn run<'a>(&self, variables: impl IntoIterator<Item = (&'a str, &'a OsStr)>) -> String {
        self.line_of(self.command().envs(variables).env(THEN, real_library()))
    }

    /// Runs the child and returns its line about the search. Checks that it opened a bundle if it found a library;
    /// otherwise, that opening failed with the same message and then succeeded with a good library.
    fn line_of(&self, command: &mut Command) -> String {
        let output = command.output().expect("a program that starts");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{:?}: {text}{}", output.status, String::from_utf8_lossy(&output.stderr));
        let line = |start: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(start));
            found.unwrap_or_else(|| panic!("no line starts with `{start}` in {text}")).to_owned()
        };
        let opened = line("opened ");
        if opened == "well" {
            return format!("found {}", line("found "));
        }
        assert_eq!(line("refused "), opened);
        assert_eq!(line("then "), "well");
        opened
    }
}

/// Returns the library of `just setup` in this checkout, or that of ORT_DYLIB_PATH.
fn real_library() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| locate(&Options::default()).expect("ONNX Runtime").path)
}

/// Builds a shared library from a few lines of Rust with the compiler that built this test.
fn compiled(folder: &Path, name: &str, source: &str) -> PathBuf {
    let (code, library) = (folder.join("library.rs"), folder.join(name));
    fs::write(&code, source).expect("a writable folder");
    let status = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--crate-type=cdylib", "-Cpanic=abort", "-Awarnings"])
        // Lazy binding, as with most compilers: a missing symbol is noticed only when it is called, unless the loader
        // resolves all symbols first.
        .args(["-Crelro-level=partial", "-Clink-arg=-Wl,-z,lazy", "-o"])
        .args([&library, &code])
        .status();
    assert!(status.expect("a compiler").success());
    library
}

#[test]
#[cfg(target_os = "linux")]
fn the_search_follows_its_order_and_ignores_the_working_directory() {
    let program = Program::new();
    program.install(NAME);
    program.install(".tools/onnxruntime/lib/other.so");
    let none = program.run([]);
    if none.contains("by the system") {
        eprintln!("skipped: this machine has an ONNX Runtime in the system's search path");
    } else {
        let expected = "ONNX Runtime was not found (run `just setup` in a checkout of narrows, or set ORT_DYLIB_PATH to \
                        the library): there is no `";
        assert!(none.starts_with(expected), "{none}");
        let named = ["bin/deep/libonnxruntime.so", "bin/deep/.tools/onnxruntime/lib/libonnxruntime.so", "`/.tools/"];
        for path in named.into_iter().chain(["; `libonnxruntime.so` cannot be loaded: ", "`libonnxruntime.so.1`"]) {
            assert!(none.contains(path), "`{path}` in {none}");
        }
    }

    let found = |by: &str, path: &Path| format!("by {by}: {}", path.display());
    let expect = |variables: &[(&str, &Path)], expected: String| {
        let outcome = program.run(variables.iter().map(|(name, path)| (*name, path.as_os_str())));
        assert!(outcome.starts_with("found 1.") && outcome.ends_with(&expected), "{outcome}, expected {expected}");
    };
    let system = program.install("system/libonnxruntime.so");
    let search = ("LD_LIBRARY_PATH", system.parent().expect("a folder"));
    expect(&[search], found("the system", &system));
    let tools = program.install(".tools/onnxruntime/lib/libonnxruntime.so");
    expect(&[search], found("a .tools folder", &tools));
    let nearer = program.install("bin/.tools/onnxruntime/lib/libonnxruntime.so");
    expect(&[], found("a .tools folder", &nearer));
    let adjacent = program.install("bin/deep/libonnxruntime.so");
    expect(&[], found("the program's folder", &adjacent));
    let given = program.install("given/any name.so");
    expect(&[("ORT_DYLIB_PATH", &given)], found("ORT_DYLIB_PATH", &given));
    expect(&[("ORT_DYLIB_PATH", Path::new(""))], found("the program's folder", &adjacent));
    expect(&[("ORT_DYLIB_PATH", Path::new("given/any name.so"))], found("ORT_DYLIB_PATH", &given));
    expect(&[("ORT_DYLIB_PATH", Path::new("absent.so")), (OPTION, &given)], found("the options", &given));
}

#[test]
#[cfg(target_os = "linux")]
fn the_error_for_an_unusable_explicit_library_names_it_with_the_reason() {
    let program = Program::new();
    program.install("bin/deep/libonnxruntime.so");
    let write = |name: &str, bytes: &[u8]| {
        fs::write(program.path(name), bytes).expect("a writable folder");
        program.path(name)
    };
    let real = fs::read(real_library()).expect("a library");
    let mut other_machine = real.clone();
    // The processor code in the ELF header: SPARC V9.
    other_machine[18] = 43;
    let pipe = program.path("pipe.so");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let compiled = |name, source: &str| compiled(program.folder.path(), name, source);
    let other = compiled("other.so", "#[unsafe(no_mangle)] pub extern \"C\" fn other() {}");
    let with_table = |name, table: &str| {
        let source = "#[repr(C)] pub struct Base(Option<extern \"C\" fn(u32) -> *const u8>, Option<extern \"C\" fn() -> *const u8>);
             extern \"C\" fn api(_: u32) -> *const u8 { std::ptr::null() }
             extern \"C\" fn version() -> *const u8 { c\"1.16.3\".as_ptr().cast() }
             extern \"C\" fn later() -> *const u8 { c\"1.99.0\".as_ptr().cast() }
             extern \"C\" fn odd() -> *const u8 { c\"newest\".as_ptr().cast() }
             extern \"C\" fn binary() -> *const u8 { c\"1.20.\\xff\".as_ptr().cast() }
             extern \"C\" fn silent() -> *const u8 { std::ptr::null() }
             static BASE: Option<Base> = TABLE;
             #[unsafe(no_mangle)] pub extern \"C\" fn OrtGetApiBase() -> Option<&'static Base> { BASE.as_ref() }";
        compiled(name, &source.replace("TABLE", table))
    };

    let cases = [
        (program.path("absent.so"), "does not exist"),
        (program.path("bin"), "is not a regular file"),
        (pipe, "is not a regular file"),
        (write("empty.so", b""), "is not a shared library"),
        (write("garbage.so", &[b'x'; 10_000]), "is not a shared library"),
        (write("header.so", &real[..40]), "is not a shared library"),
        (write("cut.so", &real[..real.len() / 2]), "is truncated: it has "),
        (write("table.so", &real[..100]), "is truncated: it has 100 bytes"),
        (write("foreign.so", &other_machine), "is built for another machine (ELF number 43), but this program for "),
        (other, "is not ONNX Runtime: it does not export `OrtGetApiBase`"),
        (
            with_table("old.so", "Some(Base(Some(api), Some(version)))"),
            "is ONNX Runtime 1.16.3, but at least 1.17 is needed",
        ),
        (
            with_table("later.so", "Some(Base(Some(api), Some(later)))"),
            "is ONNX Runtime 1.99.0, which does not support the API of 1.17",
        ),
        (with_table("odd.so", "Some(Base(Some(api), Some(odd)))"), "does not report a valid version"),
        (with_table("binary.so", "Some(Base(Some(api), Some(binary)))"), "does not report a valid version"),
        (with_table("silent.so", "Some(Base(Some(api), Some(silent)))"), "does not report a valid version"),
        (with_table("hollow.so", "Some(Base(None, None))"), "does not report a valid version"),
        (with_table("none.so", "None"), "does not report a valid version"),
        (
            // A pointer that cannot be one to a table.
            compiled(
                "skewed.so",
                "static BYTES: [u64; 4] = [0x0101_0101_0101_0101; 4];
                 #[unsafe(no_mangle)] pub extern \"C\" fn OrtGetApiBase() -> *const u8 {
                     BYTES.as_ptr().cast::<u8>().wrapping_add(1)
                 }",
            ),
            "does not report a valid version",
        ),
        (
            compiled(
                "lacking.so",
                "unsafe extern \"C\" { fn nowhere() -> *const u8; }
                 #[unsafe(no_mangle)] pub extern \"C\" fn OrtGetApiBase() -> *const u8 { unsafe { nowhere() } }",
            ),
            "cannot be loaded: ",
        ),
    ];
    for (path, reason) in cases {
        for (variable, giver) in [("ORT_DYLIB_PATH", "ORT_DYLIB_PATH"), (OPTION, "the options")] {
            let refused = program.run([(variable, path.as_os_str())]);
            let start = format!("`{}`, given by {giver}, {reason}", path.display());
            assert!(refused.starts_with(&start), "{refused}, expected {start}");
            let advice = match variable {
                OPTION => "(set it to an ONNX Runtime library, or leave it out to search for one)",
                _ => "(set it to an ONNX Runtime library, or unset it to search for one)",
            };
            assert!(refused.ends_with(advice), "{refused}");
            assert_eq!(refused.lines().count(), 1);
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_library_without_read_permission_is_reported() {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};

    /// User id of `nobody`, for the case that this test runs as root, who can read everything.
    const NOBODY: u32 = 65534;

    let program = Program::new();
    let allow =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a file of this test");
    allow(program.folder.path(), 0o755);
    let (good, library) = (program.install("good.so"), program.install("library.so"));
    let below = program.install("closed/library.so");
    allow(&library, 0o000);
    allow(&program.path("closed"), 0o000);
    for path in [&library, &below] {
        let mut command = program.command();
        if fs::read(&library).is_ok() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let refused = program.line_of(command.env(OPTION, path).env(THEN, &good));
        let start = format!("`{}`, given by the options, cannot be read: Permission denied", path.display());
        assert!(refused.starts_with(&start), "{refused}, expected {start}");
    }
    allow(&program.path("closed"), 0o755);
}

#[test]
fn an_unusable_candidate_is_skipped_and_listed_with_its_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let given = Options::default().library(folder.path().join("absent.so"));
    assert!(matches!(locate(&given), Err(LibraryError::Given { .. })));
    let listed: Vec<Candidate> = candidates(&given);
    assert!(matches!(listed[0].verdict, Verdict::Refused(_)));
    assert!(listed[1..].iter().all(|candidate| matches!(candidate.verdict, Verdict::Untried)));

    let listed = candidates(&Options::default());
    assert_eq!(listed.iter().filter(|candidate| matches!(candidate.verdict, Verdict::Chosen(_))).count(), 1);
    assert!(listed.iter().all(|candidate| !candidate.verdict.to_string().is_empty()));
}

#[test]
fn a_second_onnx_runtime_in_one_process_is_refused() {
    let fixture = support::Fixture::new(Kind::Ae);
    let open = |options: &Options| Autoencoder::open_with(fixture.path(), options);
    open(&Options::default()).expect("a good bundle");
    let error = open(&Options::default().library("elsewhere/libonnxruntime.so")).expect_err("another").to_string();
    assert!(error.starts_with("this process already runs ONNX Runtime 1.") && error.contains(" from `"), "{error}");
    open(&Options::default().library(real_library())).expect("the same library");
}

/// Tests a real release; the test above uses an imitation.
#[test]
#[ignore = "run by scripts/versions.py, which downloads an old release"]
fn a_release_that_is_too_old_is_refused_with_its_version() {
    let path = env::var_os("NARROWS_TOO_OLD").expect("the path of ONNX Runtime 1.16 or older");
    let fixture = support::Fixture::new(Kind::Ae);
    let refused = Autoencoder::open_with(fixture.path(), &Options::default().library(path)).expect_err("too old");
    let text = refused.to_string();
    assert!(text.contains("is ONNX Runtime 1.") && text.contains(", but at least 1.17 is needed"), "{text}");
    Autoencoder::open_with(fixture.path(), &Options::default().library(real_library())).expect("a good library");
}
