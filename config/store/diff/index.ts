export { type Change, diffBundles, type ValueChange } from './bundles.ts'
export {
  type ChangeGroup,
  type DiffHost,
  diffEntries,
  diffReleases,
  type HostChange,
  type ReleaseDiff,
  renderReleaseDiff,
} from './releases.ts'
