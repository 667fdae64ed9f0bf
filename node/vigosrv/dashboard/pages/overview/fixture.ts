import type { Rollout, RolloutStatus } from '../../../rollout/types.ts'
import type { FakeFleet } from '../envoys/fixture.ts'

export class FakeRollout implements Rollout {
  current: RolloutStatus = { monitor: { phase: 'idle' }, canary: null, verdicts: [] }
  acts: string[] = []
  readonly #fleet: FakeFleet

  constructor(fleet: FakeFleet) {
    this.#fleet = fleet
  }

  set(status: Partial<RolloutStatus>): void {
    this.current = { ...this.current, ...status }
    this.#fleet.tell({ type: 'rollout' })
  }

  status = (): RolloutStatus => this.current
  announce = (): never => {
    throw new Error('pages announce nothing')
  }
  withdraw = async (): Promise<void> => undefined
  promote = async ({ by }: { by: string }) => this.#act(`promote by ${by}`)
  stop = async ({ by }: { by: string }) => this.#act(`stop by ${by}`)

  #act(what: string) {
    this.acts.push(what)
    if (this.current.canary === null) throw new Error('nothing is staged')
    return this.current.canary
  }
}
