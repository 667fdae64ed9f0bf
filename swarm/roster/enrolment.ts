import { publicKeyOf, type RequestProtocol } from '#node/host'
import {
  ByteReader,
  type Clock,
  concatBytes,
  encodeBlock,
  encodeText,
  encodeVarint,
  type Logger,
  toHex,
} from '#node/kit'
import { decodeRecord, encodeRecord, HOSTNAME, PLATFORM_PART, type SignedRecord, type Signer } from '#swarm/record'
import { RosterError } from './errors.ts'
import type { Roster } from './roster.ts'
import { type Admission, type Role, readAdmission, signAdmission } from './rows.ts'
import type { JoinTokens } from './tokens.ts'

/**
 * `/vigo/enroll/1`: how a machine becomes a member.
 *
 * Participants: an unknown peer (proven key, nothing else) and a bolt's enrolment host, which speaks only this.
 * Goal: exchange a one-time token for a signed admission. Not a goal: anything a member may ask; the rest of the roster comes
 * by anti-entropy once the gate is open.
 *
 *     request   text token || byte role (1 envoy, 2 bolt) || text hostname || text os || text arch
 *     response  byte 0, text reason                                   refused
 *               byte 1, count, blocks (records: bolts, then the admission), count, texts (addresses), text (settings, YAML)
 *
 * The role is what the newcomer is about to become; the token must be for it. The admitted key is the one that the connection
 * proved. Repeating a request that was admitted (the answer was lost) answers the same admission again without another use of the
 * token.
 */
export interface EnrolRequest {
  readonly token: string
  readonly role: Role
  readonly hostname: string
  readonly os: string
  readonly arch: string
}

export type EnrolResponse =
  | { readonly admitted: false; readonly reason: string }
  | {
      readonly admitted: true
      readonly records: readonly SignedRecord[]
      readonly addresses: readonly string[]
      /** What a member of this role starts with. */
      readonly settings: string
    }

const ROLES: readonly Role[] = ['envoy', 'bolt']

const MAX_BOLTS = 256
const MAX_ADDRESSES = 256

export const enrolProtocol: RequestProtocol<EnrolRequest, EnrolResponse> = {
  id: '/vigo/enroll/1',
  maxRequestBytes: 2048,
  maxResponseBytes: 1024 * 1024,
  deadlineMs: 15_000,
  maxPerPeer: 1,
  request: {
    encode: ({ token, role, hostname, os, arch }) =>
      concatBytes(
        encodeText(token),
        Uint8Array.of(ROLES.indexOf(role) + 1),
        encodeText(hostname),
        encodeText(os),
        encodeText(arch),
      ),
    decode: bytes => {
      const reader = new ByteReader(bytes)
      const request = {
        token: reader.text(200),
        role: roleOf(reader.byte()),
        hostname: reader.text(253),
        os: reader.text(32),
        arch: reader.text(32),
      }
      reader.end()
      return request
    },
  },
  response: {
    encode: response =>
      response.admitted
        ? concatBytes(
            Uint8Array.of(1),
            encodeVarint(response.records.length),
            ...response.records.map(record => encodeBlock(encodeRecord(record))),
            encodeVarint(response.addresses.length),
            ...response.addresses.map(encodeText),
            encodeText(response.settings),
          )
        : concatBytes(Uint8Array.of(0), encodeText(response.reason)),
    decode: bytes => {
      const reader = new ByteReader(bytes)
      const verdict = reader.byte()
      if (verdict === 0) {
        const response = { admitted: false as const, reason: reader.text(1000) }
        reader.end()
        return response
      }
      if (verdict !== 1) throw new RangeError(`unknown verdict ${verdict}`)
      const records = Array.from({ length: reader.varint(MAX_BOLTS) }, () => decodeRecord(reader.block(4096)))
      const addresses = Array.from({ length: reader.varint(MAX_ADDRESSES) }, () => reader.text(500))
      const settings = reader.text(64 * 1024)
      reader.end()
      return { admitted: true as const, records, addresses, settings }
    },
  },
}

function roleOf(byte: number): Role {
  const role = ROLES[byte - 1]
  if (role === undefined) throw new RangeError(`unknown role ${byte}`)
  return role
}

/** Wrong tokens per minute, over all strangers, before nobody is answered for the rest of it. */
const MAX_REFUSALS_PER_MINUTE = 30

/** A bolt's side: decides about one request. Never throws for what a stranger sent. */
export class EnrolmentDesk {
  readonly #options: EnrolmentDeskOptions
  #windowStart = 0
  #refusals = 0

  constructor(options: EnrolmentDeskOptions) {
    this.#options = options
  }

