import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { ask, event, KEY, stream, withServer } from './fixture.ts'
import type { AiSettings } from './settings.ts'

const failure = (answer: (response: ServerResponse) => void, settings: Partial<AiSettings> = {}) =>
  withServer(
    answer,
    async found =>
      await ask({ ...found, ...settings }).then(
        () => 'no error',
        (error: unknown) => error,
      ),
  )

describe('a server that does not answer as it should', () => {
  const json = (status: number, body: unknown) => (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

  test.each([
    [
      401,
      { error: { message: `bad key ${KEY}\nreally` } },
      'refused',
      'the AI server refuses us; mend ai.api_key in server.yaml (401): bad key *** really',
    ],
    [
      404,
      { error: 'no such model' },
      'not-found',
      "the AI server has no such address or no model 'small'; mend ai.base_url or ai.model (404): no such model",
    ],
    [413, {}, 'too-large', 'the AI server finds the question too long; use a model with more context (413)'],
    [429, {}, 'busy', 'the AI server has too much to do; try again later (429)'],
    [500, 'x', 'failed', 'the AI server failed; try again, or look into its log (500)'],
  ])('with status %i', async (status, body, code, message) => {
    expect(await failure(json(status, body))).toMatchObject({ code, message })
  })

  test.each<[string, (response: ServerResponse) => void, string, string]>([
    [
      'ends in the middle',
      response => stream(response, ['Half of'], ''),
      'bad-answer',
      'the AI server ended in the middle of its answer; try again',
    ],
    [
      'sends no JSON',
      response => stream(response, [], 'data: {"choices\n\n'),
      'bad-answer',
      'the AI server sent something that is not JSON; see that ai.base_url speaks the OpenAI chat protocol',
    ],
    [
      'sends other JSON',
      response => stream(response, [], 'data: {"a":1}\n\n'),
      'bad-answer',
      'the AI server sent an answer without choices; see',
    ],
    [
      'sends a page',
      response => void response.end('<html>Welcome</html>'),
      'bad-answer',
      'the AI server ended in the middle of its answer; try again',
    ],
    [
      'gives up',
      response => stream(response, ['x'], 'data: {"error":{"message":"out of memory"}}\n\n'),
      'failed',
      'the AI server gave up: out of memory',
    ],
    [
      'has no more room',
      response => stream(response, ['x'], event('', 'length')),
      'too-large',
      'the answer of the AI server was cut off at its limit',
    ],
    [
      'redirects',
      response => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'unreachable',
      'cannot be reached',
    ],
    [
      'breaks off',
      response => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event('x'))
        setTimeout(() => response.destroy(), 20)
      },
      'unreachable',
      'cannot be reached',
    ],
  ])('that %s', async (_name, answer, code, message) => {
    expect(await failure(answer)).toMatchObject({ code, message: expect.stringContaining(message) })
  })

  test('that never begins, or never goes on', async () => {
    const timeouts = { idleMs: 100, timeoutMs: 20_000 }
    const silence = 'the AI server said nothing for 100ms; try again, or use a smaller model'
    expect(await failure(() => undefined, timeouts)).toMatchObject({ code: 'timeout', message: silence })
    expect(await failure(response => void response.writeHead(200).write(event('x')), timeouts)).toMatchObject({
      code: 'timeout',
      message: silence,
    })
  })

  test('that never ends', async () => {
    const drip = (response: ServerResponse): void => {
      const timer = setInterval(() => response.write(event('x')), 20)
      response.on('close', () => clearInterval(timer))
    }
    expect(await failure(drip, { timeoutMs: 300 })).toMatchObject({
      code: 'timeout',
      message: 'the AI server did not finish within 300ms; try again, or use a smaller model',
    })
    const flood = (response: ServerResponse): void => {
      const more = (): void => {
        while (response.write(event('x'.repeat(10_000))));
      }
      response.on('drain', more)
      more()
    }
    expect(await failure(flood)).toMatchObject({
      code: 'too-large',
      message: 'the AI server answered more than 4.0 MiB; use another model',
    })
  })

  test('that is not there', async () => {
    const error: unknown = await ask({ enabled: true, baseUrl: 'http://127.0.0.1:1', model: 'm' }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^the AI server at 127\.0\.0\.1:1 cannot be reached \(.+\); see ai\.base_url$/),
    })
  })

  test('is not waited for when the caller ends', async () => {
    const stop = new AbortController()
    const asking = withServer(
      () => stop.abort(new Error('enough')),
      settings => ask(settings, { signal: stop.signal }),
    )
    await expect(asking).rejects.toThrow('enough')
  })
})
