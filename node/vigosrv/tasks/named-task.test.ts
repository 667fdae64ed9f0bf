import { describe, expect, test } from 'vitest'
import { statesOf, TestFleet } from './fixture.ts'
import type { WorkflowRow } from './types.ts'

const ALICE = { name: 'alice', via: 'socket' } as const

const FILES = {
  'tasks/deploy.vgo': `description: rolls out a version
command: deploy {{ .Params.version }} --channel {{ .Params.channel }}{{ if .Params.note }} --note {{ .Params.note }}{{ end }}
target: "h*,-h3"
timeout: 10m
batch_size: 1
max_failures: 1
params:
  version: {description: what to deploy, required: true}
  channel: stable
  note: {required: false}
`,
  'tasks/login.vgo': `command: login --user {{ .Params.user }} --password {{ .Params.db_password }}
target: "*"
params:
  user: app
  db_password: {required: true}
`,
  'tasks/wipe.vgo': 'command: "rm -rf {{ .Params.path }}"\nparams:\n  path: {required: true}\n',
  'workflows/release.vgo': `steps:
  - {name: drain, command: "drain {{ .Params.pool }}", target: h1, params: {pool: blue}}
  - {name: deploy, task: deploy, params: {version: 2}}
  - {name: notify, command: notify, target: h1, on_failure: continue}
  - {name: undrain, command: undrain, target: h1}
`,
}

describe('a named task', () => {
  test('has its settings and parameters from its author, and from whoever runs it', async () => {
    await using fleet = await TestFleet.create(4, FILES)
    const plan = await fleet.tasks.plan({ task: 'deploy', params: { version: '1.2' } })
    expect(plan).toMatchObject({
      name: 'deploy',
      command: 'deploy 1.2 --channel stable',
      target: 'h*,-h3',
      timeoutMs: 600_000,
      maxFailures: 1,
    })
    expect(plan.batches.map(batch => batch.map(({ hostname }) => hostname))).toEqual([['h1'], ['h2'], ['h4']])
    const { id } = await fleet.tasks.run(
      { task: 'deploy', params: { version: '2', note: 'hi' }, target: 'h3', timeoutMs: 5000 },
      ALICE,
    )
    expect(await fleet.ended(id)).toMatchObject({
      name: 'deploy',
      command: 'deploy 2 --channel stable --note hi',
      state: 'succeeded',
    })
    expect(fleet.orders[0]?.order).toMatchObject({ command: 'deploy 2 --channel stable --note hi', timeoutMs: 5000 })
  })

  test.each([
    [{ task: 'nope' }, 'unknown-task', "the live release has no task 'nope'; it has deploy, login, wipe"],
    [{ task: 'deploy' }, 'bad-request', "the task 'deploy' needs version: give --param version=…"],
    [
      { task: 'deploy', params: { version: '1', x: '2' } },
      'bad-request',
      "has no parameter 'x'; it has version, channel, note",
    ],
    [{ task: 'wipe', params: { path: '/tmp' } }, 'bad-request', 'the target is missing'],
  ])('%j is refused as %s', async (request, code, message) => {
    await using fleet = await TestFleet.create(1, FILES)
    await expect(fleet.tasks.plan(request)).rejects.toMatchObject({ code })
    await expect(fleet.tasks.plan(request)).rejects.toThrow(message)
  })

  test('is looked at for danger with its values', async () => {
    await using fleet = await TestFleet.create(1, FILES)
    expect((await fleet.tasks.plan({ task: 'wipe', target: '*', params: { path: '/tmp/x' } })).danger).toBeNull()
    expect((await fleet.tasks.plan({ task: 'wipe', target: '*', params: { path: '/' } })).danger).toBe('it removes /')
  })

  test('is listed with what it needs', async () => {
    await using fleet = await TestFleet.create(1, FILES)
    const tasks = fleet.tasks.named()
    expect(tasks.map(({ name }) => name)).toEqual(['deploy', 'login', 'wipe'])
    expect(tasks[0]?.params[0]).toEqual({ name: 'version', description: 'what to deploy', required: true })
  })
})

