import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** Reads lengths as LZ4 has them: an inner function moves the place that the outer one reads at. */
const PROGRAM = `
function read(block) {
  let at = 0
  function more() {
    let sum = 0
    for (;;) {
      const byte = block[at++]
      sum += byte
      if (byte !== 255) return sum
    }
  }
  let total = 0
  while (at < block.length) {
    let length = block[at++] >> 4
    if (length === 15) length += more()
    for (let k = 0; k < 1; k++) total = (total * 31 + block[at]) | 0
    at += length
  }
  return total
}
function plain(block) {
  let at = 0
  let total = 0
  while (at < block.length) {
    let length = block[at++] >> 4
    if (length === 15) for (;;) { const byte = block[at++]; length += byte; if (byte !== 255) break }
    total = (total * 31 + block[at]) | 0
    at += length
  }
  return total
}
const parts = []
let seed = 1
const next = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n
for (let i = 0; i < 60000; i++) {
  const length = next(4) ? next(15) : 15 + next(600)
  parts.push(Math.min(length, 15) << 4)
  if (length >= 15) { let rest = length - 15; while (rest >= 255) { parts.push(255); rest -= 255 } parts.push(rest) }
  for (let k = 0; k < length; k++) parts.push(next(200))
}
const block = Uint8Array.from(parts)
const wanted = plain(block)
let wrong = 0
for (let i = 0; i < 20; i++) if (read(block) !== wanted) wrong++
process.stdout.write(String(wrong))
`

const flags = new URL('./v8-flags.ts', import.meta.url).href

async function wrongRuns(program: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  return Number(stdout)
}

test('a number that an inner function changes is read as it is, once our first import has run', async () => {
  expect(await wrongRuns(`await import(${JSON.stringify(flags)})\n${PROGRAM}`)).toBe(0)
})
