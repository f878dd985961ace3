//! The DevTools protocol over two pipes: JSON texts with a zero byte after each.

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use serde_json::{Value, json};

/// How long a look at a page may take: one that gives way to the next may never answer.
const LOOK: Duration = Duration::from_secs(5);

/// How long the browser may take for anything else. Starting it on a busy machine takes longest.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the browser may take to close.
const FAREWELL: Duration = Duration::from_secs(5);

pub(crate) struct Pipe {
    input: ChildStdin,
    messages: Receiver<Value>,
    /// Events, oldest first.
    events: Vec<Value>,
    calls: u64,
}

impl Pipe {
    pub(crate) fn new(input: ChildStdin, output: ChildStdout) -> Self {
        let (tell, messages) = channel();
        // Ends with the browser, which closes the pipe.
        thread::spawn(move || {
            for message in BufReader::new(output).split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("the browser speaks JSON");
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            input,
            messages,
            events: Vec::new(),
            calls: 0,
        }
    }

    /// Calls a method of the browser.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.exchange(None, method, params, PATIENCE)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Calls a method of a tab; the error is the browser's.
    pub(crate) fn call_in(
        &mut self,
        session: &str,
        method: &str,
        params: &Value,
    ) -> Result<Value, Value> {
        self.exchange(Some(session), method, params, PATIENCE)
    }

    /// Asks a tab for something that may get lost.
    pub(crate) fn ask_in(
        &mut self,
        session: &str,
        method: &str,
        params: &Value,
    ) -> Result<Value, Value> {
        self.exchange(Some(session), method, params, LOOK)
    }

    /// The events of a tab so far.
    pub(crate) fn events_in<'a>(&'a self, session: &'a str) -> impl Iterator<Item = &'a Value> {
        let events = self.events.iter();
        events.filter(move |event| event["sessionId"] == session)
    }

    /// Calls a method without waiting for its result.
    pub(crate) fn tell(&mut self, method: &str, params: &Value) {
        let _ = self.send(None, method, params);
    }

    /// Whether the browser closes its end soon.
    pub(crate) fn ends(&self) -> bool {
        loop {
            match self.messages.recv_timeout(FAREWELL) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    fn send(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: &Value,
    ) -> std::io::Result<u64> {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut text = message.to_string().into_bytes();
        text.push(0);
        self.input.write_all(&text)?;
        Ok(self.calls)
    }

    fn exchange(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: &Value,
        patience: Duration,
    ) -> Result<Value, Value> {
        let id = self
            .send(session, method, params)
            .unwrap_or_else(|error| panic!("the browser is gone before {method}: {error}"));
        loop {
            let mut message = match self.messages.recv_timeout(patience) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => return Err("no answer in time".into()),
                Err(RecvTimeoutError::Disconnected) => panic!("the browser died of {method}"),
            };
            if message["id"] == id {
                return match message.get_mut("error") {
                    Some(error) => Err(error.take()),
                    None => Ok(message["result"].take()),
                };
            }
            if message.get("method").is_some() {
                self.events.push(message);
            }
        }
    }
}
