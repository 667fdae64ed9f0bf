import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { NO_COMMIT } from '#gitback/project'
import { git } from '#gitback/repo'
import { eventually, fsck, Machines, main, project, tipOf } from './fixture.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

let machines: Machines
beforeEach(async () => {
  machines = await Machines.open()
})
afterEach(() => machines[Symbol.asyncDispose]())

describe('a project on three machines', () => {
  test('follows a push on any of them, also when the author is gone', async () => {
    const [a, b] = [await machines.start('a', 1), await machines.start('b', 2)]
    await machines.found(a, 'fast-forward', [a, b])
    const first = await machines.commit(a, { 'a.vgo': 'one' })
    await machines.push(a, first)
    await machines.follows(b, first)
    const second = await machines.commit(b, { 'a.vgo': 'two' })
    await machines.push(b, second)
    await machines.follows(a, second)
    await machines.stop(a)

    const c = await machines.start('c', 3)
    await machines.grant(b, c.key, 'read', 1)
    await eventually('c is a member', () => c.projects.standing(project, c.key) === 'read')
    await machines.sit(c)
    await machines.follows(c, second)
    for (const machine of [b, c]) await fsck(machine)
    await expect(machines.push(c, first)).rejects.toMatchObject({ code: 'not-a-member' })
  })

  test('keeps both heads of a partition, shows them, stays where it was, and ends with a descendant of both', async () => {
    const [a, b, c] = [await machines.start('a', 1), await machines.start('b', 2), await machines.start('c', 3)]
    await machines.found(a, 'fast-forward', [a, b, c])
    const base = await machines.commit(a, { 'a.vgo': 'base' })
    await machines.push(a, base)
    for (const machine of [b, c]) await machines.follows(machine, base)

    machines.network.partition([[a.host.peerId], [b.host.peerId, c.host.peerId]])
    const left = await machines.commit(a, { 'a.vgo': 'left' })
    await machines.push(a, left)
    const right = await machines.commit(b, { 'b.vgo': 'right' })
    await machines.push(b, right)
    await machines.follows(c, right)
    machines.network.heal()
    for (const machine of [a, b, c]) {
      for (const other of [a, b, c]) if (other !== machine) await machine.host.connect(other.host.peerId)
    }
    for (const machine of [a, b, c]) {
      await eventually(`${machine.name} sees the divergence`, async () => {
        const [status] = await machine.replicator.status(project)
        return status?.state === 'diverged' && status.heads.length === 2
      })
    }
    expect([await tipOf(a), await tipOf(b), await tipOf(c)]).toEqual([left, right, right])

    await eventually('a has the objects of the other side', async () => (await fsck(a)).has(right))
    const merged = await machines.commit(a, { 'a.vgo': 'left', 'b.vgo': 'right' }, [left, right])
    await machines.push(a, merged)
    for (const machine of [a, b, c]) await machines.follows(machine, merged)
    for (const machine of [a, b, c]) {
      expect((await machine.replicator.status(project)).map(({ state }) => state)).toEqual(['settled'])
      expect([...(await (await fsck(machine)).refs({ hidden: [] })).keys()]).toEqual([main])
    }
  })

  test('what somebody pushed and took away with them holds up nobody, and is not forgotten', async () => {
    const [a, b, c] = [await machines.start('a', 1), await machines.start('b', 2), await machines.start('c', 3)]
    await machines.found(a, 'fast-forward', [a, b, c])
    const base = await machines.commit(a, { 'a.vgo': 'base' })
    await machines.push(a, base)
    for (const machine of [b, c]) await machines.follows(machine, base)
    machines.network.partition([[a.host.peerId], [b.host.peerId, c.host.peerId]])
    const away = await machines.commit(a, { 'a.vgo': 'away' })
    const record = await machines.push(a, away)
    // Others carry records, and no objects.
    for (const machine of [b, c]) expect(await machine.projects.offer(record)).toBe('new')

    const here = await machines.commit(b, { 'b.vgo': 'here' })
    await machines.push(b, here)
    await machines.follows(c, here)
    expect(await tipOf(b)).toBe(here)
    for (const machine of [b, c]) {
      await eventually(`${machine.name} says what is missing`, async () => {
        const [status] = await machine.replicator.status(project)
        return status?.state === 'behind' && /cannot be had now/.test(status.problem)
      })
    }
    machines.network.heal()
    for (const machine of [b, c]) await machine.host.connect(a.host.peerId)
    for (const machine of [a, b, c]) {
      await eventually(`${machine.name} shows two heads`, async () => {
        const [status] = await machine.replicator.status(project)
        return status?.state === 'diverged' && status.heads.length === 2
      })
    }
    const merged = await machines.commit(b, {}, [here, away])
    await machines.push(b, merged)
    for (const machine of [a, b, c]) await machines.follows(machine, merged)
  })

  test('does not follow a signature without right, a rewritten history, or objects that break a rule', async () => {
    const [a, b] = [await machines.start('a', 1), await machines.start('b', 2)]
    await machines.found(a, 'fast-forward', [a, b])
    const base = await machines.commit(a, { 'a.vgo': 'base' })
    await machines.push(a, base)
    await machines.follows(b, base)

    const rewritten = await machines.commit(a, { 'a.vgo': 'another past' }, [])
    await expect(machines.push(a, rewritten)).rejects.toMatchObject({ code: 'refused', message: /only goes forward/ })
    expect(b.projects.heads(project, main).map(head => head.new)).toEqual([base])
    await (await a.replicator.repository(project)).moveRefs([{ ref: 'refs/heads/x', from: NO_COMMIT, to: rewritten }])
    await machines.state(
      a,
      'ref-update',
      await a.replicator.draft(project, { ref: main, to: rewritten, signer: a.key, ends: 'all' }),
      a.signer,
    )
    await eventually('b refuses it', async () => (await b.replicator.status(project))[0]?.state === 'refused')
    expect([await tipOf(a), await tipOf(b)]).toEqual([base, base])

    const { folder } = await a.replicator.repository(project)
    const blob = (await git(folder, ['hash-object', '-w', '--stdin'], { stdin: 'evil' })).stdout.toString().trim()
    const tree = (await git(folder, ['mktree'], { stdin: `100644 blob ${blob}\t.git\n` })).stdout.toString().trim()
    const evil = (await git(folder, ['commit-tree', tree, '-m', 'x', '-p', base])).stdout.toString().trim()
    await (await a.replicator.repository(project)).moveRefs([{ ref: 'refs/heads/y', from: NO_COMMIT, to: evil }])
    await machines.state(
      a,
      'ref-update',
      await a.replicator.draft(project, { ref: main, to: evil, signer: a.key, ends: 'all' }),
      a.signer,
    )
    await eventually('b says why it stays', async () => {
      const [status] = await b.replicator.status(project)
      return status?.problem.includes('.git') === true
    })
    expect(await tipOf(b)).toBe(base)
    expect(await (await fsck(b)).has(evil)).toBe(false)
  })

  test('a member that was revoked pushes for nobody but itself, and is given nothing', async () => {
    const [a, b] = [await machines.start('a', 1), await machines.start('b', 2)]
    await machines.found(a, 'any', [a, b])
    const base = await machines.commit(a, { 'a.vgo': 'base' })
    await machines.push(a, base)
    await machines.follows(b, base)
    machines.network.partition([[a.host.peerId], [b.host.peerId]])
    await machines.grant(a, b.key, 'none', 2)
    const late = await machines.commit(b, { 'b.vgo': 'late' })
    await machines.push(b, late)
    machines.network.heal()
    await b.host.connect(a.host.peerId)
    await eventually('b hears of it', () => b.projects.standing(project, b.key) === 'none')
    expect(a.projects.heads(project, main).map(head => head.new)).toEqual([base])
    expect(await tipOf(a)).toBe(base)
    const next = await machines.commit(a, { 'a.vgo': 'next' })
    await machines.push(a, next)
    await expect(b.replicator.repository(project)).rejects.toMatchObject({ code: 'not-held' })
  })
})
