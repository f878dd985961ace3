//! A proxy that brings the vendor's hosts home: some of the vendor's packages have the names of hosts in their code.
//!
//! Nothing is ever passed on. A host that is not played here is refused, so that no request leaves the machine.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use socket2::Socket;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::tls::Authority;
use super::{Place, Shared, connection};
use crate::region::Region;

/// A head of a CONNECT request that is longer is no such head.
const MAX_HEAD: usize = 8 * 1024;

/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// Where a host of the vendor's is played, if it is. A port may follow the name.
pub(super) fn home(authority: &str) -> Option<Place> {
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
        .to_ascii_lowercase();
    if matches!(host.as_str(), "100.100.100.200" | "127.0.0.1" | "localhost") {
        return Some(Place::Pages);
    }
    let mut labels = host.split('.');
    let first = labels.next().unwrap_or_default();
    let rest = labels.collect::<Vec<_>>().join(".");
    let is =
        |name: &str| first == name || first.strip_prefix(name).is_some_and(|s| s.starts_with('-'));
    match rest.as_str() {
        "aliyun.com" | "alibabacloud.com" if is("oauth") => return Some(Place::Pages),
        "alibabacloudsso.com" if is("signin") => return Some(Place::Pages),
        _ => {}
    }
    let inside = rest.strip_suffix("aliyuncs.com")?;
    let place = match inside.strip_suffix('.').unwrap_or(inside) {
        "cn-beijing" if is("cloudauth") => Place::Api(Region::Beijing),
        _ if is("cloudauth") || is("openplatform") => Place::Api(Region::Shanghai),
        _ if is("sts") => Place::Pages,
        // A bucket.
        store if store.starts_with("oss-") => Place::Api(Region::Shanghai),
        _ => return None,
    };
    Some(place)
}

/// Serves a connection to the proxy: a tunnel, with or without TLS inside, or plain requests with whole addresses.
pub(super) async fn serve(
    mut stream: TcpStream,
    socket: Socket,
    authority: Arc<Authority>,
    shared: Arc<Shared>,
    closing: tokio::sync::watch::Receiver<()>,
) {
    let Ok(Ok(wanted)) = timeout(PATIENCE, wanted(&mut stream)).await else {
        return;
    };
    let Some(host) = wanted else {
        return connection::run(stream, socket, Place::Proxy, shared, closing).await;
    };
    let Some(place) = home(&host) else {
        // The client learns the status; that nothing more can be told is its business.
        let _ = stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            .await;
        return;
    };
    if stream
        .write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        .await
        .is_err()
    {
        return;
    }
    let mut first = [0];
    let Ok(Ok(1)) = timeout(PATIENCE, stream.peek(&mut first)).await else {
        return;
    };
    if first != [HANDSHAKE] {
        return connection::run(stream, socket, place, shared, closing).await;
    }
    let name = host
        .rsplit_once(':')
        .map_or(host.as_str(), |(name, _)| name);
    let acceptor = match shared.bad_tls(place) {
        Some(bad) => bad,
        None => match authority.server(&[name]) {
            Ok(config) => TlsAcceptor::from(config),
            Err(_) => return,
        },
    };
    if let Ok(Ok(stream)) = timeout(PATIENCE, acceptor.accept(stream)).await {
        connection::run(stream, socket, place, shared, closing).await;
    }
}

/// The target of a CONNECT, whose head is then read; `None` for any other request, of which nothing is read. No other
/// method that is served begins with its letter.
async fn wanted(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first != *b"C" {
        return Ok(None);
    }
    // By the byte: what comes after the head is for whoever speaks next.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let target = head
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split(' ').next());
    Ok(Some(target.unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_hosts_have_a_home_and_others_have_none() {
        for (host, expected) in [
            ("cloudauth.aliyuncs.com:443", "shanghai"),
            ("cloudauth-dualstack.aliyuncs.com", "shanghai"),
            ("CLOUDAUTH-VPC.cn-beijing.aliyuncs.com:443", "beijing"),
            ("openplatform.aliyuncs.com:443", "shanghai"),
            ("bucket.oss-cn-shanghai.aliyuncs.com:443", "shanghai"),
            ("sts.cn-hangzhou.aliyuncs.com:443", "pages"),
            ("sts-vpc.cn-hangzhou.aliyuncs.com", "pages"),
            ("100.100.100.200:80", "pages"),
            ("oauth.aliyun.com:443", "pages"),
            ("signin-cn-shanghai.alibabacloudsso.com", "pages"),
            ("pypi.org:443", "none"),
            ("cloudauth.aliyuncs.com.evil.example", "none"),
            ("evilaliyuncs.com", "none"),
            ("ecs.aliyuncs.com", "none"),
            ("", "none"),
        ] {
            let found = match home(host) {
                Some(Place::Api(Region::Shanghai)) => "shanghai",
                Some(Place::Api(Region::Beijing)) => "beijing",
                Some(Place::Pages) => "pages",
                Some(Place::Proxy) => "proxy",
                None => "none",
            };
            assert_eq!(found, expected, "{host}");
        }
    }
}
