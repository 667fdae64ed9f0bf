import type { Diagnostics } from '../diagnostic.ts'
import type { Located } from '../node.ts'

const MAX_NAME = 128
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** Longest name of a resource, as written. */
const MAX_RESOURCE_NAME = 256

/** Reports a name that no crate, role, environment, task … can have. `what` is `the name of a configcrate`. */
export function checkName(name: Located<string>, what: string, diagnostics: Diagnostics): void {
  const { value, span } = name
  if (value.length <= MAX_NAME && NAME.test(value)) return
  diagnostics.error({
    code: 'name',
    span,
    message: `'${value.slice(0, 60)}' cannot be ${what}`,
    hint: `a name has letters, digits, dots, dashes and underscores, starts with a letter or digit and has at most ${MAX_NAME} characters`,
  })
}

/** Resources are named more freely: `config of /etc/nginx`, `user-{{ .Item }}`. */
export function checkResourceName(name: Located<string>, diagnostics: Diagnostics): void {
  const { value, span } = name
  if (value.length <= MAX_RESOURCE_NAME && value.trim() === value && !/\p{Cc}/u.test(value)) return
  diagnostics.error({
    code: 'name',
    span,
    message: `'${value.slice(0, 60)}' cannot be the name of a resource`,
    hint: `a name has at most ${MAX_RESOURCE_NAME} characters and no blanks around it`,
  })
}

/** Names that occur twice, with the place of the first. */
export function checkUnique(
  names: Iterable<Located<string>>,
  what: string,
  hint: string,
  diagnostics: Diagnostics,
): void {
  const first = new Map<string, Located<string>>()
  for (const name of names) {
    const earlier = first.get(name.value)
    if (earlier === undefined) {
      first.set(name.value, name)
      continue
    }
    diagnostics.error({
      code: 'duplicate-name',
      span: name.span,
      message: `there are two ${what} called '${name.value.slice(0, 80)}' in this file`,
      hint,
      related: [{ span: earlier.span, message: 'the first is here' }],
    })
  }
}
