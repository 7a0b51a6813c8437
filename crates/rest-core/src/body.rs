//! Bodies under limits: decompressed and measured while they stream in, so that no answer can fill the memory.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

/// How much of an answer is accepted. Sizes are in bytes after decompression; `Content-Length` is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyLimits {
    /// A whole answer read by [`RestClient::send`](crate::RestClient::send). Default 16 MiB.
    pub page: u64,
    /// A streamed answer, in all. Default 64 MiB.
    pub decoded: u64,
    /// How many times larger than what was received a body may become. Judged from 1 MiB on. Default 200.
    pub ratio: u32,
    /// How deep JSON may nest. Default 64.
    pub depth: usize,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { page: 16 << 20, decoded: 64 << 20, ratio: 200, depth: 64 }
    }
}

/// How much of an error's body is read: 64 KiB.
pub(crate) const ERROR_BODY: u64 = 64 << 10;
/// Below this size a high ratio is ordinary (repetitive small JSON) and harmless.
const RATIO_FLOOR: u64 = 1 << 20;

/// Why a body was given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the answer unpacks to more than {0} times its size")]
    Bomb(u32),
    #[error("the answer broke off")]
    Truncated,
    #[error("the answer's compression is damaged")]
    Damaged,
    #[error("the answer's content encoding is not one that was asked for")]
    Encoding,
}

/// Turns received chunks into decoded ones, and keeps the limits.
pub(crate) struct Decoder {
    gzip: Option<MultiGzDecoder<Sink>>,
    limit: u64,
    ratio: u32,
    expected: Option<u64>,
    received: u64,
    decoded: u64,
}

impl Decoder {
    /// Reads the encoding and the announced length from `headers`.
    pub(crate) fn new(headers: &HeaderMap, limit: u64, ratio: u32) -> Result<Self, BodyError> {
        let encoding = headers.get(CONTENT_ENCODING).map_or(&b""[..], |value| value.as_bytes().trim_ascii());
        let gzip = match encoding.to_ascii_lowercase().as_slice() {
            b"" | b"identity" => None,
            b"gzip" | b"x-gzip" => Some(MultiGzDecoder::new(Sink::default())),
            _ => return Err(BodyError::Encoding),
        };
        let expected = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Ok(Self { gzip, limit, ratio, expected, received: 0, decoded: 0 })
    }

    /// How many bytes came over the wire so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Takes one received chunk and gives what it decodes to, which may be nothing yet.
    pub(crate) fn push(&mut self, chunk: Bytes) -> Result<Bytes, BodyError> {
        self.received += chunk.len() as u64;
        let (allowed, over) = self.allowance();
        let Some(gzip) = &mut self.gzip else {
            self.decoded += chunk.len() as u64;
            return if self.decoded > self.limit { Err(BodyError::TooLarge(self.limit)) } else { Ok(chunk) };
        };
        gzip.get_mut().left = allowed.saturating_sub(self.decoded);
        if gzip.write_all(&chunk).is_err() {
            return Err(if gzip.get_ref().full { over } else { BodyError::Damaged });
        }
        Ok(self.take())
    }

    /// Ends the body: gives what is left, or says that it broke off.
    pub(crate) fn finish(&mut self) -> Result<Bytes, BodyError> {
        if self.expected.is_some_and(|expected| self.received < expected && self.received > 0) {
            return Err(BodyError::Truncated);
        }
        let (allowed, over) = self.allowance();
        let received = self.received;
        let Some(gzip) = &mut self.gzip else {
            return Ok(Bytes::new());
        };
        if received == 0 {
            return Ok(Bytes::new());
        }
        gzip.get_mut().left = allowed.saturating_sub(self.decoded);
        if gzip.try_finish().is_err() {
            return Err(if gzip.get_ref().full { over } else { BodyError::Truncated });
        }
        Ok(self.take())
    }

    /// How much may have been decoded by now, and which limit speaks if it is more.
    fn allowance(&self) -> (u64, BodyError) {
        let by_ratio = self.received.saturating_mul(u64::from(self.ratio)).max(RATIO_FLOOR);
        if by_ratio < self.limit {
            (by_ratio, BodyError::Bomb(self.ratio))
        } else {
            (self.limit, BodyError::TooLarge(self.limit))
        }
    }

