import { once } from 'node:events'
import type { RawStream } from '#node/api/server'
import type { Member } from '../member.ts'
import { createBundle } from './create.ts'

/** How long the reader may take for what it was given; a full disk or a pulled stick is noticed then. */
const STALL_MS = 120_000

/** The bundle of this machine, as bytes to the administrator who asked; `since` in Unix milliseconds. */
export function bundleStream(member: Member): RawStream {
  return {
    path: '/v1/bundle',
    caller: 'admin',
    accept: async ({ query, open, signal }) => {
      const since = Number(query.get('since') ?? 0)
      const socket = open()
      for await (const bytes of createBundle(member, { since: Number.isFinite(since) ? since : 0, signal })) {
        if (socket.write(bytes)) continue
        await once(socket, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(STALL_MS)]) })
      }
    },
  }
}
