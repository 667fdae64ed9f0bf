import type { Executor } from '../executor.ts'
import { blockinfileExecutor } from './blockinfile.ts'
import { cronExecutor } from './cron.ts'
import { directoryExecutor } from './directory.ts'
import { fieldEditExecutor } from './field-edit.ts'
import { fileExecutor } from './file.ts'
import { fileLineExecutor } from './file-line.ts'
import { hostExecutor } from './host.ts'
import { iniExecutor } from './ini.ts'
import { jsonFileExecutor } from './json-file.ts'
import { replaceExecutor } from './replace.ts'
import { symlinkExecutor } from './symlink.ts'

/** The executors of what is in files and directories. */
export const fileExecutors: readonly Executor[] = [
  fileExecutor,
  directoryExecutor,
  symlinkExecutor,
  fileLineExecutor,
  blockinfileExecutor,
  replaceExecutor,
  fieldEditExecutor,
  iniExecutor,
  jsonFileExecutor,
  hostExecutor,
  cronExecutor,
]
