import type { Executor } from '../executor.ts'
import { directoryExecutor } from '../files/directory.ts'
import { fileExecutor } from '../files/file.ts'
import { fileLineExecutor } from '../files/file-line.ts'
import { symlinkExecutor } from '../files/symlink.ts'
import { attributesFor, type Sandbox } from '../fixture.ts'

export interface CrashCase {
  readonly executor: Executor
  readonly attributes: object
  readonly prepare: (box: Sandbox) => Promise<void>
  /** What a reader may find at any time. */
  readonly states: (box: Sandbox) => Promise<unknown>
  readonly allowed: readonly unknown[]
}

const APP = '/srv/app'
const NEW = 'new\n'.repeat(1000)

export const crashCases: Readonly<Record<string, CrashCase>> = {
  'a file with a backup': {
    executor: fileExecutor,
    attributes: attributesFor('file', { target_path: APP, content: NEW, backup: '.orig', mode: '0600' }),
    prepare: box => box.put(APP, 'old\n'),
    states: box => box.read(APP),
    allowed: ['old\n', NEW],
  },
  'a line': {
    executor: fileLineExecutor,
    attributes: attributesFor('file_line', { target_path: APP, line: 'new' }),
    prepare: box => box.put(APP, 'old\n'),
    states: box => box.read(APP),
    allowed: ['old\n', 'old\nnew\n'],
  },
  'a link in the place of a file': {
    executor: symlinkExecutor,
    attributes: attributesFor('symlink', { target_path: APP, link_target: 'other', force: true }),
    prepare: async box => {
      await box.put(APP, 'old\n')
      await box.put('/srv/other', NEW)
    },
    states: box => box.read(APP),
    allowed: ['old\n', NEW],
  },
  'a directory with parents': {
    executor: directoryExecutor,
    attributes: attributesFor('directory', { target_path: '/srv/a/b/c', mode: '0750' }),
    prepare: box => box.folder('/srv'),
    states: () => Promise.resolve(''),
    allowed: [''],
  },
  'a tree that goes': {
    executor: directoryExecutor,
    attributes: attributesFor('directory', { target_path: APP, state: 'absent' }),
    prepare: async box => {
      await box.put(`${APP}/a/b`, 'x')
      await box.put(`${APP}/c`, 'x')
    },
    states: () => Promise.resolve(''),
    allowed: [''],
  },
}