describe('a secret', () => {
  test('that a parameter is named like goes to the hosts and nowhere else, also not through what they print', async () => {
    await using fleet = await TestFleet.create(1, FILES)
    const secret = 'hunter2-and-more'
    fleet.behave = () => ({
      exit: 1,
      output: ['using hunter2', '-and-', 'more now\n', 'bye hunter2'],
      problem: `bad ${secret}`,
    })
    const { id } = await fleet.tasks.run({ task: 'login', params: { db_password: secret } }, ALICE)
    const seen = JSON.stringify([
      await fleet.progress(id),
      await fleet.tasks.get(id),
      await fleet.tasks.list({ limit: 9 }),
      await fleet.audited(),
    ])
    expect(fleet.orders[0]?.order.command).toBe(`login --user app --password ${secret}`)
    expect(seen).not.toContain(secret)
    const row = (await fleet.tasks.get(id))!
    expect(row.command).toBe('login --user app --password (hidden)')
    expect(row.hosts[0]).toMatchObject({ output: 'using (hidden) now\nbye hunter2', problem: 'bad (hidden)' })
  })

  test('that is referred to goes only to hosts whose own configuration has it', async () => {
    await using fleet = await TestFleet.create(2, FILES)
    fleet.secrets = { 'vigo/db': 'the-value-of-it' }
    fleet.secretsOf = hostname => (hostname === 'h1' ? ['vigo/db'] : [])
    fleet.behave = () => ({ exit: 0, output: ['the-value-of-it'] })
    const { id } = await fleet.tasks.run(
      { task: 'login', params: { db_password: 'secret:vigo/db' }, maxFailures: '1' },
      ALICE,
    )
    const row = await fleet.ended(id)
    expect(statesOf(row)).toBe('h1 succeeded, h2 refused')
    expect(row.command).toBe('login --user app --password secret:vigo/db')
    expect(row.hosts[1]?.problem).toBe('its configuration does not refer to the secret vigo/db')
    expect(fleet.orders.map(({ hostname, order }) => [hostname, order.command])).toEqual([
      ['h1', 'login --user app --password the-value-of-it'],
    ])
    expect(JSON.stringify([row, await fleet.audited()])).not.toContain('the-value-of-it')
    await expect(fleet.tasks.plan({ task: 'login', params: { db_password: 'secret:not/there' } })).rejects.toThrow(
      "there is no secret 'not/there'",
    )
  })
})

describe('a workflow', () => {
  async function ended(fleet: TestFleet, { id }: WorkflowRow): Promise<WorkflowRow> {
    for (;;) {
      const row = (await fleet.tasks.workflow(id))!
      if (row.state !== 'running') return row
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
  const steps = ({ steps: all }: WorkflowRow) => all.map(({ name, state }) => `${name} ${state}`).join(', ')

  test('runs its steps in order', async () => {
    await using fleet = await TestFleet.create(3, FILES)
    const row = await ended(fleet, await fleet.tasks.runWorkflow('release', {}, ALICE))
    expect(row).toMatchObject({ state: 'succeeded', by: 'alice' })
    expect(steps(row)).toBe('drain succeeded, deploy succeeded, notify succeeded, undrain succeeded')
    expect(fleet.orders.map(({ hostname, order }) => `${hostname} ${order.command}`)).toEqual([
      'h1 drain blue',
      'h1 deploy 2 --channel stable',
      'h2 deploy 2 --channel stable',
      'h1 notify',
      'h1 undrain',
    ])
    expect(await fleet.tasks.workflows({ limit: 5 })).toEqual([row])
  })

  test('stops at a step that failed, unless that may', async () => {
    await using fleet = await TestFleet.create(3, FILES)
    fleet.behave = () => ({ exit: fleet.orders.at(-1)?.order.command === 'notify' ? 1 : 0 })
    const tolerant = await ended(fleet, await fleet.tasks.runWorkflow('release', {}, ALICE))
    expect(steps(tolerant)).toBe('drain succeeded, deploy succeeded, notify failed, undrain succeeded')
    expect(tolerant).toMatchObject({ state: 'failed', reason: "step 'notify': 1 of 1 hosts did not succeed; none may" })
    fleet.behave = () => ({ exit: 1 })
    const stopped = await ended(fleet, await fleet.tasks.runWorkflow('release', {}, ALICE))
    expect(steps(stopped)).toBe('drain failed, deploy skipped, notify skipped, undrain skipped')
  })

  test('is refused as a whole when one of its steps cannot be', async () => {
    await using fleet = await TestFleet.create(1, {
      ...FILES,
      'workflows/bad.vgo': 'steps:\n  - {command: a, target: h1}\n  - {command: reboot, target: h1}\n',
    })
    await expect(fleet.tasks.runWorkflow('bad', {}, ALICE)).rejects.toMatchObject({ code: 'dangerous' })
    await expect(fleet.tasks.runWorkflow('nope', {}, ALICE)).rejects.toMatchObject({ code: 'unknown-task' })
    expect(fleet.orders).toEqual([])
    expect(await ended(fleet, await fleet.tasks.runWorkflow('bad', { force: true }, ALICE))).toMatchObject({
      state: 'succeeded',
    })
  })

  test('can be cancelled, and is known to have been interrupted by a crash', async () => {
    await using fleet = await TestFleet.create(3, FILES)
    fleet.behave = () => (fleet.orders.at(-1)?.order.command.startsWith('deploy') ? 'silent' : { exit: 0 })
    const begun = await fleet.tasks.runWorkflow('release', {}, ALICE)
    const running = async (id: string) => {
      while ((await fleet.tasks.workflow(id))?.steps[1]?.state !== 'running') await new Promise(setImmediate)
    }
    await running(begun.id)
    await fleet.tasks.abortWorkflow(begun.id, ALICE)
    const row = await ended(fleet, begun)
    expect(row).toMatchObject({ state: 'aborted', reason: 'cancelled by alice' })
    expect(steps(row)).toBe('drain succeeded, deploy aborted, notify skipped, undrain skipped')
    const second = await fleet.tasks.runWorkflow('release', {}, ALICE)
    await running(second.id)
    await fleet.crash()
    expect(steps((await fleet.tasks.workflow(second.id))!)).toBe(
      'drain succeeded, deploy aborted, notify skipped, undrain skipped',
    )
  })
})
