import type { Machine } from '../../machine.ts'
import type { Budget } from '../budget.ts'

/** What a package manager needs to do one thing. */
export interface PackageContext {
  readonly machine: Machine
  readonly budget: Budget
  /** Further options of the resource for the package manager. */
  readonly flags: readonly string[]
}

export interface InstalledPackage {
  /** Several where a system keeps several at once (kernels); the newest last. */
  readonly versions: readonly string[]
  /** `broken`: begun and not finished, by a package manager that was ended in the middle. `configured-rest`: removed, configuration files kept. */
  readonly state: 'installed' | 'broken' | 'configured-rest'
  readonly isHeld: boolean
}

/** What is installed, as of when it was asked for. */
export interface Inventory {
  get(name: string): InstalledPackage | undefined
  /** Whether something that is installed says that it is also this (a virtual package). */
  provides(name: string): Promise<boolean>
}

export type Transaction =
  | {
      readonly kind: 'install'
      /** Without a version: the newest that the repositories have. */
      readonly packages: readonly { readonly name: string; readonly version?: string }[]
      readonly allowDowngrade: boolean
      /** Packages that are held may be changed, since this resource holds them itself. */
      readonly changeHeld: boolean
    }
  /** Package files of the machine, with what they depend on. */
  | {
      readonly kind: 'install-files'
      readonly files: readonly string[]
      readonly allowDowngrade: boolean
      readonly changeHeld: boolean
    }
  | { readonly kind: 'remove'; readonly names: readonly string[]; readonly purge: boolean }
  | { readonly kind: 'upgrade-all' }

/**
 * One package manager. What it answers about the machine it reads from its database, at most once until that changes. Nothing but
 * `refresh`, `transact`, `hold`, `release` and `cleanup` changes anything. All throw `ExecutorError`.
 */
export interface PackageProvider {
  readonly name: string
  /** Says why a name is none for this package manager, or null. A name is never taken for an option or an operator. */
  objection(name: string): string | null
  installed(context: PackageContext): Promise<Inventory>
  /** What is installed and older than what the known indexes offer, with the newest version, by name; held packages too. */
  newer(context: PackageContext): Promise<ReadonlyMap<string, string>>
  /** What `upgrade-all` would change. */
  upgrades(context: PackageContext): Promise<readonly Upgrade[]>
  /** Whether an installed version is what `version` of a resource asks for. */
  isVersion(wanted: string, installed: string): boolean
  /** Below zero: `a` is older than `b`. */
  compare(a: string, b: string, context: PackageContext): Promise<number>
  /** Files and folders that say which repositories there are. */
  readonly sources: readonly string[]
  /** When the indexes were last read, Unix milliseconds; 0 for never. */
  refreshedAt(context: PackageContext): Promise<number>
  /** Reads the indexes of the repositories. @throws ExecutorError 'blocked' when one of them is broken */
  refresh(context: PackageContext): Promise<void>
  transact(transaction: Transaction, context: PackageContext): Promise<string>
  /** Holds packages at the versions that they have. */
  hold(names: readonly string[], context: PackageContext): Promise<void>
  /** Removes what nothing needs, and downloaded files. */
  cleanup(context: PackageContext): Promise<void>
}

export interface Upgrade {
  readonly name: string
  readonly from: string
  readonly to: string
}