    fn take(&mut self) -> Bytes {
        let decoded = self.gzip.as_mut().map(|gzip| std::mem::take(&mut gzip.get_mut().bytes)).unwrap_or_default();
        self.decoded += decoded.len() as u64;
        decoded.into()
    }
}

/// Where the decompressor writes: full at the limit, in the middle of a chunk if need be.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    left: u64,
    full: bool,
}

impl Write for Sink {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(data.len() as u64) else {
            self.full = true;
            return Err(io::Error::other("limit"));
        };
        self.left = left;
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn headers(encoding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(encoding))])
    }

    fn decode(headers: &HeaderMap, wire: &[u8], chunk: usize, limit: u64) -> Result<Vec<u8>, BodyError> {
        let mut decoder = Decoder::new(headers, limit, 200)?;
        let mut out = Vec::new();
        for part in wire.chunks(chunk) {
            out.extend_from_slice(&decoder.push(Bytes::copy_from_slice(part))?);
        }
        out.extend_from_slice(&decoder.finish()?);
        Ok(out)
    }

    proptest! {
        #[test]
        fn any_body_in_any_chunks_comes_out_whole(data in proptest::collection::vec(any::<u8>(), 0..5000), chunk in 1usize..700) {
            prop_assert_eq!(decode(&headers("gzip"), &gzip(&data), chunk, 1 << 20).unwrap(), data.clone());
            prop_assert_eq!(decode(&HeaderMap::new(), &data, chunk, 1 << 20).unwrap(), data);
        }

        #[test]
        fn a_cut_gzip_body_is_never_taken_for_whole(data in proptest::collection::vec(any::<u8>(), 1..3000), cut in 1usize..20) {
            let wire = gzip(&data);
            let kept = wire.len() - cut.min(wire.len() - 1);
            prop_assert!(decode(&headers("gzip"), &wire[..kept], 512, 1 << 20).is_err());
        }

        #[test]
        fn garbage_never_panics(data in proptest::collection::vec(any::<u8>(), 0..600), chunk in 1usize..64) {
            let _ = decode(&headers("gzip"), &data, chunk, 1000);
        }
    }

    #[test]
    fn two_members_are_one_body_and_nothing_is_nothing() {
        let wire = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(decode(&headers("gzip"), &wire, 7, 100).unwrap(), b"one two");
        assert_eq!(decode(&headers("gzip"), b"", 7, 100).unwrap(), b"");
    }

    #[test]
    fn a_bomb_is_stopped_by_its_ratio_and_a_large_body_by_its_size() {
        let bomb = gzip(&vec![b' '; 40 << 20]);
        assert!(bomb.len() < 64 << 10);
        let got = decode(&headers("gzip"), &bomb, 4096, 64 << 20);
        assert_eq!(got, Err(BodyError::Bomb(200)));
        let got = decode(&headers("gzip"), &bomb, bomb.len(), 64 << 20);
        assert_eq!(got, Err(BodyError::Bomb(200)), "also when it comes in one piece");
        assert_eq!(decode(&headers("gzip"), &gzip(&[7; 5000]), 100, 4999), Err(BodyError::TooLarge(4999)));
        assert_eq!(decode(&HeaderMap::new(), &[7; 5000], 100, 4999), Err(BodyError::TooLarge(4999)));
        assert_eq!(decode(&HeaderMap::new(), &[7; 5000], 100, 5000).unwrap().len(), 5000);
    }

    #[test]
    fn a_short_body_and_a_strange_encoding_are_noticed() {
        let mut announced = HeaderMap::new();
        announced.insert(CONTENT_LENGTH, HeaderValue::from_static("10"));
        assert_eq!(decode(&announced, b"12345", 5, 100), Err(BodyError::Truncated));
        assert_eq!(decode(&announced, b"1234567890", 5, 100).unwrap(), b"1234567890");
        assert_eq!(decode(&announced, b"", 5, 100).unwrap(), b"", "an answer to HEAD announces what it does not send");
        assert_eq!(decode(&headers("br"), b"x", 5, 100), Err(BodyError::Encoding));
    }
}
