//! SRTP and SRTCP (RFC 3711; with AES-GCM RFC 7714) as far as the hub writes and reads it beside str0m: packets and reports go out,
//! reports come in. Keys come from DTLS (`keys`), ciphers from str0m's provider.
//!
//! str0m encrypts under the same keys. What must not repeat (RFC 7714, section 8.1; RFC 3711, section 9.1) is a packet's place under one key:
//! its SSRC with its index. So **who seals here has SSRCs that str0m sends nothing by**; see `sound`.

use str0m::crypto::dtls::SrtpProfile;
use str0m::crypto::{
    AeadAes128Gcm, AeadAes128GcmCipher, AeadAes256GcmCipher, Aes128CmSha1_80, Aes128CmSha1_80Cipher,
    CryptoProvider, Sha1HmacProvider,
};

use crate::keys::Keys;

/// What stands before the payload of RTCP in clear: its header, the sender's SSRC.
const RTCP_HEAD_BYTES: usize = 8;
/// Encryption flag and index behind it.
const RTCP_INDEX_BYTES: usize = 4;
/// Of that index 31 bits count.
const RTCP_INDEX_MAX: u32 = 0x7fff_ffff;
const IS_ENCRYPTED: u32 = 0x8000_0000;
/// aws-lc's counter mode may want as much behind what it writes.
const COUNTER_SPARE_BYTES: usize = 15;

/// What a key is for (RFC 3711, section 4.3.2).
#[derive(Clone, Copy)]
#[repr(u8)]
enum Label {
    Rtp = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    Rtcp = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
}

/// One direction's means, for packets or for reports.
#[derive(Debug)]
enum Cipher {
    Gcm {
        aead: Aead,
        salt: [u8; AeadAes128Gcm::SALT_LEN],
    },
    Counter {
        cipher: Box<dyn Aes128CmSha1_80Cipher>,
        salt: [u8; Aes128CmSha1_80::SALT_LEN],
        authentication: [u8; Aes128CmSha1_80::HMAC_KEY_LEN],
        hmac: &'static dyn Sha1HmacProvider,
    },
}

#[derive(Debug)]
enum Aead {
    Aes128(Box<dyn AeadAes128GcmCipher>),
    Aes256(Box<dyn AeadAes256GcmCipher>),
}

impl Aead {
    /// `out` has as many bytes as `input` and a tag.
    fn seal(&mut self, iv: &[u8; 12], aad: &[u8], input: &[u8], out: &mut [u8]) -> Option<()> {
        match self {
            Self::Aes128(cipher) => cipher.encrypt(iv, aad, input, out).ok(),
            Self::Aes256(cipher) => cipher.encrypt(iv, aad, input, out).ok(),
        }
    }

    fn open(&mut self, iv: &[u8; 12], aad: &[u8], input: &[u8], out: &mut [u8]) -> Option<()> {
        match self {
            Self::Aes128(cipher) => cipher.decrypt(iv, &[aad], input, out).ok().map(drop),
            Self::Aes256(cipher) => cipher.decrypt(iv, &[aad], input, out).ok().map(drop),
        }
    }
}

/// The master key and salt of one direction.
struct Master<'a> {
    key: &'a [u8],
    salt: &'a [u8],
}

impl<'a> Master<'a> {
    /// Those of the client or of the server (RFC 5764, section 4.2).
    fn of(keys: &'a Keys, is_client: bool) -> Option<Self> {
        let (key_bytes, salt_bytes) = match keys.profile {
            SrtpProfile::AES128_CM_SHA1_80 => (Aes128CmSha1_80::KEY_LEN, Aes128CmSha1_80::SALT_LEN),
            SrtpProfile::AEAD_AES_128_GCM => (AeadAes128Gcm::KEY_LEN, AeadAes128Gcm::SALT_LEN),
            SrtpProfile::AEAD_AES_256_GCM => (32, AeadAes128Gcm::SALT_LEN),
            _ => return None,
        };
        let (client_key, rest) = keys.material.split_at_checked(key_bytes)?;
        let (server_key, rest) = rest.split_at_checked(key_bytes)?;
        let (client_salt, rest) = rest.split_at_checked(salt_bytes)?;
        let server_salt = rest.get(..salt_bytes)?;
        Some(if is_client {
            Self { key: client_key, salt: client_salt }
        } else {
            Self { key: server_key, salt: server_salt }
        })
    }

