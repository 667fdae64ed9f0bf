import type { BareRepository, Quarantine } from '#gitback/repo'
import type { FrameStream, Host, PeerId } from '#node/host'
import { Deadline } from '#node/kit'
import { WireError } from './errors.ts'
import { DELIMITER, FLUSH, PacketReader, pktLine } from './pkt-line.ts'
import { encodeJson, MAX_FRAME_BYTES, readReply, STREAM_TIMEOUT_MS, UPLOAD_PACK_PROTOCOL } from './protocol.ts'

export interface FetchOptions {
  host: Host
  peer: PeerId
  project: string
  repository: BareRepository
  quarantine: Quarantine
  /** Commits (or tags) that are wanted; the server must have each. */
  wants: readonly string[]
  signal: AbortSignal
}

/** Enough for the two histories to meet in one round; beyond it the pack has more than it would have to. */
const HAVES = 512

const CAPABILITIES = ['agent=vigo', 'object-format=sha1'].map(line => pktLine(line)).join('')

/**
 * Brings the wanted commits and all that they need, and what the repository has not yet, into the quarantine. One round: everything that
 * this side has is said at once.
 * @throws WireError, RepoError, HostError, DeadlineError
 */
export async function fetchObjects(options: FetchOptions): Promise<{ readonly bytes: number }> {
  const { host, peer, project, repository, quarantine, wants } = options
  using deadline = new Deadline(STREAM_TIMEOUT_MS, `fetching from ${peer}`, options.signal)
  const { signal } = deadline
  const stream = await host.open(peer, UPLOAD_PACK_PROTOCOL, { signal, maxFrameBytes: MAX_FRAME_BYTES })
  try {
    await stream.send(encodeJson({ project }), { signal })
    const first = await stream.receive({ signal })
    const reply = first === null ? { ok: false as const, reason: 'no answer' } : readReply(first.subarray())
    if (!reply.ok) throw new WireError('refused', `${peer} does not give the project: ${reply.reason}`)
    const counted = { bytes: 0 }
    const packets = new PacketReader(framesOf(stream, signal, counted))
    await expectVersion2(packets)
    const haves = await repository.haves(HAVES, { signal })
    await sendText(stream, fetchCommand(wants, haves), signal)
    await stream.closeWrite()
    await expectPackfile(packets)
    await quarantine.receive(packOf(packets), { signal })
    return counted
  } finally {
    stream.reset(new WireError('malformed', 'the fetch is over'))
  }
}

function fetchCommand(wants: readonly string[], haves: readonly string[]): string {
  return [
    pktLine('command=fetch'),
    CAPABILITIES,
    DELIMITER,
    ...['thin-pack', 'no-progress', 'ofs-delta'].map(line => pktLine(line)),
    ...wants.map(want => pktLine(`want ${want}\n`)),
    ...haves.map(have => pktLine(`have ${have}\n`)),
    pktLine('done\n'),
    FLUSH,
  ].join('')
}

async function sendText(stream: FrameStream, text: string, signal: AbortSignal): Promise<void> {
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.byteLength; at += MAX_FRAME_BYTES) {
    await stream.send(bytes.subarray(at, at + MAX_FRAME_BYTES), { signal })
  }
}

async function* framesOf(
  stream: FrameStream,
  signal: AbortSignal,
  counted: { bytes: number },
): AsyncGenerator<Uint8Array> {
  for (;;) {
    const frame = await stream.receive({ signal })
    if (frame === null) return
    counted.bytes += frame.byteLength
    yield frame.subarray()
  }
}

async function expectVersion2(packets: PacketReader): Promise<void> {
  for (let first = true; ; first = false) {
    const packet = await packets.next()
    if (packet === 'flush') return
    const line = packet instanceof Uint8Array ? textOf(packet) : ''
    if (packet === null || (first && line !== 'version 2')) {
      throw new WireError('malformed', `the peer does not speak git's protocol version 2: '${line.slice(0, 80)}'`)
    }
  }
}

async function expectPackfile(packets: PacketReader): Promise<void> {
  for (;;) {
    const packet = await packets.next()
    const line = packet instanceof Uint8Array ? textOf(packet) : ''
    if (line === 'packfile') return
    if (line.startsWith('ERR ')) throw new WireError('refused', `the peer cannot give it: ${line.slice(4, 300)}`)
    // Acknowledgments may come first, and end with a delimiter.
    if (packet === null || packet === 'flush' || packet === 'end') {
      throw new WireError('malformed', 'the peer answered without a pack')
    }
  }
}

const SIDE_BAND = { pack: 1, progress: 2, error: 3 } as const

async function* packOf(packets: PacketReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const packet = await packets.next()
    if (packet === 'flush' || packet === 'end') return
    if (!(packet instanceof Uint8Array)) throw new WireError('malformed', 'the pack ends in the middle')
    if (packet[0] === SIDE_BAND.pack) yield packet.subarray(1)
    else if (packet[0] === SIDE_BAND.error) {
      throw new WireError('refused', `the peer gave up: ${textOf(packet.subarray(1)).slice(0, 300)}`)
    }
  }
}

function textOf(packet: Uint8Array): string {
  return new TextDecoder().decode(packet).trimEnd()
}
