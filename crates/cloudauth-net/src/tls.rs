//! The one TLS configuration.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::options::OptionsError;

/// Certificates are always verified: against Mozilla's roots, and those in `extra` besides.
///
/// The provider is named here, so that nothing depends on what a process has installed.
pub(crate) fn config(extra: &[Vec<u8>]) -> Result<Arc<ClientConfig>, OptionsError> {
    let bad = |problem: &'static str| OptionsError::new("root_certificates", problem);
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for pem in extra {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| bad("is not PEM text"))?;
        if certificates.is_empty() {
            return Err(bad("holds no certificate"));
        }
        for certificate in certificates {
            let added = roots.add(certificate);
            added.map_err(|_| bad("holds a certificate that cannot be a root"))?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| bad("cannot be used with this TLS provider"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_by_the_option_s_name() {
        let garbled = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in [&b"not pem"[..], b"", garbled] {
            let error = config(&[pem.to_vec()]).unwrap_err();
            assert!(
                error.to_string().starts_with("root_certificates "),
                "{error}"
            );
        }
        assert!(config(&[]).is_ok());
    }
}
