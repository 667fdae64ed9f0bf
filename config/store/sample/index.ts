export { SeededRandom } from './random.ts'
export { LARGE_TREE, type SampleSize, sampleHost, sampleTree } from './sample-tree.ts'
