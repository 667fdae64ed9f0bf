import { createHash } from 'node:crypto'
import { GEAR_LABEL } from './constants.ts'

/** 256 pseudo-random 32-bit integers, the same on every machine for ever. */
export const GEAR: Int32Array = gearTable(GEAR_LABEL)

function gearTable(label: string): Int32Array {
  const table = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    table[byte] = createHash('sha256').update(label).update(Uint8Array.of(byte)).digest().readInt32LE(0)
  }
  return table
}
