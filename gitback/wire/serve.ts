import { drained, ended, startGit } from '#gitback/repo'
import type { FrameStream, Host, PeerId } from '#node/host'
import { Deadline, isAbort, type Logger, messageOf } from '#node/kit'
import {
  encodeJson,
  MAX_FRAME_BYTES,
  MAX_STREAMS,
  readOpening,
  SILENCE_S,
  STREAM_TIMEOUT_MS,
  UPLOAD_PACK_PROTOCOL,
} from './protocol.ts'

export interface ServeOptions {
  host: Host
  logger: Logger
  /** The folder of a project, if this machine holds it and the peer may have it; otherwise a sentence. */
  folderFor: (project: string, peer: PeerId) => Promise<{ folder: string } | { refusal: string }>
}

const OPENING_TIMEOUT_MS = 10_000

/** Gives objects to machines that may have them, for as long as the host is open. */
export async function serveUploadPack(options: ServeOptions): Promise<void> {
  let running = 0
  await options.host.serve(UPLOAD_PACK_PROTOCOL, { maxFrameBytes: MAX_FRAME_BYTES, maxPerPeer: 2 }, async stream => {
    if (running >= MAX_STREAMS) {
      await refuse(stream, 'too many machines fetch at once; try another member, or again')
      return
    }
    running++
    try {
      await answer(stream, options)
    } catch (error) {
      if (!isAbort(error)) options.logger.debug('git-serving-failed', { peer: stream.peer, reason: messageOf(error) })
      throw error
    } finally {
      running--
    }
  })
}

async function answer(stream: FrameStream, { folderFor }: ServeOptions): Promise<void> {
  using deadline = new Deadline(STREAM_TIMEOUT_MS, 'serving git objects', stream.closed)
  const { signal } = deadline
  const opening = await stream.receive({ signal: AbortSignal.any([signal, AbortSignal.timeout(OPENING_TIMEOUT_MS)]) })
  if (opening === null) return
  const found = await folderFor(readOpening(opening.subarray()).project, stream.peer)
  if ('refusal' in found) return refuse(stream, found.refusal)
  await stream.send(encodeJson({ ok: true }), { signal })
  const child = startGit(found.folder, ['upload-pack', '--strict', `--timeout=${SILENCE_S}`, found.folder], {
    GIT_PROTOCOL: 'version=2',
  })
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null) throw new TypeError('git has no input and output')
  stderr?.resume()
  stdin.on('error', () => undefined)
  const exit = ended(child, signal)
  const fed = (async () => {
    for (;;) {
      const frame = await stream.receive({ signal })
      if (frame === null) break
      if (!stdin.write(frame.subarray())) await drained(stdin)
    }
    stdin.end()
  })()
  fed.catch(() => child.kill('SIGKILL'))
  try {
    for await (const part of stdout as AsyncIterable<Buffer>) {
      for (let at = 0; at < part.byteLength; at += MAX_FRAME_BYTES) {
        await stream.send(part.subarray(at, at + MAX_FRAME_BYTES), { signal })
      }
    }
    await exit
    await stream.closeWrite()
  } finally {
    child.kill('SIGKILL')
    await exit.catch(() => undefined)
  }
}

async function refuse(stream: FrameStream, reason: string): Promise<void> {
  await stream.send(encodeJson({ ok: false, reason }))
  await stream.closeWrite()
}
