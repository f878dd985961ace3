//! Responses as bytes of a connection.

use cloudauth_proto::driver::{Delivery, Failure, Response, ResponseReader};

const LIMIT: usize = 64;

/// Any bytes of a connection give a response or a failure after which the request may have been sent, the
/// same however they are split, and no body beyond the limit and one byte. An independent parser finds the
/// same status. The first byte chooses the size of the parts.
pub fn responses_are_read(bytes: &[u8]) {
    let Some((size, sent)) = bytes.split_first() else {
        return;
    };
    let whole = read(sent, sent.len().max(1));
    let parts = read(sent, usize::from(*size).max(1));
    match (&whole, &parts) {
        (Ok(whole), Ok(parts)) => {
            assert!(whole.body.len() <= LIMIT + 1);
            assert_eq!(whole.body, parts.body);
            assert_eq!(whole.head.status, parts.head.status);
        }
        (Err(whole), Err(parts)) => {
            assert_eq!(whole.delivery, Delivery::MaybeSent);
            assert_eq!(format!("{whole:?}"), format!("{parts:?}"));
        }
        _ => panic!("{whole:?} in one piece, {parts:?} in parts"),
    }
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut parser = httparse::Response::new(&mut headers);
    if let (Ok(httparse::Status::Complete(_)), Ok(whole)) = (parser.parse(sent), &whole) {
        let is_interim = parser.code.is_some_and(|code| code < 200);
        assert!(is_interim || parser.code == Some(whole.head.status));
    }
}

fn read(sent: &[u8], size: usize) -> Result<Response, Failure> {
    let mut reader = ResponseReader::new(LIMIT);
    let _ = sent.chunks(size).any(|part| reader.push(part));
    reader.finish(Ok::<_, &str>(()))
}
