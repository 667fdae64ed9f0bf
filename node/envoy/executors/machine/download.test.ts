import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeSandbox } from '../fixture.ts'
import { downloadTo } from './download.ts'

const signal = new AbortController().signal

async function serving(listener: RequestListener): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

describe('a download', () => {
  test('is a file for the agent alone, with the bytes that are meant', async () => {
    await using box = await makeSandbox()
    await using server = await serving((_, response) => response.end('bytes'))
    const sha256 = createHash('sha256').update('bytes').digest('hex')
    const path = await box.machine.download(server.url, { signal, sha256: sha256.toUpperCase() })
    expect(await readFile(path, 'utf8')).toBe('bytes')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test.each<[string, RequestListener, object, string]>([
    ['other bytes', (_, response) => response.end('bytes'), { sha256: '0'.repeat(64) }, 'has the SHA-256 '],
    ['too many bytes', (_, response) => response.end('x'.repeat(2000)), { maxBytes: 1000 }, 'more than 1000 bytes'],
    ['an error', (_, response) => response.writeHead(503).end(), {}, 'answered 503'],
    [
      'a redirection in a circle',
      (_, response) => response.writeHead(302, { location: '/' }).end(),
      {},
      'more than 5 times',
    ],
    [
      'another scheme',
      (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      {},
      'only http and https',
    ],
    [
      'an end in the middle',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('x')
        setImmediate(() => response.destroy())
      },
      {},
      'could not be fetched',
    ],
  ])('leaves nothing after %s', async (_, listener, more, problem) => {
    await using box = await makeSandbox()
    await using server = await serving(listener)
    const folder = join(box.root, 'downloads')
    await expect(downloadTo(folder, `${server.url}/?key=hunter2`, { signal, ...more })).rejects.toThrow(problem)
    await expect(downloadTo(folder, `${server.url}/?key=hunter2`, { signal, ...more })).rejects.not.toThrow('hunter2')
    expect(await readdir(folder)).toEqual([])
  })

  test('shows its user and password to the server that they are for, and to no other', async () => {
    await using box = await makeSandbox()
    const seen: (string | undefined)[] = []
    await using other = await serving(({ headers }, response) => {
      seen.push(headers.authorization)
      response.end('x')
    })
    await using server = await serving(({ headers }, response) => {
      seen.push(headers.authorization)
      response.writeHead(302, { location: other.url }).end()
    })
    await box.machine.download(server.url.replace('//', '//dan:hunter%32@'), { signal })
    expect(seen).toEqual([`Basic ${Buffer.from('dan:hunter2').toString('base64')}`, undefined])
  })

  test('stops when its signal fires', async () => {
    await using box = await makeSandbox()
    const controller = new AbortController()
    await using server = await serving((_, response) => {
      response.write('x')
      controller.abort(new Error('enough'))
    })
    const folder = join(box.root, 'downloads')
    await expect(downloadTo(folder, server.url, { signal: controller.signal })).rejects.toThrow('enough')
    expect(await readdir(folder)).toEqual([])
  })

  test('clears away what killed agents left', async () => {
    await using box = await makeSandbox()
    await using server = await serving((_, response) => response.end('x'))
    const folder = join(box.root, 'downloads')
    await mkdir(folder)
    await writeFile(join(folder, '.vigo-4194303999-0123456789ab.tmp'), 'half')
    await downloadTo(folder, server.url, { signal })
    expect(await readdir(folder)).toHaveLength(1)
  })
})
