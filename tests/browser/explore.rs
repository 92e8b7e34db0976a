//! The live page of `narrows explore`.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use serde_json::Value;

use crate::{
    chromium::Chromium,
    page::Page,
    rules::{assert_accessible, assert_quiet_and_at_home},
    sandbox::Sandbox,
    screenshots,
};

/// Longest median time of a frame, in milliseconds. The aim is 30 on a quiet machine. The test runs on busy
/// ones too, where frames of 2.6 seconds were seen: it only notices pages that hang, and prints the time.
const FRAME: f64 = 10_000.0;

/// A running explorer, which ends when it is dropped.
pub(crate) struct Explorer {
    process: Child,
    pub(crate) url: String,
}

impl Explorer {
    /// Explores a bundle of the zoo.
    pub(crate) fn start(bundle: &str, flags: &str) -> Self {
        let zoo = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/zoo");
        Self::run(&Sandbox::new(), &format!("{zoo}/{bundle} {flags}"))
    }

    /// Runs `narrows explore` with these arguments in a sandbox. It reads all files before it prints its address.
    pub(crate) fn run(sandbox: &Sandbox, arguments: &str) -> Self {
        let mut command = sandbox.command(&format!("explore {arguments} --json"));
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("text");
        let printed: Value = serde_json::from_str(&line).expect("an address as JSON");
        let url = printed["url"].as_str().expect("an address").to_owned();
        Explorer { process, url }
    }

    pub(crate) fn open<'a>(&self, chromium: &'a mut Chromium) -> Page<'a> {
        self.open_with(chromium, "")
    }

    /// Opens the page with a fragment behind its address.
    pub(crate) fn open_with<'a>(&self, chromium: &'a mut Chromium, fragment: &str) -> Page<'a> {
        let mut page = chromium.open(&format!("{}{fragment}", self.url));
        page.wait_until("document.body.dataset.ready !== undefined");
        let problem = page.text("document.getElementById('problem').textContent");
        assert_eq!(page.text("document.body.dataset.ready"), "yes", "{problem}");
        page
    }
}

impl Drop for Explorer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn dragging_a_slider_a_class_and_drawing_change_the_pictures() {
    let Some(mut chromium) = Chromium::start() else { return };
    let explorer = Explorer::start("cvae", "--data digits --part test");
    let mut page = explorer.open(&mut chromium);

    let (x, y) = page.centre("#plane");
    let path: Vec<(f64, f64)> = (0..40).map(|step| (x + 2.0 * f64::from(step), y - f64::from(step))).collect();
    page.assert_changes("#seen canvas", "dragging", |page| page.drag(&path));
    page.assert_changes("#seen canvas", "an arrow key in the plane", |page| {
        page.value("document.getElementById('plane').focus()");
        page.press("ArrowLeft");
    });
    page.assert_changes("#seen canvas", "a slider", |page| {
        page.value("document.querySelector('#sliders input').focus()");
        (0..10).for_each(|_| page.press("ArrowRight"));
    });
    page.assert_changes("#seen canvas", "a class", |page| page.click("#classes button:nth-of-type(8)"));

    let score = page.text("document.getElementById('about-drawing').textContent");
    let (x, y) = page.centre("#drawing");
    let path: Vec<(f64, f64)> = (0..20).map(|step| (x, y - 50.0 + 5.0 * f64::from(step))).collect();
    page.assert_changes("#drawing", "drawing", |page| page.drag(&path));
    let other = format!("document.getElementById('about-drawing').textContent !== {}", Value::from(score));
    assert!(page.becomes_true(&other), "drawing does not change the score");

    let median = page.number("Number(document.getElementById('timing').dataset.median)");
    eprintln!("median time of a frame: {median:.1} ms");
    assert!(median < FRAME, "a frame takes {median} ms, at most {FRAME} allowed");
    screenshots::take(&mut page, "explore-cvae");
    assert_accessible(&mut page);
    assert_quiet_and_at_home(&mut page);
}

#[test]
fn a_model_without_prior_or_rows_can_be_explored() {
    let Some(mut chromium) = Chromium::start() else { return };
    let explorer = Explorer::start("ae", "");
    let mut page = explorer.open(&mut chromium);
    let (x, y) = page.centre("#plane");
    page.assert_changes("#seen canvas", "dragging", |page| page.drag(&[(x, y), (x + 60.0, y + 30.0)]));
    screenshots::take(&mut page, "explore-ae");
    assert_accessible(&mut page);
    assert_quiet_and_at_home(&mut page);
}
