export { PromoteError, type PromoteErrorCode } from './errors.ts'
export { type Promotion, type PromotionRequest, promote } from './promote.ts'
