//! Vectors of the standards and, where those have none, of libsrtp. That str0m understands what is sealed here, every story shows.

use std::collections::BTreeMap;

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn provider() -> CryptoProvider {
    str0m::crypto::from_feature_flags()
}

/// RFC 7714, section 16: keys of 16 or 32 bytes that count, and a salt of words.
fn gcm(key_bytes: u8, encrypts: bool) -> Cipher {
    let key: Vec<u8> = (0..key_bytes).collect();
    let srtp = provider().srtp_provider;
    let aead = match key_bytes {
        16 => Aead::Aes128(srtp.aead_aes_128_gcm().create_cipher(key.try_into().unwrap(), encrypts)),
        _ => Aead::Aes256(srtp.aead_aes_256_gcm().create_cipher(key.try_into().unwrap(), encrypts)),
    };
    Cipher::Gcm { aead, salt: *b"Quid pro quo" }
}

#[test]
fn vc_01_packets_are_sealed_as_rfc_7714_section_16_does_it() {
    let header = hex("8040f17b 8041f8d3 5501a0b2");
    let payload = b"Gallia est omnis divisa in partes tres";
    for (key_bytes, sealed) in [
        (
            16,
            "f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833
             899d7f27 beb16a91 52cf765e e4390cce",
        ),
        (
            32,
            "32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b
             7aa3db36 dfffd6b0 f9bb7878 d7a76c13",
        ),
    ] {
        let packet = gcm(key_bytes, true).seal_packet(0x5501_a0b2, 0xf17b, &header, payload).unwrap();
        assert_eq!(packet, [header.clone(), hex(sealed)].concat(), "{key_bytes}");
    }
}

#[test]
fn vc_01_reports_are_sealed_and_opened_as_rfc_7714_section_17_does_it() {
    let reports = hex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
         deadbeef deadbeef deadbeef deadbeef deadbeef");
    for (key_bytes, sealed) in [
        (
            16,
            "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda
             4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
        ),
        (
            32,
            "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be
             8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4",
        ),
    ] {
        let sealed = hex(sealed);
        assert_eq!(gcm(key_bytes, true).seal_reports(0x5d4, &reports).unwrap(), sealed, "{key_bytes}");
        assert_eq!(gcm(key_bytes, false).open_reports(&sealed).unwrap(), reports, "{key_bytes}");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(gcm(key_bytes, false).open_reports(&changed), None, "{at}");
            assert_eq!(gcm(key_bytes, false).open_reports(&sealed[..at]), None, "the first {at}");
        }
    }
}

const MASTER_KEY: &str = "e1f97a0d3e018be0d64fa32c06de4139";
const MASTER_SALT: &str = "0ec675ad498afeebb6960b3aabe6";

#[test]
fn vc_01_keys_are_derived_as_rfc_3711_appendix_b_3_does_it() {
    let (key, salt) = (hex(MASTER_KEY), hex(MASTER_SALT));
    let (master, provider) = (Master { key: &key, salt: &salt }, provider());
    assert_eq!(master.derive::<16>(&provider, Label::Rtp).to_vec(), hex("c61e7a93744f39ee10734afe3ff7a087"));
    assert_eq!(master.derive::<14>(&provider, Label::RtpSalt).to_vec(), hex("30cbbc08863d8c85d49db34a9ae1"));
    // A key longer than a block.
    let authentication = master.derive::<20>(&provider, Label::RtpAuthentication).to_vec();
    assert_eq!(authentication, hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4"));
}

fn keys(profile: SrtpProfile, is_client: bool) -> Keys {
    let material = match profile {
        SrtpProfile::AES128_CM_SHA1_80 => {
            hex(&[MASTER_KEY, &MASTER_KEY.replace('e', "f"), MASTER_SALT, &MASTER_SALT.replace('e', "f")]
                .concat())
        }
        _ => (0..profile.keying_material_len() as u8).collect(),
    };
    Keys { profile, material, is_client }
}

#[test]
fn vc_01_packets_in_counter_mode_are_sealed_as_libsrtp_does_it() {
    let mut srtp = Srtp::new(&keys(SrtpProfile::AES128_CM_SHA1_80, true), &provider()).unwrap();
    let header = hex("800f1234 decafbad cafebabe");
    let sealed = srtp.seal_packet(0xcafe_babe, 0x1234, &header, &[0xab; 16]).unwrap();
    let expected = "800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb";
    assert_eq!(sealed, hex(expected));
}

#[test]
fn vc_01_each_end_opens_the_others_reports_and_not_its_own() {
    for profile in SrtpProfile::ALL {
        let mut client = Srtp::new(&keys(*profile, true), &provider()).unwrap();
        let mut server = Srtp::new(&keys(*profile, false), &provider()).unwrap();
        let reports = hex("80c90001 01020304 81cb0001 01020304");
        for _ in 0..3 {
            let sealed = client.seal_reports(&reports).unwrap();
            assert_eq!(server.open_reports(&sealed), Some(reports.clone()), "{profile:?}");
            assert_eq!(client.open_reports(&sealed), None, "{profile:?}");
            for end in 0..sealed.len() {
                assert_eq!(server.open_reports(&sealed[..end]), None, "{profile:?}, the first {end}");
            }
        }
    }
}

#[test]
fn vc_01_no_two_packets_or_reports_are_sealed_alike() {
    for profile in SrtpProfile::ALL {
        let mut srtp = Srtp::new(&keys(*profile, true), &provider()).unwrap();
        let mut seen = BTreeMap::new();
        // The same text each time: what differs are stream, number and rollover counter, of which the header says only the first two.
        for (ssrc, index) in [(1, 1), (2, 1), (1, 2), (1, 0x1_0001), (1, 0x1_0000_0001), (1, 0x2_0001)] {
            let sealed = srtp.seal_packet(ssrc, index, &[0x80; 12], &[0; 40]).unwrap();
            assert_eq!(seen.insert(sealed, (ssrc, index)), None, "{profile:?}");
        }
        for report in 0..4 {
            let sealed = srtp.seal_reports(&[0; 48]).unwrap();
            assert_eq!(seen.insert(sealed[8..48].to_vec(), (0, report)), None, "{profile:?}");
        }
        srtp.index = RTCP_INDEX_MAX;
        assert_eq!(srtp.seal_reports(&[0; 48]), None, "{profile:?}: no number comes twice");
    }
}

#[test]
fn keys_that_are_too_short_are_none() {
    for profile in SrtpProfile::ALL {
        let mut short = keys(*profile, false);
        short.material.pop();
        assert!(Srtp::new(&short, &provider()).is_none());
    }
}
