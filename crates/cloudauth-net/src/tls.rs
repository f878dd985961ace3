//! The TLS configuration that all connections of a client share.

use std::sync::Arc;

use cloudauth_proto::Secret;
#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as provider;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use rustls::crypto::ring as provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::error::OptionsError;

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!("no TLS crypto provider: enable the feature `ring` or `aws-lc-rs`");

/// The certificate chain and the private key with which a client authenticates, both PEM.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) certificates: Vec<u8>,
    pub(crate) key: Secret,
}

/// Builds the configuration. Server certificates are always verified: against the roots of the enabled
/// features and those in `extra`.
///
/// The crypto provider is set explicitly, so that the process-wide default is neither needed nor used.
pub(crate) fn config(
    extra: &[Vec<u8>],
    identity: Option<&Identity>,
) -> Result<Arc<ClientConfig>, OptionsError> {
    let bad = |problem| OptionsError::new("root_certificates", problem);
    let mut roots = common_roots();
    for pem in extra {
        for certificate in certificates(pem, "root_certificates")? {
            let added = roots.add(certificate);
            added.map_err(|_| bad("contains a certificate that cannot be used as a root"))?;
        }
    }
    if roots.is_empty() {
        return Err(bad(
            "must name at least one: none are compiled in or installed on this system",
        ));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| bad("cannot be used: the TLS crypto provider supports no TLS version"))?
        .with_root_certificates(roots);
    Ok(Arc::new(match identity {
        None => config.with_no_client_auth(),
        Some(identity) => {
            let option = "client_certificate";
            let bad = |problem| OptionsError::new(option, problem);
            let chain = certificates(&identity.certificates, option)?;
            let key = PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes())
                .map_err(|_| bad("has no unencrypted private key in PEM format"))?;
            config.with_client_auth_cert(chain, key).map_err(|error| {
                let is_mismatch = matches!(error, rustls::Error::InconsistentKeys(_));
                bad(if is_mismatch {
                    "has a private key that does not match the certificate"
                } else {
                    "has a certificate or a private key that cannot be used"
                })
            })?
        }
    }))
}

/// The root certificates of the enabled features.
fn common_roots() -> RootCertStore {
    #[cfg_attr(
        not(any(feature = "webpki-roots", feature = "native-roots")),
        expect(unused_mut, reason = "without these features there are none to add")
    )]
    let mut roots = RootCertStore::empty();
    #[cfg(feature = "webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // Unreadable certificates are skipped, as other programs on the system do.
    #[cfg(feature = "native-roots")]
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Reads the certificates of a PEM file; there must be at least one.
fn certificates(
    pem: &[u8],
    option: &'static str,
) -> Result<Vec<CertificateDer<'static>>, OptionsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(read) if read.is_empty() => Err(OptionsError::new(option, "contains no certificate")),
        Ok(read) => Ok(read),
        Err(_) => Err(OptionsError::new(option, "is not valid PEM")),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn an_invalid_root_certificate_is_an_error_that_names_the_option() {
        let garbled = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let cut = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
        let key = KeyPair::generate().unwrap().serialize_pem();
        for pem in [&b"not pem"[..], b"", garbled, cut, key.as_bytes()] {
            let error = config(&[pem.to_vec()], None).unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with("root_certificates "), "{message}");
        }
    }

    #[test]
    fn a_client_certificate_without_its_private_key_is_an_error_that_names_the_option() {
        let own = KeyPair::generate().unwrap();
        let signed = CertificateParams::new(vec!["client".to_owned()]).unwrap();
        let certificate = signed.self_signed(&own).unwrap().pem();
        let other = KeyPair::generate().unwrap().serialize_pem();
        let own = own.serialize_pem();
        let encrypted = own.replace("PRIVATE", "ENCRYPTED PRIVATE");
        let cut = &own[..own.len() / 2];
        let try_with = |certificates: &str, key: &str| {
            let identity = Identity {
                certificates: certificates.into(),
                key: Secret::new(key),
            };
            let extra = [certificate.clone().into_bytes()];
            config(&extra, Some(&identity)).map_err(|error| error.to_string())
        };
        try_with(&certificate, &own).unwrap();
        for (certificates, key, problem) in [
            (
                &*certificate,
                &*other,
                "has a private key that does not match the certificate",
            ),
            (&certificate, &encrypted, "has no unencrypted private key"),
            (&certificate, cut, "has no unencrypted private key"),
            (&certificate, &certificate, "has no unencrypted private key"),
            (&certificate, "", "has no unencrypted private key"),
            ("", &own, "contains no certificate"),
            (&own, &own, "contains no certificate"),
            (&certificate[..99], &own, "is not valid PEM"),
        ] {
            let error = try_with(certificates, key).unwrap_err();
            let expected = format!("client_certificate {problem}");
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    #[test]
    fn features_select_the_crypto_provider_and_the_process_default_stays_unset() {
        let extra = CertificateParams::new(vec![]).unwrap();
        let extra = extra.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let config = config(&[extra.pem().into_bytes()], None).unwrap();
        let provider = format!("{:?}", config.crypto_provider().key_provider);
        let chosen = if cfg!(feature = "aws-lc-rs") {
            "AwsLcRs"
        } else {
            "Ring"
        };
        assert_eq!(provider, chosen);
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }

    #[test]
    fn a_client_without_root_certificates_is_an_error() {
        let built = config(&[], None);
        let has_roots = cfg!(any(feature = "webpki-roots", feature = "native-roots"));
        assert_eq!(built.is_ok(), has_roots);
    }
}
