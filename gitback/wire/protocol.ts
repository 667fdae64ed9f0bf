import { isHex } from '#node/kit'
import { WireError } from './errors.ts'

/*
 * `/vigo/git-upload-pack/1`: objects of a project, from a machine that holds it to another one that does.
 *
 * Participants: the client, a seated machine that misses objects; the server, a seated machine. Who the client is, the connection proves.
 * Goals: git's own protocol version 2, served by the system's git, so that deltas, thin packs and filters are git's; read only.
 * Non-goals: moving refs. Nobody pushes to another machine; what a ref should be, signed updates say, not the server's answer.
 *
 *     client -> server   one frame: the project, JSON `{ "project": "<64 hex>" }`
 *     server -> client   one frame: JSON `{ "ok": true }`, or `{ "ok": false, "reason": "<sentence>" }` and the end
 *     then               frames of git's stream in both directions, at most 64 KiB each, until both have ended
 *
 * Limits: two streams for each peer, sixteen in all; ten minutes for each; git itself ends after 60 s without a word of the client.
 */

export const UPLOAD_PACK_PROTOCOL = '/vigo/git-upload-pack/1'
export const MAX_FRAME_BYTES = 64 * 1024
export const MAX_STREAMS = 16
export const STREAM_TIMEOUT_MS = 600_000
export const SILENCE_S = 60

export interface Opening {
  readonly project: string
}

export type Reply = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export function encodeJson(value: Opening | Reply): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

export function readOpening(bytes: Uint8Array): Opening {
  const value = parse(bytes)
  if (!isHex(value['project'], 32)) throw new WireError('malformed', 'the opening names no project')
  return { project: value['project'] }
}

export function readReply(bytes: Uint8Array): Reply {
  const value = parse(bytes)
  if (value['ok'] === true) return { ok: true }
  const reason = value['reason']
  return { ok: false, reason: typeof reason === 'string' ? reason.slice(0, 300) : 'no reason given' }
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new WireError('malformed', `a message of ${UPLOAD_PACK_PROTOCOL} is not JSON`)
}
