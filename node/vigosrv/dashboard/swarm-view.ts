import type { Artifact } from '#curator/catalog'
import { Deadline, fromHex, type Logger, messageOf } from '#node/kit'
import { type Member, peerIdOfMember } from '#node/member'
import type { TransferStatus } from '#swarm/exchange'
import type { BlobStat } from '#swarm/store'

/** What pages ask about artifacts, bytes and peers. */
export interface SwarmView {
  artifacts(): readonly Artifact[]
  artifact(id: string): Artifact | null
  /** Its puddle's name and its own, for people. */
  nameOf(artifact: Artifact): string
  transfers(): readonly TransferStatus[]
  usage(): Promise<{ readonly blobs: number; readonly bytes: number; readonly partialBytes: number }>
  /** What this machine has of a blob; null for nothing. */
  held(blob: string): Promise<BlobStat | null>
  /** Host names of members that say that they hold the blob, as far as the directory answers within a moment. */
  holders(blob: string, options: { signal: AbortSignal }): Promise<readonly string[]>
  /** The host name of a peer id, or its beginning. */
  hostOf(peer: string): string
}

const DIRECTORY_MS = 1_500
const MAX_HOLDERS = 50

/** The same from a running member. */
export function swarmViewOf(member: Member, logger: Logger): SwarmView {
  const { catalog, curator, exchange, store, host, roster } = member
  const hostOf = (peer: string): string =>
    roster.members().find(row => peerIdOfMember(row.peer) === peer)?.hostname ?? `${peer.slice(0, 16)}…`
  return {
    artifacts: () => [...catalog.artifacts()],
    artifact: id => catalog.get(id) ?? null,
    nameOf: artifact => `${curator.namespaceOf(artifact)}/${artifact.view.name}`,
    transfers: () => exchange.transfers(),
    usage: () => store.usage(),
    held: blob => store.stat(blob),
    hostOf,
    holders: async (blob, { signal }) => {
      const found = new Set<string>()
      using deadline = new Deadline(DIRECTORY_MS, 'asking the directory', signal)
      try {
        for await (const peer of host.content.findProviders(fromHex(blob), { signal: deadline.signal })) {
          found.add(hostOf(peer))
          if (found.size >= MAX_HOLDERS) break
        }
      } catch (error) {
        if (!deadline.signal.aborted) logger.debug('directory-failed', { blob, reason: messageOf(error) })
      }
      return [...found].toSorted()
    },
  }
}
