import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AuditLog } from './audit-log.ts'
import { headPath, readNote } from './head.ts'
import { AUDIT_VIAS, type AuditEntry, type AuditEvent } from './types.ts'
import { type AuditVerdict, verifyAudit } from './verify.ts'

let parent = ''
let folder = ''
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'vigo-audit-'))
  folder = join(parent, 'audit')
})
afterEach(async () => await rm(parent, { recursive: true, force: true }))

const event = (target: string): AuditEvent => ({
  actor: 'alice',
  via: 'token',
  action: 'config.publish',
  target,
  outcome: 'done',
  details: { files: 3 },
})

async function filled(count: number, segmentBytes = 2000): Promise<AuditEntry[]> {
  const log = new AuditLog({ folder, segmentBytes })
  const entries: AuditEntry[] = []
  for (let at = 1; at <= count; at++) entries.push(await log.append(event(`r${at}`)))
  return entries
}

async function segments(): Promise<string[]> {
  return (await readdir(folder)).filter(name => name.endsWith('.jsonl') && !name.startsWith('torn')).toSorted()
}

async function lines(name: string): Promise<string[]> {
  return (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n')
}

async function writeLines(name: string, content: readonly string[]): Promise<void> {
  await writeFile(join(folder, name), content.map(line => `${line}\n`).join(''))
}

const brief = ({ fault }: AuditVerdict) => fault && [fault.kind, fault.seq]

describe('an audit log', () => {
  test('chains its entries over several files and reads them newest first, by pages', async () => {
    const written = await filled(30)
    expect((await segments()).length).toBeGreaterThan(2)
    const log = new AuditLog({ folder })
    expect(await log.read({ limit: 1000 })).toEqual(written.toReversed())
    expect((await log.read({ limit: 4, before: 12 })).map(({ seq }) => seq)).toEqual([11, 10, 9, 8])
    expect((await log.read({ limit: 5, before: 1 })).length).toBe(0)
    const verdict = await verifyAudit(folder)
    expect(verdict).toMatchObject({ fault: null, entries: 30, first: { seq: 1 }, last: { seq: 30 } })
    expect(verdict.proved.join(' ')).toContain('keep the note elsewhere')
  })

  test('is for its owner only', async () => {
    await filled(1)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const path of [join(folder, (await segments())[0]!), headPath(folder)]) {
      expect((await stat(path)).mode & 0o777).toBe(0o600)
    }
  })

  test('gives every caller of the same moment an entry of their own', async () => {
    const log = new AuditLog({ folder })
    const entries = await Promise.all(Array.from({ length: 600 }, (_, at) => log.append(event(String(at)))))
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 600 }, (_, at) => at + 1))
    expect(entries.map(({ target }) => target)).toEqual(Array.from({ length: 600 }, (_, at) => String(at)))
    expect(await verifyAudit(folder)).toMatchObject({ fault: null, entries: 600 })
  })

  test('goes on where another writer left it', async () => {
    const logs = [new AuditLog({ folder, segmentBytes: 3000 }), new AuditLog({ folder, segmentBytes: 3000 })]
    await Promise.all(Array.from({ length: 40 }, (_, at) => logs[at % 2]!.append(event(String(at)))))
    for (let at = 0; at < 10; at++) await logs[at % 2]!.append(event('x'))
    expect(await verifyAudit(folder)).toMatchObject({ fault: null, entries: 50 })
  })

  test('is empty before the first entry', async () => {
    expect(await new AuditLog({ folder }).read({ limit: 10 })).toEqual([])
    expect(await verifyAudit(folder)).toMatchObject({ fault: null, entries: 0, note: null })
  })

  test('takes any event, cuts what is too long, and stays whole', async () => {
    const log = new AuditLog({ folder, segmentBytes: 100_000 })
    const text = fc.string({ unit: 'binary', maxLength: 2000 })
    const events = fc.record({
      actor: text,
      via: fc.constantFrom(...AUDIT_VIAS),
      action: text,
      target: text,
      outcome: fc.constantFrom('done' as const, 'refused' as const, 'failed' as const),
      details: fc.dictionary(text, fc.oneof(text, fc.double(), fc.boolean()), { maxKeys: 40 }),
    })
    await fc.assert(
      fc.asyncProperty(events, async any => {
        const entry = await log.append(any)
        expect((await log.read({ limit: 1 }))[0]).toEqual(JSON.parse(JSON.stringify(entry)))
      }),
      { numRuns: 60 },
    )
    expect((await verifyAudit(folder)).fault).toBeNull()
  })
})

