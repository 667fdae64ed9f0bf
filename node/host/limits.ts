/** The largest gossip message; larger records are announced by hash and fetched. */
export const MAX_GOSSIP_BYTES = 256 * 1024

/** Points that a peer loses for a message that a validator rejected. */
export const REJECTED_MESSAGE = 10
/** After this many rejected messages in a short time nothing more is taken from a peer. */
export const REJECTIONS_UNTIL_IGNORED = 5
