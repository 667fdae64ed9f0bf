import type { GeneratorValue } from 'fast-check'
import fc from 'fast-check'

/* Texts for tests: ordinary trees with noise in surprising places, and what becomes of them by careless editing. */

const SCALARS =
  `v|a b|"q r"|'s t'|''|1|-0|0644|true|~|-x|--|a:b|x#y|.5|1e3|0x1F|99999999999999999999|.inf|é ü|\u00a0|[a, b]|{}|{a: 1, b: [c]}|[]`
    .split('|')
    .concat(['[ "a" , \'b\' ]', '[{a: "b c"}, [d]]', '{ a-b: { c: d } }', '[a b]', '[a, ]', '[-1, +, http://x]', '{a}'])

const KEYS = ['k', 'name', 'a-b', '"q r"', "'*.x'", 'x.y/z', '0', 'null']

const LINES =
  `# c|#||   |---|...|%YAML 1.2|- a|-|- - a|-   b: c|- "a": b|k:|k: v|text|? k|: v|<<: x|&a b|a: *b|a: !t b|a: b: c`
    .split('|')
    .concat(`a: - b|a: b # c|a: "b"#c|a: [b]#c|a: x:|a : b|a:b|a: 'b''c'|a: "b\\n"|a: [b|a: {{ x }}|a: @x`.split('|'))
    .concat(['\t', '- |', 'x: |', 'x: >-', 'x: |2', 'x: |+', 'x: | # c'])

const PIECES = Array.from(' \n#:-"\'[]{},|>\t\r\\&*!%@?a0~.\u0085\ufeff\u2028😀').concat(' #', ': ', '- ')

type Choose = GeneratorValue

const oneOf = (g: Choose, all: readonly string[]): string => g(fc.constantFrom, ...all)
const upTo = (g: Choose, max: number): number => g(fc.nat, max)

function noise(g: Choose): string {
  let text = ''
  while (upTo(g, 3) === 0) text += oneOf(g, ['\n', '   \n', `${' '.repeat(upTo(g, 9))}# n\n`])
  return text
}

function textBlock(g: Choose, indentation: number): string {
  const line = () =>
    oneOf(g, [
      '',
      '  ',
      ...['text', '  deeper # text', '- x: y', '\tt', '#'].map(text => ' '.repeat(indentation) + text),
    ])
  return `${oneOf(g, ['|', '>', '|-', '>-', '| # c'])}\n${Array.from({ length: 1 + upTo(g, 3) }, line).join('\n')}\n`
}

function blockText(g: Choose, depth: number, indentation: number): string {
  const pad = ' '.repeat(indentation)
  const isList = depth > 0 && upTo(g, 2) === 0
  const first = upTo(g, KEYS.length)
  let text = ''
  for (let left = 1 + upTo(g, 2); left > 0; left--) {
    const key = KEYS[(first + left) % KEYS.length]
    const kind = upTo(g, 9)
    const head = `${noise(g)}${pad}${isList ? '-' : `${key}:`}`
    const tail = oneOf(g, ['', '', '', ' # t', '  ', ' #'])
    if (kind < 3 && depth < 4) {
      const inner = indentation + (isList ? 2 : upTo(g, 3))
      const below = blockText(g, depth + 1, inner)
      text += isList ? `${head} ${below.trimStart()}` : `${head}${tail}\n${noise(g)}${below}`
    } else if (kind < 5) text += `${head} ${textBlock(g, indentation + 1 + upTo(g, 2))}`
    else text += `${head} ${oneOf(g, SCALARS)}${tail}\n`
  }
  return text + noise(g)
}

/** Mostly ordinary YAML, of any shape. */
export function treeText(g: Choose): string {
  return blockText(g, 0, 0)
}

/** The text after some edits that somebody could make, most of them mistakes. */
export function editedText(g: Choose, text: string): string {
  let edited = text
  for (let left = 1 + upTo(g, 2); left > 0; left--) {
    const lines = edited.split('\n')
    const line = upTo(g, lines.length - 1)
    const at = upTo(g, edited.length)
    const kind = upTo(g, 5)
    if (kind === 0) lines.splice(line, 1)
    else if (kind === 1) lines.splice(line, 0, ' '.repeat(upTo(g, 8)) + oneOf(g, LINES))
    else if (kind === 2) lines[line] = ' '.repeat(upTo(g, 8)) + (lines[line] ?? '').trimStart()
    else if (kind === 3) lines[line] += oneOf(g, [' # c', '  ', ' x', ':', '#', ' |', ' [a]', ' "x"', '\r'])
    if (kind < 4) edited = lines.join('\n')
    else if (kind === 4) edited = edited.slice(0, at) + oneOf(g, PIECES) + edited.slice(at)
    else edited = edited.slice(0, at) + edited.slice(at + 1 + upTo(g, 2))
  }
  return edited
}
