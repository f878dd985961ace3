//! The TLS configuration that all connections of a client share.

use std::sync::Arc;

use cloudauth_proto::Secret;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, client::WantsClientCert};

use crate::error::OptionsError;

/// The certificate chain and the private key with which a client authenticates, both PEM.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) certificates: Vec<u8>,
    pub(crate) key: Secret,
}

/// The options about TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsOptions {
    /// Trusted roots beside those of the enabled features, PEM.
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) identity: Option<Identity>,
    /// The caller's own configuration.
    pub(crate) config: Option<Arc<ClientConfig>>,
}

impl TlsOptions {
    /// Builds the configuration: the caller's own, or one that verifies the certificates of servers against
    /// the roots of the enabled features and those of the options.
    ///
    /// The crypto provider is set explicitly, so that the process-wide default is neither needed nor used.
    pub(crate) fn build(&self) -> Result<Arc<ClientConfig>, OptionsError> {
        let bad = |problem| Err(OptionsError::new("tls_config", problem));
        if let Some(config) = &self.config {
            return if !self.roots.is_empty() {
                bad("cannot be combined with root_certificates")
            } else if self.identity.is_some() {
                bad("cannot be combined with client_certificate")
            } else if config.alpn_protocols.is_empty() {
                Ok(Arc::clone(config))
            } else {
                let mut config = ClientConfig::clone(config);
                config.alpn_protocols.clear();
                Ok(Arc::new(config))
            };
        }
        let Some(provider) = PROVIDER else {
            return bad(
                "must be set: no TLS crypto provider is compiled in (feature ring or aws-lc-rs)",
            );
        };
        let config = verifying(Arc::new(provider()), self.extra_roots()?)?;
        Ok(Arc::new(match &self.identity {
            None => config.with_no_client_auth(),
            Some(identity) => identity.add_to(config)?,
        }))
    }

    fn extra_roots(&self) -> Result<Vec<CertificateDer<'static>>, OptionsError> {
        let mut roots = Vec::new();
        for pem in &self.roots {
            roots.extend(certificates(pem, "root_certificates")?);
        }
        Ok(roots)
    }
}

impl Identity {
    fn add_to(
        &self,
        config: ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> Result<ClientConfig, OptionsError> {
        let option = "client_certificate";
        let bad = |problem| OptionsError::new(option, problem);
        let chain = certificates(&self.certificates, option)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.expose().as_bytes())
            .map_err(|_| bad("has no unencrypted private key in PEM format"))?;
        config.with_client_auth_cert(chain, key).map_err(|error| {
            let is_mismatch = matches!(error, rustls::Error::InconsistentKeys(_));
            bad(if is_mismatch {
                "has a private key that does not match the certificate"
            } else {
                "has a certificate or a private key that cannot be used"
            })
        })
    }
}

/// The TLS crypto provider of the enabled features.
const PROVIDER: Option<fn() -> CryptoProvider> = {
    #[cfg(feature = "aws-lc-rs")]
    {
        Some(rustls::crypto::aws_lc_rs::default_provider)
    }
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    {
        Some(rustls::crypto::ring::default_provider)
    }
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    {
        None
    }
};

fn bad_roots(problem: &'static str) -> OptionsError {
    OptionsError::new("root_certificates", problem)
}

/// A configuration in which the operating system verifies certificates, with extra roots.
#[cfg(feature = "platform-verifier")]
fn verifying(
    provider: Arc<CryptoProvider>,
    extra: Vec<CertificateDer<'static>>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, OptionsError> {
    use rustls_platform_verifier::Verifier;

    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))
        .map_err(|_| bad_roots("cannot be used, or the system has no root certificates"))?;
    Ok(builder(provider)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier)))
}

/// A configuration that verifies certificates against the roots of the enabled features, and extra ones.
#[cfg(not(feature = "platform-verifier"))]
fn verifying(
    provider: Arc<CryptoProvider>,
    extra: Vec<CertificateDer<'static>>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, OptionsError> {
    let mut roots = rustls::RootCertStore::empty();
    #[cfg(feature = "webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // Unreadable certificates are skipped, as other programs on the system do.
    #[cfg(feature = "native-roots")]
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in extra {
        let added = roots.add(certificate);
        added.map_err(|_| bad_roots("contains a certificate that cannot be used as a root"))?;
    }
    if roots.is_empty() {
        return Err(bad_roots(
            "must name at least one: none are compiled in or installed on this system",
        ));
    }
    Ok(builder(provider)?.with_root_certificates(roots))
}

fn builder(
    provider: Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, rustls::WantsVerifier>, OptionsError> {
    let builder = ClientConfig::builder_with_provider(provider);
    builder
        .with_safe_default_protocol_versions()
        .map_err(|_| bad_roots("cannot be used: the TLS crypto provider supports no TLS version"))
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

    fn config(
        roots: &[Vec<u8>],
        identity: Option<Identity>,
    ) -> Result<Arc<ClientConfig>, OptionsError> {
        let options = TlsOptions {
            roots: roots.to_vec(),
            identity,
            config: None,
        };
        options.build()
    }

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
            config(&extra, Some(identity)).map_err(|error| error.to_string())
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
        assert!(CryptoProvider::get_default().is_none());
    }

    #[test]
    fn a_configuration_of_the_callers_own_is_used_without_its_alpn_protocols() {
        let extra = CertificateParams::new(vec![]).unwrap();
        let extra = extra.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let pem = extra.pem().into_bytes();
        let mut own = ClientConfig::clone(&config(core::slice::from_ref(&pem), None).unwrap());
        own.alpn_protocols = vec![b"h2".to_vec()];
        own.enable_sni = false;
        let with = |roots, identity| TlsOptions {
            roots,
            identity,
            config: Some(Arc::new(own.clone())),
        };
        let used = with(Vec::new(), None).build().unwrap();
        assert!(used.alpn_protocols.is_empty() && !used.enable_sni);
        let error = with(vec![pem], None).build().unwrap_err().to_string();
        assert_eq!(
            error,
            "tls_config cannot be combined with root_certificates"
        );
        let identity = Identity {
            certificates: Vec::new(),
            key: Secret::new(""),
        };
        let error = with(Vec::new(), Some(identity)).build().unwrap_err();
        assert!(error.to_string().starts_with("tls_config "), "{error}");
    }

    #[test]
    fn a_client_without_root_certificates_is_an_error() {
        let built = config(&[], None);
        let has_roots = cfg!(any(
            feature = "webpki-roots",
            feature = "native-roots",
            feature = "platform-verifier"
        ));
        assert_eq!(built.is_ok(), has_roots);
    }
}
