//! Signed links to pictures and videos. They expire after 15 minutes (documented).

use ring::digest;

use super::error;
use crate::http::{IncomingRequest, OutgoingResponse, percent};
use crate::ids::hex;

/// The path of all pictures, on the port of the pages.
pub(crate) const PATH: &str = "/pictures/";

const LIFETIME_SECONDS: u64 = 15 * 60;

/// The object name of a file. It stays the same when links expire.
pub(crate) fn object_name(certify_id: &str, file: &str) -> String {
    format!("verify/{certify_id}/{file}")
}

/// A link that is valid from now on, with the parameter names of the vendor's object store.
pub(crate) fn link(public_url: &str, object_name: &str, now_unix: u64) -> String {
    let path = format!("{PATH}{object_name}");
    let expires = now_unix.saturating_add(LIFETIME_SECONDS);
    let signature = signature(&path, expires);
    format!("{public_url}{path}?Expires={expires}&OSSAccessKeyId=simulated&Signature={signature}")
}

/// The response to a request for a link. The error codes are documented for the object store.
pub(crate) fn respond(request: &IncomingRequest, now_unix: u64) -> OutgoingResponse {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        let message = "Only GET and HEAD are simulated.";
        return error(405, "MethodNotAllowed", message, now_unix);
    }
    let pairs = percent::pairs(request.query()).unwrap_or_default();
    let param = |name| {
        let found = pairs.iter().find(|(param, _)| param == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let expires = param("Expires").parse().unwrap_or_default();
    if param("Signature") != signature(request.path(), expires) {
        let message = "The simulator did not sign this link.";
        return error(403, "SignatureDoesNotMatch", message, now_unix);
    }
    if now_unix > expires {
        return error(403, "AccessDenied", "Request has expired.", now_unix);
    }
    let is_video = request.path().strip_suffix(".mp4").is_some();
    let (content_type, body): (_, &[u8]) = if is_video {
        ("video/mp4", MP4)
    } else {
        ("image/gif", GIF)
    };
    OutgoingResponse::new(200, content_type, now_unix, body.to_vec())
}

/// One grey pixel.
const GIF: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x99\x99\x99\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\
    \x00\x02\x02D\x01\x00;";

/// The head of a video without frames.
const MP4: &[u8] = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2";

fn signature(path: &str, expires: u64) -> String {
    let text = format!("simulated link {path} {expires}");
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut text = hex(hash.as_ref());
    text.truncate(32);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(link: &str, now_unix: u64) -> u16 {
        let target = link.strip_prefix("http://a").unwrap();
        let request = IncomingRequest::new("GET", target, Vec::new(), *b"");
        respond(&request, now_unix).status
    }

    #[test]
    fn a_link_expires_after_fifteen_minutes_and_cannot_be_forged() {
        let link = link("http://a", &object_name("sha0", "face.gif"), 1_000);
        assert_eq!(status(&link, 1_900), 200);
        assert_eq!(status(&link, 1_901), 403);
        for forged in [
            link.replace("Expires=1900", "Expires=2900"),
            link.replace("sha0", "sha1"),
            link.split('?').next().unwrap().to_owned(),
        ] {
            assert_eq!(status(&forged, 1_000), 403, "{forged}");
        }
    }
}
