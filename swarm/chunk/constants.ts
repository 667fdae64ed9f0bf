/** The only manifest format there is. Everything below belongs to it: another value makes other chunks, so another version. */
export const MANIFEST_VERSION = 1

/** No chunk but a blob's last is shorter. Blobs up to this size are one chunk. */
export const MIN_CHUNK_BYTES = 64 * 1024

/**
 * Up to this length a boundary needs 19 zero bits, after it 17 (normalised chunking, level 1). 160 KiB makes the mean over
 * random bytes 256 KiB: 64 + 512 (1 - e^(-96/512)) + 128 e^(-96/512) = 258 KiB. Level 2 spreads lengths less, but finds its
 * old boundaries again later after a change.
 */
export const NORMAL_CHUNK_BYTES = 160 * 1024

/** No chunk is longer, so that each fits into one frame. */
export const MAX_CHUNK_BYTES = 1024 * 1024

/** Mean chunk length over random bytes, for estimates only. */
export const AVERAGE_CHUNK_BYTES = 256 * 1024

/**
 * Zero bits that make a boundary. They are the top bits, because bit k of the gear hash depends on the last k + 1 bytes only.
 */
export const STRICT_MASK = 0xffff_e000 | 0
export const LOOSE_MASK = 0xffff_8000 | 0

/** Row i of the gear table is the first four bytes of SHA-256(label, byte i), as a little-endian 32-bit integer. */
export const GEAR_LABEL = 'vigo chunk gear 1'

/** Longest manifest in bytes, which is a blob of about 118 GiB. */
export const MAX_MANIFEST_BYTES = 16 * 1024 * 1024
