//! How an exchange that ended before its request was sent is reported to the core.

use core::error::Error as StdError;
use core::fmt;
use std::io;

use cloudauth_proto::driver::{Delivery, Failure};
use rustls::AlertDescription;

use crate::error::TransportError;

type BoxError = Box<dyn StdError + Send + Sync>;

/// A proxy that refused this client (status 407), or whose certificate this client refused.
///
/// A driver wraps such an error, because no endpoint can be reached through that proxy. The message
/// contains the cause, so there is no source.
#[derive(Debug)]
pub struct ProxyRefused(BoxError);

impl ProxyRefused {
    /// Wraps the error. Its text must not hold the password of the proxy.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for ProxyRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy: {}", self.0)
    }
}

impl StdError for ProxyRefused {}

/// The failure of an exchange without a connection.
///
/// The chain of `cause` decides: [`ProxyRefused`] and a lack of file descriptors are a
/// [`Delivery::LocalFailure`], a certificate that either side refused is a
/// [`Delivery::CertificateRefused`], and everything else is [`Delivery::NotSent`].
#[must_use]
pub fn connect_failure(cause: Box<dyn StdError + Send + Sync>) -> Failure {
    let is_local = |e: &_| is_proxy_refused(e) || lacks_descriptors(e);
    let delivery = if any(&*cause, is_local) {
        Delivery::LocalFailure
    } else if any(&*cause, refuses_certificate) {
        Delivery::CertificateRefused
    } else {
        Delivery::NotSent
    };
    Failure::new(delivery, TransportError::Connect(cause))
}

/// The failure of an exchange whose request cannot be sent to any endpoint: [`Delivery::LocalFailure`].
#[must_use]
pub fn request_failure(cause: impl Into<BoxError>) -> Failure {
    let error = TransportError::Request(cause.into());
    Failure::new(Delivery::LocalFailure, error)
}

/// Whether an error of a connection that is being made says that a certificate was refused.
pub fn is_certificate_refused(error: &(dyn StdError + 'static)) -> bool {
    any(error, refuses_certificate)
}

/// Whether `test` holds for an error or one of its causes.
fn any(error: &(dyn StdError + 'static), test: impl Fn(&(dyn StdError + 'static)) -> bool) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if test(error) {
            return true;
        }
        // An `io::Error` that wraps another error gives as its source that of the wrapped one.
        let wrapped = error.downcast_ref().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}

fn is_proxy_refused(error: &(dyn StdError + 'static)) -> bool {
    error.is::<ProxyRefused>()
}

/// Whether the process or the system has too many open files.
fn lacks_descriptors(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(unix)]
    const CODES: [i32; 2] = [
        rustix::io::Errno::MFILE.raw_os_error(),
        rustix::io::Errno::NFILE.raw_os_error(),
    ];
    /// `WSAEMFILE`
    #[cfg(not(unix))]
    const CODES: [i32; 1] = [10_024];
    let code = error.downcast_ref().and_then(io::Error::raw_os_error);
    code.is_some_and(|code| CODES.contains(&code))
}

/// Whether this is an error of rustls about the certificate of the server, or its alert about that of
/// the client.
fn refuses_certificate(error: &(dyn StdError + 'static)) -> bool {
    match error.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => true,
        Some(rustls::Error::AlertReceived(alert)) => matches!(
            alert,
            AlertDescription::NoCertificate
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::CertificateRequired
        ),
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use rustls::CertificateError;

    use super::*;

    fn delivery(cause: impl Into<BoxError>) -> Delivery {
        connect_failure(cause.into()).delivery
    }

    #[test]
    fn a_lack_of_file_descriptors_is_a_local_failure() {
        #[cfg(unix)]
        let codes = [23, 24];
        #[cfg(not(unix))]
        let codes = [10_024];
        for code in codes {
            let error = || io::Error::from_raw_os_error(code);
            assert_eq!(delivery(error()), Delivery::LocalFailure);
            let wrapped = io::Error::other(io::Error::other(error()));
            assert_eq!(delivery(wrapped), Delivery::LocalFailure);
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(delivery(refused), Delivery::NotSent);
    }

    #[test]
    fn a_certificate_that_is_refused_is_found_in_the_chain() {
        let expired = || rustls::Error::InvalidCertificate(CertificateError::Expired);
        let unknown = rustls::Error::AlertReceived(AlertDescription::UnknownCA);
        let other = rustls::Error::AlertReceived(AlertDescription::InternalError);
        assert_eq!(delivery(expired()), Delivery::CertificateRefused);
        let wrapped = io::Error::other(io::Error::other(expired()));
        assert_eq!(delivery(wrapped), Delivery::CertificateRefused);
        assert_eq!(delivery(unknown), Delivery::CertificateRefused);
        assert_eq!(delivery(other), Delivery::NotSent);
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_a_local_failure() {
        let untrusted = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let refused = ProxyRefused::new(io::Error::other(untrusted));
        assert_eq!(
            refused.to_string(),
            "proxy: invalid peer certificate: UnknownIssuer"
        );
        assert_eq!(delivery(io::Error::other(refused)), Delivery::LocalFailure);
    }
}