    /// A key for one purpose: AES in counter mode, begun at the salt with the label in it (RFC 3711, section 4.3.3; RFC 6188, section 3 for
    /// 256 bits; RFC 7714, section 11 for a salt of 96 bits).
    fn derive<const BYTES: usize>(&self, provider: &CryptoProvider, label: Label) -> [u8; BYTES] {
        const BLOCK_BYTES: usize = 16;
        const LABEL_AT: usize = 7;
        let mut block = [0; BLOCK_BYTES];
        for (byte, salt) in block.iter_mut().zip(self.salt) {
            *byte = *salt;
        }
        block[LABEL_AT] ^= label as u8;
        let mut out = [0; BYTES];
        for (round, piece) in (0_u16..).zip(out.chunks_mut(BLOCK_BYTES)) {
            let [.., high, low] = &mut block;
            [*high, *low] = round.to_be_bytes();
            // As much again for providers that pad.
            let mut stream = [0; 2 * BLOCK_BYTES];
            if self.key.len() == Aes128CmSha1_80::KEY_LEN {
                provider.srtp_provider.srtp_aes_128_ecb_round(self.key, &block, &mut stream);
            } else {
                provider.srtp_provider.srtp_aes_256_ecb_round(self.key, &block, &mut stream);
            }
            for (byte, key) in piece.iter_mut().zip(stream) {
                *byte = key;
            }
        }
        out
    }
}

impl Cipher {
    fn new(
        profile: SrtpProfile,
        master: &Master<'_>,
        provider: &CryptoProvider,
        (key, authentication, salt): (Label, Label, Label),
        encrypts: bool,
    ) -> Option<Self> {
        let srtp = provider.srtp_provider;
        Some(match profile {
            SrtpProfile::AES128_CM_SHA1_80 => Self::Counter {
                cipher: srtp.aes_128_cm_sha1_80().create_cipher(master.derive(provider, key), encrypts),
                salt: master.derive(provider, salt),
                authentication: master.derive(provider, authentication),
                hmac: provider.sha1_hmac_provider,
            },
            SrtpProfile::AEAD_AES_128_GCM => {
                let cipher = srtp.aead_aes_128_gcm().create_cipher(master.derive(provider, key), encrypts);
                Self::Gcm { aead: Aead::Aes128(cipher), salt: master.derive(provider, salt) }
            }
            SrtpProfile::AEAD_AES_256_GCM => {
                let cipher = srtp.aead_aes_256_gcm().create_cipher(master.derive(provider, key), encrypts);
                Self::Gcm { aead: Aead::Aes256(cipher), salt: master.derive(provider, salt) }
            }
            _ => return None,
        })
    }

    /// A packet: its header, which stays readable, and its payload. `index` is the sequence number with its rollovers.
    fn seal_packet(&mut self, ssrc: u32, index: u64, header: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
        let text_bytes = header.len().checked_add(payload.len())?;
        let [.., roc3, roc2, roc1, roc0, _, _] = index.to_be_bytes();
        let roc = [roc3, roc2, roc1, roc0];
        match self {
            Self::Gcm { aead, salt } => {
                let iv = AeadAes128Gcm::rtp_iv(*salt, ssrc, u32::from_be_bytes(roc), index as u16);
                let mut out = Vec::with_capacity(text_bytes.checked_add(AeadAes128Gcm::TAG_LEN)?);
                out.extend_from_slice(header);
                out.resize(text_bytes.checked_add(AeadAes128Gcm::TAG_LEN)?, 0);
                aead.seal(&iv, header, payload, out.get_mut(header.len()..)?)?;
                Some(out)
            }
            Self::Counter { cipher, salt, authentication, hmac } => {
                let iv = Aes128CmSha1_80::rtp_iv(*salt, ssrc, index);
                let mut out = Vec::with_capacity(text_bytes.checked_add(COUNTER_SPARE_BYTES)?);
                out.extend_from_slice(header);
                out.resize(text_bytes.checked_add(COUNTER_SPARE_BYTES)?, 0);
                cipher.encrypt(&iv, payload, out.get_mut(header.len()..)?).ok()?;
                out.truncate(text_bytes);
                let tag = hmac.sha1_hmac(authentication, &[&out, &roc]);
                out.extend_from_slice(tag.get(..Aes128CmSha1_80::HMAC_TAG_LEN)?);
                Some(out)
            }
        }
    }

    /// Reports that go in one datagram.
    fn seal_reports(&mut self, index: u32, reports: &[u8]) -> Option<Vec<u8>> {
        let (head, text) = reports.split_first_chunk::<RTCP_HEAD_BYTES>()?;
        let [.., a, b, c, d] = *head;
        let ssrc = u32::from_be_bytes([a, b, c, d]);
        let trailer = (IS_ENCRYPTED | index).to_be_bytes();
        match self {
            Self::Gcm { aead, salt } => {
                let iv = AeadAes128Gcm::rtcp_iv(*salt, ssrc, index);
                let mut out = reports.to_vec();
                out.resize(reports.len().checked_add(AeadAes128Gcm::TAG_LEN)?, 0);
                aead.seal(&iv, &[&head[..], &trailer].concat(), text, out.get_mut(RTCP_HEAD_BYTES..)?)?;
                out.extend_from_slice(&trailer);
                Some(out)
            }
            Self::Counter { cipher, salt, authentication, hmac } => {
                let iv = Aes128CmSha1_80::rtp_iv(*salt, ssrc, u64::from(index));
                let mut out = reports.to_vec();
                out.resize(reports.len().checked_add(COUNTER_SPARE_BYTES)?, 0);
                cipher.encrypt(&iv, text, out.get_mut(RTCP_HEAD_BYTES..)?).ok()?;
                out.truncate(reports.len());
                out.extend_from_slice(&trailer);
                let tag = hmac.sha1_hmac(authentication, &[&out]);
                out.extend_from_slice(tag.get(..Aes128CmSha1_80::HMAC_TAG_LEN)?);
                Some(out)
            }
        }
    }

