//! Credentials as the convention has them, and until when they are good.

use parlor_proto::Time;

use super::{NameError, credentials, identity};

/// The password was made with `openssl dgst -sha1 -hmac`; parlor-room makes the same of the same secret.
#[test]
fn credentials_are_those_of_the_convention() {
    let made = credentials("north", "ann", Time::from_ms(1_700_003_601_000));
    assert_eq!(made.username, "1700003601:ann");
    assert_eq!(made.password, "vNGOhfT81b+0P/ycsSlV3EddHTM=");
}

#[test]
fn a_name_says_until_when_it_is_good_and_for_whom() {
    let now = Time::from_ms(1_000_000);
    assert_eq!(identity("1001:ann", now), Ok("ann"));
    assert_eq!(identity("1001:ann:b", now), Ok("ann:b"));
    assert_eq!(identity("1001", now), Ok("1001"));
    assert_eq!(identity("1000:ann", now), Err(NameError::Expired));
    assert_eq!(identity("0:ann", now), Err(NameError::Expired));
    for name in ["ann", "", ":", "ann:1001", "-1:ann", " 1001:ann", "99999999999999999999999:ann"] {
        assert_eq!(identity(name, now), Err(NameError::NoTime), "{name}");
    }
}
