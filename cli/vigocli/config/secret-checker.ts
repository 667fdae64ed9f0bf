import { type Diagnostic, findSecretReferences, type SourceFile } from '#config/lang'
import type { CheckContext, Repairs, TreeChecker, TreeVerdict } from '#config/publish'
import { type SecretSource, SecretsError } from '#config/secrets'

const MAX_WARNINGS = 100

/**
 * A checker that also warns of secrets that the tree refers to and this machine does not have. They are no errors: whoever publishes may
 * set them afterwards, and a host without its secret keeps what it has. Where secrets cannot be asked for, nothing is said.
 */
export class SecretChecker implements TreeChecker {
  readonly #inner: TreeChecker
  readonly #secrets: SecretSource

  constructor(inner: TreeChecker, secrets: SecretSource) {
    this.#inner = inner
    this.#secrets = secrets
  }

  get memory() {
    return this.#inner.memory
  }

  get version() {
    return this.#inner.version
  }

  async repair(files: readonly SourceFile[], context: CheckContext): Promise<Repairs> {
    return await this.#inner.repair(files, context)
  }

  async check(files: readonly SourceFile[], context: CheckContext): Promise<TreeVerdict> {
    const verdict = await this.#inner.check(files, context)
    const uses = secretsUsed(files)
    const missing = await this.#missing(uses)
    const warnings = missing.slice(0, MAX_WARNINGS).map(path => warning(path, uses.get(path)!))
    return { ...verdict, diagnostics: [...verdict.diagnostics, ...warnings] }
  }

  async #missing(uses: ReadonlyMap<string, Diagnostic['span']>): Promise<readonly string[]> {
    if (uses.size === 0) return []
    try {
      return await this.#secrets.missing(uses.keys())
    } catch (error) {
      if (error instanceof SecretsError) return []
      throw error
    }
  }
}

/** The first place of each. Comments of the language are not read; those of templates may be anything. */
function secretsUsed(files: readonly SourceFile[]): Map<string, Diagnostic['span']> {
  const uses = new Map<string, Diagnostic['span']>()
  for (const file of files) {
    for (const { path, start, end, problem } of findSecretReferences(file.text)) {
      if (problem !== undefined || uses.has(path) || file.text.startsWith('{{', end)) continue
      if (file.path.endsWith('.vgo') && isInComment(file.text, start)) continue
      uses.set(path, { file, start, end })
    }
  }
  return uses
}

function isInComment(text: string, at: number): boolean {
  return /(?:^|\s)#/.test(text.slice(text.lastIndexOf('\n', at) + 1, at))
}

function warning(path: string, span: Diagnostic['span']): Diagnostic {
  return {
    code: 'secret-missing',
    severity: 'warning',
    message: `there is no secret '${path}' on this server`,
    hint: `hosts that need it do not apply their configuration until it is set: vigocli secrets set ${path}`,
    span,
    related: [],
  }
}
