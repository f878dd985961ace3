//! Links to pictures and videos, which die after 15 minutes (documented).

use ring::digest;

use crate::ids::hex;
use crate::percent;
use crate::reply::Reply;
use crate::request::Incoming;

/// Where they are, on the page's port.
pub(crate) const PATH: &str = "/pictures/";

const LIFETIME_SECONDS: u64 = 15 * 60;

/// The name of a file in the bucket: it stays, the link does not.
pub(crate) fn object_name(certify_id: &str, file: &str) -> String {
    format!("verify/{certify_id}/{file}")
}

/// A link that is good from now on. Names of the parameters as in the vendor's object store.
pub(crate) fn link(public_url: &str, object_name: &str, now_unix: u64) -> String {
    let path = format!("{PATH}{object_name}");
    let expires = now_unix.saturating_add(LIFETIME_SECONDS);
    let signature = signature(&path, expires);
    format!("{public_url}{path}?Expires={expires}&OSSAccessKeyId=simulated&Signature={signature}")
}

/// Answers a link as the object store does: the codes are documented there.
pub(crate) fn serve(request: &Incoming, now_unix: u64) -> Reply {
    let refused = |status, code, message| {
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        Reply::new(status, "application/xml", now_unix, text.into_bytes())
    };
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return refused(405, "MethodNotAllowed", "Only GET is simulated.");
    }
    let pairs = percent::pairs(request.query()).unwrap_or_default();
    let given = |name| {
        let found = pairs.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let expires = given("Expires").parse().unwrap_or_default();
    if given("Signature") != signature(request.path(), expires) {
        return refused(
            403,
            "SignatureDoesNotMatch",
            "Not a link of the simulator's.",
        );
    }
    if now_unix > expires {
        return refused(403, "AccessDenied", "Request has expired.");
    }
    let is_video = request.path().strip_suffix(".mp4").is_some();
    let (kind, body): (_, &[u8]) = if is_video {
        ("video/mp4", MP4)
    } else {
        ("image/gif", GIF)
    };
    Reply::new(200, kind, now_unix, body.to_vec())
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
        serve(&Incoming::new("GET", target, Vec::new(), *b""), now_unix).status
    }

    #[test]
    fn a_link_dies_after_fifteen_minutes_and_cannot_be_made_up() {
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
