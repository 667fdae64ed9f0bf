import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { codeOf, fromHex, isHex } from '#node/kit'
import type { RecordKind } from '#swarm/record'
import { PuddleError } from './errors.ts'
import { REQUEST_TIMEOUT_MS, type SessionRequest, type SessionStatus } from './protocol.ts'

/** Asks the calling user's session. */
export class SessionClient {
  readonly #socket: string

  constructor(socket: string) {
    this.#socket = socket
  }

  /** Null when no session is open. */
  async status(): Promise<SessionStatus | null> {
    try {
      return (await this.#ask({ op: 'status' })) as unknown as SessionStatus
    } catch (error) {
      if (error instanceof PuddleError && error.code === 'locked') return null
      throw error
    }
  }

  /** @throws PuddleError 'locked' or 'refused' */
  async sign(kind: RecordKind, fleet: string, body: string): Promise<Uint8Array> {
    const { signature } = await this.#ask({ op: 'sign', kind, fleet, body })
    if (!isHex(signature, 64)) throw new PuddleError('refused', 'the puddle session answered without a signature')
    return fromHex(signature)
  }

  /** False when no session was open. */
  async lock(): Promise<boolean> {
    if ((await this.status()) === null) return false
    await this.#ask({ op: 'lock' })
    return true
  }

  #ask(request: SessionRequest): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const connection = connect(this.#socket)
      const timer = setTimeout(
        () => fail(new PuddleError('locked', 'the puddle session does not answer; lock and unlock it')),
        REQUEST_TIMEOUT_MS,
      )
      const fail = (error: unknown): void => {
        clearTimeout(timer)
        connection.destroy()
        const code = codeOf(error)
        reject(code === 'ENOENT' || code === 'ECONNREFUSED' ? lockedPuddle() : error)
      }
      connection.on('error', fail)
      connection.on('close', () => fail(lockedPuddle()))
      createInterface({ input: connection })
        .on('error', fail)
        .once('line', line => {
          clearTimeout(timer)
          connection.end()
          const reply: Record<string, unknown> = JSON.parse(line)
          const error = reply['error'] as { code: 'refused'; message: string } | undefined
          if (error !== undefined) reject(new PuddleError(error.code, error.message))
          else resolve(reply)
        })
      connection.write(`${JSON.stringify(request)}\n`)
    })
  }
}

function lockedPuddle(): PuddleError {
  return new PuddleError('locked', 'your puddle is locked; run vigo swarm puddle unlock')
}
