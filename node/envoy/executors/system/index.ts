import type { Executor } from '../executor.ts'

/** The executors of what an operating system keeps for all: packages, services, accounts, mounts, the packet filter, restarts. */
export const systemExecutors: readonly Executor[] = []
