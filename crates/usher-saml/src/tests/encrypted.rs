//! Encrypted assertions.

use usher_jose::OsEntropy;

use super::*;

const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
const CBC_128: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";

fn encrypted(sign: SignParts, reader: &Party) -> String {
    let certificate = reader.identity.certificate();
    ResponseToSign { sign, ..answer(&alice(), &[]) }
        .encrypted(&PROVIDER.identity, certificate, &OsEntropy)
        .unwrap()
}

#[test]
fn an_encrypted_assertion_is_read_whichever_part_is_signed() {
    for sign in [SignParts::Assertion, SignParts::Response, SignParts::Both] {
        let verified = verify(&encrypted(sign, &SERVICE)).unwrap();
        assert_eq!(verified.user_id, "alice@cableone.example", "{sign:?}");
    }
}

#[test]
fn an_encrypted_assertion_nobody_signed_is_refused() {
    assert_eq!(refusal(&encrypted(SignParts::Neither, &SERVICE)), "signature");
}

#[test]
fn an_older_key_still_decrypts() {
    let keys = [&ATTACKER.key, &SERVICE.key].map(|key| DecryptionKey::new(key).unwrap());
    let provider = IdentityProvider { decryption_keys: Arc::new(keys), ..provider() };
    let document = encrypted(SignParts::Both, &SERVICE);
    assert!(provider.verify(&document, &expected()).is_ok());
}

#[test]
fn every_failure_to_decrypt_is_the_same_failure() {
    let genuine = encrypted(SignParts::Assertion, &SERVICE);
    let cipher = cut(&genuine, "<xenc:CipherValue>", "</xenc:CipherValue>");
    for forged in [
        encrypted(SignParts::Assertion, &ATTACKER),
        genuine.replace(GCM, CBC),
        genuine.replace(GCM, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"),
        genuine.replace("xmlenc#rsa-oaep-mgf1p", "xmlenc#rsa-1_5"),
        replaced(&genuine, cipher, "<xenc:CipherValue>AAAA</xenc:CipherValue>"),
        replaced(&genuine, cipher, "<xenc:CipherValue>!</xenc:CipherValue>"),
        replaced(&genuine, cipher, "<xenc:CipherReference URI='file:///etc/passwd'/>"),
        genuine.replace("xenc:EncryptedKey", "xenc:AgreementMethod"),
    ] {
        assert_eq!(verify(&forged).unwrap_err(), Rejection::Decrypt);
    }
}

#[test]
fn a_clear_assertion_is_refused_where_encryption_is_required() {
    let strict = IdentityProvider { require_encryption: true, ..provider() };
    let rejection = strict.verify(&document(SignParts::Both), &expected()).unwrap_err();
    assert_eq!(rejection, Rejection::Decrypt);
    assert!(strict.verify(&encrypted(SignParts::Both, &SERVICE), &expected()).is_ok());
}

#[test]
fn an_assertion_encrypted_by_an_attacker_is_not_the_providers() {
    let evil = ResponseToSign { sign: SignParts::Assertion, ..answer(&alice(), &[]) }
        .encrypted(&ATTACKER.identity, SERVICE.identity.certificate(), &OsEntropy)
        .unwrap();
    assert_eq!(refusal(&evil), "signature");
}

/// Anybody can encrypt: a plaintext with a second assertion or none must not get further.
#[test]
fn a_plaintext_that_is_not_one_assertion_is_refused() {
    let genuine = document(SignParts::Assertion);
    let assertion = cut(&genuine, "<saml:Assertion", "</saml:Assertion>");
    for plain in [
        String::new(),
        "text".to_owned(),
        format!("{assertion}{assertion}"),
        format!("<x>{assertion}</x>"),
        format!("<!DOCTYPE x>{assertion}"),
        replaced(assertion, "</saml:Assertion>", "<saml:Assertion/></saml:Assertion>"),
    ] {
        let element =
            crate::encryption::encrypt(&plain, SERVICE.identity.certificate(), &OsEntropy);
        let forged = replaced(&genuine, assertion, &element.unwrap().render());
        assert_eq!(verify(&forged).unwrap_err(), Rejection::Decrypt, "{plain:.40}");
    }
}

/// Without authentication of its own the cipher would tell an attacker about the plaintext.
#[test]
fn a_cipher_without_integrity_is_decrypted_only_inside_a_signed_response() {
    let genuine = document(SignParts::Assertion);
    let assertion = cut(&genuine, "<saml:Assertion", "</saml:Assertion>");
    for (algorithm, key) in [(CBC, &[7_u8; 32][..]), (CBC_128, &[7_u8; 16][..])] {
        let certificate = SERVICE.identity.certificate();
        let element =
            crate::encryption::encrypt_with(algorithm, assertion, certificate, key).unwrap();
        let unsigned = replaced(&genuine, assertion, &element.render());
        assert_eq!(verify(&unsigned).unwrap_err(), Rejection::Decrypt);
        let verified = verify(&signed_again(&unsigned)).unwrap();
        assert_eq!(verified.user_id, "alice@cableone.example");
    }
}
