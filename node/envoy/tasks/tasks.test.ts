import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type FromEnvoy, MAX_TASK_OUTPUT_BYTES, type TaskOrder } from '#node/checkin'
import { silentLogger, systemClock } from '#node/kit'
import { refusalOfCommand } from '../guardrails/index.ts'
import { Tasks } from './index.ts'
import { TaskText } from './task-output.ts'

let folder: string
let sent: FromEnvoy[]
let isConnected: boolean
let tasks: Tasks

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-task-'))
  sent = []
  isConnected = true
  tasks = new Tasks({
    send: async message => {
      if (isConnected) sent.push(message)
      return isConnected
    },
    refusalOf: command => refusalOfCommand(command),
    mask: text => text.replaceAll('hunter2', '[secret]'),
    cwd: folder,
    clock: systemClock,
    logger: silentLogger,
  })
})
afterEach(async () => {
  await tasks.close()
  await rm(folder, { recursive: true })
})

let number = 0
const order = (command: string, given: Partial<TaskOrder> = {}): TaskOrder => ({
  id: (++number).toString(16).padStart(32, '0'),
  command,
  timeoutMs: 10_000,
  nice: 0,
  dryRun: false,
  ...given,
})
const output = (id: string, stream = 'stdout'): string =>
  sent
    .map(message =>
      message.type === 'task-output' && message.task === id && message.stream === stream ? message.text : '',
    )
    .join('')
const done = async (id: string) => {
  const find = () => sent.find(message => message.type === 'task-done' && message.task === id)
  await vi.waitFor(() => expect(find()).toBeDefined(), { timeout: 15_000 })
  return find() as Extract<FromEnvoy, { type: 'task-done' }>
}

test('a task tells what it prints and how it ends', async () => {
  const task = order('pwd; echo no hunter2 here >&2; nice; exit 3', { nice: 7 })
  tasks.order(task)
  expect(await done(task.id)).toMatchObject({ exitCode: 3 })
  expect(output(task.id)).toBe(`${folder}\n7\n`)
  expect(output(task.id, 'stderr')).toBe('no [secret] here\n')
})

test('an order that comes twice runs once, and its end is told again', async () => {
  const task = order('echo x >> ran; cat ran')
  tasks.order(task)
  tasks.order(task)
  await done(task.id)
  sent.length = 0
  tasks.order(task)
  await done(task.id)
  expect(await readFile(join(folder, 'ran'), 'utf8')).toBe('x\n')
})

test('a dry run and a refusal run nothing', async () => {
  const dry = order('touch made', { dryRun: true })
  const refused = order('touch made; rm -rf /etc/vigo')
  tasks.order(dry)
  tasks.order(refused)
  expect(await done(dry.id)).toMatchObject({ exitCode: 0 })
  expect(output(dry.id)).toBe('would run: touch made\n')
  expect(await done(refused.id)).toMatchObject({ exitCode: null, problem: expect.stringContaining('guardrails') })
  await expect(readFile(join(folder, 'made'))).rejects.toThrow('ENOENT')
})

test('a task that takes too long, or is cancelled, is ended with everything that it started', async () => {
  const slow = order('sleep 1000 & echo $! > pid; echo started; wait', { timeoutMs: 300 })
  tasks.order(slow)
  expect(await done(slow.id)).toMatchObject({ exitCode: null, problem: expect.stringContaining('longer than') })
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
  await vi.waitFor(async () => {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'Z')
    expect(state).toMatch(/Z/)
  })
  const cancelled = order('echo started; sleep 1000')
  tasks.order(cancelled)
  await vi.waitFor(() => expect(output(cancelled.id)).toContain('started'))
  tasks.cancel(cancelled.id)
  tasks.cancel('0'.repeat(32))
  expect(await done(cancelled.id)).toMatchObject({ exitCode: null, problem: 'it was cancelled' })
})

test('the output is bounded', async () => {
  const task = order('yes 0123456789012345678901234567890123456789 | head -c 3000000')
  tasks.order(task)
  await done(task.id)
  const bytes = Buffer.byteLength(output(task.id))
  expect(bytes).toBeLessThanOrEqual(MAX_TASK_OUTPUT_BYTES + 1000)
  const text = new TaskText(each => each)
  const pieces = Array.from({ length: 40 }, () => text.add('stdout', Buffer.alloc(40_000, 'ä'))).flat()
  expect(pieces.at(-1)?.text).toContain('the rest is not kept')
  expect(pieces.every(piece => piece.text.length <= 65_536)).toBe(true)
  expect(text.add('stderr', Buffer.from('x\n'))).toEqual([])
})

test('a secret that comes in two pieces is hidden, and characters stay whole', () => {
  const text = new TaskText(each => each.replaceAll('hunter2', '[secret]'))
  const bytes = Buffer.from('a hunter2 ä\n')
  const pieces = [...bytes].flatMap(byte => text.add('stdout', Buffer.from([byte])))
  expect(pieces).toEqual([{ stream: 'stdout', text: 'a [secret] ä\n' }])
  text.add('stderr', Buffer.from('tail'))
  expect(text.end()).toEqual([{ stream: 'stderr', text: 'tail' }])
})

test('a task that ends while nobody is connected is told afterwards', async () => {
  const task = order('true')
  isConnected = false
  tasks.order(task)
  await vi.waitFor(() => expect(tasks.running).toBe(0))
  isConnected = true
  await vi.waitFor(() => {
    tasks.tellWaiting()
    expect(sent).toMatchObject([{ type: 'task-done', exitCode: 0 }])
  })
})

test('more tasks than the machine takes, and what is no order, are refused', async () => {
  const many = Array.from({ length: 9 }, () => order('sleep 1000'))
  for (const task of many) tasks.order(task)
  const last = many.at(-1)?.id ?? ''
  expect(await done(last)).toMatchObject({ exitCode: null, problem: expect.stringContaining('already') })
  tasks.order({ ...order('x'), id: '../x' })
  tasks.order(null as never)
  expect(tasks.running).toBe(8)
})
