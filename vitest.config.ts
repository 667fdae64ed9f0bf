import { defineConfig } from 'vitest/config'

const project = (name: string, order: number, include: string[], testTimeout: number, maxWorkers = 2) => ({
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', 'dist/**'],
    testTimeout,
    hookTimeout: testTimeout,
    pool: 'forks' as const,
    maxWorkers,
    sequence: { groupOrder: order },
    experimental: { viteModuleRunner: false },
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', 0, ['*.test.ts', '{node,swarm,curator,gitback,config,cli,bench}/**/*.test.ts'], 20_000),
      project('sim', 1, ['{node,swarm,curator,gitback,config}/**/*.sim.ts'], 120_000),
      project('e2e', 2, ['{node,swarm,curator,gitback,config,cli}/**/*.e2e.ts'], 600_000),
      project('interop', 3, ['interop-tests/**/*.test.ts'], 300_000, 1),
    ],
  },
})
