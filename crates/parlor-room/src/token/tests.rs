//! Tokens: what comes out goes in again, what is not ours does not, and others' libraries agree.

use parlor_proto::{RoomId, Time, UserId};

use super::{Grant, ShortSecret, TokenError, TokenKey};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const NOW: Time = Time::from_ms(1_795_255_200_000);

fn key() -> TokenKey {
    TokenKey::new(SECRET).unwrap()
}

fn grant() -> Grant {
    Grant {
        user_id: UserId::parse("ada").unwrap(),
        room: Some(RoomId::parse("den").unwrap()),
        expires_at: NOW + 60_000,
    }
}

/// A token with that head and those claims, signed with the key.
fn signed(head: &str, claims: &str) -> String {
    use data_encoding::BASE64URL_NOPAD;
    use hmac::Mac;
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let text = format!("{}.{}", part(head), part(claims));
    let signature = key().mac.chain_update(text.as_bytes()).finalize().into_bytes();
    format!("{text}.{}", BASE64URL_NOPAD.encode(&signature))
}

#[test]
fn gp_02_a_token_says_again_what_was_put_in_until_its_time_is_over() {
    let token = key().issue(&grant());
    assert_eq!(key().read(&token, NOW), Ok(grant()));
    assert_eq!(key().read(&token, NOW + 59_999), Ok(grant()));
    assert_eq!(key().read(&token, NOW + 60_000), Err(TokenError::Expired));
    let anywhere = Grant { room: None, ..grant() };
    assert_eq!(key().read(&key().issue(&anywhere), NOW), Ok(anywhere));
}

/// The example of RFC 7515, appendix A.1: its signature is right with its key, and its claims are none of ours.
#[test]
fn the_signature_is_that_of_rfc_7515() {
    use data_encoding::BASE64URL_NOPAD;
    use hmac::Mac;
    let k = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let key = TokenKey::new(&BASE64URL_NOPAD.decode(k.as_bytes()).unwrap()).unwrap();
    let (text, signature) = token.rsplit_once('.').unwrap();
    let made = key.mac.clone().chain_update(text.as_bytes()).finalize().into_bytes();
    assert_eq!(BASE64URL_NOPAD.encode(&made), signature);
    assert_eq!(key.read(token, Time::from_ms(0)), Err(TokenError::Forged), "it has no sub");
}

#[test]
fn gp_02_what_is_not_signed_with_this_secret_or_not_that_way_is_forged() {
    let token = key().issue(&grant());
    let other = TokenKey::new(b"another secret, which is as long.").unwrap();
    assert_eq!(other.read(&token, NOW), Err(TokenError::Forged));
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(key().read(&changed, NOW), Err(TokenError::Forged), "changed at {at}");
        assert_eq!(key().read(&token[..at], NOW), Err(TokenError::Forged), "cut at {at}");
    }
    let claims = r#"{"sub":"ada","exp":1795255260}"#;
    assert!(key().read(&signed(r#"{"alg":"HS256"}"#, claims), NOW).is_ok(), "typ may be missing");
    for head in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        "[]",
        "",
    ] {
        assert_eq!(key().read(&signed(head, claims), NOW), Err(TokenError::Forged), "{head}");
    }
    let head = r#"{"alg":"HS256"}"#;
    for claims in [
        r#"{"sub":"ada"}"#,
        r#"{"exp":1795255260}"#,
        r#"{"sub":"","exp":1795255260}"#,
        r#"{"sub":"ada","exp":-1}"#,
        r#"{"sub":"ada","room":"a room","exp":1795255260}"#,
        "null",
        "",
    ] {
        assert_eq!(key().read(&signed(head, claims), NOW), Err(TokenError::Forged), "{claims}");
    }
    for token in ["", ".", "..", "a.b.c", &"x".repeat(100_000), "é.é.é"] {
        assert_eq!(key().read(token, NOW), Err(TokenError::Forged));
    }
}

#[test]
fn other_claims_are_fine_and_nbf_is_kept() {
    let head = r#"{"alg":"HS256","typ":"JWT","kid":"1"}"#;
    let claims = r#"{"iss":"game","sub":"ada","iat":1795255200,"exp":1795255260,"nbf":1795255230}"#;
    assert_eq!(key().read(&signed(head, claims), NOW), Err(TokenError::Early));
    assert!(key().read(&signed(head, claims), NOW + 30_000).is_ok());
    let endless = r#"{"sub":"ada","exp":18446744073709551615}"#;
    assert!(key().read(&signed(head, endless), NOW).is_ok());
}

#[test]
fn a_short_secret_is_none_and_no_secret_is_shown() {
    assert_eq!(TokenKey::new(&SECRET[1..]).err(), Some(ShortSecret(31)));
    assert!(!format!("{:?}", key()).contains("0123"));
}
