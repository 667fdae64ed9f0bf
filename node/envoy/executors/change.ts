import type { Change } from '#node/checkin'

const MAX_NAME = 64
const MAX_VALUE = 512

/** One line of what differs, as long as a report takes it. */
export function change(attribute: string, from: string, to: string): Change {
  return { attribute: cut(attribute, MAX_NAME), from: cut(from, MAX_VALUE), to: cut(to, MAX_VALUE) }
}

/** The lines of those that do differ. */
export function changesOf(...compared: readonly (readonly [attribute: string, from: string, to: string])[]): Change[] {
  return compared.filter(([, from, to]) => from !== to).map(([attribute, from, to]) => change(attribute, from, to))
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
