import { defineConfig } from 'vitest/config'

/** Tests that may change everything on the machine that they run on: those of `runInside`, and never a person's or CI's own. */
export default defineConfig({
  test: {
    include: ['node/**/*.inside.ts'],
    setupFiles: ['./node/envoy/machines/only-inside.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    experimental: { viteModuleRunner: false },
  },
})
