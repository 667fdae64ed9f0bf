import type { Declarations } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { Located, MapNode } from '../node.ts'
import type { SourceFile } from '../source.ts'
import { parseSource } from '../syntax/index.ts'
import { checkClaims } from './compliance.ts'
import { readCrate } from './crate.ts'
import { Draft } from './draft.ts'
import { readCommon } from './envoys.ts'
import { described } from './fields.ts'
import { type FileKind, kindOfFile } from './kind.ts'
import { readRole } from './role.ts'
import { readSections } from './sections.ts'
import { readTask } from './task.ts'
import { readWorkflow } from './workflow.ts'

/**
 * What one `.vgo` file declares. Everything that is wrong with it, as far as the file alone tells, is in `diagnostics`; what could
 * be understood is declared all the same. An empty file declares nothing.
 */
export function readDeclarations(file: SourceFile, diagnostics: Diagnostics): Declarations {
  const draft = new Draft(file)
  const { root } = parseSource(file, diagnostics)
  if (root === undefined) return draft
  if (root.kind === 'map') {
    readers[kindOfFile(file.path, root)](root, draft, diagnostics)
    return draft
  }
  diagnostics.error({
    code: 'wrong-kind',
    span: { ...root.span, end: root.span.start + 1 },
    message: `a .vgo file must be a map, not ${described(root)}`,
    hint:
      root.kind === 'list'
        ? "write the key that the list belongs to above it: 'resources:', 'envoys:' or 'roles:'"
        : "write '<key>: <value>'",
  })
  return draft
}

type Reader = (map: MapNode, draft: Draft, diagnostics: Diagnostics) => void

const readers: Readonly<Record<FileKind, Reader>> = {
  configcrate: (map, draft, diagnostics) => {
    draft.configcrates.push(readCrate(map, 'configcrate', draft.file, diagnostics))
  },
  usercrate: (map, draft, diagnostics) => {
    draft.usercrates.push(readCrate(map, 'usercrate', draft.file, diagnostics))
  },
  role: (map, draft, diagnostics) => {
    const role = readRole(map, fileName(draft.file, map), diagnostics)
    if (role !== undefined) draft.roles.push(role)
  },
  task: (map, draft, diagnostics) => {
    const task = readTask(map, fileName(draft.file, map), diagnostics)
    if (task !== undefined) draft.tasks.push(task)
  },
  workflow: (map, draft, diagnostics) => {
    const workflow = readWorkflow(map, fileName(draft.file, map), diagnostics)
    if (workflow !== undefined) draft.workflows.push(workflow)
  },
  common: (map, draft, diagnostics) => {
    draft.common = readCommon(map, diagnostics)
  },
  compliance: (map, draft, diagnostics) => {
    draft.compliance = map
    checkClaims(map, diagnostics)
  },
  sections: (map, draft, diagnostics) => {
    readSections(map, draft, neededKey(draft.file), diagnostics)
  },
  unknown: (map, _draft, diagnostics) => {
    const [first] = map.entries.values()
    diagnostics.error({
      code: 'unknown-file',
      span: first?.keySpan ?? map.span,
      message: 'nothing in this file says what it declares',
      hint: "write 'resources:' for a configcrate, or 'envoys:', 'roles:', 'environments:', 'waivers:', 'compliance:', 'tasks:', 'workflows:'",
    })
  },
}

/** What a thing without a name is called: like its file, unless the file has the name of its kind. */
function fileName(file: SourceFile, map: MapNode): Located<string> | undefined {
  const name = (file.path.split('/').at(-1) ?? '').replace(/\.vgo$/, '')
  if (name === '' || name === 'roles') return undefined
  return { value: name, span: map.entries.values().next().value?.keySpan ?? map.span }
}

function neededKey(file: SourceFile): string | undefined {
  const name = file.path.split('/').at(-1)
  return name === 'environments.vgo'
    ? 'environments'
    : name === 'waivers.vgo'
      ? 'waivers'
      : name === 'envoys.vgo'
        ? 'envoys'
        : undefined
}
