import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

test('models are loaded, run at random and unloaded, and every answer stays what it was', async () => {
  const args = [join(root, 'scripts/soak.ts'), '--minutes', '0.08', '--seed', '7']
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root })
  expect(stdout + stderr).toContain('held')
}, 120_000)
