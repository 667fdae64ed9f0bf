import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { MOTD, Site } from './fixture.ts'
import { formatPublish } from './format.ts'
import type { PublishStep } from './types.ts'

describe('URLs', () => {
  test('of changed crates are probed; one that is dead keeps the release back', async () => {
    await using site = await Site.create()
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(request.url === '/gone' ? 404 : 200).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      await site.write({ 'configcrates/motd.vgo': `${MOTD}url: ${url}/a\n` })
      expect((await site.publish()).probes).toMatchObject([{ url: `${url}/a`, outcome: 'alive' }])
      await site.write({ 'envoys.vgo': 'use: motd\nuse: more\n', 'configcrates/more.vgo': `#~ x\nurl: ${url}/gone\n` })
      const steps: PublishStep[] = []
      const result = await site.publish({ onProgress: step => steps.push(step) })
      expect(formatPublish(result).problems).toBe(
        [
          `configcrates/more.vgo:2:6: error: the URL ${url}/gone cannot be used: it answers 404 [url-not-alive]`,
          `  2 | url: ${url}/gone`,
          `    |      ${'^'.repeat(url.length + 5)}`,
          '  mend the URL or its server; without network, publish with --skip-url-check',
        ].join('\n'),
      )
      expect(asked).toEqual(['/a', '/gone'])
      expect(steps).toContainEqual({ step: 'probing', done: 1, total: 1 })
      expect(Object.keys(await site.live())).not.toContain('configcrates/more.vgo')
      expect((await site.publish({ skipUrlCheck: true })).outcome).toBe('published')
      expect(asked).toHaveLength(2)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
