//! The browser: where it is, how it starts, and how it ends.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

use crate::{page::Page, pipe::Pipe};

/// Names of the program on the `PATH`.
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// Set to 1 where a missing browser is an error.
const REQUIRE: &str = "NARROWS_REQUIRE_BROWSER";
/// Path of the browser, if it is not on the `PATH`.
const PROGRAM: &str = "CHROME";

/// Longest wait for the end of the browser.
const PATIENCE: Duration = Duration::from_secs(10);

/// Headless Chromium with a profile of its own. It ends when it is dropped.
pub(crate) struct Chromium {
    process: Child,
    pipe: Pipe,
    _profile: TempDir,
}

impl Chromium {
    /// Starts the browser. Returns `None`, after a sentence on standard error, if there is none.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = program() else {
            let sentence = format!("no Chromium found: install it or set {PROGRAM} to its path; this test was skipped");
            assert!(env::var(REQUIRE).as_deref() != Ok("1"), "{sentence}, which {REQUIRE}=1 forbids");
            eprintln!("{sentence}");
            return None;
        };
        let profile = tempfile::tempdir().expect("a temporary folder");
        // The browser reads commands from the pipe 3 and writes to the pipe 4; the shell makes them of its own input
        // and output.
        let mut process = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#])
            .arg(&program)
            .args(["--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--hide-scrollbars"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            // Chromium does not start its sandbox as root, nor in most containers. The pages are our own.
            .args(["--no-sandbox", "--disable-dev-shm-usage"])
            // Nothing but this machine can be reached, whatever a page asks for.
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("every unix has a shell");
        let (input, output) = (process.stdin.take().expect("piped"), process.stdout.take().expect("piped"));
        Some(Chromium { process, pipe: Pipe::new(input, output), _profile: profile })
    }

    /// Opens an address, a `file:` or `http:` one, in a tab of its own, and waits until it is loaded.
    pub(crate) fn open(&mut self, address: &str) -> Page<'_> {
        let target = self.pipe.call(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let attached = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.pipe.call(None, "Target.attachToTarget", attached);
        let session = attached["sessionId"].as_str().expect("a session").to_owned();
        Page::open(&mut self.pipe, session, address)
    }

    /// Opens a file.
    pub(crate) fn open_file(&mut self, path: &Path) -> Page<'_> {
        self.open(&format!("file://{}", path.display()))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.pipe.send(None, "Browser.close", json!({}));
        let started = Instant::now();
        while !matches!(self.process.try_wait(), Ok(Some(_))) {
            if started.elapsed() > PATIENCE {
                let _ = self.process.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn program() -> Option<PathBuf> {
    if let Some(program) = env::var_os(PROGRAM) {
        return Some(program.into());
    }
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let mac = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    let candidates = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.chain([mac]).find(|path| path.is_file())
}