describe('a line that was not finished', () => {
  test('is kept aside and said, and the chain goes on', async () => {
    await filled(5, 100_000)
    const [name = ''] = await segments()
    await appendFile(join(folder, name), '{"action":"config.publ')
    expect(await verifyAudit(folder)).toMatchObject({ fault: null, entries: 5 })
    expect((await verifyAudit(folder)).proved.join(' ')).toContain('never acknowledged')
    const entry = await new AuditLog({ folder }).append(event('after'))
    expect(entry.seq).toBe(7)
    const [, recovered] = await new AuditLog({ folder }).read({ limit: 2 })
    expect(recovered).toMatchObject({ action: 'audit.recovered', details: { lost: 0 } })
    const kept = String(recovered?.details['kept'])
    expect(await readFile(join(folder, kept), 'utf8')).toBe('{"action":"config.publ')
    expect(await verifyAudit(folder)).toMatchObject({ fault: null, entries: 7 })
  })

  test('in a file of its own does not hold up anything', async () => {
    const entries = await filled(5)
    await writeFile(join(folder, `${'6'.padStart(16, '0')}.jsonl`), '{"act')
    expect((await new AuditLog({ folder }).append(event('after'))).seq).toBe(entries.length + 2)
    expect(await verifyAudit(folder)).toMatchObject({ fault: null, entries: 7 })
  })

  test('of a writer that was killed at any moment costs nothing that was acknowledged', async () => {
    const module = JSON.stringify(new URL('./audit-log.ts', import.meta.url).href)
    const script = `const { AuditLog } = await import(${module})
      const log = new AuditLog({ folder: ${JSON.stringify(folder)}, segmentBytes: 4000 })
      for (let at = 0; ; at++) {
        const event = { actor: 'a', via: 'token', action: 'x', target: String(at), outcome: 'done', details: {} }
        const entries = await Promise.all([1, 2, 3].map(() => log.append(event)))
        process.stdout.write(entries.at(-1).seq + '\\n')
      }`
    let acknowledged = 0
    for (const after of [1, 7, 20]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let seen = 0
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const whole = text.trim().split('\n')
        seen += whole.length
        acknowledged = Math.max(acknowledged, ...whole.map(Number))
        if (seen >= after) child.kill('SIGKILL')
      })
      await once(child, 'close')
      const verdict = await verifyAudit(folder)
      expect(verdict.fault).toBeNull()
      expect(verdict.last?.seq).toBeGreaterThanOrEqual(acknowledged)
    }
  })
})

