import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FakeServer } from '../fixture.ts'
import { dashboardOf } from '../mount.ts'
import { result } from '../pages/envoys/fixture.ts'
import { addTasks } from '../pages/tasks/fixture.ts'
import { message } from './stream.ts'

let server: FakeServer
let app: FastifyInstance
let release: string
let open: Reader[]

beforeEach(async () => {
  server = await FakeServer.create()
  release = (await server.publish({ author: 'anna', reason: '', agoMs: 60_000 })).release
  for (const name of ['web1', 'web2']) {
    server.fleet.add(name)
    server.fleet.report(name, { release })
  }
  app = fastify()
  app.register(async scope => dashboardOf(server.parts, server.auth)(scope))
  await app.listen({ host: '127.0.0.1', port: 0 })
  open = []
})

afterEach(async () => {
  for (const reader of open) reader.response.destroy()
  await app.close()
  await server[Symbol.asyncDispose]()
})

/** An open page: the messages that came so far. */
class Reader {
  readonly response: IncomingMessage
  text = ''
  isOver = false

  constructor(response: IncomingMessage) {
    this.response = response
    response.setEncoding('utf8')
    response.on('data', (piece: string) => {
      this.text += piece
    })
    response.on('close', () => {
      this.isOver = true
    })
    response.on('error', () => undefined)
  }

  get updates(): string[] {
    return this.text.split('\n\n').filter(each => each.startsWith('data: '))
  }

  /** Ids of the fragments of an update. */
  fragments(at: number): string[] {
    return [...(this.updates[at] ?? '').matchAll(/<hx-partial hx-target="#([a-z-]+)"/g)].map(([, id]) => id ?? '')
  }
}

const cookieOf = (token = 'vgot_viewer'): string => `vigo_session=${server.auth.login(token)?.value}`

async function read(path: string, cookie = cookieOf()): Promise<Reader> {
  const { port } = app.server.address() as AddressInfo
  const request = get({ host: '127.0.0.1', port, path, headers: { cookie, accept: 'text/html, text/event-stream' } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const reader = new Reader(response)
  open.push(reader)
  return reader
}

const WAIT = { timeout: 10_000, interval: 20 }

describe('an open page', () => {
  test('gets all of its live parts at first, and then those that changed', async () => {
    const reader = await read('/')
    expect(reader.response.headers['content-type']).toContain('text/event-stream')
    await vi.waitFor(() => expect(reader.updates.length).toBe(1), WAIT)
    expect(reader.fragments(0)).toEqual(['problem', 'headline', 'release', 'axes', 'curve', 'working', 'attention'])
    server.fleet.change('web1', { drift: 'changed' })
    await vi.waitFor(() => expect(reader.updates.length).toBe(2), WAIT)
    expect(reader.fragments(1)).toEqual(['axes'])
    server.fleet.report('web2', { release, results: [result('motd/motd', 'file', 'failed', { message: 'disk full' })] })
    await vi.waitFor(() => expect(reader.updates.length).toBe(3), WAIT)
    expect(reader.fragments(2)).toEqual(['headline', 'axes', 'attention'])
    expect(reader.updates[2]).toContain('disk full')
  })

  test('of one envoy does not wake for others', async () => {
    const reader = await read('/envoys/web1')
    await vi.waitFor(() => expect(reader.updates.length).toBe(1), WAIT)
    server.fleet.report('web2', { release })
    server.fleet.change('web1', { drift: 'diverged' })
    await vi.waitFor(() => expect(reader.updates.length).toBe(2), WAIT)
    expect(reader.fragments(1)).toEqual(['envoy'])
  })

  test('of a task follows what hosts print', async () => {
    addTasks(server.tasks, server.clock, ['web1', 'web2'])
    const [task] = server.tasks.rows
    if (task === undefined) throw new Error('there is no task')
    const reader = await read(`/tasks/${task.id}`)
    await vi.waitFor(() => expect(reader.updates.length).toBe(1), WAIT)
    const hosts = task.hosts.map(host => ({ ...host, output: 'half done' }))
    server.tasks.say({ ...task, hosts }, 'half done')
    await vi.waitFor(() => expect(reader.updates.length).toBe(2), WAIT)
    expect(reader.fragments(1)).toEqual(['task-hosts'])
    expect(reader.updates[1]).toContain('half done')
  })

  test('gets a burst of ten thousand events in a few updates', async () => {
    const reader = await read('/')
    await vi.waitFor(() => expect(reader.updates.length).toBe(1), WAIT)
    for (let at = 0; at < 10_000; at++) server.fleet.tell({ type: 'policy' })
    server.fleet.change('web1', { status: 'failed' })
    await vi.waitFor(() => expect(reader.text).toContain('1 failed'), WAIT)
    expect(reader.updates.length).toBeLessThanOrEqual(3)
  })

  test('is told in its own words what others wrote: a message cannot end early', () => {
    expect(message('a\n\ndata: b\n: c')).toBe('data: a\ndata: \ndata: data: b\ndata: : c\n\n')
  })

  test('ends when its session does, and says so', async () => {
    const cookie = cookieOf()
    const reader = await read('/', cookie)
    await vi.waitFor(() => expect(reader.updates.length).toBe(1), WAIT)
    server.auth.logout(cookie)
    server.fleet.change('web1', { drift: 'changed' })
    await vi.waitFor(() => expect(reader.isOver).toBe(true), WAIT)
    expect(reader.text).toContain('event: vigo:signed-out')
    expect(reader.updates.length).toBe(1)
  })

  test('without a session gets nothing but that', async () => {
    const reader = await read('/', '')
    await vi.waitFor(() => expect(reader.isOver).toBe(true), WAIT)
    expect(reader.text).toBe('event: vigo:signed-out\ndata: \n\n')
  })

  test('is one of sixteen of its session at most', async () => {
    const cookie = cookieOf()
    const readers = await Promise.all(Array.from({ length: 16 }, () => read('/audit', cookie)))
    await vi.waitFor(() => expect(readers.every(({ updates }) => updates.length === 1)).toBe(true), WAIT)
    const more = await read('/audit', cookie)
    await vi.waitFor(() => expect(more.isOver).toBe(true), WAIT)
    expect(more.text).toContain('event: vigo:full')
    const other = await read('/audit')
    await vi.waitFor(() => expect(other.updates.length).toBe(1), WAIT)
    readers[0]?.response.destroy()
    await vi.waitFor(async () => {
      const again = await read('/audit', cookie)
      await vi.waitFor(() => expect(again.text).not.toBe(''), WAIT)
      expect(again.updates.length).toBe(1)
    }, WAIT)
  })

  test('that breaks ends, so that the browser comes back, and the others go on', async () => {
    const broken = await read('/tasks')
    const whole = await read('/')
    await vi.waitFor(() => expect([broken.updates.length, whole.updates.length]).toEqual([1, 1]), WAIT)
    server.tasks.list = async () => {
      throw new Error('the database is closed')
    }
    server.fleet.tell({ type: 'task', id: 'x' })
    await vi.waitFor(() => expect(broken.isOver).toBe(true), WAIT)
  })
})

test('a server that stops ends every open page and listens no more', async () => {
  const reader = await read('/')
  await vi.waitFor(() => expect(reader.updates.length).toBe(1), WAIT)
  expect(server.fleet.listeners).toBe(1)
  reader.response.socket.unref()
  await app.close()
  await vi.waitFor(() => expect(reader.isOver).toBe(true), WAIT)
  expect(server.fleet.listeners).toBe(0)
})