    fn open_reports(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let (head, rest) = datagram.split_first_chunk::<RTCP_HEAD_BYTES>()?;
        let [.., a, b, c, d] = *head;
        let ssrc = u32::from_be_bytes([a, b, c, d]);
        match self {
            Self::Gcm { aead, salt } => {
                let (text, trailer) = rest.split_last_chunk::<RTCP_INDEX_BYTES>()?;
                let marked = u32::from_be_bytes(*trailer);
                let text_bytes = text.len().checked_sub(AeadAes128Gcm::TAG_LEN)?;
                // Without encryption (RFC 7714, section 9.3) no browser reports.
                if marked & IS_ENCRYPTED == 0 {
                    return None;
                }
                let iv = AeadAes128Gcm::rtcp_iv(*salt, ssrc, marked & RTCP_INDEX_MAX);
                let mut out = head.to_vec();
                out.resize(RTCP_HEAD_BYTES.checked_add(text_bytes)?, 0);
                let aad = [&head[..], trailer].concat();
                aead.open(&iv, &aad, text, out.get_mut(RTCP_HEAD_BYTES..)?)?;
                Some(out)
            }
            Self::Counter { cipher, salt, authentication, hmac } => {
                let signed_bytes = datagram.len().checked_sub(Aes128CmSha1_80::HMAC_TAG_LEN)?;
                let (signed, tag) = datagram.split_at_checked(signed_bytes)?;
                let is_authentic = Aes128CmSha1_80::rtcp_verify(
                    |key, pieces| hmac.sha1_hmac(key, pieces),
                    authentication,
                    signed,
                    tag,
                );
                let (_, behind) = signed.split_first_chunk::<RTCP_HEAD_BYTES>()?;
                let (text, trailer) = behind.split_last_chunk::<RTCP_INDEX_BYTES>()?;
                let marked = u32::from_be_bytes(*trailer);
                if !is_authentic || marked & IS_ENCRYPTED == 0 {
                    return None;
                }
                let iv = Aes128CmSha1_80::rtp_iv(*salt, ssrc, u64::from(marked & RTCP_INDEX_MAX));
                let end = RTCP_HEAD_BYTES.checked_add(text.len())?;
                let mut out = head.to_vec();
                out.resize(end.checked_add(COUNTER_SPARE_BYTES)?, 0);
                cipher.decrypt(&iv, text, out.get_mut(RTCP_HEAD_BYTES..)?).ok()?;
                out.truncate(end);
                Some(out)
            }
        }
    }
}

/// Both directions of one transport, beside str0m's.
#[derive(Debug)]
pub(crate) struct Srtp {
    packets_out: Cipher,
    reports_out: Cipher,
    reports_in: Cipher,
    /// Of the next reports that go out.
    index: u32,
}

impl Srtp {
    /// None for a profile that is not known.
    pub(crate) fn new(keys: &Keys, provider: &CryptoProvider) -> Option<Self> {
        const PACKETS: (Label, Label, Label) = (Label::Rtp, Label::RtpAuthentication, Label::RtpSalt);
        const REPORTS: (Label, Label, Label) = (Label::Rtcp, Label::RtcpAuthentication, Label::RtcpSalt);
        let own = Master::of(keys, keys.is_client)?;
        let other = Master::of(keys, !keys.is_client)?;
        Some(Self {
            packets_out: Cipher::new(keys.profile, &own, provider, PACKETS, true)?,
            reports_out: Cipher::new(keys.profile, &own, provider, REPORTS, true)?,
            reports_in: Cipher::new(keys.profile, &other, provider, REPORTS, false)?,
            index: 0,
        })
    }

    /// A packet as it goes out: its header, which stays readable, and its payload. `index` is the sequence number with its rollovers
    /// (RFC 3711, section 3.3.1), which no two packets of one SSRC share.
    pub(crate) fn seal_packet(
        &mut self,
        ssrc: u32,
        index: u64,
        header: &[u8],
        payload: &[u8],
    ) -> Option<Vec<u8>> {
        self.packets_out.seal_packet(ssrc, index, header, payload)
    }

    /// RTCP packets that go in one datagram; the SSRC of the first is the sender's. None after 2³¹ of them.
    pub(crate) fn seal_reports(&mut self, reports: &[u8]) -> Option<Vec<u8>> {
        let index = self.index;
        self.index = index.checked_add(1).filter(|next| *next <= RTCP_INDEX_MAX)?;
        self.reports_out.seal_reports(index, reports)
    }

    /// The RTCP packets in a datagram, if it is from the other end.
    pub(crate) fn open_reports(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        self.reports_in.open_reports(datagram)
    }
}

#[cfg(test)]
mod tests;
