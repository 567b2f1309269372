//! A headless Chromium, spoken to in the protocol of its developer tools through two pipes: no port, no library.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};

/// A machine that takes longer than this for one answer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// A page in a browser of its own. It is closed when it is dropped.
pub(crate) struct Page {
    browser: Child,
    to: ChildStdin,
    from: Receiver<Json>,
    session: Option<String>,
    calls: u64,
    /// What the page complained of, and asked of the network.
    trouble: Vec<String>,
}

/// The browser of this machine. `JETON_BROWSER` says which one it must be; where it is set, and on CI, one is required.
fn program() -> Option<String> {
    let named = env::var("JETON_BROWSER").ok();
    let required = named.is_some() || env::var("CI").is_ok_and(|ci| ci == "true");
    let candidates = named
        .map_or_else(|| ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned).into(), |one| vec![one]);
    let works = |name: &String| Command::new(name).arg("--version").output().is_ok_and(|ran| ran.status.success());
    let found = candidates.into_iter().find(works);
    assert!(found.is_some() || !required, "there is no browser, and one is required here");
    found
}

impl Page {
    /// Opens a file; nothing, and a word about it, where there is no browser.
    pub(crate) fn open(file: &Path, (width, height): (u32, u32)) -> Option<Self> {
        let Some(program) = program() else {
            println!("left out: there is no Chromium on this machine");
            return None;
        };
        let profile = file.with_extension("profile");
        // The browser reads from its descriptor 3 and writes to 4.
        let mut browser = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null", "sh", &program])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
            .args(["--no-first-run", "--disable-background-networking", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let to = browser.stdin.take().expect("a pipe");
        let output = browser.stdout.take().expect("a pipe");
        let (sender, from) = channel();
        thread::spawn(move || {
            for message in BufReader::new(output).split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("the protocol is JSON");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut page = Self { browser, to, from, session: None, calls: 0, trouble: Vec::new() };
        let target = page.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached = page.call("Target.attachToTarget", &json!({ "targetId": target["targetId"], "flatten": true }));
        page.session = Some(attached["sessionId"].as_str().expect("a session").to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), &json!({}));
        }
        page.resize(width, height);
        page.call("Page.navigate", &json!({ "url": format!("file://{}", file.display()) }));
        page.wait_for("document.readyState === 'complete' && document.body.dataset.rows !== undefined");
        Some(page)
    }

    /// Calls a method of the protocol and waits for its result.
    pub(crate) fn call(&mut self, method: &str, parameters: &Json) -> Json {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).and_then(|()| self.to.flush()).expect("the browser listens");
        loop {
            let answer = self.from.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == json!(self.calls) {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.note(&answer);
        }
    }

    /// Keeps what should not be.
    fn note(&mut self, event: &Json) {
        let what = &event["params"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.trouble.push(what["exceptionDetails"].to_string()),
            Some("Runtime.consoleAPICalled") if what["type"] == "error" => self.trouble.push(what["args"].to_string()),
            Some("Log.entryAdded") if what["entry"]["level"] == "error" => self.trouble.push(what["entry"].to_string()),
            Some("Network.requestWillBeSent") => {
                let address = what["request"]["url"].as_str().unwrap_or_default();
                let is_page = what["type"] == "Document" && address.starts_with("file://");
                if !is_page && !address.starts_with("data:") {
                    self.trouble.push(format!("it asks for {address}"));
                }
            }
            _ => {}
        }
    }

    /// The value of an expression in the page.
    #[track_caller]
    pub(crate) fn evaluate(&mut self, expression: &str) -> Json {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", &parameters);
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, expression: &str) {
        for _ in 0..600 {
            if self.evaluate(expression) == json!(true) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("it never came true: {expression}");
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", &json!({ "type": kind, "key": key }));
        }
    }

    /// Clicks in the middle of the first element that a selector has.
    #[track_caller]
    pub(crate) fn click(&mut self, selector: &str) {
        self.pointer(selector, &["mouseMoved", "mousePressed", "mouseReleased"]);
    }

    /// Points at it.
    #[track_caller]
    pub(crate) fn hover(&mut self, selector: &str) {
        self.pointer(selector, &["mouseMoved"]);
    }

    #[track_caller]
    fn pointer(&mut self, selector: &str, kinds: &[&str]) {
        let place = self.evaluate(&format!(
            "(() => {{ const box = document.querySelector({selector:?}).getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        for kind in kinds {
            let parameters = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &parameters);
        }
    }

    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", &size);
    }

    /// As if the reader liked it so: `dark` or `light`; on `screen` or on paper, `print`.
    pub(crate) fn prefer(&mut self, theme: &str, medium: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        self.call("Emulation.setEmulatedMedia", &json!({ "media": medium, "features": features }));
    }

    /// What went wrong so far: errors in the console, and whatever was asked of the network.
    pub(crate) fn trouble(&mut self) -> Vec<String> {
        // What was said before this is answered has been said.
        self.evaluate("0");
        self.trouble.clone()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}
