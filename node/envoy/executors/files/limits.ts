/** Contents are held in memory; what is larger is for artifacts. */
export const MAX_CONTENTS_BYTES: number = 64 * 2 ** 20

/** Files that are edited as text. */
export const MAX_TEXT_BYTES: number = 16 * 2 ** 20
