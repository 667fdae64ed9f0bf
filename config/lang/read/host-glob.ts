import type { Diagnostics } from '../diagnostic.ts'
import type { Located } from '../node.ts'

const MAX_GLOB = 253

/** More wildcards make matching slow and are no host pattern of anybody. */
const MAX_WILDCARDS = 8

/** Reports what cannot match a host. */
export function checkHostGlob(glob: Located<string>, diagnostics: Diagnostics): void {
  const { value, span } = glob
  const refuse = (message: string, hint: string) => diagnostics.error({ code: 'host-pattern', span, message, hint })
  if (value.length > MAX_GLOB) refuse(`a host pattern has at most ${MAX_GLOB} characters`, 'shorten it')
  else if (!/^[A-Za-z0-9._*?[\]{},!^-]+$/.test(value)) {
    refuse(
      `'${value.slice(0, 60)}' is not a host pattern`,
      "write letters, digits, dots and dashes, and '*' for any text: '*.app.example.com'",
    )
  } else if (value.replaceAll(/[^*?]/g, '').length > MAX_WILDCARDS) {
    refuse(`a host pattern has at most ${MAX_WILDCARDS} wildcards`, 'shorten it')
  } else if (!isBalanced(value)) refuse('a bracket of the host pattern is never closed', 'close it, or take it away')
}

function isBalanced(glob: string): boolean {
  const count = (character: string) => glob.split(character).length
  return count('{') === count('}') && count('[') === count(']')
}
