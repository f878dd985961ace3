//! Encrypted names and numbers, opened again by OpenSSL.
#![cfg(feature = "sm2")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cloudauth_proto::ops::{ContrastFaceVerify, InitFaceVerify};
use cloudauth_proto::verify::{EncryptType, SealingKey};
use cloudauth_proto::{Entropy, Sensitive};

/// What OpenSSL prints; nothing if it is not there or cannot do it.
fn openssl(args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let _ = child.stdin.take()?.write_all(input);
    let output = child.wait_with_output().ok()?;
    output.status.success().then_some(output.stdout)
}

/// OpenSSL wants the parts as ASN.1, and the hash before the ciphertext.
fn asn1(sealed: &[u8]) -> Vec<u8> {
    let (point, rest) = sealed.split_at(65);
    assert_eq!(point[0], 4);
    let (cipher, hash) = rest.split_at(rest.len() - 32);
    let part = |tag: u8, contents: &[u8]| {
        let length = u8::try_from(contents.len()).unwrap();
        let length = if length < 128 {
            vec![length]
        } else {
            vec![0x81, length]
        };
        [&[tag], &length[..], contents].concat()
    };
    let integer = |number: &[u8]| {
        let digits: Vec<u8> = number.iter().copied().skip_while(|&b| b == 0).collect();
        let sign: &[u8] = if digits[0] >= 128 { &[0] } else { &[] };
        part(2, &[sign, &digits].concat())
    };
    let parts = [
        integer(&point[1..33]),
        integer(&point[33..]),
        part(4, hash),
        part(4, cipher),
    ];
    part(0x30, &parts.concat())
}

#[test]
fn openssl_opens_what_is_sealed() {
    let Some(private) = openssl(&["genpkey", "-algorithm", "SM2"], b"") else {
        eprintln!("not tested: there is no openssl that knows SM2");
        return;
    };
    let public = openssl(&["pkey", "-pubout", "-outform", "DER"], &private).unwrap();
    let key = SealingKey::new(&public[public.len() - 65..]).unwrap();
    let file = std::env::temp_dir().join(format!("cloudauth-sm2-{}", std::process::id()));
    std::fs::write(&file, private).unwrap();
    let mut entropy = Entropy::from_seed([3; 32]);
    for text in ["张三", "330103199001011234", "a", "·", &"买买提·".repeat(8)] {
        let sealed = key.seal(&text.into(), &mut entropy).unwrap();
        assert!(sealed.expose().starts_with('B'));
        let sealed = BASE64_STANDARD.decode(sealed.expose()).unwrap();
        assert_eq!(sealed.len(), 97 + text.len());
        let path = file.to_str().unwrap();
        let opened = openssl(&["pkeyutl", "-decrypt", "-inkey", path], &asn1(&sealed));
        assert_eq!(opened.unwrap(), text.as_bytes());
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn equal_texts_are_sealed_differently_and_the_same_seed_seals_the_same() {
    let key = SealingKey::published();
    let mut entropy = Entropy::from_seed([3; 32]);
    let mut seal = || key.seal(&"张三".into(), &mut entropy).unwrap();
    let (one, two) = (seal(), seal());
    assert_ne!(one, two);
    let again = key.seal(&"张三".into(), &mut Entropy::from_seed([3; 32]));
    assert_eq!(again.unwrap(), one);
    assert!(key.seal(&"".into(), &mut entropy).is_err());
}

#[test]
fn operations_carry_the_sealed_and_nothing_is_sealed_twice() {
    let key = SealingKey::published();
    let mut entropy = Entropy::from_seed([3; 32]);
    let is_sealed = |text: &Option<Sensitive>| {
        let text = text.as_ref().unwrap();
        BASE64_STANDARD
            .decode(text.expose())
            .is_ok_and(|it| it[0] == 4)
    };
    let open = InitFaceVerify::new(7, "order1", "ID_PRO")
        .cert_name("张三")
        .cert_no("33");
    let open = open.sealed(&key, &mut entropy).unwrap();
    assert!(is_sealed(&open.cert_name) && is_sealed(&open.cert_no));
    assert_eq!(open.encrypt_type, Some(EncryptType::Sm2));
    let before = open.cert_name.clone();
    let open = open.sealed(&key, &mut entropy).unwrap();
    assert_eq!(open.cert_name, before);

    let contrast = ContrastFaceVerify::new().cert_no("33");
    let contrast = contrast.sealed(&key, &mut entropy).unwrap();
    assert!(contrast.cert_name.is_none() && is_sealed(&contrast.cert_no));
    assert_eq!(contrast.encrypt_type.as_deref(), Some("SM2"));
}
