import { readFile } from 'node:fs/promises'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { Diagnostics, parseSource, plainOf, renderDiagnostic } from '#config/lang'
import { type AiSettings, SuggestError } from '#config/publish'
import { codeOf, type Layout, messageOf } from '#node/kit'

const Ai = Type.Object({
  enabled: Type.Boolean(),
  base_url: Type.String({ maxLength: 2000 }),
  model: Type.String({ maxLength: 200 }),
  api_key: Type.Optional(Type.String({ maxLength: 4096 })),
})

/** `ai:` of `server.yaml`. A key that is a `secret:` comes from the environment variable `VIGO_AI_KEY`. @throws SuggestError */
export async function readAiSettings({ serverYaml }: Layout): Promise<AiSettings> {
  const { enabled, base_url: baseUrl, model, api_key: written } = checked(await readServerYaml(serverYaml), serverYaml)
  const fromEnvironment = process.env['VIGO_AI_KEY']
  const apiKey = fromEnvironment ?? written
  if (apiKey?.startsWith('secret:')) {
    throw new SuggestError(
      'bad-settings',
      `ai.api_key of ${serverYaml} is a secret that only the server can read; give the key in the environment variable VIGO_AI_KEY`,
    )
  }
  return { enabled, baseUrl, model, ...(apiKey === undefined ? {} : { apiKey }) }
}

async function readServerYaml(path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new SuggestError('disabled', `${off} there is no ${path}`)
    throw new SuggestError('bad-settings', `${path} cannot be read: ${messageOf(error)}`)
  }
  const found = new Diagnostics()
  const { root } = parseSource({ path, text }, found)
  const [first] = found.sorted
  if (found.hasErrors && first !== undefined) {
    throw new SuggestError('bad-settings', renderDiagnostic(first).split('\n')[0] ?? '')
  }
  return root === undefined ? {} : plainOf(root)
}

const off = 'suggestions are off; set ai.enabled, ai.base_url and ai.model in server.yaml:'

function checked(settings: unknown, path: string): Static<typeof Ai> {
  const ai: unknown = typeof settings === 'object' && settings !== null && 'ai' in settings ? settings.ai : undefined
  if (ai === undefined) throw new SuggestError('disabled', `${off} ${path} has no ai`)
  if (Value.Check(Ai, ai)) return ai
  const [first] = Value.Errors(Ai, ai)
  const key = `ai${first?.path.replaceAll('/', '.') ?? ''}`
  throw new SuggestError('bad-settings', `${path}: ${key}: ${first?.message ?? 'it is wrong'}`)
}
