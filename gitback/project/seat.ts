import { fromHex, sha256Hex } from '#node/kit'
import { BodyReader, type SignedRecord } from '#swarm/record'

/**
 * A member's word that a machine holds the project for them: `{ project_id, member, peer, held, serial, issued_at }`, signed by the member.
 * Only seated machines are sent the project's objects, and whoever misses something asks them.
 */
export interface Seat {
  readonly project: string
  readonly member: string
  /** Public key of the machine. */
  readonly peer: string
  readonly isHeld: boolean
  readonly serial: number
  readonly issuedAt: number
}

export function readSeat(record: SignedRecord): Seat {
  const body = new BodyReader(record)
  const seat = {
    project: body.hex('project_id', 32),
    member: body.hex('member', 32),
    peer: body.hex('peer', 32),
    isHeld: body.boolean('held'),
    serial: body.integer('serial'),
    issuedAt: body.integer('issued_at'),
  }
  body.done()
  return seat
}

export function seatId({ project, member, peer }: Seat): string {
  return sha256Hex('seat\n', fromHex(project), fromHex(member), fromHex(peer))
}

export function seatBody({ project, member, peer, isHeld, serial, issuedAt }: Seat): {
  project_id: string
  member: string
  peer: string
  held: boolean
  serial: number
  issued_at: number
} {
  return { project_id: project, member, peer, held: isHeld, serial, issued_at: issuedAt }
}
