//! The DevTools protocol over two pipes: JSON messages, each followed by a zero byte.

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use serde_json::{Value, json};

/// Time limit of a query: a page that is being replaced may never respond.
const QUERY_TIMEOUT: Duration = Duration::from_secs(5);

/// Time limit of all other calls. On a busy machine the start of the browser takes longest.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Time limit for the browser to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Pipe {
    input: ChildStdin,
    messages: Receiver<Value>,
    /// Received events, oldest first.
    events: Vec<Value>,
    calls: u64,
}

impl Pipe {
    pub(crate) fn new(input: ChildStdin, output: ChildStdout) -> Self {
        let (sender, messages) = channel();
        // Ends when the browser closes the pipe.
        thread::spawn(move || {
            for message in BufReader::new(output).split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("messages are JSON");
                if sender.send(message).is_err() {
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
        self.exchange(None, method, params, CALL_TIMEOUT)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Calls a method of a tab; the error is the browser's.
    pub(crate) fn call_in(
        &mut self,
        session: &str,
        method: &str,
        params: &Value,
    ) -> Result<Value, Value> {
        self.exchange(Some(session), method, params, CALL_TIMEOUT)
    }

    /// Calls a method of a tab that may never respond.
    pub(crate) fn query_in(
        &mut self,
        session: &str,
        method: &str,
        params: &Value,
    ) -> Result<Value, Value> {
        self.exchange(Some(session), method, params, QUERY_TIMEOUT)
    }

    /// The events of a tab received so far.
    pub(crate) fn events_in<'a>(&'a self, session: &'a str) -> impl Iterator<Item = &'a Value> {
        let events = self.events.iter();
        events.filter(move |event| event["sessionId"] == session)
    }

    /// Calls a method without waiting for its result.
    pub(crate) fn notify(&mut self, method: &str, params: &Value) {
        let _ = self.send(None, method, params);
    }

    /// Whether the browser closes the pipe within the time limit.
    pub(crate) fn is_closed_soon(&self) -> bool {
        loop {
            match self.messages.recv_timeout(CLOSE_TIMEOUT) {
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
        timeout: Duration,
    ) -> Result<Value, Value> {
        let id = self
            .send(session, method, params)
            .unwrap_or_else(|error| panic!("the browser exited before {method}: {error}"));
        loop {
            let mut message = match self.messages.recv_timeout(timeout) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => return Err("timed out".into()),
                Err(RecvTimeoutError::Disconnected) => panic!("the browser exited during {method}"),
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
