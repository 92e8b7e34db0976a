//! A page in the browser: what it shows, what it reports, what it loads, and hands on it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::pipe::Pipe;

/// Longest wait for a change on a page. A busy machine takes seconds for a frame.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open page.
pub(crate) struct Page<'a> {
    pipe: &'a mut Pipe,
    session: String,
    /// Errors and warnings on the console, exceptions, and loads that failed.
    complaints: Vec<String>,
    /// Address of every request, also of those that failed.
    requests: Vec<String>,
}

/// The setting of the operating system that a page follows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    pub(crate) const ALL: [Scheme; 2] = [Scheme::Light, Scheme::Dark];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        }
    }
}

impl<'a> Page<'a> {
    pub(crate) fn open(pipe: &'a mut Pipe, session: String, address: &str) -> Self {
        let mut page = Page { pipe, session, complaints: Vec::new(), requests: Vec::new() };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.resize(1400, 900);
        let opened = page.call("Page.navigate", json!({ "url": address }));
        assert!(opened["errorText"].is_null(), "{address}: {}", opened["errorText"]);
        let events = page.pipe.wait_for(&page.session, "Page.loadEventFired");
        page.note(events);
        page
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.pipe.call(Some(&self.session), method, parameters)
    }

    fn note(&mut self, events: Vec<Value>) {
        for event in events.iter().filter(|event| event["sessionId"] == self.session.as_str()) {
            let details = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    self.requests.push(details["request"]["url"].as_str().unwrap_or_default().to_owned());
                }
                "Network.loadingFailed" if details["canceled"] != true => self.complaints.push(details.to_string()),
                "Runtime.exceptionThrown" => self.complaints.push(details["exceptionDetails"].to_string()),
                "Runtime.consoleAPICalled" if details["type"] == "error" || details["type"] == "warning" => {
                    self.complaints.push(details["args"].to_string());
                }
                "Log.entryAdded" if details["entry"]["level"] == "error" || details["entry"]["level"] == "warning" => {
                    self.complaints.push(details["entry"].to_string());
                }
                _ => {}
            }
        }
    }

    /// Sets the size of the window, in pixels.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    pub(crate) fn prefer(&mut self, scheme: Scheme) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme.name() }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Returns the value of an expression in JavaScript, after the promise that it may be. An exception fails the test.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", parameters);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    pub(crate) fn text(&mut self, expression: &str) -> String {
        match self.value(expression) {
            Value::String(text) => text,
            other => panic!("{expression} is {other}, expected a text"),
        }
    }

    pub(crate) fn number(&mut self, expression: &str) -> f64 {
        let value = self.value(expression);
        value.as_f64().unwrap_or_else(|| panic!("{expression} is {value}, expected a number"))
    }

    /// Waits until an expression is true; anything else fails the test.
    pub(crate) fn wait_until(&mut self, expression: &str) {
        assert!(self.becomes_true(expression), "{expression} did not become true; {:?}", self.complaints());
    }

    /// Waits until an expression is true, and returns whether that happened.
    pub(crate) fn becomes_true(&mut self, expression: &str) -> bool {
        let started = Instant::now();
        while self.value(expression) != true {
            if started.elapsed() > PATIENCE {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// Does something, and checks that the pixels of a canvas then become others.
    pub(crate) fn assert_changes(&mut self, canvas: &str, what: &str, act: impl FnOnce(&mut Self)) {
        let pixels = format!("document.querySelector('{canvas}').toDataURL()");
        self.value(&format!("window.before = {pixels}"));
        act(self);
        assert!(self.becomes_true(&format!("{pixels} !== window.before")), "{what} does not change {canvas}");
    }

    /// Returns the centre of the first element that a selector finds, in pixels of the window, after scrolling to it.
    pub(crate) fn centre(&mut self, selector: &str) -> (f64, f64) {
        let name = json!(selector).to_string();
        let place = self.value(&format!(
            "(() => {{ const found = document.querySelector({name}); if (!found) return null; \
             found.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const box = found.getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        let at = |index: usize| place[index].as_f64().unwrap_or_else(|| panic!("nothing is `{selector}`"));
        (at(0), at(1))
    }

    pub(crate) fn hover(&mut self, selector: &str) {
        let at = self.centre(selector);
        self.mouse("mouseMoved", at, 0);
    }

    pub(crate) fn click(&mut self, selector: &str) {
        let at = self.centre(selector);
        self.drag(&[at]);
    }

    /// Presses the mouse at the first place, moves it over the others, and releases it at the last one.
    pub(crate) fn drag(&mut self, places: &[(f64, f64)]) {
        let (Some(&first), Some(&last)) = (places.first(), places.last()) else { return };
        self.mouse("mouseMoved", first, 0);
        self.mouse("mousePressed", first, 1);
        for &place in &places[1..] {
            self.mouse("mouseMoved", place, 1);
        }
        self.mouse("mouseReleased", last, 0);
    }

    fn mouse(&mut self, event: &str, (x, y): (f64, f64), buttons: u32) {
        let button = if event == "mouseMoved" && buttons == 0 { "none" } else { "left" };
        let parameters =
            json!({ "type": event, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1 });
        self.call("Input.dispatchMouseEvent", parameters);
    }

    /// Presses and releases a key with this name and, for a letter or a digit, this text.
    pub(crate) fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        for event in ["keyDown", "keyUp"] {
            let mut parameters = json!({ "type": event, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if key == "Enter" && event == "keyDown" {
                parameters["text"] = "\r".into();
            }
            self.call("Input.dispatchKeyEvent", parameters);
        }
    }

    /// Returns a screenshot of the complete page as PNG in base64.
    pub(crate) fn screenshot(&mut self) -> String {
        let size = self.call("Page.getLayoutMetrics", json!({}));
        let size = &size["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let mut answer = self.call("Page.captureScreenshot", parameters);
        match answer["data"].take() {
            Value::String(data) => data,
            other => panic!("the screenshot is {other}"),
        }
    }

    /// Returns what the console, failed loads and exceptions have reported.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        let events = self.pipe.events();
        self.note(events);
        self.complaints.clone()
    }

    /// Returns the address of every request.
    pub(crate) fn requests(&mut self) -> Vec<String> {
        let events = self.pipe.events();
        self.note(events);
        self.requests.clone()
    }
}