describe('verification', () => {
  const cases: readonly [string, (all: string[][]) => void, [string, number]][] = [
    ['a changed word', all => void (all[1]![0] = all[1]![0]!.replace('alice', 'mallo')), ['changed', 0]],
    ['a removed entry', all => void all[1]!.splice(1, 1), ['missing', 2]],
    ['two entries the other way round', all => void all[1]!.splice(0, 2, all[1]![1]!, all[1]![0]!), ['missing', 1]],
    ['an entry twice', all => void all[1]!.splice(1, 0, all[1]![0]!), ['out-of-order', 0]],
    ['an entry in other words', all => void (all[1]![0] = all[1]![0]!.replace(':', ': ')), ['changed', 0]],
    ['bytes that are no entry', all => void all[1]!.splice(1, 0, 'x'.repeat(300_000)), ['changed', 1]],
  ]
  test.each(cases)('names the first entry that does not fit: %s', async (_what, tamper, [kind, offset]) => {
    await filled(20)
    const names = await segments()
    const all = await Promise.all(names.map(lines))
    const first = Number(names[1]!.slice(0, 16))
    tamper(all)
    for (const [at, name] of names.entries()) await writeLines(name, all[at]!)
    expect(brief(await verifyAudit(folder))).toEqual([kind, first + offset])
  })

  test('finds a removed file in the middle and at the beginning', async () => {
    await filled(20)
    const [oldest = '', second = '', third = ''] = await segments()
    const [at, next] = [Number(second.slice(0, 16)), Number(third.slice(0, 16))]
    const beforeSecond = (await new AuditLog({ folder }).read({ limit: 1, before: at }))[0]!
    await rm(join(folder, oldest))
    expect(brief(await verifyAudit(folder))).toEqual(['missing', at])
    const anchor = readNote(`${beforeSecond.seq}:${beforeSecond.hash}`)
    expect(await verifyAudit(folder, { anchor })).toMatchObject({ fault: null, first: { seq: at } })
    await rm(join(folder, second))
    expect(brief(await verifyAudit(folder, { anchor }))).toEqual(['missing', next])
  })

  test('finds an end that was cut off, by the note beside the log, also after the log went on', async () => {
    await filled(9, 100_000)
    const [name = ''] = await segments()
    await writeLines(name, (await lines(name)).slice(0, 6))
    expect(brief(await verifyAudit(folder))).toEqual(['cut-off', 7])
    await new AuditLog({ folder }).append(event('goes on'))
    expect(brief(await verifyAudit(folder))).toEqual(['cut-off', 7])
  })

  test('finds a log that was removed as a whole', async () => {
    await filled(3)
    for (const name of await segments()) await rm(join(folder, name))
    expect(brief(await verifyAudit(folder))).toEqual(['cut-off', 1])
  })

  test('finds a log that was written anew, by a note that was kept elsewhere', async () => {
    await filled(6)
    const { note } = await verifyAudit(folder)
    const anchor = readNote(note ?? '')
    expect((await verifyAudit(folder, { anchor })).proved.join(' ')).toContain('nothing up to it was written anew')
    await rm(folder, { recursive: true })
    await unlink(headPath(folder))
    await filled(8)
    expect((await verifyAudit(folder)).fault).toBeNull()
    expect(brief(await verifyAudit(folder, { anchor }))).toEqual(['changed', 6])
  })

  test('survives any bytes in the place of any', async () => {
    await filled(12)
    const names = await segments()
    const bytes = await Promise.all(names.map(name => readFile(join(folder, name))))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(names.length - 1),
        fc.nat(5000),
        fc.uint8Array({ minLength: 1, maxLength: 50 }),
        async (file, offset, noise) => {
          const original = bytes[file]!
          const changed = Buffer.from(original)
          changed.set(
            noise.subarray(0, Math.max(0, changed.length - (offset % changed.length))),
            offset % changed.length,
          )
          await writeFile(join(folder, names[file]!), changed)
          const { fault } = await verifyAudit(folder)
          expect(fault === null).toBe(changed.equals(original))
          await writeFile(join(folder, names[file]!), original)
        },
      ),
      { numRuns: 60 },
    )
  })
})

test('what the disk refuses is not in the log, and is told', async () => {
  await filled(2)
  if (process.geteuid?.() !== 0) return
  process.seteuid?.(65534)
  try {
    await expect(new AuditLog({ folder }).append(event('x'))).rejects.toMatchObject({ code: 'no-permission' })
  } finally {
    process.seteuid?.(0)
  }
  expect((await new AuditLog({ folder }).append(event('y'))).seq).toBe(3)
})
