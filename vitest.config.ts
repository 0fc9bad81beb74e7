import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// the processes that tests start run the sources: what Node has compiled of them is kept for the next one
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/compiled')

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Native engines and child processes: a process per file keeps one file's crash from the others.
    pool: 'forks',
    maxWorkers: 3,
    // bounds for what hangs; a busy machine takes a multiple of a quiet one's time for what does not
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    passWithNoTests: false,
    // tests that call onnxruntime-node themselves would have it report to its makers
    env: { ORT_DISABLE_TELEMETRY: '1' },
    // as src/cli/v8-flags.ts has it
    execArgv: ['--no-function-context-cells'],
  },
})
