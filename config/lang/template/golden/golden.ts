import type { Value } from '../value.ts'

/** A template with what it must make of its data. */
export interface Golden {
  readonly name: string
  readonly template: string
  readonly data: { readonly [key: string]: Value }
  /** The text that comes out, or part of the message that comes instead. */
  readonly expected: { readonly text: string } | { readonly error: string }
  /**
   * What Go's text/template with `missingkey=error` does: the same (the same text, or any error), something else that the
   * documents tell, or nothing that could be compared because a function is ours.
   */
  readonly go: 'same' | 'error' | 'none' | { readonly text: string }
}

interface Options {
  readonly data?: Golden['data']
  readonly go?: Golden['go']
}

/** What cases see unless they bring their own data. */
export const world: Golden['data'] = {
  Vars: {
    name: 'web',
    port: 8080,
    ratio: 1.5,
    on: true,
    off: false,
    zero: 0,
    empty: '',
    nothing: null,
    list: ['a', 'b', 'c'],
    numbers: [3, 1, 2],
    none: [],
    map: { b: 2, a: 'x', c: true },
    bare: {},
    nested: { deep: { er: 'found' } },
    users: [
      { name: 'ann', uid: 1001 },
      { name: 'bob', uid: 1002 },
    ],
    matrix: [
      [1, 2],
      [3, 4],
    ],
    text: 'héllo',
    markup: `<a href="x">T&J's</a>`,
    'my-key': 'dash',
    lines: 'one\ntwo',
    holes: [1, null, 'x'],
  },
  Traits: { os: { family: 'debian', arch: 'amd64' }, hardware: { memory_mb: 2048 } },
}

export function text(
  name: string,
  template: string,
  expected: string,
  { data = world, go = 'same' }: Options = {},
): Golden {
  return { name, template, data, expected: { text: expected }, go }
}

export function fails(
  name: string,
  template: string,
  message: string,
  { data = world, go = 'same' }: Options = {},
): Golden {
  return { name, template, data, expected: { error: message }, go }
}
