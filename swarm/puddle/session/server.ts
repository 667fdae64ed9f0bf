import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { codeOf, isHex, messageOf, toHex } from '#node/kit'
import { parseCanonical, type RecordKind, type Signer, signedBytes, signerFromSeed } from '#swarm/record'
import { PuddleError } from './errors.ts'
import { MAX_LINE_BYTES, type SessionRequest, signable } from './protocol.ts'

/** Holds an unlocked key and signs for its user until it is told to lock, or nobody asked for `idleMs`. */
export async function serveSession(options: {
  socket: string
  seed: Uint8Array
  idleMs: number
}): Promise<{ ended: Promise<void> }> {
  const { socket, idleMs } = options
  const signer = signerFromSeed(options.seed)
  const publicKey = toHex(signer.publicKey)
  let finish: () => void = () => undefined
  const ended = new Promise<void>(resolve => {
    finish = resolve
  })
  let endsAt = Date.now() + idleMs
  let timer = setTimeout(finish, idleMs)
  const touch = (): void => {
    clearTimeout(timer)
    timer = setTimeout(finish, idleMs)
    endsAt = Date.now() + idleMs
  }

  const answer = async (request: SessionRequest): Promise<object> => {
    switch (request.op) {
      case 'sign':
        touch()
        return { signature: toHex(await sign(request, signer, publicKey)) }
      case 'status':
        return { publicKey, idleMs, endsAt }
      case 'lock':
        setImmediate(finish)
        return {}
    }
    throw new PuddleError('refused', 'unknown request')
  }

  const connections = new Set<Socket>()
  const server = createServer(connection => {
    connections.add(connection)
    connection.on('close', () => connections.delete(connection))
    connection.on('error', () => connection.destroy())
    limitLine(connection)
    const lines = createInterface({ input: connection })
    lines.on('error', () => connection.destroy())
    lines.on('line', line => {
      void Promise.resolve()
        .then(() => answer(JSON.parse(line) as SessionRequest))
        .catch((error: unknown) => ({ error: { code: codeOf(error) ?? 'refused', message: messageOf(error) } }))
        .then(reply => connection.write(`${JSON.stringify(reply)}\n`))
    })
  })
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 })
  await rm(socket, { force: true })
  const umask = process.umask(0o177)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve))
  process.umask(umask)
  await chmod(socket, 0o600)
  return {
    ended: ended.then(async () => {
      clearTimeout(timer)
      await rm(socket, { force: true })
      for (const connection of connections) connection.end()
      server.close()
    }),
  }
}

async function sign(
  request: Extract<SessionRequest, { op: 'sign' }>,
  signer: Signer,
  publicKey: string,
): Promise<Uint8Array> {
  const field = Object.hasOwn(signable, request.kind) ? signable[request.kind] : undefined
  const bytes = new TextEncoder().encode(request.body)
  const body = parseCanonical(bytes)
  const named =
    field !== undefined && body !== null && typeof body === 'object' && !Array.isArray(body) ? body[field] : null
  if (named !== publicKey || !isHex(request.fleet, 32)) {
    throw new PuddleError(
      'refused',
      `this session signs only records that name its key as the signer, not this ${request.kind}`,
    )
  }
  return signer.sign(signedBytes(request.kind as RecordKind, bytes, request.fleet))
}

/** Ends a connection that sends a line longer than any request. */
function limitLine(connection: Socket): void {
  let sinceNewline = 0
  connection.on('data', (data: Buffer) => {
    const at = data.lastIndexOf(10)
    sinceNewline = at < 0 ? sinceNewline + data.length : data.length - at - 1
    if (sinceNewline > MAX_LINE_BYTES) connection.destroy()
  })
}
