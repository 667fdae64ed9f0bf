import type { Artifact } from '#curator/catalog'
import { type Clock, sha256Hex } from '#node/kit'
import type { TransferStatus } from '#swarm/exchange'
import type { SwarmView } from '../../swarm-view.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export class FakeSwarm implements SwarmView {
  artifactList: Artifact[] = []
  transferList: TransferStatus[] = []
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Four artifacts, one of which is on its way here. */
  fill(): void {
    const now = this.#clock.now()
    this.artifactList = [
      artifact(
        'webapp',
        'generic',
        ['2.0.3', '2.1.0', '2.1.1'],
        { latest: '2.1.1', stable: '2.1.0' },
        'os.arch=amd64',
        now - 3 * HOUR,
      ),
      artifact('nginx-modules', 'generic', ['1.22.1'], { latest: '1.22.1' }, '', now - 50 * HOUR),
      artifact(
        'base-image',
        'oci-archive',
        ['12.7', '12.8'],
        { latest: '12.8', bookworm: '12.8' },
        'host_is_libvirt=true',
        now - 9 * HOUR,
      ),
      artifact('site-packages', 'apt-repo', ['2026.46'], { latest: '2026.46' }, '*', now - 12 * MINUTE),
    ]
    const blob = this.artifactList[3]?.view.versions['2026.46']?.[0]
    if (blob === undefined) return
    this.transferList = [
      {
        blob: { sha: blob.blobSha, sizeBytes: blob.sizeBytes, chunks: blob.chunks },
        phase: 'transfer',
        bytesTotal: 402_653_184,
        bytesReused: 67_108_864,
        bytesFetched: 181_403_648,
        bytesPerSecond: 48_234_496,
        secondsLeft: 3.2,
        sources: { 'web2.example.com': 101_711_872, 'web7.example.com': 79_691_776 },
        priority: 'replica',
        startedAt: now - 40_000,
      },
    ]
  }

  artifacts = () => this.artifactList
  artifact = (id: string) => this.artifactList.find(each => each.id === id) ?? null
  nameOf = ({ view }: Artifact) => `platform-team/${view.name}`
  usage = async () => ({ blobs: 6, bytes: 1_482_553_344, partialBytes: 88_080_384 })
  hostOf = (peer: string) => peer
  holders = async (blob: string) =>
    blob.startsWith('0') ? [] : ['web1.example.com', 'web2.example.com', 'db1.example.com']
  held = async (blob: string) => {
    if (blob.startsWith('a') || blob.startsWith('0')) return null
    return {
      sha: blob,
      sizeBytes: 1,
      chunks: blob,
      state: 'complete' as const,
      chunkCount: 1,
      chunksHeld: 1,
      bytesHeld: 1,
      addedAt: 0,
      usedAt: 0,
      pins: [],
    }
  }
  transfers = () => this.transferList
}

export function artifact(
  name: string,
  kind: Artifact['view']['kind'],
  versions: readonly string[],
  tags: Readonly<Record<string, string>>,
  target: string,
  issuedAt: number,
): Artifact {
  const founder = sha256Hex('platform-team')
  const blobs = versions.map(version => {
    const blobSha = sha256Hex(`${name} ${version}`)
    return [version, [{ os: 'linux', arch: 'amd64', blobSha, sizeBytes: 402_653_184, chunks: blobSha }]] as const
  })
  return {
    id: sha256Hex(founder, name),
    heads: [],
    view: {
      name,
      kind,
      founder,
      signer: founder,
      epoch: 0,
      seq: versions.length,
      versions: Object.fromEntries(blobs),
      tags,
      target,
      recipients: [],
      tombstone: false,
      issuedAt,
      conflicts: [],
    },
  }
}
