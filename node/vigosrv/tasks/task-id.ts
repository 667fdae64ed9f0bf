import { randomBytes } from 'node:crypto'

/** 32 hex digits that sort by time. */
export function newId(now: number): string {
  return now.toString(16).padStart(12, '0') + randomBytes(10).toString('hex')
}
