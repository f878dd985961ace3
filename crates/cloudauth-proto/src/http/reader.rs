//! A response as it comes over HTTP/1.1, for runtimes with a socket and no HTTP library.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::{fmt, mem};

use super::{Delivery, Failure, Head, Response};

/// The longest head, and the longest line between chunks, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// Reads one response from the bytes of a connection.
///
/// The counterpart of [`Request::write_http1`](super::Request::write_http1): a driver with a socket writes the
/// request, and pushes what it reads until the response is complete. Interim responses (1xx) are skipped,
/// and no more of a body is kept than the exchange's limit and one byte.
///
/// ```
/// use std::io::Read;
///
/// use cloudauth_proto::driver::{Failure, Response, ResponseReader};
///
/// fn read(mut connection: impl Read, limit: usize) -> Result<Response, Failure> {
///     let mut reader = ResponseReader::new(limit);
///     let mut part = [0; 8_192];
///     let ended = loop {
///         match connection.read(&mut part) {
///             Ok(0) => break Ok(()),
///             Ok(n) if reader.push(&part[..n]) => break Ok(()),
///             Ok(_) => {}
///             Err(error) => break Err(error),
///         }
///     };
///     reader.finish(ended)
/// }
///
/// let sent = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
/// assert_eq!(read(sent.as_bytes(), 1_000)?.body, b"{}");
/// # Ok::<(), Failure>(())
/// ```
///
/// The connection is to be closed after it: bytes that follow the response are dropped.
pub struct ResponseReader {
    limit: usize,
    state: State,
    /// What was pushed of a line that is not complete.
    line: Vec<u8>,
    /// The lines of the head so far, without their ends.
    lines: Vec<String>,
    /// The bytes of the head, or of the trailers, so far.
    size: usize,
    head: Option<Head>,
    body: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    /// This many bytes of the body are left.
    Length(usize),
    UntilEnd,
    ChunkSize,
    Chunk(usize),
    /// The line end after a chunk.
    ChunkEnd,
    Trailers,
    Complete,
    Invalid(&'static str),
}

impl ResponseReader {
    /// A reader for an exchange with this [limit](crate::driver::Exchange::response_limit) of the body.
    #[must_use]
    pub fn new(response_limit: usize) -> Self {
        Self {
            limit: response_limit,
            state: State::Head,
            line: Vec::new(),
            lines: Vec::new(),
            size: 0,
            head: None,
            body: Vec::new(),
        }
    }

    /// Adds bytes of the connection. Returns whether that is enough: the response is complete, longer than
    /// the limit, or no HTTP.
    pub fn push(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() && !self.is_over() {
            bytes = match self.state {
                State::Length(left) | State::Chunk(left) => self.push_body(bytes, left),
                State::UntilEnd => self.push_body(bytes, usize::MAX),
                State::Head | State::ChunkSize | State::ChunkEnd | State::Trailers => {
                    self.push_line(bytes)
                }
                State::Complete | State::Invalid(_) => return true,
            };
        }
        self.is_over()
    }

    /// The result. `ended` is an error if the connection broke off or a time-out was over first, and not if
    /// [`push`](Self::push) has returned true or the connection has ended: that is the end of a response
    /// without a length.
    pub fn finish(
        mut self,
        ended: Result<(), impl Into<Box<dyn Error + Send + Sync>>>,
    ) -> Result<Response, Failure> {
        if self.state == State::UntilEnd && ended.is_ok() {
            self.state = State::Complete;
        }
        let source = match (self.state, ended) {
            (State::Invalid(reason), _) => reason.into(),
            (_, Err(error)) => error.into(),
            (_, Ok(())) => "the connection ended before the response".into(),
        };
        match self.head {
            Some(head) if self.state == State::Complete => Ok(Response::new(head, self.body)),
            Some(head) => Err(Failure::after_head(head, source)),
            None => Err(Failure::new(Delivery::MaybeSent, source)),
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Complete | State::Invalid(_))
    }

