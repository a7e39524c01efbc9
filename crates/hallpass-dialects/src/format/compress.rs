use std::borrow::Cow;
use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

use crate::error::{Error, Format};
use crate::limits::Limits;

/// Python's `lzma` asks for 8 MiB at its default preset, and django-redis for 4 MiB.
const LZMA_KIB: u32 = 10 << 10;
/// The largest window that zstd asks decoders to support (RFC 8878, section 3.1.1.1.2).
const ZSTD_WINDOW: u64 = 8 << 20;

/// Takes off whichever compression the bytes begin with; what has none is returned as it is.
///
/// No serialised session begins like compressed bytes, so nobody has to say which it is.
pub(crate) fn plain<'b>(bytes: &'b [u8], limits: &Limits) -> Result<Cow<'b, [u8]>, Error> {
    if bytes.len() > limits.bytes {
        return Err(Error::too_large(Format::Compressed, limits.bytes, format!("it has {} bytes", bytes.len())));
    }
    Ok(match bytes {
        [0x78, ..] => inflated(bytes, limits)?.into(),
        [0x1f, 0x8b, ..] => bounded(GzDecoder::new(bytes), limits)?.into(),
        [0x04, 0x22, 0x4d, 0x18, ..] => bounded(FrameDecoder::new(bytes), limits)?.into(),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            bounded(XzReader::new_mem_limit(bytes, false, LZMA_KIB), limits)?.into()
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => match StreamingDecoder::new_with_max_window_size(bytes, ZSTD_WINDOW) {
            Ok(decoder) => bounded(decoder, limits)?.into(),
            Err(_) => {
                return Err(Error::malformed(Format::Compressed, 4, "its header is damaged, or asks for too much"));
            }
        },
        _ => bytes.into(),
    })
}

/// Decompresses a stream of zlib (RFC 1950).
pub(crate) fn inflated(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    bounded(ZlibDecoder::new(bytes), limits)
}

/// Compresses into a stream of zlib, at the level that `zlib.compress` of Python has by default.
pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 2);
    let mut encoder = flate2::bufread::ZlibEncoder::new(bytes, flate2::Compression::new(6));
    encoder.read_to_end(&mut out).expect("memory is read and written without failure");
    out
}

fn bounded(reader: impl Read, limits: &Limits) -> Result<Vec<u8>, Error> {
    let most = limits.bytes;
    let mut out = Vec::new();
    let read = reader.take(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut out);
    if out.len() > most {
        return Err(Error::too_large(Format::Compressed, 0, format!("it stands for more than {most} bytes")));
    }
    match read {
        // A header without anything behind it is no error to some, and nothing that anybody stored.
        Ok(1..) => Ok(out),
        Ok(0) | Err(_) => Err(Error::malformed(Format::Compressed, out.len(), "it is damaged, or cut off")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_too_much_is_refused_without_being_unpacked() {
        let bomb = deflated(&vec![0; 4 << 20]);
        assert!(bomb.len() < 8 << 10);
        assert!(plain(&bomb, &Limits::default()).unwrap_err().is_too_large());
        let limits = Limits { bytes: 4 << 20, ..Limits::default() };
        assert_eq!(plain(&bomb, &limits).unwrap().len(), 4 << 20);
    }

    #[test]
    fn damage_is_refused_whatever_the_compression() {
        for magic in [&b"\x78\x9c"[..], b"\x1f\x8b\x08", b"\x04\x22\x4d\x18", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"] {
            for rest in [&b""[..], b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", &[0xff; 40]] {
                assert!(plain(&[magic, rest].concat(), &Limits::default()).is_err(), "{magic:x?} {rest:x?}");
            }
        }
    }

    #[test]
    fn what_is_not_compressed_stays_as_it_is() {
        assert_eq!(plain(b"\x80\x04}.", &Limits::default()).unwrap(), &b"\x80\x04}."[..]);
    }
}
