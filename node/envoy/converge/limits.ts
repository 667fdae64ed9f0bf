export interface RunLimits {
  /** However much there is to do: a run that takes longer is ended, and the next one goes on. */
  readonly runMs: number
  /** For a resource that does not say how long it may take. */
  readonly resourceMs: number
  /** On top of the resource's own time, which its executor keeps and explains better. */
  readonly graceMs: number
  /** For an executor to stop after its signal; machines end process groups with SIGKILL after five seconds. */
  readonly stopMs: number
}

export const RUN_LIMITS: RunLimits = { runMs: 4 * 3600_000, resourceMs: 300_000, graceMs: 15_000, stopMs: 10_000 }
