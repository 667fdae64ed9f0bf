import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ExampleMachine } from '../e2e/transcript.ts'

const asked: { authorization: string | undefined; body: string }[] = []
const fixed = `name: motd
resources:
  - name: motd
    type: file
    target_path: /etc/motd
    owner: root
    group: root
    mode: "0644"
`

/** A model that speaks OpenAI's protocol and always knows the same answer. */
const model = createServer((request, response) => {
  let body = ''
  request.on('data', (data: Buffer) => (body += data.toString('utf8')))
  request.on('end', () => {
    asked.push({ authorization: request.headers.authorization, body })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const content of ['The type is ', 'misspelt.\n\n```yaml\n', fixed, '```\n']) {
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
    }
    response.end(`data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`)
  })
})

beforeAll(() => new Promise<void>(resolve => model.listen(0, '127.0.0.1', resolve)))
afterAll(() => void model.close())

async function machine(): Promise<ExampleMachine> {
  const opened = await ExampleMachine.open()
  await opened.write('/srv/vigo/stacks/configcrates/motd.vgo', fixed.replace('type: file', 'type: fille'))
  await opened.write('/srv/vigo/stacks/envoys.vgo', 'envoys:\n  - match: "*"\n    configcrates: [motd]\n')
  return opened
}

test('a failed publish asks the model of server.yaml, shows its words and a linted difference, and applies nothing', async () => {
  await using host = await machine()
  const { port } = model.address() as AddressInfo
  await host.write(
    '/etc/vigo/server.yaml',
    `hostname: bolt1\nai:\n  enabled: true\n  base_url: http://127.0.0.1:${port}/v1\n  model: tiny\n  api_key: a-key\n`,
  )
  const { output, code } = await host.run('vigocli config publish --ask-ai')
  expect(code).toBe(1)
  expect(output).toContain('Validation failed: 1 error; nothing was published')
  expect(output).toContain('Suggestion for configcrates/motd.vgo (tiny; not applied)\nThe type is misspelt.')
  expect(output).toContain('-    type: fille\n+    type: file\n')
  expect(output).toContain('The suggested file has no errors of its own.')
  expect((await host.run('grep -c "type: fille" configcrates/motd.vgo')).output).toBe('1\n')
  expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer a-key'])
})

test('without settings it says what to set, after the errors', async () => {
  await using host = await machine()
  const { output, code } = await host.run('vigocli config publish --ask-ai')
  expect(code).toBe(1)
  expect(output).toMatch(
    /nothing was published\n(?:.*\n)*vigocli: suggestions are off; set ai\.enabled, .* there is no .*server\.yaml\n$/,
  )
  const quiet = await host.run('vigocli config publish')
  expect(quiet.output).not.toContain('suggestions')
})

test('a key that is a secret comes from the environment', async () => {
  await using host = await machine()
  const { port } = model.address() as AddressInfo
  await host.write(
    '/etc/vigo/server.yaml',
    `ai: { enabled: true, base_url: "http://127.0.0.1:${port}", model: tiny, api_key: "secret:vigo/ai/key" }\n`,
  )
  expect((await host.run('vigocli config publish --ask-ai')).output).toContain(
    'give the key in the environment variable VIGO_AI_KEY',
  )
  const { output } = await host.run('VIGO_AI_KEY=another vigocli config publish --ask-ai')
  expect(output).toContain('The type is misspelt.')
  expect(asked.at(-1)?.authorization).toBe('Bearer another')
})
