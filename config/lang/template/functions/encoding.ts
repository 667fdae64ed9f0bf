import { sha256Hex } from '#node/kit'
import { TemplateError } from '../errors.ts'
import { jsonText } from '../format/json.ts'
import { yamlText } from '../format/yaml.ts'
import { functionsOf } from './signature.ts'

const encoding = functionsOf('encoding', { isGo: false })

export const encodingFunctions = [
  encoding({
    usage: 'toJson VALUE',
    description: 'as JSON on one line, keys sorted',
    parameters: ['any'],
    call: ([value], run) => jsonText(value, run),
  }),
  encoding({
    usage: 'toYaml VALUE',
    description: 'as YAML, keys sorted, without a line break at the end',
    parameters: ['any'],
    call: ([value], run) => yamlText(value, run),
  }),
  encoding({
    usage: 'b64enc TEXT',
    description: 'its UTF-8 bytes in base64',
    parameters: ['text'],
    call: ([value]) => Buffer.from(value, 'utf8').toString('base64'),
  }),
  encoding({
    usage: 'b64dec TEXT',
    description: 'the text that the base64 stands for',
    parameters: ['text'],
    call: ([value]) => decoded(value),
  }),
  encoding({
    usage: 'sha256sum TEXT',
    description: 'SHA-256 of its UTF-8 bytes in hex',
    parameters: ['text'],
    call: ([value]) => sha256Hex(value),
  }),
]

function decoded(value: string): string {
  const bytes = Buffer.from(value, 'base64')
  if (bytes.toString('base64') !== value)
    throw new TemplateError('value', 'b64dec was given something that is not base64')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new TemplateError('value', 'the base64 stands for bytes that are not UTF-8 text')
  }
}
