import type { ResourceSchema } from '../schema.ts'
import { blockinfileSchema } from './blockinfile.ts'
import { containerSchema } from './container.ts'
import { cronSchema } from './cron.ts'
import { directorySchema } from './directory.ts'
import { execSchema } from './exec.ts'
import { fieldEditSchema } from './field-edit.ts'
import { fileSchema } from './file.ts'
import { fileLineSchema } from './file-line.ts'
import { firewallSchema } from './firewall.ts'
import { gitSchema } from './git.ts'
import { groupSchema } from './group.ts'
import { hostSchema } from './host.ts'
import { iniSchema } from './ini.ts'
import { jsonFileSchema } from './json-file.ts'
import { mountSchema } from './mount.ts'
import { nonrepoPackageSchema } from './nonrepo-package.ts'
import { packageSchema } from './package.ts'
import { processSchema } from './process.ts'
import { rebootSchema } from './reboot.ts'
import { replaceSchema } from './replace.ts'
import { repositorySchema } from './repository.ts'
import { serviceSchema } from './service.ts'
import { sourcePackageSchema } from './source-package.ts'
import { sshkeySchema } from './sshkey.ts'
import { symlinkSchema } from './symlink.ts'
import { userSchema } from './user.ts'
import { vmSchema } from './vm.ts'

export { customLabel, labelOf, oneLine } from './label.ts'

const schemas = [
  fileSchema,
  directorySchema,
  symlinkSchema,
  fileLineSchema,
  blockinfileSchema,
  replaceSchema,
  fieldEditSchema,
  iniSchema,
  jsonFileSchema,
  packageSchema,
  nonrepoPackageSchema,
  sourcePackageSchema,
  repositorySchema,
  serviceSchema,
  processSchema,
  execSchema,
  cronSchema,
  rebootSchema,
  userSchema,
  groupSchema,
  sshkeySchema,
  hostSchema,
  mountSchema,
  firewallSchema,
  gitSchema,
  containerSchema,
  vmSchema,
] as const

type Schemas = (typeof schemas)[number]

/** Name of a resource type that the product knows. */
export type ResourceType = Schemas['type']

/** The schema of one type, with its literal types: `AttributesOf<SchemaOf<'file'>>` is what the executor of `file` gets. */
export type SchemaOf<T extends ResourceType> = Extract<Schemas, { readonly type: T }>

/** Every resource type, in the order of the documents. */
export const resourceSchemas: ReadonlyMap<string, ResourceSchema> = new Map(
  schemas.map((schema): [string, ResourceSchema] => [schema.type, schema]),
)
