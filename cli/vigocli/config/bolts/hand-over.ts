import { Readable } from 'node:stream'
import type { Command } from 'commander'
import type { StatusLine } from '#cli/shell'
import type { ReleaseRequest, ReleaseTarget } from '#config/publish'
import { releaseHash, shortHash } from '#config/store'
import { withServer } from '../../server/connection.ts'
import { diagnosticOf } from './diagnostics.ts'

export interface HandOverOptions {
  readonly command: Command
  /** The commit whose sources these were last equal to. */
  readonly base: string | undefined
  readonly line: StatusLine
  readonly signal: AbortSignal
}

/** The server makes the release live, here and on all bolts. */
export class HandOver implements ReleaseTarget {
  readonly recovered = null
  readonly #options: HandOverOptions
  #commit: string | null = null

  constructor(options: HandOverOptions) {
    this.#options = options
  }

  /** The commit of what was handed over, or that was there already. */
  get commit(): string | null {
    return this.#commit
  }

  /** @throws whatever the server answers: RemoteError 'moved', 'diverged', 'frozen' and others */
  async publish(request: ReleaseRequest): ReturnType<ReleaseTarget['publish']> {
    const { command, base, line, signal } = this.#options
    const { encodeSnapshot, serverRoutes } = await import('#node/api')
    const { files, reason, kind = 'publish' } = request
    const bytes = encodeSnapshot({ live: files, stacks: request.sourceFiles() })
    line.show(`the server makes ${shortHash(releaseHash(files))} live`)
    const upload = { stream: Readable.from([bytes]), sizeBytes: bytes.byteLength }
    const words = { kind, ...(reason === '' ? {} : { reason }), ...(base === undefined ? {} : { base }) }
    const answer = await withServer(command, client =>
      client.call(serverRoutes.spannerPublish, words, { upload, signal }),
    )
    if (answer.outcome !== 'invalid') this.#commit = answer.commit
    switch (answer.outcome) {
      case 'published':
        return { outcome: 'released', entry: answer.entry }
      case 'nothing-to-publish':
        return { outcome: 'already-live', release: answer.release, mended: [] }
      case 'invalid':
        return { outcome: 'refused', diagnostics: answer.diagnostics.map(row => diagnosticOf(row, files)) }
    }
  }
}