  async answer(request: EnrolRequest, peerId: string): Promise<EnrolResponse> {
    const { logger } = this.#options
    try {
      const response = await this.#admit(request, toHex(publicKeyOf(peerId)))
      logger.info('enrolled', { peer: peerId, hostname: request.hostname, role: request.role })
      return response
    } catch (error) {
      if (!(error instanceof RosterError)) throw error
      if (error.code === 'token-refused') this.#refusals++
      logger.warn(
        'enrolment-refused',
        { peer: peerId, hostname: request.hostname.slice(0, 100), reason: error.code },
        error.message,
      )
      return { admitted: false, reason: error.message }
    }
  }

  async #admit(request: EnrolRequest, peer: string): Promise<EnrolResponse> {
    const { roster, tokens, signer, clock } = this.#options
    const now = clock.now()
    if (now - this.#windowStart >= 60_000 || now < this.#windowStart) {
      this.#windowStart = now
      this.#refusals = 0
    }
    if (this.#refusals >= MAX_REFUSALS_PER_MINUTE) {
      throw new RosterError('rate-limited', 'too many wrong join tokens were tried; wait a minute and try again')
    }
    const { hostname, role, os, arch } = request
    if (!HOSTNAME.test(hostname) || !PLATFORM_PART.test(os) || !PLATFORM_PART.test(arch)) {
      throw new RosterError('malformed', 'host name or platform has characters that are not allowed')
    }
    const known = roster.member(peer)
    if (known?.revoked) throw new RosterError('token-refused', 'this key was revoked; the machine needs a new one')
    if (known !== null && roster.isMember(peer)) {
      if (known.role !== role) throw new RosterError('token-refused', wrongRole(known))
      if (known.hostname === hostname) return await this.#welcome(peer, role)
    }
    if (roster.find(hostname).some(member => member.hostname === hostname && member.peer !== peer)) {
      throw new RosterError(
        'hostname-taken',
        `another live member is called '${hostname}'; revoke it first (vigosrv members revoke ${hostname}) or use --hostname`,
      )
    }
    await tokens.consume(request.token, { hostname, role }, async () => {
      if (!roster.mayAdmit(toHex(signer.publicKey), role)) {
        throw new RosterError('token-refused', 'the server that answered can admit nobody any more; ask another one')
      }
      const admission = await signAdmission(
        { peer, hostname, role, os, arch, serial: (known?.serial ?? 0) + 1, issuedAt: now },
        roster.fleetId,
        signer,
      )
      await roster.offer(admission, { sync: true })
      await this.#options.announce(admission)
    })
    return await this.#welcome(peer, role)
  }

  /** The bolts, without which the admission means nothing to the newcomer, and the admission itself. */
  async #welcome(peer: string, role: Role): Promise<EnrolResponse> {
    const { roster } = this.#options
    const admissions = roster.snapshot().filter(record => record.kind === 'admission')
    const peerOf = (record: SignedRecord): string => readAdmission(record).peer
    const bolts = admissions.filter(record => peerOf(record) !== peer && roster.isBolt(peerOf(record)))
    const own = admissions.filter(record => peerOf(record) === peer)
    return {
      admitted: true,
      records: [...bolts.slice(0, MAX_BOLTS - 1), ...own],
      addresses: (await this.#options.addresses()).slice(0, MAX_ADDRESSES),
      settings: this.#options.settings(role),
    }
  }
}

function wrongRole({ role, hostname }: Admission): string {
  const is = role === 'bolt' ? 'a server' : 'an envoy'
  return `the key of this machine is that of '${hostname}', ${is} of the fleet; what is something else needs a key (and a root) of its own`
}

export interface EnrolmentDeskOptions {
  roster: Roster
  tokens: JoinTokens
  signer: Signer
  clock: Clock
  logger: Logger
  /** Gossips a new admission. */
  announce: (admission: SignedRecord) => Promise<void>
  /** Where members of the fleet can be reached. */
  addresses: () => Promise<string[]>
  /** YAML: what a new member of this role starts with. */
  settings: (role: Role) => string
}

/** The new member's side: checks that the answer really admits this key, as what it wants to be, to the fleet of the join URL. @throws RosterError */
export async function acceptAdmission(
  response: EnrolResponse,
  options: { roster: Roster; publicKey: Uint8Array; role: Role },
): Promise<Extract<EnrolResponse, { admitted: true }>> {
  const { roster, role } = options
  if (!response.admitted) throw new RosterError('token-refused', response.reason)
  for (const record of response.records) await roster.offer(record, { sync: true })
  const peer = toHex(options.publicKey)
  if (!roster.isMember(peer) || roster.member(peer)?.role !== role) {
    throw new RosterError('malformed', 'the bolt answered without a valid admission for this machine; report this')
  }
  return response
}
