//! SM2 encryption of names and numbers, decrypted by OpenSSL.
#![cfg(feature = "sm2")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cloudauth_proto::ops::{ContrastFaceVerify, InitFaceVerify};
use cloudauth_proto::verify::EncryptType;
use cloudauth_proto::verify::sm2::PublicKey;
use cloudauth_proto::{Entropy, Operation as _, Sensitive};

/// The output of OpenSSL; `None` if it is not installed or fails.
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

/// Says on the terminal that a test did not run, which `eprintln!` does not for a test that passes. Fails where that is
/// not wanted, as in `.ci/run`.
fn not_tested(needs: &str) {
    let message = format!("\nnot tested: needs {needs}\n");
    let fails = std::env::var_os("CLOUDAUTH_NOT_TESTED").is_some();
    assert!(!fails, "{message}");
    std::io::stderr().write_all(message.as_bytes()).unwrap();
}

/// Converts a ciphertext to the form of OpenSSL: ASN.1, with the hash before the ciphertext.
fn asn1(encrypted: &[u8]) -> Vec<u8> {
    let (point, rest) = encrypted.split_at(65);
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
fn openssl_decrypts_the_ciphertext() {
    let Some(private) = openssl(&["genpkey", "-algorithm", "SM2"], b"") else {
        return not_tested("openssl with SM2");
    };
    let public = openssl(&["pkey", "-pubout", "-outform", "DER"], &private).unwrap();
    let key = PublicKey::new(&public[public.len() - 65..]).unwrap();
    let file = std::env::temp_dir().join(format!("cloudauth-sm2-{}", std::process::id()));
    std::fs::write(&file, private).unwrap();
    let mut entropy = Entropy::from_seed([3; 32]);
    for text in ["张三", "330103199001011230", "a", "·", &"买买提·".repeat(8)] {
        let base64 = key.encrypt(&text.into(), &mut entropy).unwrap();
        assert!(base64.expose().starts_with('B'));
        let encrypted = BASE64_STANDARD.decode(base64.expose()).unwrap();
        assert_eq!(encrypted.len(), 97 + text.len());
        let path = file.to_str().unwrap();
        let decrypted = openssl(&["pkeyutl", "-decrypt", "-inkey", path], &asn1(&encrypted));
        assert_eq!(decrypted.unwrap(), text.as_bytes());
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn equal_strings_are_encrypted_differently_but_equally_from_the_same_seed() {
    let key = PublicKey::published();
    let mut entropy = Entropy::from_seed([3; 32]);
    let mut encrypt = || key.encrypt(&"张三".into(), &mut entropy).unwrap();
    let (one, two) = (encrypt(), encrypt());
    assert_ne!(one, two);
    let again = key.encrypt(&"张三".into(), &mut Entropy::from_seed([3; 32]));
    assert_eq!(again.unwrap(), one);
    assert!(key.encrypt(&"".into(), &mut entropy).is_err());
}

#[test]
fn name_and_number_of_an_operation_are_encrypted_once() {
    let key = PublicKey::published();
    let mut entropy = Entropy::from_seed([3; 32]);
    let is_encrypted = |text: &Option<Sensitive>| {
        let text = text.as_ref().unwrap();
        BASE64_STANDARD
            .decode(text.expose())
            .is_ok_and(|it| it[0] == 4)
    };
    let open = InitFaceVerify::new(7, "order1", "ID_PRO")
        .cert_name("张三")
        .cert_no("33");
    let open = open.encrypted(&key, &mut entropy).unwrap();
    assert!(is_encrypted(&open.cert_name) && is_encrypted(&open.cert_no));
    assert_eq!(open.encrypt_type, Some(EncryptType::Sm2));
    let before = open.cert_name.clone();
    let open = open.encrypted(&key, &mut entropy).unwrap();
    assert_eq!(open.cert_name, before);

    let contrast = ContrastFaceVerify::new().cert_no("33");
    let contrast = contrast.encrypted(&key, &mut entropy).unwrap();
    assert!(contrast.cert_name.is_none() && is_encrypted(&contrast.cert_no));
    assert_eq!(contrast.encrypt_type.as_deref(), Some("SM2"));
}

#[test]
fn an_empty_encrypt_type_does_not_keep_a_name_in_clear() {
    let key = PublicKey::published();
    let mut entropy = Entropy::from_seed([3; 32]);
    let open = InitFaceVerify::new(7, "order1", "ID_PRO")
        .encrypt_type("")
        .cert_type("IDENTITY_CARD")
        .cert_name("张三")
        .cert_no("330103199001011230")
        .meta_info("{}")
        .encrypted(&key, &mut entropy)
        .unwrap();
    assert_eq!(open.encrypt_type, Some(EncryptType::Sm2));
    assert_ne!(open.cert_name.as_ref().unwrap().expose(), "张三");
    assert_eq!(open.check(), []);
    let contrast = ContrastFaceVerify::new()
        .cert_name("张三")
        .encrypt_type("")
        .encrypted(&key, &mut entropy)
        .unwrap();
    assert_eq!(contrast.encrypt_type.as_deref(), Some("SM2"));
    assert_ne!(contrast.cert_name.as_ref().unwrap().expose(), "张三");
    // Set after the encryption, it would make a name of the ciphertext.
    let names: Vec<_> = open.encrypt_type("").check();
    let names: Vec<_> = names.iter().map(|problem| problem.field).collect();
    assert_eq!(names, ["CertName", "CertNo"]);
}
