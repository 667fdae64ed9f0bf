import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, type Logger, messageOf, writeFileAtomic } from '#node/kit'
import { setAside, type WriteFile } from '../converge/index.ts'
import { type AgentBundle, readBundle } from './received-bundle.ts'

/** The bundle that this machine applies, also without a server. On disk secrets are references only. */
export class BundleFile {
  readonly #file: string
  readonly #hostname: string
  readonly #logger: Logger
  readonly #write: WriteFile
  #bundle: AgentBundle | null = null

  private constructor(options: BundleFileOptions) {
    this.#file = join(options.folder, 'bundle.json')
    this.#hostname = options.hostname
    this.#logger = options.logger
    this.#write = options.write ?? writeFileAtomic
  }

  /** A file that is damaged, or of another host, is set aside. */
  static async open(options: BundleFileOptions): Promise<BundleFile> {
    const kept = new BundleFile(options)
    try {
      const bundle = readBundle(JSON.parse(await readFile(kept.#file, 'utf8')))
      if (bundle?.host !== options.hostname) throw new RangeError(`it is no bundle of '${options.hostname}'`)
      kept.#bundle = bundle
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') await setAside(kept.#file, error, options.logger)
    }
    return kept
  }

  get current(): AgentBundle | null {
    return this.#bundle
  }

  /** Why this bundle is not for this machine, or null. */
  refusalOf(bundle: AgentBundle): string | null {
    if (bundle.host === this.#hostname) return null
    return `it is for '${bundle.host.slice(0, 100)}', and this machine is '${this.#hostname}'`
  }

  /** It counts from now on; when it cannot be written down it does so until the agent ends. */
  async keep(bundle: AgentBundle): Promise<void> {
    const isSame = this.#bundle?.hash === bundle.hash && this.#bundle.release === bundle.release
    this.#bundle = bundle
    if (isSame) return
    try {
      await this.#write(this.#file, `${JSON.stringify(bundle)}\n`, { mode: 0o600 })
    } catch (error) {
      this.#logger.warn(
        'bundle-not-kept',
        { file: this.#file, reason: messageOf(error) },
        'the bundle is applied, and not there after a restart until a server hands it out again',
      )
    }
  }

  /** The same content from another release. */
  async belongsTo(release: string): Promise<void> {
    if (this.#bundle !== null && this.#bundle.release !== release) await this.keep({ ...this.#bundle, release })
  }

  async forget(): Promise<void> {
    this.#bundle = null
    await rm(this.#file, { force: true })
  }
}

export interface BundleFileOptions {
  readonly folder: string
  readonly hostname: string
  readonly logger: Logger
  readonly write?: WriteFile
}
