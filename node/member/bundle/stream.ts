import { once } from 'node:events'
import type { RawStream } from '#node/api/server'
import type { Member } from '../member.ts'
import { createBundle } from './create.ts'

/** The bundle of this machine, as bytes to the administrator who asked; `since` in Unix milliseconds. */
export function bundleStream(member: Member): RawStream {
  return {
    path: '/v1/bundle',
    caller: 'admin',
    accept: async ({ query, open, signal }) => {
      const since = Number(query.get('since') ?? 0)
      const socket = open()
      for await (const bytes of createBundle(member, { since: Number.isFinite(since) ? since : 0, signal })) {
        if (!socket.write(bytes)) await once(socket, 'drain', { signal })
      }
    },
  }
}
