import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../../executors.compliance.ts'
import { attributesFor, editedText, makeSandbox } from '../../fixture.ts'
import { stopping } from '../stopping.ts'
import { keyLine, parseKeyLine, parseWantedKey } from './key-line.ts'
import { sshkeyExecutor } from './sshkey.ts'

const BLOB = 'AAAAC3NzaC1lZDI1NTE5AAAAIGyXo4Gq0h8Fq1nVbWQq2YhB6Wl6m3l9tqY0Zs1yqV0W'
const KEY = `ssh-ed25519 ${BLOB} alice@desk`

describe('a line of authorized_keys', () => {
  test('is read with options that hold spaces and quotes', () => {
    expect(parseKeyLine(`command="echo \\"a b\\"",no-pty ${KEY}`)).toEqual({
      options: 'command="echo \\"a b\\"",no-pty',
      type: 'ssh-ed25519',
      blob: BLOB,
      comment: 'alice@desk',
    })
    for (const line of ['', '# ssh-ed25519 x', 'ssh-ed25519', 'nonsense AAAA', `"unclosed ${KEY}`])
      expect(parseKeyLine(line)).toBeNull()
  })

  test('is the same after it was read and written', () => {
    const option = fc.stringMatching(/^[a-z]{1,8}(?:="[ -!#-[\]-~]{0,8}")?$/)
    fc.assert(
      fc.property(fc.array(option, { maxLength: 3 }), fc.stringMatching(/^[!-~]{0,12}$/), (options, comment) => {
        const line = { options: options.join(','), type: 'ssh-rsa', blob: BLOB, comment }
        expect(parseKeyLine(keyLine(line))).toEqual(line)
      }),
    )
  })

  test('that is damaged, or says that it is another kind, is no key to trust', () => {
    expect(parseWantedKey(BLOB, 'ssh-ed25519').type).toBe('ssh-ed25519')
    expect(parseWantedKey(BLOB, undefined).type).toBe('ssh-ed25519')
    for (const bad of ['', 'AAAA', `ssh-rsa ${BLOB}`, `ssh-ed25519 ${'A'.repeat(68)}`, `${KEY}\nssh-rsa AAAA`]) {
      expect(() => parseWantedKey(bad, undefined), bad).toThrow()
    }
    expect(() => parseWantedKey(KEY, 'ssh-rsa')).toThrow(/leave key_type out/)
  })
})

const executor = stopping(sshkeyExecutor as never)
const given = { user: 'root', key: KEY, target_path: '/etc/keys/root' }

test('lines of other keys, and what is no key, stay byte for byte', async () => {
  const others = `# mine\r\n\nssh-rsa ${BLOB.slice(0, -1)}A other  \nnonsense`
  const added = await editedText(executor, attributesFor('sshkey', given), others, '/etc/keys/root')
  expect(added).toBe(`${others}\n${KEY}\n`)
  const removed = await editedText(
    executor,
    attributesFor('sshkey', { ...given, state: 'absent' }),
    added ?? '',
    '/etc/keys/root',
  )
  expect(removed).toBe(`${others}\n`)
})

test('a key that is there twice is there once, with what the resource says before and behind it', async () => {
  const text = `no-pty ${KEY}\nssh-ed25519 ${BLOB}\n`
  const wanted = attributesFor('sshkey', { ...given, options: 'no-pty', comment: 'new name' })
  expect(await editedText(executor, wanted, text, '/etc/keys/root')).toBe(`no-pty ssh-ed25519 ${BLOB} new name\n`)
  for (const bad of [{ options: 'command="x' }, { options: 'a b' }, { comment: 'a\nb' }]) {
    await expect(
      editedText(executor, attributesFor('sshkey', { ...given, ...bad }), text, '/etc/keys/root'),
    ).rejects.toMatchObject({ code: 'failed' })
  }
})

executorCompliance(executor, {
  makeMachine: makeSandbox,
  cases: [
    {
      name: 'a key in a file of its own',
      attributes: attributesFor('sshkey', given),
      starts: {
        'without a file': box => box.folder('/etc/keys'),
        'with another key': box => box.put('/etc/keys/root', `ssh-rsa ${BLOB.slice(0, -1)}A other\n`),
      },
      path: '/etc/keys/root',
    },
  ],
})
