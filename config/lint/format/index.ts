export { formatJson } from './json.ts'
export { formatSarif } from './sarif.ts'
export { type FormatOptions, type Summary, summaryOf } from './summary.ts'
export { formatText } from './text.ts'
