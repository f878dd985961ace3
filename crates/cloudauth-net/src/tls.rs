//! The one TLS configuration.

use std::sync::Arc;

use cloudauth_proto::Secret;
#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as provider;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use rustls::crypto::ring as provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::options::OptionsError;

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!("TLS needs a provider: turn on the feature `ring` or `aws-lc-rs`");

/// A certificate that a client shows, with its key; both PEM text.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) certificates: Vec<u8>,
    pub(crate) key: Secret,
}

/// Certificates are always verified: against the roots of the features, and those in `extra` besides.
///
/// The provider is named here, so that nothing depends on what a process has installed.
pub(crate) fn config(
    extra: &[Vec<u8>],
    identity: Option<&Identity>,
) -> Result<Arc<ClientConfig>, OptionsError> {
    let bad = |problem| OptionsError::new("root_certificates", problem);
    let mut roots = common_roots();
    for pem in extra {
        for certificate in certificates(pem, "root_certificates")? {
            let added = roots.add(certificate);
            added.map_err(|_| bad("holds a certificate that cannot be a root"))?;
        }
    }
    if roots.is_empty() {
        return Err(bad(
            "names none, and none are compiled in or on this system",
        ));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| bad("cannot be used with this TLS provider"))?
        .with_root_certificates(roots);
    Ok(Arc::new(match identity {
        None => config.with_no_client_auth(),
        Some(identity) => {
            let option = "client_certificate";
            let bad = |problem| OptionsError::new(option, problem);
            let chain = certificates(&identity.certificates, option)?;
            let key = PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes())
                .map_err(|_| bad("has no private key in PEM text that is not encrypted"))?;
            config.with_client_auth_cert(chain, key).map_err(|error| {
                let is_mismatch = matches!(error, rustls::Error::InconsistentKeys(_));
                bad(if is_mismatch {
                    "has a key that is another's"
                } else {
                    "has a certificate or a key that cannot be used"
                })
            })?
        }
    }))
}

/// Those of the features.
fn common_roots() -> RootCertStore {
    #[cfg_attr(
        not(any(feature = "webpki-roots", feature = "native-roots")),
        expect(unused_mut, reason = "no feature adds any")
    )]
    let mut roots = RootCertStore::empty();
    #[cfg(feature = "webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // What cannot be read there is left out, as other programs on the system do.
    #[cfg(feature = "native-roots")]
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn certificates(
    pem: &[u8],
    option: &'static str,
) -> Result<Vec<CertificateDer<'static>>, OptionsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(read) if read.is_empty() => Err(OptionsError::new(option, "holds no certificate")),
        Ok(read) => Ok(read),
        Err(_) => Err(OptionsError::new(option, "is not PEM text")),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_by_the_option_s_name() {
        let garbled = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let cut = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
        let key = KeyPair::generate().unwrap().serialize_pem();
        for pem in [&b"not pem"[..], b"", garbled, cut, key.as_bytes()] {
            let error = config(&[pem.to_vec()], None).unwrap_err();
            let told = error.to_string();
            assert!(told.starts_with("root_certificates "), "{told}");
        }
    }

    #[test]
    fn a_client_certificate_without_its_own_key_is_refused_by_the_option_s_name() {
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
        for (certificates, key, told) in [
            (&*certificate, &*other, "has a key that is another's"),
            (&certificate, &encrypted, "has no private key"),
            (&certificate, cut, "has no private key"),
            (&certificate, &certificate, "has no private key"),
            (&certificate, "", "has no private key"),
            ("", &own, "holds no certificate"),
            (&own, &own, "holds no certificate"),
            (&certificate[..99], &own, "is not PEM text"),
        ] {
            let error = try_with(certificates, key).unwrap_err();
            let expected = format!("client_certificate {told}");
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    #[test]
    fn the_features_choose_the_provider_and_the_process_is_left_alone() {
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
    fn a_client_that_trusts_nobody_is_not_built() {
        let built = config(&[], None);
        let has_roots = cfg!(any(feature = "webpki-roots", feature = "native-roots"));
        assert_eq!(built.is_ok(), has_roots);
    }
}
