export { isArtifactReference } from './artifact.ts'
export {
  type AttributeCheck,
  type AttributeProblem,
  type AttributeValue,
  checkAttribute,
  isTemplated,
} from './check.ts'
export { plainOf } from './plain.ts'
export { findSecretReferences, type SecretReference } from './secret.ts'
