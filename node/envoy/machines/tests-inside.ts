import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { messageOf } from '#node/kit'
import { INSIDE } from './inside.ts'
import { rootFolder } from './root-folder.ts'
import { type MachineOptions, SystemdMachine } from './systemd-machine.ts'

const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url))
const RUN_MS = 600_000
/** The first test with a list of packages builds their root. */
const BUILD_MS = 600_000

export interface Options extends MachineOptions {
  /** Names of files that are left out. */
  readonly except?: readonly string[]
}

/**
 * Runs test files (`*.inside.ts`, by parts of their paths) on a machine of their own, where they are root and may change everything.
 * Skipped, with the reason in its name or report, where no such machine can be had.
 */
export function testsInside(title: string, files: readonly string[], { except = [], ...options }: Options = {}): void {
  const reason = SystemdMachine.whyNot()
  const name = reason === null ? title : `${title} (skipped: ${reason})`
  test.skipIf(reason !== null)(name, { timeout: RUN_MS + BUILD_MS }, async context => {
    try {
      await rootFolder(options.packages ?? [])
    } catch (error) {
      context.skip(`a root file system cannot be made here: ${messageOf(error)}`)
    }
    await using machine = await SystemdMachine.start({ ...options, folders: { ...options.folders, '/vigo': CHECKOUT } })
    const vitest = [
      '/vigo/node_modules/vitest/vitest.mjs',
      'run',
      '--root=/vigo',
      '--config=node/envoy/machines/inside.config.ts',
    ]
    const ran = await machine.exec(
      '/usr/bin/env',
      [
        '-C',
        '/vigo',
        `${INSIDE}=1`,
        '/vigo/node_modules/.bin/node',
        ...vitest,
        ...except.map(name => `--exclude=**/${name}`),
        ...files,
      ],
      { timeoutMs: RUN_MS },
    )
    const report = stripVTControlCharacters(`${ran.stdout}\n${ran.stderr}`)
    expect(ran.exitCode, report).toBe(0)
    expect(report).toMatch(/Tests +\d+ passed/)
  })
}
