import { expect, test } from 'vitest'
import { type Bundle, compile, loadConfig } from '#config/store'
import { BundleMessages } from './bundle-messages.ts'
import { motd } from './fixture.ts'

const store = loadConfig(
  Object.entries(motd('hello')).map(([path, text]) => ({ path, text })),
  { release: 'ab'.repeat(32) },
)

function bundleOf(host: string): Bundle {
  const result = compile(store, host, {})
  if (result.outcome !== 'compiled') throw new Error(result.outcome)
  return result.bundle
}

const TIMES = { intervalMs: 60_000, secretsEpoch: 3 }
const decoder = new TextDecoder()
const textOf = (parts: readonly Uint8Array[]): string => parts.map(part => decoder.decode(part)).join('')

test('both parts together are the message', () => {
  const bundle = bundleOf('web1.example.com')
  const message = JSON.parse(textOf(new BundleMessages().encode(bundle, TIMES)))
  expect(message).toEqual({ type: 'bundle', bundle: JSON.parse(JSON.stringify(bundle)), ...TIMES })
})

test('hosts that have to do the same share all but what is their own', () => {
  const messages = new BundleMessages()
  const [head, body] = messages.encode(bundleOf('web1.example.com'), TIMES)
  const [otherHead, otherBody] = messages.encode(bundleOf('web2.example.com'), TIMES)
  expect(otherBody).toBe(body)
  expect(decoder.decode(otherHead)).not.toBe(decoder.decode(head))
  expect(messages.keptBytes).toBe(body.byteLength)
})

test('what is kept is bounded, and what was forgotten is encoded again', () => {
  const bundle = bundleOf('web1.example.com')
  const [, body] = new BundleMessages().encode(bundle, TIMES)
  const messages = new BundleMessages({ maxBytes: body.byteLength + 10 })
  messages.encode(bundle, TIMES)
  messages.encode({ ...bundle, resources: [...bundle.resources], environment: 'other' }, TIMES)
  expect(messages.keptBytes).toBeLessThanOrEqual(body.byteLength + 10)
  expect(textOf(messages.encode(bundle, TIMES))).toContain('hello')
  expect(messages.keptBytes).toBeLessThanOrEqual(body.byteLength + 10)
})
