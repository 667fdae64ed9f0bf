import type { ProjectDetails, ProjectRow, RefRow } from '#node/api'
import { type Clock, sha256Hex, VigoError } from '#node/kit'
import type { ProjectsView } from '../../projects-view.ts'

export class FakeProjects implements ProjectsView {
  all: ProjectDetails[] = []
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One that is in order, one that has diverged, one that is kept elsewhere. */
  fill(): void {
    this.all = [
      this.#project('stacks', [this.#ref('refs/heads/main', 'settled', 1)]),
      this.#project('tools', [this.#ref('refs/heads/main', 'diverged', 2), this.#ref('refs/tags/v1', 'settled', 1)]),
      { ...this.#project('photos', []), isHeldHere: false },
    ]
  }

  rows = async (): Promise<readonly ProjectRow[]> => this.all
  details = async (id: string): Promise<ProjectDetails> => {
    const found = this.all.find(project => project.id === id)
    if (found === undefined) throw new VigoError('unknown-project', 'there is no such project')
    return found
  }

  #project(handle: string, refs: RefRow[]): ProjectDetails {
    const founder = sha256Hex(`founder of ${handle}`)
    return {
      id: sha256Hex(handle),
      handle,
      founder,
      founderName: handle === 'photos' ? null : 'platform',
      policy: 'linear',
      members: 1,
      seats: 1,
      isHeldHere: true,
      diverged: refs.filter(({ state }) => state === 'diverged').length,
      memberRows: [{ key: founder, name: 'platform', level: 'admin' }],
      seatRows: [{ member: founder, peer: sha256Hex('db1'), hostname: 'db1.example.com', isConnected: true }],
      refs,
      sizeBytes: 48_234,
    }
  }

  #ref(ref: string, state: string, heads: number): RefRow {
    const now = this.#clock.now()
    return {
      ref,
      commit: sha256Hex(`${ref}0`).slice(0, 40),
      state,
      problem: state === 'diverged' ? 'two members pushed without seeing each other' : '',
      heads: Array.from({ length: heads }, (_, at) => ({
        commit: sha256Hex(`${ref}${at}`).slice(0, 40),
        signer: sha256Hex(`signer ${at}`),
        seq: 3,
        issuedAt: now - (at + 1) * 600_000,
      })),
    }
  }
}
