import type { ValueMap } from '#config/lang'

/** What the server knows of a machine: nested maps, `os.family` and the like. */
export type Traits = ValueMap