    /// Takes up to `left` bytes of the body, and returns the rest.
    fn push_body<'b>(&mut self, bytes: &'b [u8], left: usize) -> &'b [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(left));
        let more = self.limit.saturating_add(1) - self.body.len();
        self.body.extend_from_slice(&taken[..taken.len().min(more)]);
        let left = left - taken.len();
        self.state = match self.state {
            // Enough to see that it is too long.
            _ if self.body.len() > self.limit => State::Complete,
            State::Length(_) if left == 0 => State::Complete,
            State::Length(_) => State::Length(left),
            State::Chunk(_) if left == 0 => State::ChunkEnd,
            State::Chunk(_) => State::Chunk(left),
            State::Head
            | State::UntilEnd
            | State::ChunkSize
            | State::ChunkEnd
            | State::Trailers
            | State::Complete
            | State::Invalid(_) => self.state,
        };
        rest
    }

    /// Takes the bytes up to the end of a line, and returns the rest.
    fn push_line<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let end = bytes.iter().position(|b| *b == b'\n');
        let (taken, rest) = bytes.split_at(end.map_or(bytes.len(), |at| at + 1));
        self.line.extend_from_slice(taken);
        self.size += taken.len();
        if self.size > MAX_HEAD {
            self.state = State::Invalid("the head of the response is too long");
        } else if end.is_some() {
            let line = mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            self.state = self.after_line(line.trim_end_matches(['\r', '\n']));
        }
        rest
    }

    fn after_line(&mut self, line: &str) -> State {
        match self.state {
            State::Head if line.is_empty() => self.after_head(),
            State::Head => {
                self.lines.push(line.to_owned());
                State::Head
            }
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::ChunkSize => {
                self.size = 0;
                match number(line.split(';').next().unwrap_or_default().trim(), 16) {
                    Some(0) => State::Trailers,
                    Some(size) => State::Chunk(size),
                    None => State::Invalid("the response has an invalid chunk"),
                }
            }
            State::Trailers if line.is_empty() => State::Complete,
            State::Trailers => State::Trailers,
            State::ChunkEnd
            | State::Length(_)
            | State::UntilEnd
            | State::Chunk(_)
            | State::Complete
            | State::Invalid(_) => State::Invalid("the response has an invalid chunk"),
        }
    }

    /// The state after the empty line that ends a head.
    fn after_head(&mut self) -> State {
        self.size = 0;
        let lines = mem::take(&mut self.lines);
        let status = lines.first().and_then(|line| line.strip_prefix("HTTP/1."));
        let status = status.and_then(|rest| rest.get(1..)?.trim_start().get(..3)?.parse().ok());
        let Some(status) = status.filter(|status: &u16| *status >= 100) else {
            return State::Invalid("the response is not HTTP/1.1");
        };
        if status < 200 {
            return State::Head;
        }
        let all = |name: &'static str| {
            let headers = lines.iter().filter_map(|line| line.split_once(':'));
            let named = headers.filter(move |(sent, _)| sent.eq_ignore_ascii_case(name));
            named.map(|(_, value)| value.trim())
        };
        let head = Head::read(status, |name| all(name).next().map(ToOwned::to_owned));
        let codings = all("transfer-encoding").flat_map(|codings| codings.split(','));
        let mut lengths = all("content-length");
        let length = lengths.next();
        let state = if matches!(status, 204 | 304) {
            State::Complete
        } else if let Some(last) = codings.last() {
            if last.trim().eq_ignore_ascii_case("chunked") {
                State::ChunkSize
            } else {
                State::UntilEnd
            }
        } else if lengths.any(|other| Some(other) != length) {
            State::Invalid("the response has two values of content-length")
        } else {
            match length.map(|text| number(text, 10)) {
                Some(Some(0)) => State::Complete,
                Some(Some(length)) => State::Length(length),
                Some(None) => State::Invalid("the response has an invalid content-length"),
                None => State::UntilEnd,
            }
        };
        self.head = Some(head);
        state
    }
}

/// A number of digits only: Rust's integers may begin with a plus.
fn number(digits: &str, radix: u32) -> Option<usize> {
    let digits = Some(digits).filter(|it| !it.starts_with('+'))?;
    usize::from_str_radix(digits, radix).ok()
}

