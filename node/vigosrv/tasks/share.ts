import { TaskError } from './errors.ts'

/** `5` or `25%`. */
export type Share = { readonly kind: 'count' | 'percent'; readonly amount: number }

/** @throws TaskError 'bad-request' */
export function parseShare(name: string, text: string, options: { mayBeNone: boolean }): Share {
  const [, digits = '', percent] = /^([0-9]{1,9})(%)?$/.exec(text.trim()) ?? []
  const amount = Number(digits)
  const isFit = digits !== '' && (options.mayBeNone || amount > 0) && (percent === undefined || amount <= 100)
  if (isFit) return { kind: percent === undefined ? 'count' : 'percent', amount }
  const least = options.mayBeNone ? 0 : 1
  throw new TaskError(
    'bad-request',
    `${name} is '${text.slice(0, 40)}'; it must be a number of hosts from ${least}, or a share from ${least}% to 100%`,
  )
}

/** Hosts of one batch: a share is rounded down, but never to nobody, and never above all. 0 only for no hosts. */
export function batchSizeOf(share: Share, hosts: number): number {
  const size = share.kind === 'count' ? share.amount : Math.floor((hosts * share.amount) / 100)
  return Math.min(hosts, Math.max(1, size))
}

/** Hosts that may fail, of all targets rather than of a batch: a share is rounded down, so that 10% of five is nobody. */
export function maxFailuresOf(share: Share, hosts: number): number {
  return Math.min(hosts, share.kind === 'count' ? share.amount : Math.floor((hosts * share.amount) / 100))
}

/** In the given order, each item once; all batches but the last are full. */
export function batchesOf<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = []
  for (let at = 0; at < items.length; at += size) batches.push(items.slice(at, at + size))
  return batches
}