/// Shows how much was read.
impl fmt::Debug for ResponseReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseReader")
            .field("state", &self.state)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    const LIMIT: usize = 10;

    /// Reads this in parts of `size` bytes. Returns the status and the body, or the status before the
    /// failure.
    fn read(sent: &str, size: usize) -> Result<(u16, String), Option<u16>> {
        let mut reader = ResponseReader::new(LIMIT);
        let mut parts = sent.as_bytes().chunks(size);
        let _ = parts.any(|part| reader.push(part));
        match reader.finish(Ok::<_, &str>(())) {
            Ok(response) => {
                let body = String::from_utf8_lossy(&response.body).into_owned();
                Ok((response.head.status, body))
            }
            Err(failure) => {
                assert_eq!(failure.delivery, Delivery::MaybeSent);
                Err(failure.head.map(|head| head.status))
            }
        }
    }

    #[test]
    fn a_response_is_read_in_every_framing_and_however_it_is_split() {
        let ok = |status, body: &str| Ok((status, body.to_owned()));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";
        let long = "x".repeat(70_000);
        for (sent, expected) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length:2\r\n\r\n{}",
                ok(200, "{}"),
            ),
            ("HTTP/1.0 404 N\ncontent-length: 2\n\n{}more", ok(404, "{}")),
            ("HTTP/1.1 200 OK\r\n\r\n{}", ok(200, "{}")),
            ("HTTP/1.1 204 \r\n\r\nx", ok(204, "")),
            ("HTTP/1.1 503\r\ncontent-length: 0\r\n\r\n", ok(503, "")),
            (
                "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\na: b\r\n\r\nHTTP/1.1 200 O\r\ncontent-length: 1\r\n\r\n1",
                ok(200, "1"),
            ),
            (
                &*format!("{chunked}1;a=b\r\n1\r\n02\r\n23\r\n0\r\nt: 1\r\n\r\n"),
                ok(200, "123"),
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\ntransfer-encoding: x, Chunked\r\ncontent-length: 9\r\n\r\n1\r\n1\r\n0\r\n\r\n",
                ok(200, "1"),
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\ncontent-length: 1\r\n\r\n12",
                ok(200, "12"),
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n1",
                ok(200, "1"),
            ),
            // One byte more than the limit, and no end.
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n0123456789abc",
                ok(200, "0123456789a"),
            ),
            (
                "HTTP/1.1 200 OK\r\n\r\n0123456789abc",
                ok(200, "0123456789a"),
            ),
            (
                &*format!("{chunked}ff\r\n0123456789abc"),
                ok(200, "0123456789a"),
            ),
            // Cut off.
            ("", Err(None)),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", Err(None)),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}",
                Err(Some(200)),
            ),
            (&*format!("{chunked}2\r\n{{}}\r\n"), Err(Some(200))),
            (&*format!("{chunked}2\r\n{{}}\r\n0\r\n"), Err(Some(200))),
            // Not HTTP.
            ("SSH-2.0-x\r\n\r\n", Err(None)),
            ("HTTP/1.1 OK\r\n\r\n", Err(None)),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
                Err(Some(200)),
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\n1",
                Err(Some(200)),
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12",
                Err(Some(200)),
            ),
            (
                &*format!("{chunked}+2\r\n{{}}\r\n0\r\n\r\n"),
                Err(Some(200)),
            ),
            (
                &*format!("{chunked}2\r\n{{}}x\r\n0\r\n\r\n"),
                Err(Some(200)),
            ),
            (&*format!("{chunked}zz\r\n"), Err(Some(200))),
            (&*format!("HTTP/1.1 200 OK\r\na: {long}\r\n\r\n"), Err(None)),
            (&*format!("{chunked}0\r\n{long}"), Err(Some(200))),
        ] {
            for size in [1, 2, 3, 7, usize::MAX] {
                let size = size.min(sent.len().max(1));
                assert_eq!(read(sent, size), expected, "{sent:.60} in parts of {size}");
            }
        }
    }

    #[test]
    fn a_connection_that_breaks_off_is_no_end_of_a_response() {
        let mut reader = ResponseReader::new(LIMIT);
        assert!(!reader.push(b"HTTP/1.1 200 OK\r\n\r\n{}"));
        let failure = reader.finish(Err("reset")).unwrap_err();
        assert_eq!(failure.head.map(|head| head.status), Some(200));
    }

    #[test]
    fn debug_shows_no_byte_of_a_response() {
        let mut reader = ResponseReader::new(LIMIT);
        reader.push(b"HTTP/1.1 200 OK\r\nx: canary\r\n\r\ncanary");
        assert!(!format!("{reader:?}").contains("canary"));
    }
}
